"""Functions from functions, with `torch.func`'s names and arguments; see `tg.grad` and its kin for ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from . import ops
from .core import autodiff
from .core.hints import missing
from .core.tensor import Tensor, wrap
from .describing import complete as _complete
from .nn import Module

Argnums = int | tuple[int, ...]


def grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives the gradient of `func` by its argument `argnums`, or by several.

    With `has_aux`, func gives (number, anything), and the result is (gradient, anything).
    """
    both = grad_and_value(func, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def grad_and_value(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """As `grad`, giving the pair (gradient, what func gives)."""

    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        kept: list[Any] = []

        def number(*inner: Any, **more: Any) -> Any:
            if not has_aux:
                return func(*inner, **more)
            value, aux = func(*inner, **more)
            kept.append(aux)
            return value

        value, found = autodiff.value_and_grad(number, argnums)(*args, **kwargs)
        return found, ((value, kept[-1]) if has_aux else value)

    return both


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """(func(*primals), pull[, aux]): `pull` takes cotangents, and gives a tuple of the primals'."""
    kept: list[Any] = []

    def function(*inner: Any) -> Any:
        if not has_aux:
            return func(*inner)
        value, aux = func(*inner)
        kept.append(aux)
        return value

    value, pull = autodiff.vjp(function, *primals)

    def pulled(*cotangents: Any) -> Any:
        return pull(cotangents[0] if len(cotangents) == 1 else cotangents)

    return (value, pulled, kept[-1]) if has_aux else (value, pulled)


def jvp(
    func: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """(func(*primals), its derivative in the direction of the tangents[, aux])."""
    if not has_aux:
        return autodiff.jvp(func, primals, tangents)
    kept: list[Any] = []

    def function(*inner: Any) -> Any:
        value, aux = func(*inner)
        kept.append(aux)
        return value

    return (*autodiff.jvp(function, primals, tangents), kept[-1])


def jacrev(func: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives all derivatives of `func`, a row for each element of its value.

    A Tensor of the value with shape s and an argument of shape t give a Tensor of shape (*s, *t).
    """

    def rows(*args: Any, **kwargs: Any) -> Any:
        kept: list[Any] = []

        def function(chosen: Any) -> Any:
            value = func(*_put(args, argnums, chosen), **kwargs)
            if has_aux:
                value, aux = value
                kept.append(aux)
            return value

        found = autodiff.jacobian(function)(_chosen(args, argnums))
        return (found, kept[-1]) if has_aux else found

    return rows


def jacfwd(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """As `jacrev`, computed a column for each element of the argument: for functions of few numbers."""
    if not isinstance(argnums, int) or has_aux:
        return jacrev(func, argnums, has_aux=has_aux)

    def columns(*args: Any, **kwargs: Any) -> Any:
        x = args[argnums]
        if not isinstance(x, Tensor):
            return jacrev(func, argnums)(*args, **kwargs)

        def function(inner: Any) -> Any:
            return func(*_put(args, argnums, inner), **kwargs)

        found = []
        for i in range(x.array.size):
            direction = np.zeros(x.array.size, x.dtype)
            direction[i] = 1
            value, column = autodiff.jvp(function, (x,), (wrap(direction.reshape(x.shape)),))
            if not isinstance(value, Tensor):
                return jacrev(func, argnums)(*args, **kwargs)
            found.append(column)
        if not found:
            return jacrev(func, argnums)(*args, **kwargs)
        return ops.reshape(ops.stack(found, -1), (*found[0].shape, *x.shape))

    return columns


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that gives all second derivatives of `func`."""
    return jacrev(jacrev(func, argnums), argnums)


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other parameters and buffers, by their names, in place of its own.

    Args:
        module: stays as it is.
        parameter_and_buffer_dicts: a dict of Tensors by dotted name, or several; their
            shapes and dtypes are those of the ones they replace.
        args: the arguments, a tuple; or the only one.
        kwargs: arguments by name.
        tie_weights: whether a parameter under two names is replaced under both.
        strict: whether every parameter and buffer has to be given.

    Raises KeyError for a name that is not there, or with `strict` one that is missing.
    """
    given = (
        [parameter_and_buffer_dicts]
        if isinstance(parameter_and_buffer_dicts, Mapping)
        else parameter_and_buffer_dicts
    )
    values = {name: x for part in given for name, x in part.items()}
    with _replaced(module, values, tie_weights, strict):
        positional = () if args is None else args if isinstance(args, tuple) else (args,)
        return module(*positional, **(kwargs or {}))


@contextmanager
def _replaced(module: Module, values: Mapping[str, Tensor], tie: bool, strict: bool) -> Iterator[None]:
    known = module.state_dict(keep_vars=True)
    known |= dict(module.named_buffers())
    unknown = [name for name in values if name not in known]
    missing = [name for name in known if name not in values] if strict else []
    if unknown or missing:
        parts = [f"no parameter or buffer {', '.join(unknown)}"] if unknown else []
        parts += [f"missing {', '.join(missing)}"] if missing else []
        raise KeyError(f"functional_call: {type(module).__name__}: {'; '.join(parts)}")
    new = dict(values)
    if tie:
        by_id = {id(known[name]): x for name, x in values.items()}
        new |= {name: by_id[id(x)] for name, x in known.items() if id(x) in by_id and name not in values}
    before = []
    for name, x in new.items():
        owner, _, attribute = name.rpartition(".")
        place = vars(module.get_submodule(owner))
        before.append((place, attribute, place[attribute]))
        place[attribute] = x
    try:
        yield
    finally:
        for place, attribute, x in reversed(before):
            place[attribute] = x


def vmap(*_: Any, **__: Any) -> NoReturn:
    """NotImplementedError: there is no vmap, see docs/vmap.md."""
    raise NotImplementedError(
        "there is no vmap here (docs/vmap.md says why): operations take leading axes as they are; what "
        "remains is a "
        "loop, which tg.jit(f).scan(xs) runs in native code, once for each entry of the leading axis"
    )


def _chosen(args: tuple[Any, ...], argnums: Argnums) -> Any:
    return tuple(args[i] for i in argnums) if isinstance(argnums, tuple) else args[argnums]


def _put(args: tuple[Any, ...], argnums: Argnums, chosen: Any) -> list[Any]:
    places = argnums if isinstance(argnums, tuple) else (argnums,)
    inner = list(args)
    for i, x in zip(places, chosen if isinstance(argnums, tuple) else (chosen,), strict=True):
        inner[i] = x
    return inner


__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "vjp", "vmap"]

_complete("func", __all__, globals())


def __getattr__(name: str) -> NoReturn:
    raise missing("func", name, lambda: __all__)
