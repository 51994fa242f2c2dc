"""Compiled loops: one in the program, whatever its length, with the bits of the loop written out.

`python tests/compiler/test_jit_loops.py 2000` tries so many random loops, of up to 200 steps.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from random_bodies import RandomLoop, results

import tinygrad_mnist as tg
from tinygrad_mnist.errors import TraceError, UnfinishedError

SHORT = 6  # steps up to which a loop is written out and compiled


def alike(found, wanted):
    found, wanted = (x if isinstance(x, tuple | list) else (x,) for x in (found, wanted))
    for x, y in zip(found, wanted, strict=True):
        if isinstance(x, tg.Tensor):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x.numpy(), y.numpy())
        else:
            alike(x, y)


def agree(seed, most=12):
    """Loops give the bits of the loop written out, long ones in eager execution; so with keep="sqrt"."""
    loop = RandomLoop(seed, most)
    looped, again, written_out = (results(f, loop.given) for f in (loop.scan, loop.again, loop.written_out))
    eager = looped(*loop.given)
    alike(eager, written_out(*loop.given))
    alike(eager, again(*loop.given))
    alike(tg.jit(looped)(*loop.given), tg.jit(written_out if loop.steps <= SHORT else again)(*loop.given))


@pytest.mark.parametrize("seed", range(6))
def test_random_loops_have_the_bits_of_loops_written_out(seed):
    agree(seed)


def some(*shape, seed=0):
    return tg.tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32) * 0.5)


W, H, XS = some(3, 3, seed=1), some(2, 3, seed=2), some(5, 2, 3, seed=3)


def step(w, h, x):
    gate = (x @ w + h).sigmoid()
    h = gate * h + (1 - gate) * (h @ w).tanh()
    return h, h


def looped(w, h, xs, **how):
    return tg.scan(lambda h, x: step(w, h, x), h, xs, **how)


def written_out(w, h, xs, reverse=False):
    kept = []
    for x in reversed(list(xs)) if reverse else xs:
        h, y = step(w, h, x)
        kept.append(y)
    return h, tg.stack(kept[::-1] if reverse else kept)


def cost(loop, **how):
    def number(w, h, xs):
        h, kept = loop(w, h, xs, **how)
        return (h * h).sum() + (kept.sin() * kept).sum()

    return number


def gradients(loop, **how):
    return tg.value_and_grad(cost(loop, **how), (0, 1, 2))


@pytest.mark.parametrize("how", [{}, {"keep": "sqrt"}, {"keep": "sqrt", "reverse": True}, {"reverse": True}])
def test_gradients_have_the_bits_of_the_loop_written_out(how):
    by_hand = gradients(written_out, reverse=how.get("reverse", False))
    alike(tg.jit(gradients(looped, **how))(W, H, XS), tg.jit(by_hand)(W, H, XS))
    alike(gradients(looped, **how)(W, H, XS), by_hand(W, H, XS))


@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_kept_more_than_once_adds_up_in_the_order_of_the_loop_written_out(reverse):
    def body(h, x):
        h = (h * x).sin()
        y = h * 3
        return h, (h, y, h, y)

    def scanned(h):
        return tg.scan(body, h, XS, reverse=reverse)

    def by_hand(h):
        rows = [()] * len(XS)
        for t in reversed(range(len(XS))) if reverse else range(len(XS)):
            h, rows[t] = body(h, XS[t])
        return h, tuple(tg.stack(column) for column in zip(*rows, strict=True))

    def gradient(loop):
        def number(h):
            last, (a, b, c, d) = loop(h)
            return last.sum() + (a * 0.3).sum() + (b * b).sum() + (c.cos() * 0.7).sum() + (d * d * 1.1).sum()

        return tg.grad(number)

    alike(tg.jit(gradient(scanned))(H), tg.jit(gradient(by_hand))(H))
    alike(gradient(scanned)(H), gradient(by_hand)(H))


@pytest.mark.parametrize("transform", [tg.hvp, tg.jvp])
def test_second_derivatives(transform):
    def derivative(loop, **how):
        return tg.jit(lambda *at: transform(cost(loop, **how), at, at))

    wanted = derivative(written_out)(W, H, XS)
    for found in (derivative(looped)(W, H, XS), derivative(looped, keep="sqrt")(W, H, XS)):
        for x, y in zip(found, wanted, strict=True):
            np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-4, atol=1e-5)


def test_third_derivatives():
    def number(s):
        return tg.scan(lambda h, x: ((h * s).sin() + x, None), tg.tensor(0.3), tg.tensor([0.1, 0.2, 0.3]))[0]

    third = tg.grad(tg.grad(tg.grad(number)))
    np.testing.assert_allclose(tg.jit(third)(tg.tensor(0.7)).numpy(), third(tg.tensor(0.7)).numpy(), 1e-5)


def test_results_of_a_compiled_loop_are_differentiated_outside():
    def gradient(f):
        given = [tg.tensor(x, requires_grad=True) for x in (W, H, XS)]
        f(*given).backward()
        return [x.grad for x in given]

    for x, y in zip(gradient(tg.jit(cost(looped))), gradient(cost(looped)), strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-5, atol=1e-6)


def nested(s):
    def outer(h, x):
        k, kept = tg.scan(lambda k, _: ((k * s + h * x).sin(), k * h), h * 2, length=3)
        return k, kept[0] * kept[2]

    h, kept = tg.scan(outer, s * 0.5, tg.tensor([0.1, 0.2, 0.3, 0.4]))
    return h * kept[0] * kept[3]


@pytest.mark.parametrize("of", [lambda f: f, tg.grad, lambda f: tg.grad(tg.grad(f))])
def test_loops_nest(of):
    found, wanted = (run(tg.tensor(0.7)).numpy() for run in (tg.jit(of(nested)), of(nested)))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("keep", ["all", "sqrt"])
def test_random_numbers_advance_as_in_eager_execution(keep):
    generator = tg.Generator(3)

    def number(h):
        def noisy(h, _):
            h = h * tg.rand(2, 3, generator=generator) + tg.randn(2, 3)
            return h, h * 2

        h, kept = tg.scan(noisy, h, length=5, keep=keep)
        return h, kept, tg.rand(2)

    def run(f):
        tg.manual_seed(1)
        generator.manual_seed(2)
        gradient = tg.grad(lambda h: f(h)[0].sum())
        return f(H), f(H), gradient(H), tg.rand(2), tg.rand(2, generator=generator)

    alike(run(tg.jit(number)), run(number))


def test_a_loop_within_steps_that_are_scanned():
    def trained(loop):
        w = tg.tensor(W, requires_grad=True)
        optimizer = tg.optim.SGD([w], lr=0.1)

        def step(xs):
            optimizer.zero_grad()
            loss = cost(loop)(w, H, xs)
            loss.backward()
            optimizer.step()
            return loss

        data = tg.stack([XS, XS * 2, XS - 1])
        return tg.jit(step).scan(data), w.detach()

    alike(trained(looped), trained(written_out))


def test_while_loops_end_where_they_end():
    def doubled(x):
        return tg.while_loop(
            lambda s: s[0] < 100, lambda s: (s[0] * 2, s[1] + s[0].sin()), (x, x * 0), most=50
        )

    def number(x):
        return doubled(x)[1]

    for x in (1.3, 99.0, 100.0, 1e-12):
        for of in (lambda f: f, tg.grad, lambda f: tg.grad(tg.grad(f))):
            compiled, eager = (f(tg.tensor(x)).numpy() for f in (tg.jit(of(number)), of(number)))
            np.testing.assert_allclose(compiled, eager, rtol=1e-5)


@pytest.mark.parametrize("most", [0, 1, 6])
def test_a_while_loop_that_is_not_at_its_end_after_the_most_steps_says_so(most):
    def doubled(x):
        return tg.while_loop(lambda s: (s @ s).sum() < 100, lambda s: s * 2, x, most=most)

    def nested(x):
        return tg.fori(2, lambda i, s: doubled(s), x)

    x = tg.tensor([[0.1, 0.0], [0.0, 0.1]])
    for f in (doubled, nested, tg.grad(lambda x: doubled(x).sum())):
        for run in (f, tg.jit(f)):
            with pytest.raises(UnfinishedError, match=f"test still holds after most={most} steps"):
                run(x)
    assert (tg.jit(doubled)(x * 200) == x * 200).all()


def test_a_while_loop_may_make_all_of_the_most_steps():
    def doubled(x):
        return tg.while_loop(lambda s: s < 100, lambda s: s * 2, x, most=7)

    assert doubled(tg.tensor(1.0)).item() == tg.jit(doubled)(tg.tensor(1.0)).item() == 128


def test_a_while_loop_does_not_make_the_step_after_the_last():
    xs = tg.tensor([1.0, 2.0, 3.0])

    def total(xs):
        return tg.while_loop(
            lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] + xs[s[0]]), (tg.tensor(0), tg.tensor(0.0)), most=9
        )[1]

    assert tg.jit(total)(xs).item() == 6
    assert tg.jit(tg.grad(total))(xs).tolist() == [1, 1, 1]


def test_divergence_is_not_hidden():
    def squared(h):
        return tg.scan(lambda h, x: (h * h, h), h, length=10)[0]

    gradient = tg.grad(lambda h: squared(h).sum())
    start = tg.tensor([2.0, 0.5, np.nan])
    with np.errstate(over="ignore"):
        alike(tg.jit(squared)(start), squared(start))
        alike(tg.jit(gradient)(start), gradient(start))


def test_no_step_and_one():
    empty = tg.jit(looped)(W, H, XS[:0])
    alike(empty, (H, tg.zeros(0, 2, 3)))
    alike(tg.jit(gradients(looped))(W, H, XS[:1]), tg.jit(gradients(written_out))(W, H, XS[:1]))


def test_the_program_is_one_loop_whatever_its_length():
    texts = []
    for steps in (10, 10_000):
        compiled = tg.jit(gradients(looped))
        compiled(W, H, some(steps, 2, 3))
        texts.append(compiled.source)
        assert f"for t in range({steps}):" in compiled.source
    short, long = ([line for line in text.splitlines() if "for " in line] for text in texts)
    assert len(short) == len(long)


def test_a_value_of_a_step_cannot_be_used_outside_it():
    def leaking(h):
        values = []
        tg.scan(lambda h, x: (h + 1, values.append(h)), h, length=3)
        return values[0] + 1

    with pytest.raises(TraceError, match="computed in a step of a loop"):
        tg.jit(leaking)(H)


def test_what_requires_a_gradient_is_not_changed_in_a_step():
    w = tg.tensor(W, requires_grad=True)

    def changing(h):
        def body(h, _):
            w.assign_(w * 2)
            return h @ w, None

        return tg.scan(body, h, length=3)[0]

    with pytest.raises(TraceError, match="changed in place in a step of a loop"):
        tg.jit(changing)(H)


if __name__ == "__main__":
    for seed in range(int(sys.argv[1])):
        try:
            agree(seed, 200)
        except AssertionError as error:
            print(f"seed {seed}: {error}")
        if seed % 50 == 49:
            print(f"{seed + 1} loops", file=sys.stderr)
