"""Long chains, freed graphs, and memory that does not grow."""

import gc
import mmap
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import Tensor


def test_a_chain_of_100_000_operations_differentiates():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y * 1.0 + 0.0 if y is x else -y
    y.backward()
    assert x.grad.item() == pytest.approx(-1.0)


def test_a_long_chain_that_is_never_walked_is_let_go():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = -y
    first = weakref.ref(y)
    del y
    assert first() is None


def test_second_derivative_of_a_long_chain():
    def f(x):
        for _ in range(2000):
            x = x.sin()
        return x

    first, second = tg.grad(f)(0.5), tg.grad(tg.grad(f))(0.5)
    assert np.isfinite(first.item())
    assert second.item() < 0


@pytest.fixture
def _no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    "walk", [lambda y: None, lambda y: y.backward(), lambda y: y.backward(retain_graph=True)]
)
def test_reference_counting_alone_frees_a_graph(walk):
    x = Tensor(np.ones(3), requires_grad=True)
    inner = x * 2
    y = (inner.softmax() @ inner.exp()).log()
    walk(y)
    alive = [weakref.ref(inner), weakref.ref(y)]
    del inner, y
    assert [ref() for ref in alive] == [None, None]


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    "derive",
    [
        lambda f, x: tg.grad(f)(x),
        lambda f, x: tg.grad(lambda x: tg.grad(f)(x).sum())(x),
        lambda f, x: tg.hvp(f, [x], [x]),
        lambda f, x: tg.jvp(f, [x], [x]),
        lambda f, x: tg.vjp(f, x)[1](Tensor(np.ones(()))),
        lambda f, x: tg.hessian(f)(x),
    ],
)
def test_derivatives_of_functions_leave_nothing_behind(derive):
    seen = []

    def f(x):
        y = x.tanh()
        seen.append(weakref.ref(y))
        return (y * y).sum()

    x = Tensor(np.ones(3))
    result = derive(f, x)
    assert result is not None
    assert seen
    assert all(ref() is None for ref in seen)


@pytest.mark.usefixtures("_no_collector")
def test_backward_frees_the_graph_though_its_end_is_kept():
    x = Tensor(np.ones(3), requires_grad=True)
    inner = x.exp()
    kept = weakref.ref(inner)
    cost = (inner * inner).sum()
    del inner
    assert kept() is not None
    cost.backward()
    assert kept() is None
    assert cost.item() == pytest.approx(3 * np.e**2)


def memory():
    """Python's blocks, and resident bytes where the system tells."""
    statm = Path("/proc/self/statm")
    pages = int(statm.read_text().split()[1]) if statm.exists() else 0
    return np.array([sys.getallocatedblocks(), pages * mmap.PAGESIZE])


@pytest.mark.usefixtures("_no_collector")
def test_memory_is_flat_over_100_000_steps():
    w = Tensor(np.ones(64), requires_grad=True)

    def steps(count):
        for _ in range(count):
            (w * 0.5).sum().backward()
            w.assign_(w.grad)
            w.grad = None

    steps(1_000)
    before = memory()
    steps(99_000)
    blocks, resident = memory() - before
    assert blocks < 1_000
    assert resident < 2_000_000
