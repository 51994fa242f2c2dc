"""Datasets and loaders as tutorials write them."""

import torch
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    random_split,
)


class Points(Dataset):
    def __init__(self, n, transform=None):
        self.x = torch.arange(n * 2, dtype=torch.float32).reshape(n, 2)
        self.y = torch.arange(n) % 3
        self.transform = transform

    def __len__(self):
        return len(self.x)

    def __getitem__(self, idx):
        sample = self.x[idx]
        if self.transform:
            sample = self.transform(sample)
        return sample, self.y[idx]


def piece_a_dataset_of_ones_own():
    loader = DataLoader(Points(7, transform=lambda t: t / 10), batch_size=3)
    found = [len(loader)]
    for i, (x, y) in enumerate(loader):
        found += [i, tuple(x.shape), x.sum().item(), y.tolist()]
    return found


def piece_next_of_iter():
    features, labels = next(iter(DataLoader(Points(5), batch_size=2)))
    return [tuple(features.size()), labels.tolist()]


def piece_shuffled_epochs_are_permutations():
    loader = DataLoader(TensorDataset(torch.arange(20)), batch_size=6, shuffle=True, drop_last=False)
    epochs = [torch.cat([b for (b,) in loader]).tolist() for _ in range(2)]
    return [sorted(e) == list(range(20)) for e in epochs] + [epochs[0] != epochs[1], len(loader)]


def piece_split_and_subsets():
    data = Points(10)
    train, test = random_split(data, [0.8, 0.2], generator=torch.Generator().manual_seed(42))
    first = Subset(data, range(4))
    both = ConcatDataset([first, Subset(data, [9, 8])])
    indices = sorted(train.indices + test.indices)
    return [len(train), len(test), indices, len(both), both[4][0].tolist(), both[-1][1].item()]


def collate(batch):
    xs, ys = zip(*batch)
    return torch.nn.utils.rnn.pad_sequence(xs, batch_first=True, padding_value=-1), torch.tensor(ys)


def piece_sequences_padded_by_collate_fn():
    data = [(torch.arange(n, dtype=torch.float32), n % 2) for n in (3, 1, 4, 2)]
    return [[x.tolist(), y.tolist()] for x, y in DataLoader(data, batch_size=2, collate_fn=collate)]


def piece_numbers_and_dicts_are_collated():
    data = [{"value": float(i), "index": i, "name": str(i)} for i in range(3)]
    batch = next(iter(DataLoader(data, batch_size=3)))
    kinds = [str(batch[k].dtype).split(".")[-1] for k in ("value", "index")]
    return [batch["value"].tolist(), batch["index"].tolist(), batch["name"], kinds]


class Lines(IterableDataset):
    def __iter__(self):
        return iter(torch.tensor(float(i)) for i in range(5))


def piece_an_iterable_dataset():
    return [b.tolist() for b in DataLoader(Lines(), batch_size=2)]


def piece_samplers():
    data = Points(6)
    weighted = WeightedRandomSampler([0.0, 1.0, 0.0, 1.0, 0.0, 0.0], num_samples=50)
    return [
        list(SequentialSampler(data)), sorted(RandomSampler(data)), sorted(SubsetRandomSampler([4, 1])),
        list(BatchSampler(SequentialSampler(range(7)), batch_size=3, drop_last=True)), sorted(set(weighted)),
        [y.tolist() for _, y in DataLoader(data, batch_sampler=[[0, 5], [1]])],
        [y.tolist() for _, y in DataLoader(data, batch_size=4, sampler=[5, 4, 3, 2, 1])],
    ]  # fmt: skip


def piece_workers_change_nothing():
    plain = [y.tolist() for _, y in DataLoader(Points(9), batch_size=4, num_workers=0, pin_memory=False)]
    return [plain, [y.tolist() for _, y in DataLoader(Points(9), 4, False)]]
