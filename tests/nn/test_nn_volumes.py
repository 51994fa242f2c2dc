"""Convolution and pooling of volumes against loops, and their derivatives against differences."""

import itertools

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.testing import gradcheck

F = nn.functional
RNG = np.random.default_rng(3)
OPTIONS = [
    {},
    {"stride": (1, 2, 1), "padding": (1, 0, 1), "dilation": (2, 1, 1)},
    {"groups": 2, "padding": 1, "stride": 2},
]


def doubles(*shape):
    return tg.tensor(RNG.normal(size=shape))


def convolved(x, w, stride=(1, 1, 1), padding=(0, 0, 0), dilation=(1, 1, 1), groups=1):
    """By the definition, element by element."""
    stride, padding = (np.broadcast_to(n, 3) for n in (stride, padding))
    dilation = np.broadcast_to(dilation, 3)
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    kernel = w.shape[2:]
    size = [(n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(x.shape[2:], dilation, kernel, stride)]
    y = np.zeros((len(x), len(w), *size))
    inside, outside = w.shape[1], len(w) // groups
    for o, at in itertools.product(range(len(w)), itertools.product(*map(range, size))):
        channels = slice(o // outside * inside, (o // outside + 1) * inside)
        seen = tuple(
            slice(i * s, i * s + d * (k - 1) + 1, d) for i, s, d, k in zip(at, stride, dilation, kernel)
        )
        y[(slice(None), o, *at)] = (x[(slice(None), channels, *seen)] * w[o]).sum((1, 2, 3, 4))
    return y


@pytest.mark.parametrize("options", OPTIONS)
def test_convolution_is_its_definition(options):
    groups = options.get("groups", 1)
    x, w, b = doubles(2, 2, 5, 6, 4), doubles(4, 2 // groups, 2, 3, 2), doubles(4)
    expected = convolved(x.numpy(), w.numpy(), **options) + b.numpy()[:, None, None, None]
    np.testing.assert_allclose(F.conv3d(x, w, b, **options), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(F.conv3d(x[0], w, b, **options), expected[0], rtol=1e-12, atol=1e-12)
    compiled = tg.jit(lambda x, w, b: F.conv3d(x, w, b, **options))
    np.testing.assert_allclose(compiled(x, w, b), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("options", OPTIONS)
def test_transposed_convolution_is_the_transpose(options):
    groups = options.get("groups", 1)
    x, w = doubles(1, 2, 5, 5, 5), doubles(4, 2 // groups, 2, 3, 2)
    y = F.conv3d(x, w, **options)
    g = doubles(*y.shape)
    back = F.conv_transpose3d(g, w, **options, output_padding=0)
    more = tuple(n - m for n, m in zip(x.shape[2:], back.shape[2:]))
    back = F.conv_transpose3d(g, w, **options, output_padding=more)
    assert (g * y).sum().item() == pytest.approx((back * x).sum().item())


def test_derivatives():
    x, w = doubles(1, 2, 3, 3, 3), doubles(2, 2, 2, 2, 2)
    gradcheck(lambda x, w: F.conv3d(x, w, stride=(2, 1, 1), padding=1), [x, w], order=2)
    gradcheck(lambda x, w: F.conv_transpose3d(x, w, stride=(2, 1, 1), padding=1), [x, w], order=2)
    gradcheck(lambda x: F.avg_pool3d(x, 2, 1, 1), [x], order=2)
    gradcheck(lambda x: F.max_pool3d(x, 2, 1, 1), [x])
    gradcheck(lambda x: F.adaptive_avg_pool3d(x, 2), [x])
    gradcheck(lambda x: F.lp_pool3d(x, 2, 2), [x.abs() + 0.5])


def boxes(x, kernel, stride):
    size = [(n - k) // stride + 1 for n, k in zip(x.shape[2:], kernel)]
    for at in itertools.product(*map(range, size)):
        yield at, tuple(slice(i * stride, i * stride + k) for i, k in zip(at, kernel))


def test_pooling_is_its_definition():
    x = doubles(2, 3, 4, 5, 6)
    largest, places = F.max_pool3d(x, (2, 3, 2), 2, return_indices=True)
    means = F.avg_pool3d(x, (2, 3, 2), 2)
    for at, box in boxes(x, (2, 3, 2), 2):
        seen = x.numpy()[(..., *box)]
        np.testing.assert_array_equal(largest.numpy()[(..., *at)], seen.max((2, 3, 4)))
        np.testing.assert_allclose(means.numpy()[(..., *at)], seen.mean((2, 3, 4)), rtol=1e-12)
    np.testing.assert_array_equal(x.flatten(2).gather(2, places.flatten(2)), largest.flatten(2))
    np.testing.assert_allclose(F.adaptive_avg_pool3d(x, 1).flatten(1), x.mean((2, 3, 4)), rtol=1e-12)
    np.testing.assert_array_equal(F.adaptive_max_pool3d(x, 1).flatten(1), x.amax((2, 3, 4)))


def test_shapes_that_do_not_fit():
    x, w = doubles(1, 2, 3, 3, 3), doubles(2, 2, 2, 2, 2)
    for call in (
        lambda: F.conv3d(x[0, 0], w),
        lambda: F.conv3d(x, doubles(2, 3, 2, 2, 2)),
        lambda: F.conv3d(x, doubles(2, 2, 4, 2, 2)),
        lambda: F.conv3d(x, w, doubles(3)),
        lambda: F.conv3d(x, w, padding="same", stride=2),
        lambda: F.conv_transpose3d(x, w, padding=3),
        lambda: F.conv_transpose3d(x, w, output_padding=1),
        lambda: F.max_pool3d(x[0, 0], 2),
        lambda: F.avg_pool3d(x, (2, 2)),
        lambda: F.adaptive_avg_pool3d(x, (2, 2)),
    ):
        with pytest.raises(ShapeError):
            call()
    with pytest.raises(ValueError, match="'valid', 'same' or numbers"):
        F.conv3d(x, w, padding="full")
    with pytest.raises(ValueError, match="must not be 0"):
        F.avg_pool3d(x, 2, divisor_override=0)
