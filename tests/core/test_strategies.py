import importlib
import sys

import numpy as np
import pytest
from drawing import examples
from hypothesis import find, given, strategies as st

import tinygrad_mnist as tg
from tinygrad_mnist import Tensor, nn, ops
from tinygrad_mnist.compiler import build, specialization
from tinygrad_mnist.errors import MissingExtraError
from tinygrad_mnist.testing import check_module, gradcheck
from tinygrad_mnist.testing.strategies import (
    modules,
    mutually_broadcastable,
    programs,
    shapes,
    shapes_by_signature,
    tensors,
)


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


@given(programs())
def test_programs_run_and_are_their_source(program):
    value = program(*program.inputs)
    assert np.isfinite(value.numpy()).all()
    assert value.dtype == np.float64
    namespace = dict(vars(ops))
    exec(repr(program), namespace)
    assert np.array_equal(namespace["program"](*program.inputs), value)


@examples(0.3)
@given(programs(max_steps=5))
def test_programs_that_are_smooth_can_be_checked(program):
    gradcheck(program, program.inputs, order=2)


@examples(0.3)
@given(programs(np.float32, smooth=False))
def test_programs_are_recorded_as_they_run(program):
    recorded = tg.jit(lambda *xs: program(*xs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(specialization, "compiled", build.interpreted)
        found = recorded(*program.inputs)
    np.testing.assert_allclose(found, program(*program.inputs), rtol=1e-4, atol=1e-5)


def test_programs_shrink_to_what_matters():
    smallest = find(programs(), lambda program: "matmul" in program.source)
    assert smallest.source == "def program(a):\n    v0 = matmul(tanh(a), transpose(a))\n    return v0"
    assert smallest.inputs[0].numel() == 1
    assert len(find(programs(), lambda program: len(program.steps) > 4).steps) == 5
    find(programs(smooth=False), lambda program: "relu" in program.source)


@examples(0.3)
@given(modules(3))
def test_modules_can_be_checked(module):
    assert check_module(module, np.linspace(-1, 1, 6).reshape(2, 3)).entries > 0


def test_modules_shrink_to_what_matters():
    smallest = find(modules(2), lambda module: any(isinstance(x, nn.GELU) for x in module))
    assert [type(x) for x in smallest] == [nn.GELU]
    find(modules(2), lambda module: isinstance(module[0], nn.Sequential) and len(module) > 1)
    find(modules(2, smooth=False), lambda module: isinstance(module[0], nn.ReLU))


def test_without_hypothesis_the_error_names_the_extra(monkeypatch):
    name = "tinygrad_mnist.testing.strategies"
    monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingExtraError, match=r"tinygrad_mnist\[test\]"):
        importlib.import_module(name)
