"""Structures: nested tuples, lists and dicts, with a mark where a Tensor was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.tensor import Tensor, wrap
from ..primitive import check_dtype
from .numbers import Number
from .places import mark

_NONE: Iterator[Any] = iter(())


class _Leaf:
    """Marks the place of a Tensor."""

    def __repr__(self) -> str:
        return "tensor"


class _Number:
    """Marks the place of a float."""

    def __repr__(self) -> str:
        return "float"


LEAF, NUMBER = _Leaf(), _Number()


class Constant:
    """Anything else in a tree: equal to another if no function can tell the two apart.

    Numbers, strings, and tuples, slices and sets of them are compared by type and value, everything
    else, such as a module, by identity.
    """

    __slots__ = ("_mark", "value")

    def __init__(self, value: Any) -> None:
        self.value, self._mark = value, mark(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self._mark == other._mark

    def __hash__(self) -> int:
        return hash(self._mark)

    def __repr__(self) -> str:
        return repr(self.value)


def structure_of(tree: Any, leaves: list[Tensor], numbers: list[float] | None = None) -> Any:
    """A hashable picture of a tree; its Tensors are appended to `leaves`, the rest stays in it.

    Floats are appended to `numbers`, if there is such a list, and stay in the picture otherwise.
    """
    if type(tree) is float and numbers is not None:
        numbers.append(tree)
        return NUMBER
    if isinstance(tree, Tensor):
        leaves.append(tree)
        return LEAF
    if isinstance(tree, np.ndarray):
        check_dtype(tree.dtype)
        leaves.append(wrap(tree))
        return LEAF
    if isinstance(tree, tuple | list):
        return type(tree), tuple(structure_of(x, leaves, numbers) for x in tree)
    if isinstance(tree, dict):
        return dict, tuple((k, structure_of(x, leaves, numbers)) for k, x in tree.items())
    return Constant(float(tree) if type(tree) is Number else tree)


def given_in(tree: Any) -> list[Any]:
    """The Tensors and arrays of a tree themselves, in the order of its structure."""
    if isinstance(tree, tuple | list | dict):
        return [x for part in (tree.values() if isinstance(tree, dict) else tree) for x in given_in(part)]
    return [tree] if isinstance(tree, Tensor | np.ndarray) else []


def rebuilt(structure: Any, leaves: Iterator[Tensor], numbers: Iterator[Any] = _NONE) -> Any:
    """The tree of a structure, with these Tensors and numbers in their places."""
    if structure is LEAF:
        return next(leaves)
    if structure is NUMBER:
        return next(numbers)
    if isinstance(structure, Constant):
        return structure.value
    kind, content = structure
    if kind is dict:
        return {k: rebuilt(x, leaves, numbers) for k, x in content}
    parts = [rebuilt(x, leaves, numbers) for x in content]
    return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
