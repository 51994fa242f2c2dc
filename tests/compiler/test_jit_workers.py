"""Programs that several workers run together: the bits of one worker, the numbers of eager execution."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from random_programs import check, random_program

import tinygrad_mnist as tg
from tinygrad_mnist import nn, ops, optim
from tinygrad_mnist.compiler import build, nesting, products, specialization, stages
from tinygrad_mnist.compiler.loops import Place, Section
from tinygrad_mnist.compiler.pace import Pace
from tinygrad_mnist.compiler.share import EVERYONE, FIRST, shared_out
from tinygrad_mnist.kernels.in_python import IN_PYTHON


@pytest.fixture(autouse=True)
def _everything_is_worth_sharing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(stages, "WORTH_SHARING", 0)
    monkeypatch.setattr(nesting, "SMALL", 0)
    monkeypatch.setattr(products, "WORTH_PARTS", 0)
    monkeypatch.setattr(products, "WIDE", 8)
    monkeypatch.setattr(products, "WORTH_COLUMNS", 200)
    tg.set_num_threads(2)
    yield
    tg.set_num_threads(1)


class Always(Pace):
    """So many workers in each call, whatever is measured."""

    def __init__(self, workers: int) -> None:
        super().__init__()
        self.workers = workers

    def next(self, most: int) -> tuple[int, int]:
        return self.workers, 3


def two_in_python(source: str, arguments: Any, _: Any = None) -> Any:
    """A stand-in for `build.compiled`: two Python threads interpret the program, where one was asked to."""
    names: dict[str, Any] = {"__name__": "program"}
    exec(source.replace("@program_kernel\n", ""), names)
    barrier = threading.Barrier(2)
    names.update(IN_PYTHON, meet=lambda meeting, workers: barrier.wait(30) >= 0)

    def run(first: int, last: int, worker: int, workers: int, *rest: Any) -> None:
        def work(worker: int) -> None:
            with np.errstate(all="ignore"):
                names["program"](first, last, worker, 2, *rest)

        other = threading.Thread(target=work, args=(1,))
        other.start()
        work(0)
        other.join()

    return run


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=100)
def test_random_programs(seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "interpreted", two_in_python)
        check(*random_program(seed), interpret=True)


def network(rule: Any) -> tuple[Any, list[tg.Tensor]]:
    generator = tg.Generator(1)
    images = tg.Tensor(np.random.default_rng(0).integers(0, 256, (50, 24)).astype(np.uint8))
    targets = tg.Tensor(np.random.default_rng(1).integers(0, 3, 50))
    model = nn.MLP(24, 6, 5, 3, activation=nn.Sigmoid, generator=generator)
    parameters = list(model.parameters())
    optimiser = rule(parameters)

    def step(i: Any) -> tg.Tensor:
        cost = nn.cross_entropy(model(images[i].float() / 255), targets[i])
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost

    return step, parameters


RULES = {
    "sgd with shrinkage": lambda p: optim.SGD(p, lr=optim.schedules.linear(0.5, 20), weight_decay=0.01),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "adamw": lambda p: optim.AdamW(p, lr=0.01),
}


@pytest.mark.parametrize("rule", RULES)
def test_training(rule: str) -> None:
    order = np.random.default_rng(2).integers(0, 50, (20, 7))
    results = []
    for workers in (0, 1, 2):
        step, parameters = network(RULES[rule])
        if workers:
            step = tg.jit(step)
            first = step(tg.Tensor(order[0])).numpy()[None]
            step._latest._pace = Always(workers)
            costs = np.concatenate([first, step.scan(order[1:]).numpy()])
            assert "meet(" in step.shared_source
            assert "meet(" not in step.source
        else:
            costs = np.array([step(tg.tensor(i)).item() for i in order], np.float32)
        results.append([costs, *(p.numpy() for p in parameters)])
    eager, one, two = results
    for a, b, c in zip(eager, one, two):
        np.testing.assert_allclose(b, a, rtol=2e-5, atol=2e-6)
        np.testing.assert_array_equal(b, c)


def test_convolutions() -> None:
    """The layer, both its derivatives and those of the derivatives, with the images shared out."""
    rng = np.random.default_rng(3)
    x, w = (tg.Tensor(rng.normal(size=s).astype(np.float32)) for s in ((5, 4, 7, 6), (6, 2, 3, 2)))

    def cost(x: tg.Tensor, w: tg.Tensor) -> tg.Tensor:
        return (ops.conv2d(x, w, stride=(2, 1), padding=1, groups=2) ** 2).sum()

    def slope(x: tg.Tensor, w: tg.Tensor) -> tg.Tensor:
        return sum(((g**2).sum() for g in tg.grad(cost, (0, 1))(x, w)), tg.Tensor(0.0))

    f = tg.jit(tg.grad(slope, (0, 1)))
    f(x, w)
    assert "meet(" in f.shared_source
    results = []
    for workers in (1, 2):
        f._latest._pace = Always(workers)
        results.append([y.numpy() for y in f.scan(*(a.numpy()[None] for a in (x, w)))])
    for eager, one, two in zip(tg.grad(slope, (0, 1))(x, w), *results, strict=True):
        np.testing.assert_allclose(one[0], eager.numpy(), rtol=2e-5, atol=1e-3)
        np.testing.assert_array_equal(one, two)


def test_a_worker_that_fails_ends_the_others() -> None:
    table = tg.Tensor(np.ones((50, 16), np.float32))
    f = tg.jit(lambda i: (table[i] @ tg.ones((16, 16))).sigmoid().sum(axis=0))
    positions = np.zeros((200, 8), np.int64)
    f.scan(positions[:1])
    f._latest._pace = Always(2)
    positions[100, 5] = 50
    with pytest.raises(IndexError):
        f.scan(positions)


def test_workers_meet_only_where_they_must() -> None:
    a, b, c, d = (Place(name, (8,), np.dtype(np.float32)) for name in "abcd")
    rows = [
        Section("a", (), set(), {(a, 8)}, 8),
        Section("b of a", (), {(a, 8)}, {(b, 8)}, 8),
        Section("c of b", (), {(b, 0)}, {(c, 0)}),
        Section("d of b", (), {(b, 8)}, {(d, 8)}, 8),
    ]
    done = [(by, section and section.title) for by, section in shared_out(rows)]
    assert done == [
        (EVERYONE, "a"),
        (EVERYONE, "b of a"),
        (EVERYONE, "d of b"),
        (EVERYONE, None),
        (FIRST, "c of b"),
    ]


def test_the_pace_goes_with_the_faster_choice() -> None:
    pace, taken = Pace(), {1: 0.0, 2: 0.0}
    for _ in range(40):
        workers, steps = pace.next(2)
        seconds = steps * (0.001 if workers == 2 else 0.0015)
        taken[workers] += seconds
        assert seconds <= 0.151
        pace.measured(workers, steps, seconds)
    assert taken[2] > 5 * taken[1]
    assert specialization.MOST_WORKERS == 2


def paced(one: float, two: float, disturbed: float, most: int) -> float:
    """Seconds of a step on average, at a pace, for scans of so many steps.

    Alone a step takes `one`; with another worker `two`, and in some calls three times that.
    """
    pace, rng, spent, done = Pace(), np.random.default_rng(0), 0.0, 0
    while done < 20 / one:
        workers, steps = pace.next(2)
        steps = min(steps, most)
        seconds = steps * (one if workers == 1 else two * (3 if rng.random() < disturbed else 1))
        pace.measured(workers, steps, seconds)
        spent, done = spent + seconds, done + steps
    return spent / done


@pytest.mark.parametrize("most", [20, 200, 10**6])
@pytest.mark.parametrize(("one", "two"), [(24e-6, 30e-6), (24e-6, 100e-6), (24e-6, 14e-6), (1570e-6, 820e-6)])
def test_the_pace_loses_little(one: float, two: float, most: int) -> None:
    assert paced(one, two, 0.0, most) <= 1.03 * min(one, two)


@pytest.mark.parametrize("most", [1875, 10**6])
def test_the_pace_follows_a_neighbour_who_comes_and_goes(most: int) -> None:
    """Half of the time, for a second or so, another program has a core."""
    pace, rng, spent, least = Pace(), np.random.default_rng(1), 0.0, 0.0
    busy, until = False, 1.0
    while spent < 60:
        while spent > until:
            busy, until = not busy, until + rng.exponential(1)
        one, two = 12e-6, 37e-6 if busy else 7.5e-6
        workers, steps = pace.next(2)
        steps = min(steps, most)
        seconds = steps * (one if workers == 1 else two)
        pace.measured(workers, steps, seconds)
        spent, least = spent + seconds, least + steps * min(one, two)
    assert spent < 1.07 * least


@pytest.mark.parametrize("step", [(1570e-6, 820e-6), (4700e-6, 2560e-6)])
def test_one_slow_call_does_not_decide(step: tuple[float, float]) -> None:
    one, two = step
    assert paced(one, two, 0.1, 10**6) <= 1.1 * 1.2 * two
