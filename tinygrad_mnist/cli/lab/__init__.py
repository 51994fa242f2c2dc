"""The commands `tinygrad-mnist lab ...`."""

from .app import lab_app

__all__ = ["lab_app"]
