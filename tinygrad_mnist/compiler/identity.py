"""Comparisons of tensors by identity, in a function that is being recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.tensor import Tensor
from .values import UNKNOWN

if TYPE_CHECKING:
    from .steps import Shadow, Step
    from .watch import Watcher


def compare(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    """The instruction of `is`: note that the function tells one tensor from another."""
    if all(map(_may_be_tensor, shadow.pop(2))):
        watcher.reads.tells_apart = True
    shadow.push(UNKNOWN)


def _may_be_tensor(x: Any) -> bool:
    return x is UNKNOWN or isinstance(x, Tensor)
