"""One meaning for each argument: docstrings get what they do not say of an argument themselves from here."""

from .completion import complete, described, front

__all__ = ["complete", "described", "front"]
