"""Products that skip zeros: the rule, the numbers of dense products, and when which of them is used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_jit_workers import Always
from zeros import check

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.compiler import runner, stages
from tinygrad_mnist.compiler.listing import density, middle
from tinygrad_mnist.kernels.lists import SPARE
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.runtime import list_row, share

LISTS = "listed("


def mostly_zeros(count: int, depth: int, share: float = 0.2) -> Any:
    rng = np.random.default_rng(3)
    return (rng.integers(1, 256, (count, depth)) * (rng.random((count, depth)) < share)).astype(np.uint8)


class Training:
    """A network, and a step that trains it on rows of images."""

    def __init__(
        self, images: Any, sizes: tuple[int, ...] = (90, 16, 10), optimiser: str = "SGD", **options: Any
    ):
        labels = tg.Tensor(np.arange(len(images)) % 10)
        self.images = tg.Tensor(images)
        self.model = nn.MLP(*sizes, generator=tg.Generator(0))
        rule = getattr(optim, optimiser)(self.model.parameters(), **(options or {"lr": 0.1}))

        def step(rows: Any) -> Any:
            cost = nn.cross_entropy(self.model(self.images[rows].float() / 255), labels[rows])
            rule.zero_grad()
            cost.backward()
            rule.step()
            return cost

        self.step = tg.jit(step)

    def numbers(self) -> list[Any]:
        return [p.numpy().copy() for p in self.model.parameters()]


def rows(steps: int, batch: int, size: int) -> Any:
    return np.random.default_rng(1).integers(0, size, (steps, batch))


@pytest.mark.parametrize("seed", range(250))
def test_zeros_contribute_nothing_interpreted(seed: int) -> None:
    check(seed, interpret=True)


@pytest.mark.parametrize("seed", range(1000, 1012))
def test_zeros_contribute_nothing(seed: int) -> None:
    check(seed, interpret=False)


@pytest.mark.parametrize(
    ("optimiser", "options"),
    [
        ("SGD", {"lr": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
        ("Adam", {"lr": 0.001}),
        ("AdamW", {"lr": 0.001}),
        ("RMSprop", {"lr": 0.001}),
    ],
)
def test_the_weights_of_dense_products(optimiser: str, options: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    images, found = mostly_zeros(300, 90), []
    for dense in (0.0, 0.42):
        monkeypatch.setattr(runner, "DENSE", dense)
        training = Training(images, (90, 24, 10), optimiser, **options)
        costs = training.step.scan(rows(40, 8, 300)).numpy()
        assert (LISTS in training.step.source) == (dense > 0)
        found.append([costs, *training.numbers()])
    for x, y in zip(*found, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("optimiser", "options"), [("SGD", {"lr": 0.1}), ("Adam", {"lr": 0.001})])
def test_the_bits_do_not_depend_on_workers(
    optimiser: str, options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "WORTH_SHARING", 0)
    tg.set_num_threads(2)
    found = []
    for workers in (1, 2):
        training = Training(mostly_zeros(200, 300), (300, 20, 16, 10), optimiser, **options)
        training.step.scan(rows(2, 8, 200))
        training.step._latest._pace = Always(workers)  # type: ignore[union-attr]
        training.step.scan(rows(30, 8, 200))
        assert LISTS in training.step.shared_source
        assert "meet(" in training.step.shared_source
        found.append(b"".join(x.tobytes() for x in training.numbers()))
    tg.set_num_threads(1)
    assert found[0] == found[1]


def test_numbers_without_zeros_are_multiplied_as_before_and_the_choice_follows_the_data() -> None:
    few, many = mostly_zeros(100, 90), mostly_zeros(100, 90, 0.9)
    training = Training(many)
    training.step.scan(rows(3, 8, 100))
    assert LISTS not in training.step.source
    training.images.assign_(tg.Tensor(few))
    training.step.scan(rows(3, 8, 100))
    assert LISTS in training.step.source
    training.images.assign_(tg.Tensor(many))
    training.step.scan(rows(3, 8, 100))
    assert LISTS not in training.step.source


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.float() / 255 - 0.1307,
        lambda x: (x.float() / 255).cos(),
        lambda x: x.float() / 0,
        lambda x: x.float() ** 0,
    ],
)
def test_what_makes_something_of_zero_is_multiplied_as_before(read: Any) -> None:
    images, w = tg.Tensor(mostly_zeros(50, 90)), tg.Tensor(np.ones((90, 16), np.float32))
    step = tg.jit(lambda at: read(images[at]) @ w)
    at = rows(2, 4, 50)
    np.testing.assert_allclose(step.scan(at).numpy()[1], step(at[1]).numpy(), rtol=1e-5)
    assert LISTS not in step.source


def test_an_input_that_something_else_needs_is_multiplied_as_before() -> None:
    images, w = tg.Tensor(mostly_zeros(50, 90)), tg.Tensor(np.ones((90, 16), np.float32))

    def f(at: Any) -> Any:
        x = images[at].float()
        return x @ w, x.sum()

    step = tg.jit(f)
    step.scan(rows(2, 4, 50))
    assert LISTS not in step.source


@pytest.mark.parametrize("depth", [90, 799])
def test_weights_that_are_used_twice_and_looked_at(depth: int) -> None:
    """By another product and by a sum: there they are turned back."""
    rng = np.random.default_rng(5)
    images = tg.Tensor(mostly_zeros(60, depth))
    w = tg.Tensor(rng.uniform(-1, 1, (20, depth)).astype(np.float32), requires_grad=True)
    other = tg.Tensor(rng.uniform(-1, 1, (5, depth)).astype(np.float32))
    rule = optim.SGD([w], lr=0.01)

    def f(at: Any) -> Any:
        y = nn.functional.linear(images[at].float() / 255, w)
        z = nn.functional.linear(other, w)
        cost = y.square().mean() + z.square().mean() + w.abs().sum() * 0.01
        rule.zero_grad()
        cost.backward()
        rule.step()
        return cost, w.sum(1), w * 2

    at = rows(6, 8, 60)
    start = w.numpy().copy()
    step = tg.jit(f)
    scanned = [x.numpy() for x in step.scan(at)]
    assert LISTS in step.source
    after = w.numpy().copy()
    w.assign_(tg.Tensor(start))
    called = [[x.numpy() for x in step(one)] for one in at]
    for k, x in enumerate(scanned):
        np.testing.assert_allclose(x, [c[k] for c in called], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(after, w.numpy(), rtol=1e-4, atol=1e-5)


def test_what_was_done_before_an_error_has_happened() -> None:
    images, found = mostly_zeros(100, 90), []
    at = rows(5, 8, 100)
    for last in (100, 5):
        training = Training(images)
        wrong = at.copy()
        if last == 100:
            wrong[3, 2] = last
            with pytest.raises(IndexError, match="outside its axis"):
                training.step.scan(wrong)
        else:
            training.step.scan(at[:3])
        found.append(training.numbers())
        assert all(x.flags.c_contiguous for x in found[-1])
    for x, y in zip(*found, strict=True):
        np.testing.assert_array_equal(x, y)


def test_a_scan_of_no_steps_changes_nothing() -> None:
    training = Training(mostly_zeros(50, 90))
    before = training.numbers()
    training.step.scan(rows(2, 4, 50)[:0])
    for x, y in zip(before, training.numbers(), strict=True):
        np.testing.assert_array_equal(x, y)


def test_workers_meet_in_the_gap() -> None:
    for depth in (*range(64, 1000), 20_000, 57_344):
        for gap in {*range(min(depth // 8, 80)), depth // 8}:
            half = middle(depth, gap)
            assert 0 < half <= share(depth + gap, 1, 2)[0] <= half + gap <= depth


def test_density_is_that_of_a_sample() -> None:
    assert density(np.zeros((0, 5)), 5) == 1
    assert density(np.array([[0, 1], [np.nan, -0.0]]), 2) == 0.5
    assert abs(density(mostly_zeros(1000, 784), 784) - 0.2) < 0.02


@kernel
def _listed(row: Any, first: int, last: int, values: Any, places: Any, counts: Any) -> None:
    list_row(row, first, last, 0, values, places, counts, 1)


@pytest.mark.parametrize("dtype", ["u1", "i1", "?", "i2", "u4", "f4", "i8", "f8"])
@pytest.mark.parametrize("depth", [1, 7, 64, 100, 784])
def test_a_list_holds_what_is_not_zero(dtype: str, depth: int) -> None:
    rng = np.random.default_rng(depth)
    row = (rng.integers(0, 5, depth) * (rng.random(depth) < 0.3)).astype(dtype)
    if dtype[0] == "f" and depth > 7:
        row[[3, 5, 6]] = np.nan, -0.0, np.inf
    for first in (0, depth // 3):
        room = depth - first + SPARE
        values, places = np.full(room, 7).astype(dtype), np.full(room, 9999, np.uint16)
        counts = np.zeros(2, np.int64)
        _listed(row, first, depth, values, places, counts)
        wanted = np.flatnonzero(row[first:]) + first
        np.testing.assert_array_equal(places[: counts[1]], wanted)
        assert values[: counts[1]].tobytes() == row[wanted].tobytes()
        assert counts[0] == 0
