"""Datasets, samplers and the DataLoader, with PyTorch's names.

`DataLoader` on Tensors in memory is as fast as slicing them. A compiled step that takes positions,
`step.scan(order)`, is faster still: it loads nothing, reads the images where they lie, and stays in native
code from one batch to the next.
"""

from typing import NoReturn as _NoReturn

from ...core.hints import missing as _missing
from ...describing import front as _front
from .collate import *
from .dataloader import *
from .dataset import *
from .sampler import *
from .workers import *

_public = _front("utils", globals())


def __getattr__(name: str) -> _NoReturn:
    raise _missing("utils.data", name, lambda: _public)
