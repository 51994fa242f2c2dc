"""x[key] against NumPy: basic and integer-array indexing in all mixes, values, shapes and gradients."""

import numpy as np
import pytest
from drawing import distinct_tensors, examples
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays_of

import tinygrad_mnist as tg
from tinygrad_mnist.errors import DTypeError, ShapeError
from tinygrad_mnist.testing import gradcheck
from tinygrad_mnist.testing.strategies import shapes


@st.composite
def keys(draw, shape):
    """An index for an array of `shape`, as arrays, Tensors, lists and integers."""
    used = draw(st.integers(0, len(shape)))
    result = draw(arrays_of.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    key = []
    for n in shape[:used]:
        kind = draw(st.sampled_from(["slice", "integer", "array", "numpy integer"]))
        if n == 0 or kind == "slice":
            bounds = st.none() | st.integers(-n - 2, n + 2)
            key.append(slice(draw(bounds), draw(bounds), draw(st.sampled_from([None, 1, 2, 3, -1, -2]))))
        elif kind == "array":
            # a shape that broadcasts with the other arrays of this key
            lengths = tuple(
                draw(st.sampled_from([1, m])) for m in result[draw(st.integers(0, len(result))) :]
            )
            key.append(draw(arrays_of.arrays(np.int64, lengths, elements=st.integers(-n, n - 1))))
        else:
            i = draw(st.integers(-n, n - 1))
            key.append(np.int32(i) if kind == "numpy integer" else i)
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), ...)
    elif used < len(shape) and draw(st.booleans()):
        key.append(...)
    for _ in range(draw(st.integers(0, 2))):
        key.insert(draw(st.integers(0, len(key))), None)
    return key[0] if len(key) == 1 and draw(st.booleans()) else tuple(key)


def fits(shape, key):
    """An Ellipsis in the middle of a partial key moves the later entries: they may be out of range."""
    try:
        np.empty(shape)[key]
    except IndexError:
        return False
    return True


@st.composite
def indexed(draw):
    shape = draw(shapes(0, 4, 0, 4))
    return shape, draw(keys(shape).filter(lambda key: fits(shape, key)))


def as_tensors(key):
    """The key with its arrays as Tensors."""
    if isinstance(key, tuple):
        return tuple(map(as_tensors, key))
    return tg.Tensor(key) if isinstance(key, np.ndarray) else key


@examples(6)
@given(indexed(), st.booleans())
def test_values(case, tensors):
    shape, key = case
    array = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    expected = array[key]
    found = tg.Tensor(array)[as_tensors(key) if tensors else key]
    assert found.shape == expected.shape
    assert np.array_equal(found, expected)


@given(indexed(), st.data())
def test_gradient(case, data):
    shape, key = case
    (x,) = data.draw(distinct_tensors(st.just((shape,))))
    gradcheck(lambda x: x[key].sin(), [x], order=1)


@examples(2)
@given(indexed())
def test_gradient_counts_how_often_an_element_is_read(case):
    shape, key = case
    counts = np.zeros(shape)
    np.add.at(counts, key, 1)
    assert np.array_equal(tg.grad(lambda x: x[key].sum())(tg.zeros(shape)), counts)


def test_second_order():
    x = np.linspace(0.1, 1.2, 12).reshape(3, 4)
    gradcheck(lambda x: x[[0, 2, 0], 1:3] ** 3, [x], order=3)
    gradcheck(lambda x: x[::-2, None, [[1, 1], [3, 0]]] ** 3, [x], order=3)


def test_lists_and_empty_lists():
    x = tg.arange(5)
    assert x[[3, 1]].tolist() == [3, 1]
    assert x[[]].shape == (0,)
    assert x.take([4, -5]).tolist() == [4, 0]
    assert x.take([]).shape == (0,)


def test_take_without_axis_reads_the_flattened_tensor():
    assert tg.arange(6).reshape(2, 3).take([[5], [-6]]).tolist() == [[5], [0]]


def test_iteration_and_len():
    x = tg.arange(6).reshape(3, 2)
    assert len(x) == 3
    assert [row.tolist() for row in x] == [[0, 1], [2, 3], [4, 5]]


def test_an_integer_tensor_is_an_index():
    assert [10, 20, 30][tg.tensor(1)] == 20
    with pytest.raises(DTypeError, match="index"):
        [10, 20][tg.Tensor(1.0)]


@pytest.mark.parametrize(
    ("key", "error", "says"),
    [
        (3, IndexError, "position 3 .* axis 0, which has length 3"),
        (-4, IndexError, "position -4"),
        ((0, 4), IndexError, "position 4 .* axis 1, which has length 4"),
        ([0, 3], IndexError, "position 3 .* length 3"),
        ([-4], IndexError, "position -4 .* length 3"),
        (([0], [4]), IndexError, "position 4 .* length 4"),
        ((0, 0, 0), IndexError, r"3 indices for a tensor of 2 axes, shape \(3, 4\)"),
        ((..., ...), IndexError, "one Ellipsis"),
        (([0, 1], [0, 1, 2]), ShapeError, r"index: shapes \(2,\) and \(3,\) do not broadcast"),
        (1.0, DTypeError, "float"),
        ([0.5], DTypeError, r"must be integers, not float64; cast them with \.long\(\)"),
        (True, DTypeError, "where"),
        (np.array([True, False]), IndexError, "mask of length 2 for axis 0, which has length 3"),
    ],
)
def test_refusals(key, error, says):
    with pytest.raises(error, match=says):
        tg.zeros((3, 4))[key]


def test_take_refusals():
    x = tg.zeros((3, 4))
    with pytest.raises(IndexError, match="position 4 is outside axis 1, which has length 4"):
        x.take([4], 1)
    with pytest.raises(ShapeError, match="take: axis 2 does not exist"):
        x.take([0], 2)
    with pytest.raises(DTypeError, match="float32"):
        x.take(tg.Tensor([0.0]))
