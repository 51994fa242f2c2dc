"""The command line: `tinygrad-mnist`, also `python -m tinygrad_mnist`."""

from .app import main

__all__ = ["main"]
