"""Data: the MNIST images, files like them, and the order in which training meets them."""

from .batches import batch_count, batches, order, split
from .digits import mnist
from .idx import read_idx

__all__ = ["batch_count", "batches", "mnist", "order", "read_idx", "split"]
