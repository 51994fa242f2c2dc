"""The eager calls: what applies a primitive to Tensors at once, chosen where it is declared.

`Tensor.bind` takes any operands, under any interpreter. Most calls are of one or two Tensors where there are
numbers, and to those a primitive of as many operands is applied by a function of its own, which asks for
nothing that its declaration has said. Microseconds of a whole call on 4 x 4 numbers, with it and by `bind`
(for `@`, by `ops.matmul`), measured in turn:

    unary     exp    0.45, 0.54
    binary    a * b  0.63, 0.69   a * 2.0  0.87, 0.94
    matrices  a @ b  0.59, 1.18   the same recorded  0.95, 1.66
    viewing   permute  0.66, 0.93
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import REGISTRY, Operand, Primitive
from .interpreter import EAGER, interpreter
from .one_number import NUMBERS
from .tape import Node, clock, recording

Call = Callable[..., Any]


def unary(primitive: Primitive) -> Call:
    """(x, *params)."""

    def call(x: Any, *params: Any) -> Any:
        if not isinstance(x, Node) or interpreter.get() is not EAGER:
            return bound(primitive, (x, *params))
        out = _new(_Tensor)
        data = primitive.run(x.array, *params) if params else primitive.run(x.array)
        out.array = np.asarray(data) if isinstance(data, _generic) else data
        if x.requires_grad:
            record(out, primitive, (x, *params))
        return out

    return call


def binary(primitive: Primitive) -> Call:
    """(a, b, *params); b may be one of Python's numbers."""

    def call(a: Any, b: Any, *params: Any) -> Any:
        if not isinstance(a, Node) or interpreter.get() is not EAGER:
            return bound(primitive, (a, b, *params))
        tracked, y = a.requires_grad, b
        if isinstance(b, Node):
            tracked, y = tracked or b.requires_grad, b.array
        elif b.__class__ not in NUMBERS:
            return bound(primitive, (a, b, *params))
        out = _new(_Tensor)
        data = primitive.run(a.array, y, *params) if params else primitive.run(a.array, y)
        out.array = np.asarray(data) if isinstance(data, _generic) else data
        if tracked:
            record(out, primitive, (a, b, *params))
        return out

    return call


def matrices(primitive: Primitive, otherwise: Call) -> Call:
    """(a, b), of at least two axes each; others, and what is no Tensor, are left to `otherwise`."""

    def call(a: Any, b: Any) -> Any:
        if not isinstance(b, Node) or interpreter.get() is not EAGER:
            return otherwise(a, b)
        x, y = a.array, b.array
        if x.ndim < 2 or y.ndim < 2:
            return otherwise(a, b)
        out = _new(_Tensor)
        out.array = primitive.run(x, y)
        if a.requires_grad or b.requires_grad:
            record(out, primitive, (a, b))
        return out

    return call


def viewing(primitive: Primitive) -> Call:
    """(x, *params), where the result shares the elements of x."""

    def call(x: Any, *params: Any) -> Any:
        if not isinstance(x, Node) or interpreter.get() is not EAGER:
            return bound(primitive, (x, *params))
        data = primitive.run(x.array, *params)
        out = _view(x, primitive, params)
        out.array = data
        if x.requires_grad:
            record(out, primitive, (x, *params))
        return out

    return call


def method(primitive: Primitive) -> Call:
    """The eager call of a primitive as a method."""
    call = primitive.eager
    assert call is not None
    call.__name__ = call.__qualname__ = primitive.name
    call.__doc__ = primitive.__doc__
    return call


def bound(primitive: Primitive, args: tuple[Any, ...]) -> Any:
    """What the first operand that is no plain array makes of the call."""
    for x in args:
        if isinstance(x, Operand):
            return x.bind(primitive, args)
    return primitive.run(*args)


def record(out: Any, primitive: Primitive, args: tuple[Any, ...]) -> None:
    """Put a result on the tape, if it has a derivative and recording is on."""
    if primitive.differentiable and recording.get() and out.array.dtype.kind == "f":
        out.requires_grad = True
        out.primitive, out.args, out.number = primitive, args, next(clock)


def give(tensor: type, view: Callable[..., Any]) -> None:
    """Say what class results are of, and what makes a view: (of what, primitive, params)."""
    global _Tensor, _view
    _Tensor, _view = tensor, view


def choose(primitive: Primitive) -> Call | None:
    """The eager call of a primitive; None for one that is best bound."""
    form = viewing if primitive.aliases else {1: unary, 2: binary}.get(primitive.arity)
    return form and form(primitive)


Primitive.choose = staticmethod(choose)
for _primitive in REGISTRY.values():
    _primitive.eager = choose(_primitive)

_new, _generic = object.__new__, np.generic
_Tensor: Any
_view: Any
