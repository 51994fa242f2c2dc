"""What goes wrong with compiled functions elsewhere: here the answer of eager, or a named error."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import optim
from tinygrad_mnist.errors import GraphError, ShapeError, TraceError

X = tg.tensor([1.0, -2.0, 3.0])


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: float(x.sum()),
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x.numpy(),
        lambda x: np.asarray(x),
        lambda x: print(x),
        lambda x: x.tolist(),
        lambda x: [1, 2, 3][x.argmax()],
        lambda x: x * X.sum().item(),
    ],
)
def test_asking_for_a_number_names_the_line_and_the_remedy(ask: Any) -> None:
    with pytest.raises(TraceError, match=r"(?s)test_jit_footguns.py:\d+.*tg\.where"):
        tg.jit(ask)(X)


def test_an_exception_while_recording_leaves_nothing_behind() -> None:
    w = tg.tensor([1.0], requires_grad=True)
    fail = True

    def f(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        if fail:
            raise KeyError("not today")
        return x * 2

    with pytest.raises(KeyError):
        tg.jit(f)(X)
    assert w.grad is None
    assert (X + 1).tolist() == [2.0, -1.0, 4.0]
    fail = False
    assert tg.jit(f)(X).tolist() == [2.0, -4.0, 6.0]


def test_outputs_are_not_overwritten_by_the_next_call() -> None:
    f = tg.jit(lambda x: x * 2)
    first = f(X)
    f(X * 10)
    assert first.tolist() == [2.0, -4.0, 6.0]


def test_the_same_tensor_twice_and_an_output_that_is_an_input() -> None:
    f = tg.jit(lambda a, b: (a, a + b))
    a, total = f(X, X)
    assert total.tolist() == [2.0, -4.0, 6.0]
    assert a is X


def test_an_output_that_is_captured_is_that_tensor() -> None:
    w = tg.tensor([1.0, 2.0])

    def f() -> Any:
        old = w * 1
        w.assign_(w + 1)
        return old, w

    fast = tg.jit(f)
    fast()
    old, new = fast()
    fast()
    assert old.tolist() == [2.0, 3.0]
    assert new is w
    assert w.tolist() == [4.0, 5.0]


def test_captured_tensors_can_trade_places() -> None:
    a, b = tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])

    def swap() -> Any:
        old = a * 1
        a.assign_(b)
        b.assign_(old)
        return a + b

    tg.jit(swap)()
    assert (a.tolist(), b.tolist()) == ([3.0, 4.0], [1.0, 2.0])


def test_a_reversed_update_reads_old_values() -> None:
    a = tg.tensor([1.0, 2.0, 3.0])
    tg.jit(lambda: a.assign_(a.flip() + a) * 1)()
    assert a.tolist() == [4.0, 4.0, 4.0]


def test_views_and_other_layouts_as_inputs() -> None:
    big = tg.Tensor(np.arange(12.0, dtype=np.float32).reshape(3, 4))
    f = tg.jit(lambda x: x * 2 + x.sum(axis=0))
    for view in (big.T, big[::2], big[:, 1:3], big[1]):
        np.testing.assert_array_equal(f(view).numpy(), (view * 2 + view.sum(axis=0)).numpy())


def test_a_closure_over_a_changing_number() -> None:
    k = 2.0
    f = tg.jit(lambda x: x * k)
    assert f(X).tolist() == [2.0, -4.0, 6.0]
    k = 3.0
    assert f(X).tolist() == [3.0, -6.0, 9.0]
    assert "k has changed" in f.explain()


def test_an_attribute_of_an_object_that_changes() -> None:
    w = tg.tensor([1.0], requires_grad=True)
    opt = optim.SGD([w], lr=1.0)

    def step() -> Any:
        opt.zero_grad()
        cost = (w * 2).sum()
        cost.backward()
        opt.step()
        return cost

    fast = tg.jit(step)
    fast()
    assert w.tolist() == [-1.0]
    opt.param_groups[0]["lr"] = 0.5
    fast()
    assert w.tolist() == [-2.0]


def test_a_number_as_argument_is_a_constant_of_its_own_program() -> None:
    f = tg.jit(lambda x, k: x * k)
    assert f(X, 2).tolist() == [2.0, -4.0, 6.0]
    assert f(X, 3).tolist() == [3.0, -6.0, 9.0]
    assert f(X, 2).tolist() == [2.0, -4.0, 6.0]


def test_a_captured_array_that_is_changed_in_place() -> None:
    table = np.array([1.0, 1.0, 1.0], np.float32)
    f = tg.jit(lambda x: x * table)
    assert f(X).tolist() == [1.0, -2.0, 3.0]
    table[0] = 5
    assert f(X).tolist() == [5.0, -2.0, 3.0]


def test_changes_of_shape_and_dtype_are_recorded_anew() -> None:
    f = tg.jit(lambda x: x.sum())
    assert [f(tg.ones(n)).item() for n in (2, 3, 2)] == [2.0, 3.0, 2.0]
    assert f(tg.ones(2, dtype=np.float64)).dtype == np.float64
    assert f.explain().count("recorded for") == 3
    w = tg.ones(2)
    g = tg.jit(lambda: w * 2)
    g()
    w.array = np.ones(3, np.float32)
    assert g().shape == (3,)
    assert "captured" in g.explain()


def test_tensors_made_inside() -> None:
    f = tg.jit(lambda x: x + tg.ones(3) + tg.tensor([1.0, 2.0, 3.0]) + tg.arange(3))
    assert f(X).tolist() == f(X).tolist() == [3.0, 2.0, 9.0]


def test_gradients_from_outside_are_refused_and_inner_ones_unreadable() -> None:
    w = tg.tensor([1.0, 1.0, 1.0], requires_grad=True)
    (w * 2).sum().backward()

    def f(x: Any) -> Any:
        cost = (w * x).sum()
        cost.backward()
        return cost

    with pytest.raises(TraceError, match="zero_grad"):
        tg.jit(f)(X)
    w.grad = None
    tg.jit(f)(X)
    with pytest.raises(TraceError, match="exists only inside"):
        np.asarray(w.grad)
    with pytest.raises(TraceError, match="zero_grad"):
        (w * 2).sum().backward()


def test_a_graph_over_an_updated_tensor_is_stale() -> None:
    w = tg.tensor([1.0, 1.0, 1.0], requires_grad=True)
    cost = (w * w).sum()
    tg.jit(lambda: w.assign_(w * 2) * 1)()
    with pytest.raises(GraphError, match="assigned"):
        cost.backward()


def test_nested_and_differentiated_from_outside() -> None:
    inner = tg.jit(lambda x: x * 3)
    assert tg.jit(lambda x: inner(x) + 1)(X).tolist() == [4.0, -5.0, 10.0]
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    inner(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 3.0]


def test_two_threads() -> None:
    f = tg.jit(lambda x: (x * x).sum())
    results: list[float] = []

    def work(k: int) -> None:
        for _ in range(50):
            assert f(tg.full(4, k)).item() == 4 * k * k
        results.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 1]


def test_positions_outside_their_axis() -> None:
    f = tg.jit(lambda i: X[i])
    with pytest.raises(IndexError):
        f(tg.tensor([5]))
    assert f(tg.tensor([-1])).tolist() == [3.0]


def test_scan_wants_one_number_of_steps() -> None:
    f = tg.jit(lambda a, b: a + b)
    with pytest.raises(ShapeError, match="axis of steps"):
        f.scan(tg.ones((3, 2)), tg.ones((4, 2)))
    assert f.scan(tg.ones((3, 2)), tg.ones((3, 2))).shape == (3, 2)
    assert f.scan(tg.ones((0, 2)), tg.ones((0, 2))).shape == (0, 2)


def test_what_can_be_read_of_a_compiled_function() -> None:
    f = tg.jit(lambda x: (x * 2).sigmoid().sum())
    with pytest.raises(TraceError, match="call the function first"):
        _ = f.source
    f(X)
    assert "sigmoid" in str(f.program)
    assert "for i in range(3):" in f.source
    assert "# " in f.source


def test_ctrl_c_stops_a_scan_between_steps() -> None:
    script = (
        "import os, signal, threading, time, numpy as np, tinygrad_mnist as tg\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in what runs in the background
        "w = tg.zeros(())\n"
        "def step(x):\n"
        "    w.assign_(w + 1)\n"
        "    return (x @ x).sum()\n"
        "f = tg.jit(step)\n"
        "x = np.ones((1, 64, 64), np.float32)\n"
        "f.scan(x)\n"
        "many = np.broadcast_to(x, (200000, 64, 64))\n"
        "threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    while True: f.scan(np.ascontiguousarray(many[:3000]))\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped after', int(w))\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.startswith("stopped after")


def test_what_was_read_before_an_update_does_not_change() -> None:
    w = tg.tensor([1.0, 2.0])
    step = tg.jit(lambda: w.assign_(w * 2) * 1)
    seen = []
    for _ in range(4):
        step()
        seen += [w.numpy(), np.asarray(w)[:1], w.array]
    assert [x.tolist() for x in seen[::3]] == [[2.0, 4.0], [4.0, 8.0], [8.0, 16.0], [16.0, 32.0]]
    assert [x.tolist() for x in seen[1::3]] == [[2.0], [4.0], [8.0], [16.0]]


def test_a_step_named_step_is_recorded_once() -> None:
    namespace: dict[str, Any] = {"tg": tg, "optim": optim}
    exec(
        "w = tg.tensor([1.0], requires_grad=True)\n"
        "opt = optim.SGD([w], lr=0.5)\n"
        "@tg.jit\n"
        "def step():\n"
        "    cost = (w * w).sum()\n"
        "    opt.zero_grad()\n"
        "    cost.backward()\n"
        "    opt.step()\n"
        "    return cost\n",
        namespace,
    )
    for _ in range(3):
        namespace["step"]()
    assert namespace["step"].explain().count("recorded for") == 1
