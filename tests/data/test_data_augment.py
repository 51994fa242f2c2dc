"""Distorted images. Where their pixels come from is read off images of a ramp, 8 levels a pixel."""

import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tinygrad_mnist.data import distorted
from tinygrad_mnist.errors import DataError, DTypeError, ShapeError
from tinygrad_mnist.kernels.distort import BLOCKS, distort

SIDE, STEP, COUNT = 28, 8, 200
NAMES = ("rotation", "shear", "scale", "shift", "elastic")
sides = st.integers(1, 40)
words = st.integers(0, 2**64 - 1)


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def sources(**extents):
    """(COUNT, 2, 22, 22): how far from the image's centre the pixels near it come from, down and across."""
    ramp = np.arange(SIDE) * STEP
    found = []
    for image in (np.repeat(ramp[:, None], SIDE, 1), np.repeat(ramp[None], SIDE, 0)):
        images = np.repeat(image[None].astype(np.uint8), COUNT, 0)
        out = np.empty_like(images)
        distort(images, 5, 0, np.array([extents.get(name, 0) for name in NAMES], np.float32), out)
        found.append(out[:, 3:-3, 3:-3] / STEP - (SIDE - 1) / 2)
    return np.stack(found, 1)


def straight(maps):
    """The affine maps that fit best: centres (COUNT, 2), matrices (COUNT, 2, 2), largest misfit."""
    place = np.arange(22) - 10.5
    y, x = (grid.ravel() for grid in np.meshgrid(place, place, indexing="ij"))
    basis = np.stack([np.ones_like(y), y, x], 1)
    flat = maps.reshape(COUNT, 2, -1)
    fit = flat @ basis @ np.linalg.inv(basis.T @ basis)
    return fit[..., 0], fit[..., 1:], abs(fit @ basis.T - flat).max()


ROUNDING = 1 / STEP  # pixels are whole numbers


def uniform(values, extent):
    """Whether they look as if drawn evenly between -extent and extent."""
    return abs(values).max() <= 1.03 * extent and np.std(values) == pytest.approx(extent / 3**0.5, rel=0.15)


def test_shift():
    centres, matrices, misfit = straight(sources(shift=2))
    assert misfit < ROUNDING
    np.testing.assert_allclose(matrices, np.broadcast_to(np.eye(2), matrices.shape), atol=0.01)
    assert uniform(centres[:, 0], 2)
    assert uniform(centres[:, 1], 2)
    assert abs(np.corrcoef(centres.T)[0, 1]) < 0.2


def test_rotation():
    centres, matrices, misfit = straight(sources(rotation=0.2))
    angles = np.arcsin(matrices[:, 0, 1])
    turns = np.stack([np.cos(angles), np.sin(angles), -np.sin(angles), np.cos(angles)], 1).reshape(-1, 2, 2)
    np.testing.assert_allclose(matrices, turns, atol=0.01)
    assert misfit < ROUNDING
    assert abs(centres).max() < ROUNDING
    assert uniform(angles, 0.2)


def test_shear():
    _, matrices, misfit = straight(sources(shear=0.2))
    shear = matrices[:, 1, 0].copy()
    matrices[:, 1, 0] = 0
    np.testing.assert_allclose(matrices, np.broadcast_to(np.eye(2), matrices.shape), atol=0.01)
    assert misfit < ROUNDING
    assert uniform(shear, 0.2)


def test_scale():
    _, matrices, misfit = straight(sources(scale=0.15))
    assert abs(matrices[:, [0, 1], [1, 0]]).max() < 0.01
    assert misfit < ROUNDING
    assert uniform(matrices[:, 0, 0] - 1, 0.15)
    assert uniform(matrices[:, 1, 1] - 1, 0.15)
    assert abs(np.corrcoef(matrices[:, 0, 0], matrices[:, 1, 1])[0, 1]) < 0.2


