"""The commands `tinygrad-mnist lab ...`."""

from .app import lab

__all__ = ["lab"]
