"""Derivatives of a function at given inputs, with the names and arguments of `torch.autograd.functional`.

`inputs` is a Tensor or a tuple of them, and so is what the function gives; results are nested accordingly.
`create_graph`, `strict`, `vectorize` and the like change nothing: results have a graph where inputs have one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core import autodiff


def _spread(func: Callable[..., Any], inputs: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function of one tuple, and the inputs as one."""
    if isinstance(inputs, tuple):
        return (lambda given: func(*given)), inputs
    return (lambda given: func(given[0])), (inputs,)


def _like(inputs: Any, found: tuple[Any, ...]) -> Any:
    return found if isinstance(inputs, tuple) else found[0]


def jacobian(func: Callable[..., Any], inputs: Any, *_: Any, **__: Any) -> Any:
    """All derivatives: for each result, for each input, a Tensor of both shapes."""
    of_tuple, given = _spread(func, inputs)
    found = autodiff.jacobian(of_tuple)(given)
    if isinstance(inputs, tuple):
        return found
    several = isinstance(found, tuple) and bool(found) and isinstance(found[0], tuple)
    return tuple(row[0] for row in found) if several else found[0]


def hessian(func: Callable[..., Any], inputs: Any, *_: Any, **__: Any) -> Any:
    """All second derivatives of a function that gives one number."""
    of_tuple, given = _spread(func, inputs)
    found = autodiff.hessian(of_tuple)(given)
    return found if isinstance(inputs, tuple) else found[0][0]


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, *_: Any, **__: Any) -> tuple[Any, Any]:
    """(func(*inputs), v times the Jacobian); v may be left out where func gives one number."""
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    value, pull = autodiff.vjp(func, *given)
    return value, _like(inputs, pull(value.detach() * 0 + 1 if v is None else v))


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, *_: Any, **__: Any) -> tuple[Any, Any]:
    """(func(*inputs), the Jacobian times v); v may be left out where there is one input of one number."""
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    moved = tuple(x.detach() * 0 + 1 for x in given) if v is None else v if isinstance(v, tuple) else (v,)
    return autodiff.jvp(func, given, moved)


def hvp(func: Callable[..., Any], inputs: Any, v: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
    """(func(*inputs), the Hessian times v), of a function that gives one number."""
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    found = autodiff.hvp(func, given, v if isinstance(v, tuple) else (v,))
    return func(*given), _like(inputs, found)


vhp = hvp  # the Hessian is symmetric

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]
