"""The Tensor as a value: making it, NumPy around it, numbers out of it."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import Tensor


def test_an_array_is_copied():
    array = np.ones(3)
    x = Tensor(array)
    array[:] = 5
    assert x.tolist() == [1, 1, 1]


def test_a_tensor_from_a_tensor_starts_a_graph_of_its_own():
    x = Tensor([1.0], requires_grad=True)
    y = Tensor(x * 2)
    assert y.tolist() == [2]
    assert y.is_leaf
    assert not y.requires_grad


def test_numpy_is_a_read_only_view():
    x = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        x.numpy()[0] = 3
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0] = 3
    assert np.shares_memory(x.numpy(), x.array)
    assert x.tolist() == [1, 2]


def test_numpy_of_a_tensor_with_a_graph():
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert (x * 2).numpy().tolist() == [2, 4]


def test_asarray_and_array():
    x = Tensor([1.0, 2.0])
    assert np.asarray(x).dtype == np.float32
    assert np.asarray(x, np.float64).dtype == np.float64
    owned = np.array(x)
    owned[0] = 7
    assert x.tolist() == [1, 2]
    assert np.concatenate([x, x]).tolist() == [1, 2, 1, 2]


@pytest.mark.parametrize(
    "f",
    [
        lambda a, t: a * t,
        lambda a, t: a + t,
        lambda a, t: a - t,
        lambda a, t: a / t,
        lambda a, t: a**t,
        lambda a, t: a @ t,
        lambda a, t: a < t,
        lambda a, t: a == t,
        lambda a, t: np.float32(2) * t,
        lambda a, t: np.float64(2) - t,
    ],
)
def test_an_array_on_the_left_gives_a_tensor(f):
    a, t = np.array([1.0, 2.0]), Tensor([3.0, 4.0], requires_grad=True)
    result = f(a, t)
    assert isinstance(result, Tensor)
    assert result.dtype != object


def test_an_array_on_the_left_keeps_the_graph():
    t = Tensor([3.0, 4.0], requires_grad=True)
    (np.array([1.0, 2.0]) * t).sum().backward()
    assert t.grad.tolist() == [1, 2]


def test_operations_on_arrays_alone_give_arrays():
    assert isinstance(tg.ops.softmax(np.zeros(3)), np.ndarray)
    assert isinstance(tg.ops.mean(np.zeros(3)), np.ndarray | np.generic)
    assert isinstance(tg.where(np.array([True]), 1.0, 2.0), Tensor)


def test_arithmetic_in_place_rebinds_the_object():
    x = y = Tensor([1.0])
    before = x * 1
    x += 1
    assert (x.item(), y.item(), before.item()) == (2, 2, 1)


def test_numbers_out():
    x = Tensor([[1.5]])
    assert (x.item(), float(x), int(x), bool(x)) == (1.5, 1.5, 1, True)
    assert type(x.item()) is float
    assert f"{x:.2f}" == "1.50"
    assert type(tg.tensor(3).item()) is int
    assert type(Tensor(True).item()) is bool


def test_facts():
    x = tg.zeros((2, 3))
    assert (x.shape, x.ndim, x.numel(), len(x)) == ((2, 3), 2, 6, 2)
    assert x.dtype == np.float32
    assert x.is_leaf
    assert not x.requires_grad
    assert x.grad is None


def test_repr():
    assert repr(Tensor([1.0, 2.5])) == "Tensor([1. , 2.5])"
    assert repr(tg.tensor([1])) == "Tensor([1])"
    assert "dtype=float64" in repr(Tensor(np.zeros(1)))
    assert "requires_grad=True" in repr(Tensor([1.0], requires_grad=True))


def test_hash_is_identity():
    a, b = Tensor([1.0]), Tensor([1.0])
    assert len({a, b, a}) == 2


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_leaves_can_be_copied_and_pickled(clone):
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    y = clone(x)
    assert y.tolist() == [1, 2]
    assert y.requires_grad
    y.assign_([5.0, 6.0])
    assert x.tolist() == [1, 2]
    (y * 2).sum().backward()
    assert x.grad.tolist() == [2, 4]


def test_creation():
    assert tg.zeros(2).tolist() == [0, 0]
    assert tg.ones((1, 2), dtype=np.int32).tolist() == [[1, 1]]
    assert tg.full((2,), 3.5).tolist() == [3.5, 3.5]
    assert tg.arange(2, 8, 3).tolist() == [2, 5]
    assert tg.eye(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert tg.zeros(0).shape == (0,)


def test_large_constants_share_no_memory_with_results():
    x = Tensor(np.zeros(3), requires_grad=True)
    y = x.expand(2, 3)
    assert y.shape == (2, 3)
    with pytest.raises(ValueError, match="read-only"):
        y.numpy()[0, 0] = 1


def test_every_method_gives_what_the_operation_of_its_name_gives():
    x = Tensor([[0.3, 0.9], [0.5, 0.2]])
    names = (
        "exp expm1 log log1p sqrt square sin cos tanh sigmoid erf relu softplus silu gelu leaky_relu elu "
        "abs sign flip squeeze flatten tril triu sum prod mean var std max min argmax argmin logsumexp norm "
        "softmax log_softmax transpose"
    )
    for name in names.split():
        assert np.array_equal(getattr(x, name)(), getattr(tg.ops, name)(x)), name
    assert np.array_equal(x.matmul(x), x @ x)
    assert np.array_equal(x.pow(3), x**3)
    assert np.array_equal(x.maximum(0.4), tg.maximum(x, tg.tensor(0.4)))
    assert np.array_equal(x.minimum(0.4), tg.minimum(x, tg.tensor(0.4)))
