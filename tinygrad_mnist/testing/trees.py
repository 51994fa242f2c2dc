"""Nested tuples, lists and dicts: their leaves in order, and the same structure around other leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def leaves(tree: Any) -> list[Any]:
    """What is in a tree, in order."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, tuple | list):
        return [leaf for part in tree for leaf in leaves(part)]
    return [tree]


def rebuilt(tree: Any, others: Iterator[Any]) -> Any:
    """The tree with the next of `others` in place of each leaf."""
    if isinstance(tree, dict):
        return {key: rebuilt(part, others) for key, part in tree.items()}
    if isinstance(tree, tuple | list):
        parts = [rebuilt(part, others) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return next(others)
