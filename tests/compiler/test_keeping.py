"""Lists that are kept from scan to scan: they say what those made in each step say, never what was."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from test_jit_workers import Always
from test_lists import Training, mostly_zeros, rows
from zeros import product

import tinygrad_mnist as tg
from tinygrad_mnist.compiler import keeping, stages


@pytest.fixture(autouse=True)
def from_the_first_scan_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are kept although steps have made none."""
    monkeypatch.setattr(keeping, "_TIMES", -1)


def kept_lists(step: Any) -> Any:
    (lists,) = step._latest._skipping._lists.values()
    return lists


def keeps(step: Any) -> bool:
    """Whether lists were kept in the last scan."""
    return kept_lists(step)._kept is not None


@pytest.mark.parametrize(
    ("sizes", "optimiser", "options"),
    [
        ((90, 16, 10), "SGD", {"lr": 0.1}),
        ((90, 24, 10), "SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
        ((90, 150, 10), "Adam", {"lr": 0.001}),
    ],
)
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_the_bits_of_lists_made_in_each_step(sizes: Any, optimiser: str, options: Any, dtype: str) -> None:
    found = []
    for shared in (False, True):
        training = Training(mostly_zeros(100, 90).astype(dtype), sizes, optimiser, **options)
        held = training.images.array if shared else None
        for _ in range(2):
            training.step.scan(rows(20, 8, 100) - 50)
        assert keeps(training.step) != shared
        found.append(b"".join(x.tobytes() for x in training.numbers()))
        del held
    assert found[0] == found[1]


def test_one_worker_or_two_kept_or_not_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "WORTH_SHARING", 0)
    tg.set_num_threads(2)
    found = set()
    for workers in (1, 2):
        for shared in (False, True):
            training = Training(mostly_zeros(200, 300), (300, 20, 16, 10), weight_decay=0.1, lr=0.1)
            held = training.images.array if shared else None
            training.step.scan(rows(2, 8, 200))
            training.step._latest._pace = Always(workers)  # type: ignore[union-attr]
            training.step.scan(rows(30, 8, 200))
            assert keeps(training.step) != shared
            found.add(b"".join(x.tobytes() for x in training.numbers()))
            del held
    tg.set_num_threads(1)
    assert len(found) == 1


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "f4", "f8"])
def test_what_is_looked_up(dtype: str) -> None:
    data = (mostly_zeros(40, 70).astype(int) - 128 * (mostly_zeros(40, 70) > 0)).astype(dtype)
    images, w = tg.Tensor(data), tg.Tensor(np.random.default_rng(2).standard_normal((70, 12)))
    step = tg.jit(lambda at: (images[at].double() * 0.25).tanh() @ w)
    for _ in range(2):
        at = np.random.default_rng(3).integers(-40, 40, (3, 5)).astype(np.int32)
        expected = np.tanh(data[at].astype(float) * 0.25) @ w.numpy()
        np.testing.assert_allclose(step.scan(at).numpy(), expected, rtol=1e-10)
    assert keeps(step)


@pytest.mark.parametrize(
    ("width", "dtype"), [(16, "f4"), (20, "f4"), (70, "f4"), (140, "f4"), (11, "f8"), (40, "f8")]
)
def test_what_is_not_finite_meets_entries_only(width: int, dtype: str) -> None:
    """Also where a list is filled up with zeros of its own."""
    rng = np.random.default_rng(width)
    data = mostly_zeros(60, 70, 0.1)
    for k in range(30):  # from none on
        data[k, :35] *= np.arange(35) < 2 * k
    images, w = tg.Tensor(data), tg.Tensor(np.zeros((70, width), dtype))
    slopes = rng.standard_normal((3, 20, width)).astype(dtype)
    slopes.reshape(-1)[rng.integers(0, slopes.size, 30)] = rng.choice([np.inf, -np.inf, np.nan], 30)

    def step(at: Any, slope: Any) -> Any:
        x = images[at].to(w.dtype)
        y = x @ w
        w.assign_(w + x.mT @ slope)
        return y

    at = np.arange(60).reshape(3, 20)
    with np.errstate(all="ignore"):
        steps = tg.jit(step)
        steps.scan(at, slopes)
        assert keeps(steps)
        expected = sum(product(data[k].T.astype(dtype), d) for k, d in zip(at, slopes, strict=True))
        np.testing.assert_allclose(w.numpy(), expected, rtol=1e-4, atol=1e-3)


