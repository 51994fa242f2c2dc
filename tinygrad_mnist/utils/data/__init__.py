"""Datasets, samplers and the DataLoader, with PyTorch's names.

`DataLoader` on Tensors in memory is as fast as slicing them. A compiled step that takes positions,
`step.scan(order)`, is faster still: it loads nothing, reads the images where they lie, and stays in native
code from one batch to the next.
"""

from typing import NoReturn as _NoReturn

from ...core.hints import missing as _missing
from ...describing import complete as _complete
from .collate import default_collate, default_convert
from .dataloader import DataLoader
from .dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from .workers import get_worker_info

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]

_complete("utils", __all__, globals())


def __getattr__(name: str) -> _NoReturn:
    raise _missing("utils.data", name, lambda: __all__)
