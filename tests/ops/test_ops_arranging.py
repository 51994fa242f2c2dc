"""Rearrangements, paddings and products over named axes against NumPy; refusals."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import ops
from tinygrad_mnist.errors import ShapeError

RNG = np.random.default_rng(2)
X = RNG.normal(size=(3, 4, 5))


def same(found, expected):
    np.testing.assert_array_equal(found.numpy(), expected)


def test_roll_and_rot90():
    for shifts, axis in [(1, None), (-7, None), (2, 1), (9, 0), ((1, -2), (2, 0))]:
        same(tg.Tensor(X).roll(shifts, axis), np.roll(X, shifts, axis))
    for k in range(-3, 5):
        same(tg.Tensor(X).rot90(k, (2, 0)), np.rot90(X, k, (2, 0)))


def test_repetitions():
    same(tg.Tensor(X).repeat(2, 1, 3), np.tile(X, (2, 1, 3)))
    same(tg.Tensor(X).tile(2), np.tile(X, 2))
    same(tg.Tensor(X).tile(2, 1, 1, 2), np.tile(X, (2, 1, 1, 2)))
    same(tg.Tensor(X).repeat_interleave(2), np.repeat(X, 2))
    same(tg.Tensor(X).repeat_interleave([1, 0, 2, 3], axis=1), np.repeat(X, [1, 0, 2, 3], 1))


@pytest.mark.parametrize("offset", [-5, -2, 0, 1, 4])
def test_diagonals(offset):
    same(tg.Tensor(X).diagonal(offset, 2, 0), np.diagonal(X, offset, 2, 0))
    same(tg.Tensor(X[0]).diag(offset), np.diag(X[0], offset))
    same(tg.Tensor(X[0, 0]).diag(offset), np.diag(X[0, 0], offset))
    same(tg.Tensor(X[0]).diag_embed(offset), np.stack([np.diag(row, offset) for row in X[0]]))


def test_trace_grids_and_axes():
    assert tg.Tensor(X[0]).trace().item() == pytest.approx(np.trace(X[0]))
    for indexing in ("ij", "xy"):
        found = ops.meshgrid(tg.Tensor(X[0, 0]), tg.Tensor(X[0, :, 0]), indexing=indexing)
        for grid, expected in zip(found, np.meshgrid(X[0, 0], X[0, :, 0], indexing=indexing), strict=True):
            same(grid, expected)
    same(tg.Tensor(X).movedim((0, 1), (2, 0)), np.moveaxis(X, (0, 1), (2, 0)))
    assert [piece.shape for piece in tg.Tensor(X).chunk(3, axis=1)] == [(3, 2, 5), (3, 2, 5)]
    same(tg.Tensor(X).unbind(1)[2], X[:, 2])


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_padding_continued_from_within(mode):
    widths, numpys = ((0, 2), (1, 0), (3, 4)), {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    same(tg.Tensor(X).pad(widths, mode=mode), np.pad(X, widths, numpys[mode]))


def test_padding_as_in_pytorch():
    same(
        tg.Tensor(X).pad((1, 2, 0, 3), "constant", 9.0),
        np.pad(X, ((0, 0), (0, 3), (1, 2)), constant_values=9),
    )
    same(tg.Tensor(X).pad((-1, -2)), X[..., 1:-2])
    with pytest.raises(ShapeError, match="mode reflect cannot add 5 elements before"):
        tg.Tensor(X).pad((5, 0), mode="reflect")
    with pytest.raises(ShapeError, match="take away more"):
        tg.Tensor(X).pad((-3, -3))
    with pytest.raises(ValueError, match="mode must be constant, reflect"):
        tg.Tensor(X).pad((1, 0), mode="edge")


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk", [(2, 3), (3, 4)]),
        ("ij->ji", [(2, 3)]),
        ("ba", [(2, 3)]),
        ("ii", [(3, 3)]),
        ("...ii->...i", [(2, 3, 3)]),
        ("...ij,...jk->...ik", [(2, 1, 3, 4), (5, 4, 2)]),
        ("bn,anm,bm->ba", [(2, 5), (3, 5, 4), (2, 4)]),
        ("i,i,i->", [(3,), (3,), (3,)]),
        ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 5, 4)]),
        ("aij,bij->ab", [(2, 3, 4), (5, 3, 4)]),
        ("ij,kj->ik", [(2, 1), (4, 3)]),
        (",ij -> ij", [(), (2, 3)]),
    ],
)
def test_einsum(equation, shapes):
    xs = [RNG.normal(size=shape) for shape in shapes]
    found = ops.einsum(equation, *map(tg.Tensor, xs))
    np.testing.assert_allclose(found, np.einsum(equation, *xs), rtol=1e-12, atol=1e-13)


def test_other_products():
    a, b = X, RNG.normal(size=(4, 3, 2))
    for axes in (((0, 1), (1, 0)), ((1,), (0,))):
        found = tg.Tensor(a).tensordot(tg.Tensor(b), axes)
        np.testing.assert_allclose(found, np.tensordot(a, b, axes), rtol=1e-12)
    np.testing.assert_allclose(tg.Tensor(a).kron(tg.Tensor(b[0])), np.kron(a, b[0]), rtol=1e-15)
    np.testing.assert_allclose(tg.Tensor(a[:, :, :4]).bmm(tg.Tensor(a)), a[:, :, :4] @ a, rtol=1e-12)


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        (lambda x: ops.einsum("ij,jk->ik", x), "describes 2 operands, 1 were given"),
        (lambda x: ops.einsum("ij->i", x), r"'ij' .* does not describe an operand of shape \(3, 4, 5\)"),
        (lambda x: ops.einsum("abc,ab->c", x, x[0]), "'a' .* is 3 and 4 long"),
        (lambda x: ops.einsum("abc->ad", x), "must name letters of the operands"),
        (lambda x: x.bmm(x[:2]), "bmm: takes two batches"),
        (lambda x: x.tensordot(x, 1), "have not the same lengths"),
        (lambda x: x.roll(1, (0, 1)), "1 shifts for 2 axes"),
        (lambda x: x.repeat(2), "must give a count for each axis"),
        (lambda x: x.repeat_interleave([1, 2], axis=0), "3 elements, but 2 counts"),
        (lambda x: x.diag(), "takes a vector or a matrix"),
        (lambda x: x.trace(), "takes a matrix"),
        (lambda x: x.rot90(1, (0, 0)), "one axis twice"),
        (lambda x: x.movedim((0, 0), (1, 2)), "each once"),
        (lambda x: ops.meshgrid(x), "takes vectors"),
    ],
)
def test_refusals(refused, says):
    with pytest.raises(ShapeError, match=says):
        refused(tg.Tensor(X))
