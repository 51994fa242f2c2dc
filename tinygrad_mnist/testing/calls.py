"""Declared operations turned into calls to check: the operation, and how to draw its operands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.tensor import wrap
from ..kinds import Loop
from ..primitive import Array, Case, Composite, Primitive, Shape, told_by_numbers
from .samples import distinct


class Call(NamedTuple):
    """An operation with everything but its operands.

    Attributes:
        name: for messages.
        function: of as many operands as there are `kinds`.
        shapes: of the operands.
        kinds: per operand "real", "bool", or how many integers from 0 there are to draw from.
        domain: of real operands.
        differentiable: whether there is a derivative to check.
        fixed_dtype: the parameters and not the operands determine the dtype of the result.
        infer: as `Primitive.infer` without parameters, or None.
    """

    name: str
    function: Callable[..., Any]
    shapes: tuple[Shape, ...]
    kinds: tuple[Any, ...]
    domain: tuple[float, float]
    differentiable: bool
    fixed_dtype: bool
    infer: Callable[..., Any] | None


def primitive_call(primitive: Primitive, case: tuple[Any, ...]) -> Call:
    """A primitive with the parameters of one of its cases."""
    arity = primitive.arity
    shapes, kinds = [], []
    for given, rule in zip(case[:arity], primitive.vjps, strict=True):
        indices = bool(given) and isinstance(given[0], tuple)
        shapes.append(given[0] if indices else given)
        # among elementwise operations only a condition has no derivative where another operand has one
        condition = isinstance(primitive.kind, Loop) and primitive.differentiable and rule is None
        kinds.append(given[1] if indices else "bool" if condition else "real")
    params = case[arity:]
    return Call(
        f"{primitive.name}{case}",
        lambda *operands: primitive(*operands, *params) if operands else wrap(primitive(*params)),
        tuple(shapes),
        tuple(kinds),
        primitive.domain,
        primitive.differentiable,
        any(isinstance(x, np.dtype) for x in params),
        None if primitive.infer is told_by_numbers else lambda *operands: primitive.infer(*operands, *params),
    )


def composite_call(composite: Composite, case: Case) -> Call:
    """A composite with the keywords of one of its cases."""
    f, (shapes, keywords) = composite.function, case

    def function(*operands: Any) -> Any:
        return f(list(operands), **keywords) if composite.sequence else f(*operands, **keywords)

    kinds, name = ("real",) * len(shapes), f"{f.__name__}{shapes}{keywords}"
    return Call(name, function, shapes, kinds, composite.domain, composite.differentiable, False, None)


def draw(call: Call, rng: np.random.Generator) -> list[Array]:
    """Random operands, no two real values of which are close."""
    real_shapes = [shape for shape, kind in zip(call.shapes, call.kinds, strict=True) if kind == "real"]
    real = iter(distinct(real_shapes, call.domain, rng))

    def operand(shape: Shape, kind: Any) -> Array:
        if kind == "real":
            return next(real)
        return np.asarray(rng.random(shape) < 0.5 if kind == "bool" else rng.integers(0, kind, shape))

    return [operand(shape, kind) for shape, kind in zip(call.shapes, call.kinds, strict=True)]
