"""Nested tuples, lists and dicts: their leaves, where each is, and the same around others.

Also how any of them, of whatever class, is taken apart and put together again.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    kind = type(tree)
    if isinstance(tree, dict):
        parts, keys = [(f"[{key!r}]", x) for key, x in tree.items()], [*tree]
    elif isinstance(tree, tuple) and hasattr(tree, "_fields"):
        parts, keys = [(f".{name}", x) for name, x in zip(tree._fields, tree, strict=True)], []
    elif isinstance(tree, tuple | list):
        parts, keys = [(f"[{k}]", x) for k, x in enumerate(tree)], []
    else:
        return None
    own = () if kind in COMMON else tuple(attributes(tree).items())
    return parts, lambda others: built(kind, others, keys, own)


#: The classes whose objects are their items and nothing else.
COMMON = (tuple, list, dict)


def attributes(tree: Any) -> dict[str, Any]:
    """What an object of a class of tuples, lists or dicts, or a dataclass, holds besides its items."""
    found = dict(getattr(tree, "__dict__", {}))
    if isinstance(tree, defaultdict):
        found["default_factory"] = tree.default_factory
    if dataclasses.is_dataclass(tree):
        found |= {f.name: getattr(tree, f.name) for f in dataclasses.fields(tree) if hasattr(tree, f.name)}
    return found


def held_by(tree: Any) -> list[Any]:
    """What a tuple, list or dict holds: the values, and of a class of them the attributes."""
    parts = [*(tree.values() if isinstance(tree, dict) else tree)]
    return parts if type(tree) in COMMON else [*parts, *attributes(tree).values()]


def built(
    kind: type, parts: Iterable[Any], keys: Iterable[Any] = (), own: Iterable[tuple[str, Any]] = ()
) -> Any:
    """An object of a class of tuples, lists or dicts, or a dataclass: its items, of dicts their keys, and its
    attributes. What the class does where one is made is not done again.
    """
    if kind is dict:
        return dict(zip(keys, parts, strict=True))
    if kind is list or kind is tuple:
        return kind(parts)
    made: Any = tuple.__new__(kind, parts) if issubclass(kind, tuple) else kind.__new__(kind)
    if issubclass(kind, dict):
        put = OrderedDict.__setitem__ if issubclass(kind, OrderedDict) else dict.__setitem__
        for key, x in zip(keys, parts, strict=True):
            put(made, key, x)
    elif issubclass(kind, list):
        list.extend(made, parts)
    for name, value in own:
        if isinstance(made, defaultdict) and name == "default_factory":
            made.default_factory = value
        elif hasattr(made, "__dict__"):
            vars(made)[name] = value
        else:
            object.__setattr__(made, name, value)  # a dataclass with slots, which may be frozen
    return made