def test_rows_that_are_not_looked_up_but_there() -> None:
    """All of an array in each step, and positions that a step computes."""
    data, w = mostly_zeros(24, 70), tg.Tensor(np.ones((70, 8), np.float32))
    images = tg.Tensor(data)
    whole = tg.jit(lambda x: (images.float() * x) @ w)
    computed = tg.jit(lambda at: images[at + 1].float() @ w)
    at = np.arange(6).reshape(2, 3)
    np.testing.assert_allclose(computed.scan(at).numpy()[..., 0], data[at + 1].sum(-1))
    assert "_lists[" in computed.source
    np.testing.assert_allclose(whole.scan(np.ones(2, np.float32)).numpy()[1, :, 0], data.sum(1))


def test_only_rows_that_are_needed_are_listed_and_each_once() -> None:
    training = Training(mostly_zeros(100, 90))
    training.step.scan(np.array([[3, -1, 3], [7, 3, 99]]))
    table = kept_lists(training.step).arrays[0]
    assert np.flatnonzero(table[:, 0] >= 0).tolist() == [3, 7, 99]
    before = table.copy()
    training.step.scan(np.array([[3, 4, -1]]))
    assert np.flatnonzero((table != before).any(1)).tolist() == [4]


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4"])
@pytest.mark.parametrize("width", [12, 150])
def test_some_rows_of_a_step_have_lists_and_others_not(
    dtype: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another scan needed other rows."""
    monkeypatch.setattr(keeping, "_TIMES", 1 << 30)
    data = mostly_zeros(40, 70).astype(dtype)
    w = tg.Tensor(np.random.default_rng(2).standard_normal((70, width)).astype(np.float32))
    images = tg.Tensor(data)
    step = tg.jit(lambda at: (images[at].float() * 0.5) @ w)
    rng = np.random.default_rng(4)
    for k in range(0, 12, 3):
        at = rng.integers(-40, 40, (12, 4)) if k else np.arange(40).reshape(10, 4)
        np.testing.assert_allclose(step.scan(at).numpy(), 0.5 * data[at] @ w.numpy(), rtol=1e-4, atol=1e-3)
        lists = kept_lists(step)
        assert lists._count == (lists.arrays[0][:, 0] >= 0).sum() == k
        lists._list(lists._kept, np.arange(k, k + 3), 0)


def test_lists_are_kept_once_steps_have_made_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_TIMES", 3)
    training = Training(mostly_zeros(40, 90))
    kept = []
    for _ in range(5):
        training.step.scan(np.arange(40).reshape(10, 4))
        kept.append(kept_lists(training.step)._count)
    assert kept == [0, 0, 0, 40, 40]
    training.images.assign_(tg.Tensor(mostly_zeros(40, 90)))
    training.step.scan(np.arange(40).reshape(10, 4))
    assert kept_lists(training.step)._count == 0


def test_a_position_outside_is_an_error_in_its_step() -> None:
    training = Training(mostly_zeros(100, 90))
    with pytest.raises(IndexError, match="outside its axis"):
        training.step.scan(np.array([[1, 2], [3, 100], [4, 5]]))
    with pytest.raises(IndexError, match="outside its axis"):
        training.step.scan(np.array([[1, -101]]))


def test_listed_numbers_cannot_be_written_and_new_ones_are_listed_anew() -> None:
    training = Training(mostly_zeros(50, 90))
    training.step.scan(rows(2, 4, 50))
    before = training.images.array
    with pytest.raises(ValueError, match="read-only"):
        before[0] = 1
    view = training.images.numpy()
    with pytest.raises(ValueError, match="WRITEABLE"):
        view.setflags(write=True)
    del view
    other = mostly_zeros(50, 90)[::-1].copy()
    training.images.assign_(tg.Tensor(other))
    fresh = Training(other)
    for x, y in zip(training.model.parameters(), fresh.model.parameters(), strict=True):
        x.assign_(tg.Tensor(y.numpy()))
    for t in (training, fresh):
        t.step.scan(rows(5, 4, 50))
        assert keeps(t.step)
    assert before.flags.writeable
    for x, y in zip(training.numbers(), fresh.numbers(), strict=True):
        np.testing.assert_array_equal(x, y)


def test_what_others_can_write_is_never_kept() -> None:
    data, w = mostly_zeros(50, 90), tg.Tensor(np.ones((90, 8), np.float32))
    at = np.arange(6).reshape(2, 3)
    owners: list[Any] = [data, memoryview(bytearray(data.tobytes())), data.copy()]
    arrays = [owners[0], np.frombuffer(owners[1], np.uint8).reshape(50, 90), owners[2].reshape(50, 90)]
    for array in arrays:
        images = tg.from_numpy(array)
        step = tg.jit(lambda at, images=images: images[at].float() @ w)
        for k in range(3):
            array[at] = k
            array[at, 5] = 7
            expected = array[at].astype(np.float32).sum(-1)
            np.testing.assert_allclose(step.scan(at).numpy()[..., 0], expected)
        assert not keeps(step)


def test_a_flag_that_was_turned_has_all_listed_anew() -> None:
    images, w = tg.Tensor(mostly_zeros(50, 90)), tg.Tensor(np.ones((90, 8), np.float32))
    step = tg.jit(lambda at: images[at].float() @ w)
    at = np.arange(6).reshape(2, 3)
    step.scan(at)
    assert keeps(step)
    images.array.setflags(write=True)
    images.array[0] = 0
    images.array[0, 3] = 9
    assert step.scan(at).numpy()[0, 0, 0] == 9


def test_what_was_interrupted_is_listed_anew() -> None:
    images, w = tg.Tensor(mostly_zeros(50, 90)), tg.Tensor(np.ones((90, 8), np.float32))
    step = tg.jit(lambda at: (images[at].float() / 2) @ w)
    at = np.arange(6).reshape(2, 3)
    expected = images.numpy()[at].sum(-1) / 2
    step.scan(at[:1])
    lists = kept_lists(step)
    assert lists._count == 3
    with (
        mock.patch.object(keeping, "list_rows", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        step.scan(at)
    assert not lists.arrays
    np.testing.assert_allclose(step.scan(at).numpy()[..., 0], expected)


def test_without_memory_for_lists_they_are_made_in_each_step() -> None:
    images, w = tg.Tensor(mostly_zeros(50, 90)), tg.Tensor(np.ones((90, 8), np.float32))
    step = tg.jit(lambda at: images[at].float() @ w)
    at = np.arange(6).reshape(2, 3)
    with mock.patch.object(keeping, "_MOST", 1 << 62), mock.patch.object(keeping, "SPARE", 1 << 60):
        found = step.scan(at)  # more than any computer has
    np.testing.assert_allclose(found.numpy()[..., 0], images.numpy()[at].sum(-1))
    assert not keeps(step)
    assert images.array.flags.writeable


def test_lists_that_would_take_much_memory_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(mostly_zeros(60, 90))
    monkeypatch.setattr(keeping, "_MOST", 60 * 90 * 3)
    training.step.scan(rows(2, 6, 60))
    assert not keeps(training.step)
    monkeypatch.setattr(keeping, "_MOST", 60 * 90 * 5)
    training.step.scan(rows(2, 6, 60))
    assert keeps(training.step)


def test_many_numbers_are_listed_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_AT_ONCE", 1)
    training, other = Training(mostly_zeros(60, 90)), Training(mostly_zeros(60, 90))
    held = other.images.array
    for t in (training, other):
        t.step.scan(rows(10, 6, 60))
    assert not keeps(other.step)
    for x, y in zip(training.numbers(), other.numbers(), strict=True):
        np.testing.assert_array_equal(x, y)
    del held
