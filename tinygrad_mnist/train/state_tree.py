"""Nested state (dicts, lists, tuples, numbers, text, arrays) as JSON and named arrays, and back.

In the JSON an array is {"array": its name}, and what JSON has no form of its own for is marked: {"tuple":
[...]}, {"dict": [[key, value], ...]}, {"float": "inf"}, {"object": what it is made of}. What is read
back is made of these alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import DataError, DTypeError
from ..primitive import Array

_DEEPEST = 100


@dataclasses.dataclass(frozen=True)
class Described:
    """An object, as the tree of what it is made of."""

    content: Any


def packed(tree: Any, name: str) -> tuple[Any, dict[str, Array]]:
    """The JSON for a tree, and its arrays by the path to them, which starts with `name`.

    Raises DTypeError, naming the path, for anything that is not made of the above.
    """
    arrays: dict[str, Array] = {}
    return _packed(tree, name, arrays, 0), arrays


def unpacked(value: Any, arrays: Mapping[str, Array], *, objects: bool = False) -> Any:
    """The tree that `packed` made this JSON of; DataError for any other, or for unwanted objects."""
    return _unpacked(value, arrays, objects, 0)


def _packed(tree: Any, name: str, arrays: dict[str, Array], depth: int) -> Any:
    if depth > _DEEPEST:
        raise DTypeError(f"{name[:60]}...: state that is nested more than {_DEEPEST} deep cannot be saved")
    if isinstance(tree, Tensor | np.ndarray | np.generic):
        array = np.ascontiguousarray(tree).reshape(np.shape(tree))
        if array.dtype.kind not in "biuf":
            raise DTypeError(f"{name}: an array of {array.dtype} cannot be saved, only numbers and bools")
        arrays[name] = array.astype(array.dtype.newbyteorder("<"), copy=False)
        return {"array": name}
    if tree is None or isinstance(tree, bool | int | str):
        return tree
    if isinstance(tree, float):
        return float(tree) if math.isfinite(tree) else {"float": repr(float(tree))}
    if isinstance(tree, Described):
        return {"object": _packed(tree.content, name, arrays, depth + 1)}
    if isinstance(tree, list | tuple):
        items = [_packed(x, f"{name}.{i}", arrays, depth + 1) for i, x in enumerate(tree)]
        return items if isinstance(tree, list) else {"tuple": items}
    if isinstance(tree, Mapping):
        if not all(isinstance(key, str | int) and not isinstance(key, bool) for key in tree):
            raise DTypeError(f"{name}: the keys of a dict must be text or integers to be saved")
        return {"dict": [[k, _packed(x, f"{name}.{k}", arrays, depth + 1)] for k, x in tree.items()]}
    raise DTypeError(
        f"{name}: a {type(tree).__name__} cannot be saved, only arrays, tensors, numbers, text, None, and "
        "lists, tuples and dicts of them"
    )


def _unpacked(value: Any, arrays: Mapping[str, Array], objects: bool, depth: int) -> Any:
    if depth > _DEEPEST:
        raise DataError("its state is nested too deep")
    if isinstance(value, list):
        return [_unpacked(x, arrays, objects, depth + 1) for x in value]
    if not isinstance(value, dict):
        return value
    (mark, content), *others = value.items() or [("", None)]
    if not others:
        if mark == "array" and isinstance(content, str) and content in arrays:
            return arrays[content]
        if mark == "tuple" and isinstance(content, list):
            return tuple(_unpacked(x, arrays, objects, depth + 1) for x in content)
        if mark == "object" and objects:
            return Described(_unpacked(content, arrays, objects, depth + 1))
        if mark == "float" and content in ("inf", "-inf", "nan"):
            return float(content)
        if mark == "dict" and isinstance(content, list) and all(map(_is_entry, content)):
            return {k: _unpacked(x, arrays, objects, depth + 1) for k, x in content}
    raise DataError(f"its description holds {str(value)[:60]!r}, which means nothing")


def _is_entry(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str | int)
