"""Tensor.backward and the life of a graph."""

import threading

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import Tensor
from tinygrad_mnist.errors import GraphError


def variable(*numbers):
    return Tensor(list(numbers), requires_grad=True)


def test_gradients_accumulate():
    x = variable(1.0, 2.0)
    (x * x).sum().backward()
    (3 * x).sum().backward()
    assert x.grad.tolist() == [5, 7]
    x.grad = None
    x.sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_every_leaf_gets_its_gradient():
    a, b, c = variable(2.0), variable(3.0), Tensor([4.0])
    (a * b + b * c).sum().backward()
    assert (a.grad.item(), b.grad.item(), c.grad) == (3, 6, None)


def test_a_leaf_is_its_own_graph():
    x = Tensor(2.0, requires_grad=True)
    x.backward()
    x.backward()
    assert x.grad.item() == 2
    assert x.is_leaf
    assert not (x * 2).is_leaf


def test_a_value_used_twice_counts_twice():
    x = variable(3.0)
    y = x * x
    (y * y + y).sum().backward()
    assert x.grad.item() == 4 * 27 + 6


def test_gradient_argument_weighs_the_outputs():
    x = variable(1.0, 2.0)
    (x * x).backward([1.0, 10.0])
    assert x.grad.tolist() == [2, 40]
    (x * 1).backward(np.array([1.0, 1.0]))
    (x * 1).backward(Tensor([1.0, 1.0]))
    assert x.grad.tolist() == [4, 42]


def test_second_backward_is_refused_with_the_remedy():
    x = variable(2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(GraphError, match=r"backward through 'sum'.*retain_graph=True"):
        y.backward()
    assert x.grad.item() == 4


def test_a_freed_part_spoils_what_is_built_on_it():
    x = variable(2.0)
    inner = x * x
    (inner * 2).sum().backward()
    with pytest.raises(GraphError, match=r"'mul'.*retain_graph"):
        (inner * 3).sum().backward()


def test_retain_graph():
    x = variable(2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 12
    with pytest.raises(GraphError):
        y.backward()


def test_create_graph():
    x = variable(2.0)
    y = (x**4).sum()
    y.backward(create_graph=True)
    first = x.grad
    x.grad = None
    first.sum().backward(create_graph=True)
    second = x.grad
    x.grad = None
    second.sum().backward()
    assert (first.item(), second.item(), x.grad.item()) == (32, 48, 48)


def test_gradients_have_no_graph_unless_asked():
    x = variable(2.0)
    (x * x).sum().backward()
    assert not x.grad.requires_grad
    (x * x).sum().backward(create_graph=True)
    assert x.grad.requires_grad


def test_create_graph_within_no_grad_still_records():
    x = variable(3.0)
    y = (x * x).sum()
    with tg.no_grad():
        y.backward(create_graph=True)
        assert not (x * x).requires_grad
    assert x.grad.requires_grad


def test_no_grad():
    x = variable(2.0)
    with tg.no_grad():
        y = x * x
        with tg.enable_grad():
            z = x * x
    assert not y.requires_grad
    assert z.requires_grad
    assert (x * x).requires_grad

    @tg.no_grad()
    def square(x):
        return x * x

    assert not square(x).requires_grad
    assert not square(x).requires_grad


def test_no_grad_ends_with_an_exception():
    with pytest.raises(KeyError), tg.no_grad():
        raise KeyError
    assert (variable(1.0) * 2).requires_grad


def test_no_grad_is_per_thread():
    x = variable(2.0)
    inside, leave, seen = threading.Event(), threading.Event(), []

    def other():
        with tg.no_grad():
            inside.set()
            leave.wait(10)
            seen.append((x * x).requires_grad)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    seen.append((x * x).requires_grad)
    leave.set()
    thread.join()
    assert seen == [True, False]


def test_threads_differentiate_side_by_side():
    results = {}

    def work(i):
        x = Tensor(np.full(3, float(i)), requires_grad=True)
        for _ in range(50):
            (x * x * x).sum().backward()
        results[i] = x.grad.tolist()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == {i: [150.0 * i * i] * 3 for i in range(8)}


def test_detach():
    x = variable(3.0)
    y = x * x
    (y.detach() * x + y).sum().backward()
    assert x.grad.item() == 9 + 6
    assert not y.detach().requires_grad
    assert y.detach().is_leaf


def test_integers_and_comparisons_carry_no_graph():
    x = variable(1.0, 2.0)
    for y in (x > 1, x.argmax(), x.long(), x == x):
        assert not y.requires_grad


# Assignment ---------------------------------------------------------------------------------------


def test_assign_changes_a_leaf_in_place():
    x = variable(1.0, 2.0)
    same = x
    assert x.assign_(Tensor([3.0, 4.0])) is x
    assert same.tolist() == [3, 4]
    x.assign_([5, 6])
    assert x.tolist() == [5, 6]
    assert x.dtype == np.float32
    assert x.requires_grad


def test_assigned_numbers_are_copied_or_never_written_to():
    source = np.array([1.0, 2.0], np.float32)
    x = variable(0.0, 0.0)
    x.assign_(source)
    source[:] = 9
    assert x.tolist() == [1, 2]
    y = variable(3.0, 4.0)
    x.assign_(y)
    y.assign_([5.0, 6.0])
    assert x.tolist() == [3, 4]


def test_backward_after_assign_is_refused():
    x = variable(2.0)
    y = (x * x).sum()
    x.assign_([5.0])
    with pytest.raises(GraphError, match=r"'mul' was assigned.*backward before the optimiser's step"):
        y.backward()
    (x * x).sum().backward()
    assert x.grad.item() == 10


def test_backward_after_assigning_an_operand_without_gradient_is_refused():
    x, scale = variable(2.0), Tensor([3.0])
    y = (x * scale).sum()
    scale.assign_([4.0])
    with pytest.raises(GraphError, match="assigned"):
        y.backward()


def test_an_array_operand_may_change_afterwards():
    x, a = variable(2.0), np.array([3.0], np.float32)
    y = (x * a).sum()
    a[:] = 100
    y.backward()
    assert x.grad.item() == 3


# Gradients do not share memory ----------------------------------------------------------------------


def test_changing_one_gradient_leaves_others_alone():
    a, b = variable(1.0), variable(2.0)
    (a + b).backward([5.0])
    a.grad.assign_([7.0])
    assert b.grad.tolist() == [5]


def test_the_seed_is_not_written_to():
    seed = np.array([1.0, 2.0], np.float32)
    x = variable(1.0, 1.0)
    (x * 2).backward(seed)
    (x * 2).backward(seed)
    assert seed.tolist() == [1, 2]
    assert x.grad.tolist() == [4, 8]
