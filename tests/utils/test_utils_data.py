"""Datasets, samplers, the DataLoader and its workers."""

import itertools
import time
from collections import namedtuple

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    get_worker_info,
    random_split,
)

X, Y = np.arange(20, dtype=np.float32).reshape(10, 2), np.arange(10)


class Squares(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, i):
        return {"x": np.float32(i), "y": i * i, "name": f"n{i}"}


class Counting(IterableDataset):
    def __init__(self, count):
        self.count = count

    def __iter__(self):
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, self.count, step))


def labels(loader):
    return [batch[1].tolist() for batch in loader]


def test_batches_of_tensors():
    loader = DataLoader(TensorDataset(tg.Tensor(X), tg.Tensor(Y)), batch_size=4)
    batches = list(loader)
    assert len(loader) == 3
    assert [type(b) for b in batches] == [list] * 3
    np.testing.assert_array_equal(np.concatenate([b[0].numpy() for b in batches]), X)
    assert labels(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert labels(DataLoader(loader.dataset, 4, drop_last=True)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert [y.item() for _, y in DataLoader(loader.dataset, batch_size=None)] == list(range(10))


def test_shuffling_draws_from_the_generator_anew_each_time():
    data = TensorDataset(X, Y)
    first, second = (DataLoader(data, 3, shuffle=True, generator=tg.Generator(5)) for _ in range(2))
    a, b = labels(first), labels(first)
    assert a == labels(second)
    assert a != b
    assert sorted(itertools.chain(*a)) == sorted(itertools.chain(*b)) == list(range(10))
    tg.manual_seed(3)
    c = labels(DataLoader(data, 10, shuffle=True))
    tg.manual_seed(3)
    assert labels(DataLoader(data, 10, shuffle=True)) == c


def test_the_quick_way_gives_what_the_plain_one_does():
    data = Subset(TensorDataset(X, Y), [7, 1, 3, 3, 9])
    quick = [[x.tolist() for x in batch] for batch in DataLoader(data, 2)]
    plain = [
        [x.tolist() for x in batch] for batch in DataLoader(data, 2, collate_fn=lambda b: default_collate(b))
    ]
    assert quick == plain
    assert labels(DataLoader(Subset(data, [4, 0]), 2)) == [[9, 7]]


@pytest.mark.parametrize("workers", [0, 2])
def test_examples_of_all_kinds_are_collated(workers):
    (first, *_, last) = DataLoader(Squares(), 4, num_workers=workers)
    assert first["x"].dtype == np.float32
    assert (first["y"].dtype, first["y"].tolist()) == (np.int64, [0, 1, 4, 9])
    assert first["name"] == ["n0", "n1", "n2", "n3"]
    assert last["y"].tolist() == [64, 81]


def test_collate():
    Pair = namedtuple("Pair", "a b")
    found = default_collate([Pair(1.5, tg.ones((2,))), Pair(2.5, tg.zeros((2,)))])
    assert (found.a.dtype, found.a.tolist(), found.b.shape) == (np.float64, [1.5, 2.5], (2, 2))
    assert default_collate([True, False]).dtype == np.bool_
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([(1, 2), (1,)])
    with pytest.raises(TypeError, match="collate_fn"):
        default_collate([object()])


class Slow(Squares):
    def __getitem__(self, i):
        time.sleep(0.01 * (i % 3))
        return i


def test_workers_keep_the_order_and_hand_on_exceptions():
    assert [b.tolist() for b in DataLoader(Slow(), 2, num_workers=3)] == [
        [2 * i, 2 * i + 1] for i in range(5)
    ]

    class Broken(Squares):
        def __getitem__(self, i):
            if i == 5:
                raise RuntimeError("example 5 cannot be read")
            return i

    with pytest.raises(RuntimeError, match="example 5"):
        list(DataLoader(Broken(), 2, num_workers=2))
    started = []
    loader = DataLoader(Squares(), 2, num_workers=2, worker_init_fn=started.append, persistent_workers=True)
    assert len(list(loader)) == len(list(loader)) == 5
    assert sorted(started) == [0, 1]


def test_workers_as_processes():
    loader = DataLoader(TensorDataset(X, Y), 4, num_workers=1, multiprocessing_context="spawn")
    assert labels(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_examples_one_after_another():
    assert [b.tolist() for b in DataLoader(Counting(5), 2)] == [[0, 1], [2, 3], [4]]
    both = [b.tolist() for b in DataLoader(Counting(10), 2, num_workers=2)]
    assert both == [[0, 2], [1, 3], [4, 6], [5, 7], [8], [9]]
    assert list(ChainDataset([Counting(2), Counting(3)])) == [0, 1, 0, 1, 2]


def test_datasets():
    joined = ConcatDataset([TensorDataset(Y), TensorDataset(Y + 10)])
    assert (len(joined), joined[12][0].item(), joined[-1][0].item()) == (20, 12, 19)
    assert len(TensorDataset(Y) + TensorDataset(Y)) == 20
    assert StackDataset(a=Squares(), b=TensorDataset(Y))[2]["a"]["y"] == 4
    with pytest.raises(ValueError, match="Size mismatch"):
        TensorDataset(X, Y[:3])
    with pytest.raises(IndexError):
        joined[20]


def test_random_split():
    parts = random_split(TensorDataset(Y), [0.5, 0.25, 0.25], generator=tg.Generator(0))
    assert [len(p) for p in parts] == [6, 2, 2]
    assert sorted(p[i][0].item() for p in parts for i in range(len(p))) == list(range(10))
    assert [len(p) for p in random_split(TensorDataset(Y), [7, 3])] == [7, 3]
    with pytest.raises(ValueError, match="Sum of input lengths"):
        random_split(TensorDataset(Y), [7, 7])


def test_samplers():
    assert list(BatchSampler(SequentialSampler(range(5)), 2, drop_last=True)) == [[0, 1], [2, 3]]
    assert len(list(RandomSampler(range(4), num_samples=10))) == 10
    assert set(RandomSampler(range(3), replacement=True, num_samples=200)) == {0, 1, 2}
    assert sorted(SubsetRandomSampler([3, 5, 9])) == [3, 5, 9]
    drawn = list(WeightedRandomSampler([0.0, 1.0, 3.0], 4000, generator=tg.Generator(0)))
    assert np.bincount(drawn, minlength=3)[0] == 0
    assert np.mean(np.array(drawn) == 2) == pytest.approx(0.75, abs=0.03)
    assert sorted(WeightedRandomSampler([1.0, 0.0, 2.0], 2, replacement=False)) == [0, 2]


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (lambda: DataLoader(Squares(), 0), "positive integer"),
        (lambda: DataLoader(Squares(), shuffle=True, sampler=[1]), "mutually exclusive with shuffle"),
        (lambda: DataLoader(Squares(), 2, batch_sampler=[[1]]), "mutually exclusive with batch_size"),
        (lambda: DataLoader(Counting(3), shuffle=True), "IterableDataset"),
        (lambda: DataLoader(Squares(), num_workers=-1), "non-negative"),
        (lambda: DataLoader(Squares(), prefetch_factor=2), "prefetch_factor"),
        (lambda: DataLoader(Squares(), batch_size=None, drop_last=True), "drop_last"),
        (lambda: WeightedRandomSampler([0.0], 1), "not all of them 0"),
        (lambda: RandomSampler(range(2), num_samples=-1), "non-negative integer"),
    ],
)
def test_errors(wrong, match):
    with pytest.raises(ValueError, match=match):
        wrong()
