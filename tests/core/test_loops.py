"""Loops in eager execution are the loops written out; errors say what is wrong."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import DTypeError, GraphError, ShapeError
from tinygrad_mnist.interop.recording import recorded


def some(*shape, seed=0):
    return tg.tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32) * 0.5)


W, H, XS = some(3, 3, seed=1), some(2, 3, seed=2), some(7, 2, 3, seed=3)


def step(w, h, x):
    gate = (x @ w + h).sigmoid()
    h = gate * h + (1 - gate) * (h @ w).tanh()
    return h, {"state": h, "gate": gate}


def looped(w, h, xs, **how):
    return tg.scan(lambda h, x: step(w, h, x), h, xs, **how)


def written_out(w, h, xs, reverse=False):
    kept = [{}] * len(xs)
    for t in reversed(range(len(xs))) if reverse else range(len(xs)):
        h, kept[t] = step(w, h, xs[t])
    return h, {name: tg.stack([k[name] for k in kept]) for name in kept[0]}


def cost(loop, **how):
    def number(w, h, xs):
        h, kept = loop(w, h, xs, **how)
        return (h * h).sum() + (kept["state"].sin() * kept["gate"]).sum()

    return number


def same(found, wanted):
    if isinstance(found, dict):
        found, wanted = tuple(found.values()), tuple(wanted.values())
    if isinstance(found, tuple | list):
        assert len(found) == len(wanted)
        for x, y in zip(found, wanted, strict=True):
            same(x, y)
    else:
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found.numpy(), wanted.numpy())


@pytest.mark.parametrize("keep", ["all", "sqrt"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_a_scan_is_the_loop_written_out(steps, reverse, keep):
    xs = XS[:steps]
    same(looped(W, H, xs, reverse=reverse, keep=keep), written_out(W, H, xs, reverse=reverse))
    found = tg.grad(cost(looped, reverse=reverse, keep=keep), (0, 1, 2))(W, H, xs)
    same(found, tg.grad(cost(written_out, reverse=reverse), (0, 1, 2))(W, H, xs))


def test_second_derivatives_are_those_of_the_loop_written_out():
    at = (W, H, XS[:3])
    for transform in (tg.hvp, tg.jvp):
        same(transform(cost(looped), at, at), transform(cost(written_out), at, at))
        found, wanted = transform(cost(looped, keep="sqrt"), at, at), transform(cost(written_out), at, at)
        for x, y in zip(found, wanted, strict=True):  # what is computed again is added up in another order
            np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-5, atol=1e-6)


def test_gradients_agree_with_differences():
    tg.testing.gradcheck(lambda w, h: cost(looped)(w, h, XS[:2].double()), [W.double(), H.double()])
    tg.testing.gradcheck(cost(looped, keep="sqrt"), [W.double(), H.double(), XS[:2].double()])


def test_without_elements():
    assert tg.scan(lambda n, x: (n * 2, (n, x)), tg.tensor(1), length=4)[1][0].tolist() == [1, 2, 4, 8]
    assert tg.scan(lambda n, x: (n * 2, x), tg.tensor(1), length=4)[1] is None


@pytest.mark.parametrize("reverse", [False, True])
def test_no_steps(reverse):
    state, kept = tg.scan(lambda h, x: (h, (h, x.sum(), None)), H, some(0, 4, 2), reverse=reverse)
    same(state, H)
    assert kept[0].shape == (0, 2, 3)
    assert kept[1].shape == (0,)
    assert kept[2] is None
    same(tg.grad(cost(looped))(W, H, XS[:0]), tg.zeros(3, 3))


def test_no_steps_draw_nothing():
    tg.manual_seed(3)
    tg.scan(lambda h, x: (h, h + tg.rand(3)), tg.zeros(3), length=0)
    after = tg.rand(2)
    tg.manual_seed(3)
    same(after, tg.rand(2))


class Pair(NamedTuple):
    place: tg.Tensor
    speed: tg.Tensor


def test_states_of_any_structure():
    def body(s, x):
        pair = Pair(s["pair"].place + s["pair"].speed, s["pair"].speed * x[0])
        return {"pair": pair, "all": [s["all"][0] + pair.place, None]}, (pair.place,)

    first = {"pair": Pair(tg.tensor(0.0), tg.tensor(1.0)), "all": [tg.tensor(0.0), None]}
    state, (places,) = tg.scan(body, first, [tg.tensor([1.0, 2.0, 3.0])])
    assert isinstance(state["pair"], Pair)
    assert state["all"][1] is None
    assert places.tolist() == [1.0, 2.0, 4.0]
    assert state["all"][0].item() == 7.0


def test_the_first_state_is_not_changed_in_place():
    def body(h, x):
        h += x
        return h, h

    for keep in ("all", "sqrt"):
        first = tg.zeros(2)
        for run in (tg.scan, tg.jit(tg.scan)):
            assert run(body, first, tg.ones(3, 2), keep=keep)[1].tolist() == [[1, 1], [2, 2], [3, 3]]
            assert first.tolist() == [0, 0]

        def number(xs, keep=keep):
            return (tg.scan(body, tg.zeros(2), xs, keep=keep)[1] * tg.arange(6.0).reshape(3, 2)).sum()

        for found in (tg.grad(number), tg.jit(tg.grad(number))):
            assert found(tg.ones(3, 2)).tolist() == [[6, 9], [6, 8], [4, 5]]


def test_a_sum_of_many_cotangents_goes_on_from_what_was_there():
    def number(loop):
        return lambda w: cost(loop)(w, H, XS) + (w * w).sum()

    wanted = tg.grad(number(written_out))(W)
    same(tg.grad(number(lambda *given: looped(*given, keep="sqrt")))(W), wanted)
    same(tg.grad(number(looped))(W), wanted)


def test_fori():
    assert tg.fori(5, lambda i, s: s * 2 + i, tg.tensor(1)).item() == 58
    assert tg.fori(0, lambda i, s: {"s": s["s"] + i}, {"s": tg.tensor(1)})["s"].item() == 1
    same(tg.grad(lambda x: tg.fori(3, lambda i, s: s * x, tg.tensor(1.0)))(tg.tensor(2.0)), tg.tensor(12.0))


def doubled(x, most=50):
    return tg.while_loop(lambda s: s[0] < 100, lambda s: (s[0] * 2, s[1] + s[0].sin()), (x, x * 0), most=most)


def test_while_loop():
    x, total = tg.tensor(1.3), tg.tensor(0.0)
    y = x
    while y < 100:
        y, total = y * 2, total + y.sin()
    same(doubled(x), (y, total))
    wanted = sum(2**k * np.cos(2**k * np.float64(1.3)) for k in range(7))
    np.testing.assert_allclose(tg.grad(lambda x: doubled(x)[1])(x).numpy(), wanted, rtol=1e-4)


def test_a_while_loop_that_is_at_its_end_makes_no_step():
    assert doubled(tg.tensor(200.0), most=0)[0].item() == 200


def test_divergence_is_not_hidden():
    def squared(h):
        return tg.scan(lambda h, x: (h * h, h), h, length=10)[0]

    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(squared(tg.tensor([2.0, np.nan])).numpy(), [np.inf, np.nan])
        assert tg.grad(lambda h: squared(h).sum())(tg.tensor([2.0, 0.5])).numpy()[0] == np.inf


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda: tg.scan(lambda s, x: (tg.cat([s, s]), None), tg.zeros(2), length=3),
            ShapeError,
            "state has shape (2,) and becomes (4,)",
        ),
        (
            lambda: tg.scan(lambda s, x: ({"a": [s["a"][0].sum()]}, None), {"a": [tg.zeros(2)]}, length=3),
            ShapeError,
            "state['a'][0] has shape (2,) and becomes ()",
        ),
        (
            lambda: tg.scan(lambda s, x: (s.double(), None), tg.zeros(2), length=3),
            DTypeError,
            "state is float32 and becomes float64",
        ),
        (
            lambda: tg.scan(lambda s, x: (s[0], None), (tg.zeros(2), tg.zeros(1)), length=3),
            ShapeError,
            "lacks state[0], state[1] and has state",
        ),
        (
            lambda: tg.scan(lambda s, x: (s, None), tg.zeros(2), {"a": tg.zeros(3), "b": tg.zeros(4)}),
            ShapeError,
            "xs['a'] 3, xs['b'] 4",
        ),
        (
            lambda: tg.scan(lambda s, x: (s, None), tg.zeros(2), tg.zeros(3), length=4),
            ShapeError,
            "xs 3, length 4",
        ),
        (
            lambda: tg.scan(lambda s, x: (s, None), tg.zeros(2), tg.tensor(1.0)),
            ShapeError,
            "xs needs an axis of steps in front",
        ),
        (
            lambda: tg.scan(lambda s, x: (s, None), tg.zeros(2)),
            ShapeError,
            "needs length=",
        ),
        (
            lambda: tg.scan(lambda s, x: (s, None), tg.zeros(2), length=-1),
            ValueError,
            "0 or more, not -1",
        ),
        (
            lambda: tg.scan(lambda s, x: (s, None), tg.zeros(2), length=2.0),
            TypeError,
            "a whole number of steps, not 2.0",
        ),
        (
            lambda: tg.scan(tg.zeros(2), tg.zeros(2), length=2),
            TypeError,
            "f is a function, not a Tensor",
        ),
        (
            lambda: tg.scan(lambda s, x: s, tg.zeros(3), length=2),
            TypeError,
            "f gives a pair",
        ),
        (
            lambda: tg.scan(lambda s, x: (s, None), tg.zeros(2), length=2, keep="some"),
            ValueError,
            '"all" or "sqrt"',
        ),
        (
            lambda: tg.fori(3, lambda i, s: tg.cat([s, s]), tg.zeros(2)),
            ShapeError,
            "fori: state has shape (2,)",
        ),
        (
            lambda: tg.while_loop(lambda s: s > 0, lambda s: s, tg.zeros(2), most=3),
            ShapeError,
            "one number, whether to go on, not shape (2,)",
        ),
        (
            lambda: tg.while_loop(lambda s: None, lambda s: s, tg.zeros(2), most=3),
            ShapeError,
            "not NoneType",
        ),
        (
            lambda: tg.scan(lambda s, x: (s, None), (tg.zeros(2), "a word"), length=2),
            DTypeError,
            "a str is no Tensor, array or number",
        ),
        (
            lambda: tg.scan(lambda s, x: (s, threading.Lock()), tg.zeros(2), length=2),
            DTypeError,
            "a lock is no Tensor, array or number: put what it has into a tuple, list or dict",
        ),
        (
            lambda: tg.scan(lambda s, x: (s, None), np.array("a word"), length=2),
            DTypeError,
            "is not supported",
        ),
        (
            lambda: tg.while_loop(True, lambda s: s, tg.zeros(2), most=3),
            TypeError,
            "test is a function",
        ),
    ],
)
def test_errors_say_what_is_wrong(call, error, says):
    for run in (call, tg.jit(call)):
        with pytest.raises(error) as caught:
            run()
        assert says in str(caught.value)
        if "becomes" in says or "pair" in says:
            assert f"{__file__}:" in str(caught.value)


def test_a_checkpoint_keeps_nothing_and_gives_the_same_bits():
    runs = []

    def inner(w, h, xs):
        runs.append(1)
        return cost(looped)(w, h, xs)

    found = tg.value_and_grad(tg.checkpoint(inner), (0, 1, 2))(W, H, XS)
    same(found, tg.value_and_grad(cost(looped), (0, 1, 2))(W, H, XS))
    assert len(runs) == 2


def test_a_checkpoint_draws_the_same_numbers_again():
    generator = tg.Generator(5)

    def noisy(h):
        return (h * tg.rand(2, 3) * tg.randn(2, 3, generator=generator)).sum()

    def both(f):
        tg.manual_seed(1)
        generator.manual_seed(2)
        return tg.grad(f)(H), tg.rand(2), tg.rand(2, generator=generator)

    same(both(tg.checkpoint(noisy)), both(noisy))


def test_a_checkpoint_is_refused_where_what_it_depends_on_has_changed():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    y = tg.checkpoint(lambda x: (x * x).sum())(w)
    with tg.no_grad():
        w.assign_(w * 2)
    with pytest.raises(GraphError):
        y.backward()


def test_programs_that_have_no_loops_have_them_written_out():
    model = tg.nn.GRU(4, 5)
    xs = some(3, 2, 4)
    examples = [np.moveaxis(xs.numpy(), 0, 1)]
    found = recorded(lambda x: model(tg.transpose(x, 0, 1))[0][-1], examples, lambda name: False)
    values = found.values(examples)
    np.testing.assert_allclose(values[found.outputs[0].name], model(xs)[0][-1].detach().numpy(), rtol=1e-5)
