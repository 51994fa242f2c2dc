"""Loops that are one statement of whole arrays, as NumPy has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .loops import Apply, Const, Expr, For, Load, Place, Stmt, Store, inside

#: Operators that do the same to each element of arrays as to numbers, by kinds of dtypes.
_ELEMENTWISE = {"f": {"+", "-", "*", "/"}, "i": {"+", "-", "*"}, "u": {"+", "-", "*"}}


def whole(loop: For, memory: Callable[[Place], Place]) -> Store | None:
    """What a loop nest does as one statement, in which an index that all loops walk is left out.

    None if it is not such a loop, or where another dtype or another place in the memory that it writes would
    make a difference.
    """
    indices: list[Load] = []
    counts: list[int] = []
    statement: Stmt = loop
    while isinstance(statement, For) and isinstance(statement.count, int) and len(statement.body) == 1:
        indices.append(Load(statement.index))
        counts.append(statement.count)
        statement = statement.body[0]
    if not isinstance(statement, Store) or 0 in counts:  # whose value is never computed
        return None
    target = Load(statement.place, statement.index)
    outer = _outer(target, indices, counts)
    if outer is None or len(outer) + len(indices) + _ones(target) != len(target.index):
        return None
    here = memory(target.place)

    def over(x: Expr) -> Expr | None:
        if x.dtype != target.dtype:
            return None
        match x:
            case Load(place=place, index=index):
                left = None if place.role == "index" else _outer(x, indices, counts)
                other = memory(place) is here and (index != target.index or place.shape != target.place.shape)
                if left is None or other or (index and _ones(x) != _ones(target)):
                    return None
                return Load(place, left)
            case Apply(function=function, args=args):
                parts = tuple(part for part in map(over, args) if part is not None)
                known = function.name in _ELEMENTWISE.get(target.place.dtype.kind, ())
                return Apply(function, parts, x.dtype) if known and len(parts) == len(args) else None
            case Const():
                return x
        return None

    value = over(statement.value)
    return None if value is None else Store(target.place, outer, value)


def _ones(x: Load) -> int:
    """How many axes of length 1 an element's index ends with."""
    count = 0
    while count < len(x.index) and x.index[-1 - count] == Const(0, None) and x.place.shape[-1 - count] == 1:
        count += 1
    return count


def _outer(x: Load, indices: Sequence[Load], counts: Sequence[int]) -> tuple[Expr, ...] | None:
    """The index without the last axes, if these are walked from end to end by the innermost loops."""
    end = len(x.index) - _ones(x)
    size = 0
    while size < min(end, len(indices)) and x.index[end - 1 - size] == indices[len(indices) - 1 - size]:
        size += 1
    walked = x.place.shape[end - size : end] == tuple(counts[len(counts) - size :])
    left = x.index[: end - size]
    return left if walked and not any(part in indices for i in left for part in inside(i)) else None
