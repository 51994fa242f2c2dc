"""Statements and expressions with other loads in the place of theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .loops import Apply, Array, Between, Call, Expr, For, Load, Select, Share, Stmt, Store


def changed(x: Expr, change: Callable[[Load], Expr]) -> Expr:
    """An expression with other loads."""
    match x:
        case Load(place=place, index=index):
            return change(Load(place, tuple(changed(i, change) for i in index)))
        case Apply(args=args):
            return replace(x, args=tuple(changed(a, change) for a in args))
        case Select(condition=condition, yes=yes, no=no):
            return Select(*(changed(a, change) for a in (condition, yes, no)))
    return x


def each(statement: Stmt, change: Callable[[Load], Expr]) -> Stmt:
    """A statement with other loads; what it stores to changes as a load of it would."""
    match statement:
        case Store(place=place, index=index, value=value):
            target = changed(Load(place, index), change)
            assert isinstance(target, Load)
            return Store(target.place, target.index, changed(value, change))
        case For(count=count, body=body):
            if isinstance(count, Between):
                count = Between(*(changed(x, change) for x in count))
            elif not isinstance(count, int | Share):
                count = changed(count, change)
            return replace(statement, count=count, body=tuple(each(s, change) for s in body))
        case Call(args=args):
            return replace(statement, args=tuple(_argument(x, change) for x in args))
    return statement


def _argument(x: Array | Share | Expr, change: Callable[[Load], Expr]) -> Array | Share | Expr:
    if isinstance(x, Share):
        return x
    if isinstance(x, Array):
        return replace(x, index=tuple(None if i is None else changed(i, change) for i in x.index))
    return changed(x, change)


def raises(x: Expr) -> bool:
    """Whether computing this, once its parts are, may be an error."""
    return isinstance(x, Apply) and x.function.module not in ("", "numpy")
