"""Derivatives of functions: gradients, products with Jacobians, Hessians, to any order.

Each function here differentiates with respect to fresh variables of its own, so calls nest:
`grad(lambda x: x * grad(lambda y: x * y)(x))(3.0)` is 6. Arguments and results are Tensors, or
tuples, lists and dicts of them, nested; arrays and Python numbers among the arguments become
Tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..errors import ShapeError
from ..ops.views import alias
from .tape import ancestors, pull_back, set_recording
from .tensor import Tensor, filled, wrap
from .tree import Tree, flatten

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Tree]:
    """The function that gives the gradient of `f`, a function with one number as its value.

    Args:
        f: gives a Tensor with a single element.
        argnums: the positional argument to differentiate with respect to, or several.

    Returns:
        A function of the same arguments; its result has the structure and shapes of the argument
        (a tuple of such for several). Raises ShapeError if f gives more than one number.
    """
    both = value_and_grad(f, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0
) -> Callable[..., tuple[Tensor, Tree]]:
    """As `grad`, giving the pair (value of f, gradient) at the price of the gradient."""

    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Tensor, Tree]:
        places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        variables, rebuild = _variables(tuple(args[i] for i in places))
        inner = list(args)
        for i, arg in zip(places, rebuild(variables), strict=True):
            inner[i] = arg
        with set_recording(True):
            y = f(*inner, **kwargs)
            _check_one_number("grad", y)
            record = _reaches_outside([y], variables)
            gradients = rebuild(_pull([y], [_ones_like(y)], variables, record=record, free=not record))
        return _result(y, record), gradients[0] if isinstance(argnums, int) else gradients

    return value_and_gradient


def vjp(f: Callable[..., Any], *primals: Tree) -> tuple[Tree, Callable[[Tree], tuple[Tree, ...]]]:
    """f at `primals`, and the function from cotangents of its value to cotangents of the primals.

    Returns:
        (f(*primals), pull) where pull takes a tree like f's value and gives a tuple of trees like
        the primals: the cotangent times the Jacobian. `pull` may be called more than once.
    """
    variables, rebuild = _variables(primals)
    with set_recording(True):
        outputs, rebuild_output = flatten(f(*rebuild(variables)))

    def pull(cotangent: Tree) -> tuple[Tree, ...]:
        seeds, _ = flatten(cotangent)
        _check_like("vjp: the cotangents", seeds, outputs)
        with set_recording(True):
            record = _reaches_outside([*outputs, *seeds], variables)
            pulled: tuple[Tree, ...] = rebuild(_pull(outputs, seeds, variables, record=record))
        return pulled

    record = _reaches_outside(outputs, variables)
    return rebuild_output([_result(y, record) for y in outputs]), pull


def jvp(f: Callable[..., Any], primals: Sequence[Tree], tangents: Sequence[Tree]) -> tuple[Tree, Tree]:
    """f at `primals` and its derivative in the direction `tangents`: the Jacobian times the tangents.

    Computed by pulling back twice: the pullback is linear in its cotangent, and the derivative
    of that linear map is the wanted product (the "double-vjp trick", Townsend 2017).

    Returns:
        (f(*primals), tangent), both with the structure of f's value.
    """
    variables, rebuild = _variables(tuple(primals))
    directions, _ = flatten(tuple(tangents))
    _check_like("jvp: the tangents", directions, variables)
    with set_recording(True):
        outputs, rebuild_output = flatten(f(*rebuild(variables)))
        record = _reaches_outside([*outputs, *directions], variables)
        dummies = [filled(0.0, y.shape, y.dtype).requires_grad_(y.dtype.kind == "f") for y in outputs]
        pulled = _pull(outputs, dummies, variables, record=True)
        result = _pull(pulled, directions, dummies, record=record)
    return rebuild_output([_result(y, record) for y in outputs]), rebuild_output(result)


def hvp(f: Callable[..., Any], primals: Sequence[Tree], tangents: Sequence[Tree]) -> tuple[Tree, ...]:
    """The Hessian of `f`, a function with one number as its value, times `tangents`.

    Costs about two gradients; the Hessian is never formed.

    Returns:
        A tuple of trees like the primals.
    """
    variables, rebuild = _variables(tuple(primals))
    directions, _ = flatten(tuple(tangents))
    _check_like("hvp: the tangents", directions, variables)
    with set_recording(True):
        y = f(*rebuild(variables))
        _check_one_number("hvp", y)
        record = _reaches_outside([y, *directions], variables)
        gradient = _pull([y], [_ones_like(y)], variables, record=True)
        product: tuple[Tree, ...] = rebuild(_pull(gradient, directions, variables, record=record))
    return product


def jacobian(f: Callable[..., Any]) -> Callable[..., Tree]:
    """The function that gives all derivatives of `f` with respect to its first argument.

    Returns:
        A function of the same arguments. For each Tensor of f's value a tree like the argument,
        whose Tensors have the value's shape followed by the argument's.
    """

    def all_derivatives(*args: Any, **kwargs: Any) -> Tree:
        variables, rebuild = _variables(args[0])
        with set_recording(True):
            outputs, rebuild_output = flatten(f(rebuild(variables), *args[1:], **kwargs))
            record = _reaches_outside(outputs, variables)
            result = []
            for y in outputs:
                rows = []
                for i in range(y.numel()):
                    seed = np.zeros(y.numel(), y.dtype)
                    seed[i] = 1
                    rows.append(_pull([y], [wrap(seed.reshape(y.shape))], variables, record=record))
                blocks = [
                    ops.reshape(ops.stack([row[k] for row in rows]), (*y.shape, *x.shape))
                    if rows
                    else filled(0.0, (*y.shape, *x.shape), x.dtype)
                    for k, x in enumerate(variables)
                ]
                result.append(rebuild(blocks))
        return rebuild_output(result)

    return all_derivatives


def hessian(f: Callable[..., Any]) -> Callable[..., Tree]:
    """The function that gives all second derivatives of `f` with respect to its first argument.

    `f` has one number as its value. For a Tensor argument of shape s the result has shape
    (*s, *s); for a tree of them it is a tree of trees.
    """
    return jacobian(grad(f))


# Inside -----------------------------------------------------------------------------------------


def _variables(tree: Tree) -> tuple[list[Tensor], Callable[[Sequence[Any]], Tree]]:
    """A fresh variable for every Tensor of a tree; one already on the tape stays connected to it."""
    leaves, rebuild = flatten(tree)
    with set_recording(True):
        return [alias(x).requires_grad_() for x in leaves], rebuild


def _reaches_outside(nodes: Sequence[Tensor], variables: Sequence[Tensor]) -> bool:
    """Whether a derivative may yet be asked with respect to something besides the variables."""
    own = {id(x) for x in variables}
    return any(x.primitive is not None for x in variables) or any(
        node.primitive is None and id(node) not in own for node in ancestors(nodes, variables)
    )


def _pull(
    outputs: Sequence[Tensor],
    cotangents: Sequence[Tensor],
    variables: Sequence[Tensor],
    *,
    record: bool,
    free: bool = False,
) -> list[Tensor]:
    """Cotangents of the variables, zeros where the outputs do not depend on one."""
    tracked = [(y, g) for y, g in zip(outputs, cotangents, strict=True) if y.requires_grad]
    with set_recording(record):
        found = pull_back(
            [y for y, _ in tracked], [g for _, g in tracked], variables, record=record, free=free
        )
    by_id = {id(x): g if isinstance(g, Tensor) else wrap(g) for x, g in found}
    return [by_id[id(x)] if id(x) in by_id else filled(0.0, x.shape, x.dtype) for x in variables]


def _ones_like(y: Tensor) -> Tensor:
    return filled(1.0, y.shape, y.dtype)


def _result(y: Tensor, record: bool) -> Tensor:
    """A value handed out: with its graph only if that leads somewhere outside."""
    return y if record else wrap(y.array)


def _check_one_number(what: str, y: Any) -> None:
    if not isinstance(y, Tensor) or y.numel() != 1:
        got = f"shape {y.shape}" if isinstance(y, Tensor) else type(y).__name__
        raise ShapeError(
            f"{what}: the function must give a Tensor with one element, not {got}; "
            "reduce it with .sum() or .mean(), or use vjp or jacobian"
        )


def _check_like(what: str, given: Sequence[Tensor], wanted: Sequence[Tensor]) -> None:
    shapes, expected = [x.shape for x in given], [x.shape for x in wanted]
    if shapes != expected:
        raise ShapeError(f"{what} must have the shapes {expected}, not {shapes}")
