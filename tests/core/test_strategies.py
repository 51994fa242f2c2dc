import importlib
import sys

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from tinygrad_mnist import Tensor
from tinygrad_mnist.errors import MissingExtraError
from tinygrad_mnist.testing.strategies import mutually_broadcastable, shapes, shapes_by_signature, tensors


@given(shapes(1, 2, 1, 3))
def test_shapes_keep_their_limits(shape):
    assert 1 <= len(shape) <= 2
    assert all(1 <= n <= 3 for n in shape)


@given(mutually_broadcastable(3))
def test_broadcastable_shapes_broadcast(found):
    assert len(found) == 3
    np.broadcast_shapes(*found)


def test_broadcastable_shapes_include_the_hard_ones():
    find(mutually_broadcastable(2), lambda pair: 0 in pair[0] and 1 in pair[1])
    find(mutually_broadcastable(2), lambda pair: len(pair[0]) > len(pair[1]) > 0)


@given(shapes_by_signature())
def test_shapes_by_signature_fit_matmul(pair):
    np.matmul(*map(np.ones, pair))


def test_shapes_by_signature_include_vectors_and_stacks():
    find(shapes_by_signature(), lambda pair: len(pair[0]) == 1 and len(pair[1]) == 1)
    find(shapes_by_signature(), lambda pair: len(pair[0]) == 3 and len(pair[1]) == 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8, np.bool_])
def test_tensors_have_the_dtype_and_shape(dtype):
    @given(tensors(dtype, (2, 3)))
    def check(x):
        assert isinstance(x, Tensor)
        assert x.dtype == dtype
        assert x.shape == (2, 3)
        assert np.isfinite(x.numpy()).all()

    check()


@given(tensors(np.float64, shapes(1, 1), st.floats(2, 3), requires_grad=True))
def test_tensors_of_given_elements(x):
    assert x.ndim == 1
    assert x.requires_grad
    assert ((x.numpy() >= 2) & (x.numpy() <= 3)).all()


def test_without_hypothesis_the_error_names_the_extra(monkeypatch):
    name = "tinygrad_mnist.testing.strategies"
    monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingExtraError, match=r"tinygrad_mnist\[test\]"):
        importlib.import_module(name)
