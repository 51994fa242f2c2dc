"""What people write with loops, each in eager execution and compiled, with everything kept and with little.

Each case is a function with a loop in it: its value, its gradient and its second derivatives are the same
in all four ways.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import TraceError


def some(*shape: int, seed: int = 0) -> tg.Tensor:
    return tg.tensor((np.random.default_rng(seed).normal(size=shape) * 0.5).astype(np.float32))


H, W, XS = some(2, 3), some(3, 3, seed=1), some(5, 2, 3, seed=2)
Scan = Callable[..., Any]


class Pair(NamedTuple):
    place: Any
    speed: Any


def plain(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda h, x: ((x + h @ W).tanh(), h * x), h, xs)


def backwards(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda h, x: ((x + h @ W).tanh(), h * x), h, xs, reverse=True)


def nested_containers(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    def body(s: Any, x: Any) -> Any:
        pair = Pair(s["pair"].place + x["a"], s["pair"].speed * x["b"][0])
        return {"nothing": None, "list": [s["list"][0].sin(), ()], "pair": pair}, (pair, {}, s["list"][0])

    first = {"pair": Pair(h, h * 2), "list": [h, ()], "nothing": None}  # in another order than what follows
    return scan(body, first, {"a": xs, "b": [xs * 0.5]})


def no_state(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda s, x: (None, (x * h).sin()), None, xs), scan(lambda s, x: ((), x * h), (), xs)


def numbers_of_python(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    def body(s: Any, x: Any) -> Any:
        return {"n": s["n"] + 1, "t": s["t"] * 0.5 + (x * h).sum(), "b": s["b"]}, (s["n"], 2.5, True)

    return scan(body, {"n": 0, "t": 1.0, "b": True}, xs)


def integers_and_bools(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    def body(s: Any, x: Any) -> Any:
        n, positive, y = s
        return (n * 2, positive | (x > 0), y * n * 0.1 + tg.where(positive, x, y)), n

    return scan(body, (tg.tensor([1, 2, 3]), tg.zeros(2, 3, dtype=bool), h), xs)


def positions_as_elements(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda s, i: (s * 0.5 + xs[i], s), h, tg.tensor([4, 0, 0, 2]))


def two_dtypes(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda s, x: ((s[0] * 0.5 + x.double(), s[1] * x), s[0].float()), (h.double(), h), xs)


def one_tensor_for_two_states(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda s, x: ((s[0] * x, s[1] + x.sin()), s[0] * s[1]), (h, h), xs)


def one_result_for_two_states(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    def body(s: Any, x: Any) -> Any:
        y = s[0] * x + s[1]
        return (y, y), (y, y)

    return scan(body, (h, h * 2), xs)


def states_exchanged(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda s, x: ((s[1], s[0] * x), None), (h, h * 2), xs)


def a_state_handed_on(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda s, x: ((s[0], (s[1] * s[0]).sin() + x), s[0]), (h, h * 2), xs)


def a_tensor_from_outside_as_state(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda s, x: (h, s * x), h * 2, xs)


def the_element_as_state(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda s, x: (x, s * x), h, xs)


def changed_in_place(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    def body(s: Any, x: Any) -> Any:
        x *= 2
        s["h"] += x
        s["h"][0] = x[1]
        return s, (s["h"], x)

    return scan(body, {"h": h * 1}, xs)


def detached(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda s, x: (s * x + s.detach(), s.detach() * x), h, xs)


def partly_without_gradient(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    def body(s: Any, x: Any) -> Any:
        with tg.no_grad():
            y = s * 2
        return s * x + y, y

    return scan(body, h, xs)


def within_each_other(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    def innermost(h: Any, x: Any) -> Any:
        return scan(lambda k, y: ((k * y).sin() + h, k), h * 0.5, x)[0]

    def body(h: Any, x: Any) -> Any:
        k, _ = scan(lambda k, y: (innermost(k[:1], y[:, None, None])[0] + k, None), h, x)
        return k, k * 2

    return scan(body, h, xs[:2])


def a_gradient_in_each_step(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return scan(lambda s, x: (s - 0.1 * tg.grad(lambda q: ((q * x) ** 3).sum())(s), None), h, xs)


def a_checkpoint_in_each_step(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    again = tg.checkpoint(lambda h, *, w, scale=1.0: (h @ w * scale).sin())
    return scan(lambda s, x: (again(s + x, w=W, scale=0.5), again(s, w=W)), h, xs)


def searching_in_each_step(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    def root(x: Any) -> Any:
        return tg.while_loop(lambda s: (s * s - x).abs() > 1e-4 * x, lambda s: (s + x / s) / 2, x, most=60)

    return scan(lambda s, x: (s + root((x * x).sum() + 1), s), h.sum(), xs)


def sums_and_searches(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    def body(s: Any, x: Any) -> Any:
        s = (s.cumsum(1).softmax(1) + s.logsumexp(0) * 0.1 + x.sort(dim=1)[0]).tanh()
        return s, (s.max(), s.argmax(1))

    return scan(body, h, xs)


def one_step(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return plain(scan, h, xs[:1])


def no_step(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
    return plain(scan, h, xs[:0]), backwards(scan, h, xs[:0])


CASES = [
    plain, backwards, nested_containers, no_state, numbers_of_python, integers_and_bools,
    positions_as_elements, two_dtypes, one_tensor_for_two_states, one_result_for_two_states,
    states_exchanged, a_state_handed_on, a_tensor_from_outside_as_state, the_element_as_state,
    changed_in_place, detached, partly_without_gradient, within_each_other, a_gradient_in_each_step,
    a_checkpoint_in_each_step, searching_in_each_step, sums_and_searches, one_step, no_step,
]  # fmt: skip


def leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        tree = [tree[key] for key in sorted(tree)]
    if isinstance(tree, tuple | list):
        return [x for part in tree for x in leaves(part)]
    return [tree]


def agree(found: Any, wanted: Any) -> None:
    assert type(found) is type(wanted)
    for x, y in zip(leaves(found), leaves(wanted), strict=True):
        if y is None:
            assert x is None
        else:
            assert (x.dtype, x.shape) == (y.dtype, y.shape)
            np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_all_ways_agree(case):
    def number(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> tg.Tensor:
        found = [x.float() for x in leaves(case(scan, h, xs)) if x is not None]
        return sum(((x * x).sum() for x in found), start=tg.tensor(0.0))

    def everything(scan: Scan, h: tg.Tensor, xs: tg.Tensor) -> Any:
        gradient = tg.grad(partial(number, scan), (0, 1))
        twice = tg.hvp(lambda h: number(scan, h, xs), (h,), (h,)) if case not in ONCE else None
        return case(scan, h, xs), gradient(h, xs), twice

    wanted = everything(tg.scan, H, XS)
    little = partial(tg.scan, keep="sqrt")
    agree(everything(little, H, XS), wanted)
    agree(tg.jit(partial(everything, tg.scan))(H, XS), wanted)
    agree(tg.jit(partial(everything, little))(H, XS), wanted)


#: Cases whose second derivatives take long to compile.
ONCE = (within_each_other, a_gradient_in_each_step, searching_in_each_step, sums_and_searches)


@pytest.mark.parametrize("keep", ["all", "sqrt"])
def test_dropout_and_random_numbers_are_those_of_eager_execution(keep):
    dropout = tg.nn.Dropout(0.5)

    def number(h: tg.Tensor) -> tg.Tensor:
        def body(s: Any, x: Any) -> Any:
            noise = tg.randn(2, 3) + tg.rand(2, 3) + tg.bernoulli(s.sigmoid()) + tg.randint(0, 5, (2, 3))
            return dropout(s + x) * noise, dropout(s)

        last, kept = tg.scan(body, h, XS, keep=keep)
        return (last * last).sum() + kept.sum()

    def run(f: Callable[..., Any]) -> Any:
        tg.manual_seed(0)
        return f(H), tg.rand(2)

    for f in (number, tg.grad(number)):
        agree(run(tg.jit(f)), run(f))


SCALE = 2.0


@pytest.mark.parametrize("keep", ["all", "sqrt"])
def test_a_global_that_changes_between_calls_is_read_anew(keep, monkeypatch):
    f = tg.jit(lambda h: tg.scan(lambda s, x: (s * SCALE, None), h, length=2, keep=keep)[0])
    agree(f(H), H * 4)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    agree(f(H), H * 9)


def test_parameters_of_modules_and_their_buffers():
    cell, norm = tg.nn.GRUCell(3, 3), tg.nn.BatchNorm1d(3)

    def number(xs: tg.Tensor) -> tg.Tensor:
        return tg.scan(lambda h, x: (norm(cell(x, h)),) * 2, tg.zeros(2, 3), xs)[1].sum()

    def run(f: Callable[..., Any]) -> Any:
        tensors = [*cell.parameters(), *norm.parameters(), *norm.buffers()]
        before = [x.detach().clone() for x in tensors]
        f(XS).backward()
        found = [p.grad for p in cell.parameters()], [b.clone() for b in norm.buffers()]
        with tg.no_grad():
            for x, old in zip(tensors, before, strict=True):
                x.grad = None
                x.copy_(old)
        return found

    agree(run(tg.jit(number)), run(number))


def added_to(xs: tg.Tensor) -> Any:
    total = tg.zeros(2, 3)

    def body(s: Any, x: Any) -> Any:
        total.add_(x)
        return s + total, None

    return tg.scan(body, tg.zeros(2, 3), xs)


def bound_anew(xs: tg.Tensor) -> Any:
    total = xs[0]

    def body(s: Any, x: Any) -> Any:
        nonlocal total
        total = total + x
        return s + total, None

    return tg.scan(body, tg.zeros(2, 3), xs)


def put_into_a_list(xs: tg.Tensor) -> Any:
    total = [xs[0]]

    def body(s: Any, x: Any) -> Any:
        total[0] = total[0] + x
        return s + total[0], None

    return tg.scan(body, tg.zeros(2, 3), xs)


def counted(xs: tg.Tensor) -> Any:
    count = [0]

    def body(s: Any, x: Any) -> Any:
        count[0] += 1
        return s + count[0] * x, None

    return tg.scan(body, tg.zeros(2, 3), xs)


@pytest.mark.parametrize("f", [added_to, bound_anew, put_into_a_list, counted])
def test_what_a_step_changes_besides_its_state_is_refused_in_programs(f):
    f(XS)
    with pytest.raises(TraceError, match=r"the next step would be another program, at '.*': make that part"):
        tg.jit(f)(XS)
    tg.jit(f)(XS[:1])  # there is no next step


def test_constants_made_in_a_step_are_the_same_each_time():
    def f(h: tg.Tensor) -> Any:
        return tg.scan(lambda s, x: (s * tg.tensor([1.0, 2.0, np.nan]) + np.ones(3, "f"), None), h, length=3)[
            0
        ]

    agree(tg.jit(f)(H), f(H))


def test_what_only_elements_decide_is_computed_before_the_loop():
    def f(h: tg.Tensor, xs: tg.Tensor) -> Any:
        return tg.scan(lambda s, x: (s * (x * 2).cos(), s), h, xs)

    compiled = tg.jit(f)
    agree(compiled(H, XS), f(H, XS))
    assert compiled.source.index("cos(") < compiled.source.index("for t in range(5):")


@pytest.mark.parametrize("inner", [1, 4, 400])
def test_gradients_of_weights_have_the_bits_of_the_loop_written_out(inner):
    w, u, h, xs = some(3, 4, seed=3), some(4, 4, seed=4), some(inner, 4), some(3, inner, 3, seed=5)

    def cost(loop: Callable[..., Any], w: Any, u: Any, h: Any, xs: Any) -> Any:
        return (loop(lambda h, x: (x @ w + h @ u + (h @ u.T).sin()).tanh(), h, xs) ** 2).sum()

    def looped(f: Any, h: Any, xs: Any) -> Any:
        return tg.scan(lambda h, x: (f(h, x), None), h, xs)[0]

    def by_hand(f: Any, h: Any, xs: Any) -> Any:
        for x in xs:
            h = f(h, x)
        return h

    found, wanted = (
        tg.jit(tg.grad(partial(cost, loop), (0, 1, 2)))(w, u, h, xs) for loop in (looped, by_hand)
    )
    for x, y in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy())
