"""Data: the MNIST images, files like them, the order in which training meets them, and their distortion."""

from ..describing import complete as _complete
from .augment import distorted
from .batches import batch_count, batches, order, split
from .digits import mnist
from .idx import read_idx

__all__ = ["batch_count", "batches", "distorted", "mnist", "order", "read_idx", "split"]

_complete("data", __all__, globals())
