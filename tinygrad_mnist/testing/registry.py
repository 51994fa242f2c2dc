"""Checks of what the package declares: primitives and composites, each on the cases it comes with."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.autodiff import vjp
from ..core.tensor import Tensor, wrap
from ..kinds import Loop
from ..primitive import REGISTRY, Array, Composite, Primitive, Shape
from .calls import Call, composite_call, draw, primitive_call
from .errors import GradcheckError, KinkError
from .flat import gradient_of_weighted_sum
from .gradcheck import Report, gradcheck
from .rules import Function
from .samples import elementwise_shapes, layouts

__all__ = ["check_composite", "check_primitive"]

ATTEMPTS = 8

#: The primitives of this package: all that are declared by the time it is imported.
OWN = frozenset(REGISTRY)


def check_primitive(primitive: Primitive, *, order: int = 2) -> Report:
    """Run a primitive on its `cases` (an elementwise one without any: on generated shapes).

    With distinct random values in its `domain`: derivatives up to `order` against differences, `infer`
    against the result, operands unchanged, float32 in and out, and all of it the same for operands
    that are not contiguous. Values at which there is a kink are drawn anew.

    Raises:
        GradcheckError: (an AssertionError) if any of that is wrong, or there are no cases.
    """
    cases = primitive.cases
    if not cases and isinstance(primitive.kind, Loop):
        cases = tuple(elementwise_shapes(primitive.arity))
    if not cases:
        raise GradcheckError(f"{primitive.name}: declares no cases, so nothing can be checked")
    return _merged([_check(primitive_call(primitive, case), order) for case in cases])


def check_composite(composite: Composite, *, order: int = 2) -> Report:
    """Run a composite on its `cases`, as `check_primitive` does.

    Raises:
        GradcheckError: (an AssertionError) if anything is wrong, or there are no cases.
    """
    if not composite.cases:
        raise GradcheckError(f"{composite.function.__name__}: declares no cases, so nothing can be checked")
    return _merged([_check(composite_call(composite, case), order) for case in composite.cases])


def _check(call: Call, order: int) -> Report:
    rng = np.random.default_rng(zlib.crc32(call.name.encode()))
    for redrawn in range(ATTEMPTS - 1):
        try:
            return _check_at(call, draw(call, rng), order)._replace(redrawn=redrawn)
        except KinkError:
            continue  # other values
    return _check_at(call, draw(call, rng), order)._replace(redrawn=ATTEMPTS - 1)


def _check_at(call: Call, operands: Sequence[Array], order: int) -> Report:
    _check_values(call, operands)
    _check_float32(call, operands)
    if not call.differentiable:
        return Report(0.0, 0, 0)
    try:
        report = gradcheck(
            lambda *xs: _applied(call, operands, xs),
            [wrap(x) for x in operands if x.dtype.kind == "f"],
            order=order,
        )
    except GradcheckError as error:
        raise GradcheckError(f"{call.name}: {error}", error.disagreement) from None
    _check_layouts(call, operands, order)
    return report


def _check_layouts(call: Call, operands: Sequence[Array], order: int) -> None:
    """Derivatives that were found right for contiguous operands are the same for all others."""
    expected: list[Array] = []
    for variant in _variants(operands):
        found = _derivatives(lambda *xs, fixed=variant: _applied(call, fixed, xs), variant, order)
        for x, y in zip(expected, found):
            if not np.allclose(x, y, rtol=1e-9, atol=1e-11):
                raise GradcheckError(f"{call.name}: other derivatives for operands that are not contiguous")
        expected = expected or found


def _derivatives(f: Function, operands: Sequence[Array], order: int) -> list[Array]:
    """Gradients of a random weighted sum of f, gradients of one of these, and so on."""
    rng = np.random.default_rng(0)
    xs = [wrap(x) for x in operands if x.dtype.kind == "f"]
    outputs, found = [f(*xs)], list[Array]()
    for _ in range(order):
        f = gradient_of_weighted_sum(f, [rng.standard_normal(y.shape) for y in outputs], len(xs))
        outputs = f(*xs)
        found += [y.numpy() for y in outputs]
    return found


def _variants(operands: Sequence[Array]) -> list[tuple[Array, ...]]:
    """The operands in every layout that is different for one of them; without operands, one call."""
    found = {
        tuple(x.strides for x in variant): variant for variant in zip(*map(layouts, operands), strict=True)
    }
    return list(found.values()) or [()]


def _applied(call: Call, operands: Sequence[Array], xs: Sequence[Any]) -> Any:
    """The call with its real operands replaced by `xs`."""
    rest = iter(xs)
    return call.function(*(next(rest) if x.dtype.kind == "f" else wrap(x) for x in operands))


def _check_values(call: Call, operands: Sequence[Array]) -> None:
    """Result as inferred and the same for every layout; operands unchanged; no graph without a derivative."""
    expected = call.function(*map(Tensor, operands))
    for variant in _variants(operands):
        tensors = [wrap(x) for x in variant]
        for x in tensors:
            x.requires_grad_(x.dtype.kind == "f")
        result = call.function(*tensors)
        _check_inferred(call, operands, result)
        if not np.allclose(result.numpy(), expected.numpy(), rtol=1e-12, atol=1e-14):
            raise GradcheckError(f"{call.name}: gives other values for operands that are not contiguous")
        if any(not np.array_equal(x, old) for x, old in zip(variant, operands, strict=True)):
            raise GradcheckError(f"{call.name}: changes its operands")
        if result.requires_grad and not call.differentiable:
            raise GradcheckError(f"{call.name}: has no derivative, but its result claims to")


class _Described(NamedTuple):
    """What `infer` may look at."""

    shape: Shape
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        return len(self.shape)


def _check_inferred(call: Call, operands: Sequence[Array], result: Any) -> None:
    if call.infer is None:
        return
    inferred = call.infer(*(_Described(x.shape, x.dtype) for x in operands))
    if inferred != (result.shape, result.dtype):
        found = (result.shape, result.dtype)
        raise GradcheckError(f"{call.name}: infer says {inferred}, the result is {found}")


def _check_float32(call: Call, operands: Sequence[Array]) -> None:
    """float32 operands give a float32 result and float32 gradients."""
    single = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in operands]
    result = call.function(*map(Tensor, single))
    _check_inferred(call, single, result)
    if result.dtype == np.float64 and not call.fixed_dtype:
        raise GradcheckError(f"{call.name}: float32 operands give a float64 result")
    if not call.differentiable:
        return
    y, pull = vjp(lambda *xs: _applied(call, single, xs), *(Tensor(x) for x in single if x.dtype.kind == "f"))
    for k, g in enumerate(pull(wrap(np.ones(y.shape, y.dtype)))):
        if g.dtype != np.float32 or not np.isfinite(g.numpy()).all():
            raise GradcheckError(f"{call.name}: the gradient of float32 operand {k} is {g.dtype} {g.numpy()}")


def _merged(reports: Sequence[Report]) -> Report:
    return Report(
        max(r.worst for r in reports),
        sum(r.entries for r in reports),
        max(r.order for r in reports),
        len(reports),
        sum(r.redrawn for r in reports),
    )
