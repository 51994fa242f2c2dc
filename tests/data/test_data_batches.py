import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tinygrad_mnist.data import batch_count, batches, order, split
from tinygrad_mnist.errors import DataError, DTypeError

counts = st.integers(1, 300)
sizes = st.integers(1, 320)
words = st.integers(0, 2**64 - 1)


@settings(deadline=None)
@given(count=counts, seed=words, epoch=words, shuffle=st.booleans())
def test_every_index_once(count, seed, epoch, shuffle):
    indices = order(count, seed=seed, epoch=epoch, shuffle=shuffle)
    assert indices.dtype == np.int64
    assert np.sort(indices).tolist() == list(range(count))
    if not shuffle:
        assert indices.tolist() == list(range(count))


@settings(deadline=None)
@given(count=counts, size=sizes, seed=words, epoch=words, shuffle=st.booleans())
def test_batches_are_the_order_cut_in_pieces(count, size, seed, epoch, shuffle):
    made = list(batches(count, size, seed=seed, epoch=epoch, shuffle=shuffle))
    expected = order(count, seed=seed, epoch=epoch, shuffle=shuffle)
    assert np.concatenate(made).tolist() == expected.tolist()
    assert all(len(batch) == size for batch in made[:-1])
    assert 1 <= len(made[-1]) <= size
    assert batch_count(count, size) == len(made)


@settings(deadline=None)
@given(count=counts, size=sizes, seed=words)
def test_dropping_the_last_batch_drops_only_a_partial_one(count, size, seed):
    kept = list(batches(count, size, seed=seed))
    whole = [batch.tolist() for batch in kept if len(batch) == size]
    if not whole:
        with pytest.raises(DataError, match="leaves no batch"):
            batches(count, size, seed=seed, drop_last=True)
        return
    dropped = [batch.tolist() for batch in batches(count, size, seed=seed, drop_last=True)]
    assert dropped == whole
    assert batch_count(count, size, drop_last=True) == len(whole)


@settings(deadline=None)
@given(seed=words, epoch=words)
def test_an_order_depends_on_seed_and_epoch_alone(seed, epoch):
    first = order(200, seed=seed, epoch=epoch)
    order(77, seed=seed + 1 if seed < 2**64 - 1 else 0, epoch=epoch)
    assert order(200, seed=seed, epoch=epoch).tolist() == first.tolist()
    for other in (
        order(200, seed=seed ^ 1, epoch=epoch),
        order(200, seed=seed, epoch=epoch ^ 1),
        order(200, seed=seed, epoch=epoch ^ (1 << 63)),
    ):
        assert other.tolist() != first.tolist()


def test_the_layout_of_the_key_is_kept():
    # Drawn with NumPy 2.4. If this fails, runs saved before would resume with other batches.
    assert order(10, seed=1, epoch=2).tolist() == [4, 2, 5, 3, 6, 8, 9, 0, 1, 7]
    assert split(10, 0.3, 1)[1].tolist() == [1, 4, 5]


def test_another_process_meets_the_same_order():
    code = "from tinygrad_mnist.data import order; print(order(50, seed=3, epoch=4).tolist())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == str(order(50, seed=3, epoch=4).tolist())


def test_numpys_own_random_state_is_neither_read_nor_moved():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first = order(50, seed=1).tolist()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    assert order(50, seed=1).tolist() == first


def test_a_shuffle_favours_no_place():
    # Each of 5 x 5 (index, place) pairs is met 800 times on average, standard deviation 25.
    met = np.zeros((5, 5), int)
    for epoch in range(4000):
        met[order(5, seed=11, epoch=epoch), np.arange(5)] += 1
    assert np.abs(met - 800).max() < 5 * 25


def test_errors_come_at_the_call_not_at_the_first_batch():
    with pytest.raises(DataError):
        batches(10, 0, seed=0)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: order(0, seed=0), DataError, "count of examples must be at least 1, got 0"),
        (lambda: order(-1, seed=0), DataError, "count of examples must be at least 1, got -1"),
        (lambda: order(2.5, seed=0), DTypeError, "count of examples must be an integer, got 2.5"),
        (lambda: order(5, seed=-1), DataError, "seed must be at least 0, got -1"),
        (lambda: order(5, seed=2**64), DataError, r"seed must be below 2\*\*64"),
        (lambda: order(5, seed=None), DTypeError, "seed must be an integer, got None"),
        (lambda: order(5, seed=0, epoch=-1), DataError, "epoch must be at least 0, got -1"),
        (lambda: order(5, seed=0, epoch=2**64), DataError, "epoch must be below"),
        (lambda: order(5, seed=0, epoch="1", shuffle=False), DTypeError, "epoch must be an integer"),
        (lambda: batches(5, 0, seed=0), DataError, "batch size must be at least 1, got 0"),
        (lambda: batches(5, -3, seed=0), DataError, "batch size must be at least 1, got -3"),
        (lambda: batches(5, 2.0, seed=0), DTypeError, "batch size must be an integer, got 2.0"),
        (lambda: batches(0, 2, seed=0), DataError, "count of examples must be at least 1"),
        (lambda: batches(5, 6, seed=0, drop_last=True), DataError, "choose a size of at most 5"),
        (lambda: batch_count(5, 0), DataError, "batch size must be at least 1"),
        (lambda: split(5, 0, 0), DataError, "fraction must lie between 0 and 1"),
        (lambda: split(5, 1.0, 0), DataError, "fraction must lie between 0 and 1"),
        (lambda: split(5, -0.1, 0), DataError, "fraction must lie between 0 and 1"),
        (lambda: split(5, float("nan"), 0), DataError, "got nan"),
        (lambda: split(5, 0.01, 0), DataError, "leaves 5 for training and 0 for validation"),
        (lambda: split(5, 0.99, 0), DataError, "leaves 0 for training and 5 for validation"),
        (lambda: split(0, 0.5, 0), DataError, "count of examples must be at least 1"),
        (lambda: split(5, 0.5, -1), DataError, "seed must be at least 0"),
    ],
)
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_numpy_integers_are_integers():
    assert order(np.int32(5), seed=np.uint8(1)).tolist() == order(5, seed=1).tolist()


@settings(deadline=None)
@given(count=st.integers(2, 300), fraction=st.floats(0.01, 0.99), seed=words)
def test_a_split_divides_all_indices(count, fraction, seed):
    held_out = round(count * fraction)
    if held_out in (0, count):
        return
    train, validation = split(count, fraction, seed)
    assert train.dtype == validation.dtype == np.int64
    assert len(validation) == held_out
    assert sorted([*train, *validation]) == list(range(count))
    assert np.all(np.diff(train) > 0)
    assert np.all(np.diff(validation) > 0)
    assert split(count, fraction, seed)[1].tolist() == validation.tolist()


def test_a_split_depends_on_the_seed_and_not_on_the_first_epoch():
    _, validation = split(1000, 0.1, 5)
    assert split(1000, 0.1, 6)[1].tolist() != validation.tolist()
    assert np.sort(order(1000, seed=5)[:100]).tolist() != validation.tolist()