def test_elastic():
    place = np.arange(22) - 10.5
    bends = sources(elastic=2) - np.stack(np.meshgrid(place, place, indexing="ij"))
    assert abs(bends).max() <= 2 + ROUNDING
    # A cubic B-spline of independent points: their variance times sum(weight^2), 0.23 of it averaged over
    # an axis, alike in both directions, and gone at twice the distance of the points, 7 pixels.
    assert bends.std() == pytest.approx(2 / 3**0.5 * 0.48, rel=0.1)
    far = np.mean(bends[..., 0] * bends[..., 21]), np.mean(bends[..., 0, :] * bends[..., 21, :])
    assert np.abs(far).max() < 0.1 * bends.var()
    near = np.mean(bends[..., 10] * bends[..., 11]), np.mean(bends[..., 10, :] * bends[..., 11, :])
    assert min(near) > 0.9 * bends[..., 10:12, 10:12].var()
    assert abs(np.mean(bends[:, 0] * bends[:, 1])) < 0.1 * bends.var()


@given(count=st.integers(0, 3), height=sides, width=sides, seed=words, epoch=words)
@settings(deadline=None, max_examples=30)
def test_strength_zero_changes_nothing(count, height, width, seed, epoch):
    images = noise(count, height, width)
    assert (distorted(images, seed=seed, epoch=epoch, strength=0) == images).all()


@given(height=sides, width=sides, seed=words, epoch=words, strength=st.floats(0, 1e30))
@settings(deadline=None, max_examples=30)
def test_any_strength_reads_within_the_image(height, width, seed, epoch, strength):
    images = noise(3, height, width) // 2
    out = distorted(images, seed=seed, epoch=epoch, strength=strength)
    assert (out.dtype, out.shape) == (np.uint8, images.shape)
    assert (out.max((1, 2)) <= images.max((1, 2))).all()


def test_it_depends_on_seed_epoch_and_place():
    images = np.repeat(noise(1, 9, 9), 4, 0)
    out = distorted(images, seed=1, epoch=2)
    assert len({image.tobytes() for image in out}) == 4
    assert (distorted(images, seed=1, epoch=2) == out).all()
    assert (distorted(images[:3], seed=1, epoch=2) == out[:3]).all()
    assert (distorted(images, seed=1, epoch=3) != out).any()
    assert (distorted(images, seed=2, epoch=2) != out).any()


def test_any_memory_layout():
    turned = noise(9, 12, 4).T
    assert (distorted(turned, seed=0, epoch=0) == distorted(turned.copy(), seed=0, epoch=0)).all()


def test_the_input_is_left_alone():
    images = noise(4, 9, 9)
    before = images.copy()
    distorted(images, seed=0, epoch=0)
    assert (images == before).all()


def test_images_take_their_blocks_of_the_stream_in_turn():
    images, extents = np.repeat(noise(1, 9, 9), 3, 0), np.full(5, 0.3, np.float32)
    together, one = np.empty_like(images), np.empty_like(images[:1])
    distort(images, 7, 100, extents, together)
    distort(images[:1], 7, 100 + 2 * BLOCKS, extents, one)
    assert (together[2] == one[0]).all()


def test_other_threads_run_meanwhile():
    images = noise(20_000, 28, 28)
    distorted(images[:1], seed=0, epoch=0)
    going, turns = threading.Event(), 0

    def work():
        going.set()
        distorted(images, seed=0, epoch=0)

    thread = threading.Thread(target=work)
    thread.start()
    going.wait()
    while thread.is_alive():
        turns += 1
    assert turns > 10  # with the lock held there would be one or two


@pytest.mark.parametrize(
    ("images", "changes", "error", "words"),
    [
        (noise(4, 9), {}, ShapeError, r"shape \(N, height, width\), not \(4, 9\)"),
        (noise(4, 9, 9).astype(np.float32), {}, DTypeError, "uint8, 0 to 255, not float32"),
        (noise(4, 9, 9), {"strength": -1.0}, DataError, "strength of a distortion"),
        (noise(4, 9, 9), {"strength": math.nan}, DataError, "strength of a distortion"),
        (noise(4, 9, 9), {"seed": -1}, DataError, "seed must be at least 0"),
        (noise(4, 9, 9), {"epoch": 2**64}, DataError, "epoch must be below"),
    ],
)
def test_mistakes(images, changes, error, words):
    with pytest.raises(error, match=words):
        distorted(images, **({"seed": 0, "epoch": 0} | changes))
