"""Nested tuples, lists and dicts: their leaves, where each is, and the same structure around others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError
from .creation import tensor
from .tensor import Tensor

#: A Tensor, or nested tuples, lists and dicts of them; None is a tree without leaves.
Tree = Any


def flatten(tree: Tree) -> tuple[list[Tensor], Callable[[Sequence[Any]], Tree]]:
    """The Tensors of a tree in order, and the function that builds the tree from others.

    DTypeError for a leaf that is no Tensor, array or number.
    """
    return unpacked(tree, lambda x: x if isinstance(x, Tensor) else _numbers(x))


def _numbers(x: Any) -> Tensor:
    try:
        return tensor(x)
    except DTypeError:
        if isinstance(x, np.ndarray | np.generic):
            raise
        raise DTypeError(
            f"a {type(x).__name__} is no Tensor, array or number: put what it has into a tuple, list or dict"
        ) from None


def unpacked(
    tree: Tree, leaf: Callable[[Any], Any] = lambda x: x
) -> tuple[list[Any], Callable[[Sequence[Any]], Tree]]:
    """What `leaf` makes of the leaves of a tree, in order, and the function that builds it from others."""
    if tree is None:
        return [], lambda leaves: None
    parts = _parts(tree)
    if parts is None:
        return [leaf(tree)], lambda leaves: leaves[0]
    build = parts[1]
    flat: list[Any] = []
    rebuilds, sizes = [], []
    for _, child in parts[0]:
        leaves, rebuild = unpacked(child, leaf)
        flat += leaves
        rebuilds.append(rebuild)
        sizes.append(len(leaves))

    def rebuild_all(leaves: Sequence[Any]) -> Tree:
        found, at = [], 0
        for rebuild, n in zip(rebuilds, sizes, strict=True):
            found.append(rebuild(leaves[at : at + n]))
            at += n
        return build(found)

    return flat, rebuild_all


def paths(tree: Tree, name: str) -> Iterator[str]:
    """Where each leaf of a tree called `name` is, as one would write it: state["h"][0]."""
    parts = None if tree is None else _parts(tree)
    if parts is not None:
        for key, child in parts[0]:
            yield from paths(child, f"{name}{key}")
    elif tree is not None:
        yield name


def _parts(tree: Tree) -> tuple[list[tuple[str, Tree]], Callable[[list[Any]], Tree]] | None:
    """(how it is reached, part) of a container's parts, and what builds one of others; None for a leaf."""
    if isinstance(tree, dict):
        keys = list(tree)
        return [(f"[{key!r}]", x) for key, x in tree.items()], lambda parts: dict(
            zip(keys, parts, strict=True)
        )
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        fields = zip(tree._fields, tree, strict=True)
        return [(f".{name}", x) for name, x in fields], lambda parts: type(tree)(*parts)
    if isinstance(tree, tuple | list):
        return [(f"[{k}]", x) for k, x in enumerate(tree)], type(tree)
    return None
