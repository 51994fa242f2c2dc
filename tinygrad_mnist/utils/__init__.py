"""What training needs besides the network: data, in batches."""

from . import data

__all__ = ["data"]
