"""Structures: nested tuples, lists and dicts, and classes of them, with a mark where a Tensor was."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor, wrap
from ..core.tree import COMMON, attributes, built, held_by
from ..errors import TraceError
from ..primitive import native
from .numbers import Number
from .places import bits, mark

_NONE: Iterator[Any] = iter(())
_UNCHANGING = (bool, int, str, bytes, type(None), type(...))


class _Leaf:
    """Marks the place of a Tensor."""

    def __repr__(self) -> str:
        return "tensor"


class _Number:
    """Marks the place of a float."""

    def __repr__(self) -> str:
        return "float"


LEAF, NUMBER = _Leaf(), _Number()


@dataclasses.dataclass(frozen=True)
class Again:
    """Marks the place of a Tensor that is the one in an earlier place: the first-th Tensor of all."""

    first: int


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

    @property
    def is_itself(self) -> bool:
        """Whether the same object is an equal constant, whatever has become of what it holds."""
        kind = type(self.value)
        return self._mark == (kind, id(self.value)) or kind in _UNCHANGING


class Made:
    """An array, set or queue that the function made, in its result: each call gets one of its own."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Made) or type(self.value) is not type(other.value):
            return False
        if isinstance(self.value, np.ndarray):
            return bits(self.value) == bits(other.value)
        return bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.value)


def structure_of(
    tree: Any,
    leaves: list[Tensor],
    numbers: list[float] | None = None,
    is_itself: Callable[[Any], bool] | None = None,
    places: dict[int, Any] | None = None,
) -> Any:
    """A picture of a tree, of arguments a hashable one; its Tensors are appended to `leaves`, the rest stays.

    Args:
        tree: arguments or a result.
        leaves: see above.
        numbers: floats are appended, if there is such a list, and stay in the picture otherwise.
        is_itself: of a result: whether a part is an object from outside, which every call gives again.
        places: by the id of a Tensor or array what stands for it in the picture; those met are added, so that
            who is met twice is in `leaves` once. None: each is a Tensor of its own.

    Raises TraceError for what contains itself.
    """
    try:
        return _structure(tree, leaves, numbers, is_itself, places)
    except RecursionError:
        raise TraceError(
            "a list, tuple or dict that contains itself, or is nested too deeply, can neither be given to a "
            "compiled function nor come from one"
        ) from None


def _structure(
    tree: Any, leaves: list[Tensor], numbers: list[float] | None, itself: Any, places: dict[int, Any] | None
) -> Any:
    if type(tree) is float and numbers is not None:
        numbers.append(tree)
        return NUMBER
    if places is not None and isinstance(tree, Tensor | np.ndarray):
        if id(tree) in places:
            return places[id(tree)]
        places[id(tree)] = Again(len(leaves))
    if isinstance(tree, Tensor):
        leaves.append(tree)
        return LEAF
    kind = type(tree)
    if itself is not None:
        if isinstance(tree, _CHANGING) and itself(tree):
            return Constant(tree)
        if isinstance(tree, np.ndarray | set | deque | bytearray):
            return Made(tree)
        if dataclasses.is_dataclass(tree) and not isinstance(tree, type | dict | list | tuple):
            return kind, (), _own(tree, leaves, numbers, itself, places)
    if isinstance(tree, np.ndarray):
        leaves.append(wrap(native(tree)))
        return LEAF
    if isinstance(tree, tuple | list):
        parts = tuple([_structure(x, leaves, numbers, itself, places) for x in tree])
        return (kind, parts) if kind in COMMON else (kind, parts, _own(tree, leaves, numbers, itself, places))
    if isinstance(tree, dict):
        pairs = tuple(
            [
                (k if type(k) is str else Constant(k), _structure(x, leaves, numbers, itself, places))
                for k, x in tree.items()
            ]
        )
        return (kind, pairs) if kind in COMMON else (kind, pairs, _own(tree, leaves, numbers, itself, places))
    return Constant(float(tree) if type(tree) is Number else tree)


_CHANGING = (tuple, list, dict, np.ndarray, set, deque, bytearray)  # and what holds what does


def _own(
    tree: Any, leaves: list[Tensor], numbers: list[float] | None, itself: Any, places: dict[int, Any] | None
) -> Any:
    return tuple((k, _structure(x, leaves, numbers, itself, places)) for k, x in attributes(tree).items())


def given_in(tree: Any, captured: Collection[Any] | None = None) -> list[Any]:
    """The Tensors and arrays of a tree themselves, in the order of its structure; each once, without those
    that are captured, where some may be.
    """
    if captured is None:
        return [*_given_in(tree)]
    known = {id(x) for x in captured}
    return [*{id(x): x for x in _given_in(tree) if id(x) not in known}.values()]


def _given_in(tree: Any) -> Iterator[Any]:
    if isinstance(tree, tuple | list | dict):
        for part in held_by(tree):
            yield from _given_in(part)
    elif isinstance(tree, Tensor | np.ndarray):
        yield tree


def in_places(structure: Any, leaves: Sequence[Any]) -> Iterator[Any]:
    """What is in each place of a structure whose Tensors, each once, are these."""
    fresh = iter(leaves)
    for place in _places(structure):
        yield next(fresh) if place is LEAF else leaves[place.first]


def _places(structure: Any) -> Iterator[Any]:
    if structure is LEAF or isinstance(structure, Again):
        yield structure
    elif isinstance(structure, tuple):
        kind, content, *own = structure
        pairs = content if issubclass(kind, dict) else enumerate(content)
        for _, part in (*pairs, *(own[0] if own else ())):
            yield from _places(part)


def rebuilt(structure: Any, leaves: Iterator[Tensor], numbers: Iterator[Any] = _NONE) -> Any:
    """The tree of a structure, with these Tensors and numbers in their places."""
    if structure is LEAF or isinstance(structure, Again):
        return next(leaves)
    if structure is NUMBER:
        return next(numbers)
    if isinstance(structure, Constant):
        return structure.value
    if isinstance(structure, Made):
        return structure.value.copy()
    kind, content, *own = structure
    keys = []
    if issubclass(kind, dict):
        keys = [k.value if isinstance(k, Constant) else k for k, _ in content]
        content = [x for _, x in content]
    parts = [rebuilt(x, leaves, numbers) for x in content]
    return built(kind, parts, keys, [(k, rebuilt(x, leaves, numbers)) for k, x in (own[0] if own else ())])


def is_common(structure: Any) -> bool:
    """Whether a structure has nothing but tuples, lists and dicts in it, and what every call gives again."""
    if structure is LEAF or isinstance(structure, Constant):
        return True
    if isinstance(structure, Made) or structure[0] not in COMMON:
        return False
    kind, content = structure
    return all(map(is_common, [x for _, x in content] if kind is dict else content))


def spelled(structure: Any, leaves: Iterator[str], names: dict[str, Any]) -> str:
    """A common structure as Python, over the names of its Tensors and others that are put into `names`."""
    if structure is LEAF:
        return next(leaves)
    if isinstance(structure, Constant):
        names[f"constant_{len(names)}"] = structure.value
        return next(reversed(names))
    kind, content = structure
    if kind is dict:
        pairs = [(Constant(k) if type(k) is str else k, x) for k, x in content]
        return (
            f"{{{', '.join(f'{spelled(k, leaves, names)}: {spelled(x, leaves, names)}' for k, x in pairs)}}}"
        )
    parts = "".join(f"{spelled(x, leaves, names)}, " for x in content)
    return f"({parts})" if kind is tuple else f"[{parts}]"
