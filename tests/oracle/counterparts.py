"""What PyTorch and JAX call our operations: functions of the operands and the parameters of a case.

Operations that are not listed are looked for under their own name, with `axis` and `keepdims` under the
names the library has for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special
import numpy as np
import torch
import torch.nn.functional as F

jax.config.update("jax_enable_x64", True)

Function = Callable[..., Any]

#: Operations that neither library has: what they compute is ours to define, and other tests pin it down.
OURS_ALONE = {"uniform", "normal", "positions", "alias", "place"}


def slices(ranges: Any) -> tuple[slice, ...]:
    return tuple(slice(start, start + (n - 1) * step + 1 if n else start, step) for start, n, step in ranges)


def torch_place(x: Any, shape: Any, ranges: Any, value: float) -> Any:
    out = torch.full(shape, value, dtype=x.dtype)
    out[slices(ranges)] = x
    return out


def torch_take(x: Any, index: Any, axis: int) -> Any:
    shape = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
    return torch.index_select(x, axis, index.reshape(-1)).reshape(shape)


def torch_scatter_add(x: Any, index: Any, axis: int, size: int) -> Any:
    shape = (*x.shape[:axis], index.numel(), *x.shape[axis + index.ndim :])
    out = torch.zeros((*shape[:axis], size, *shape[axis + 1 :]), dtype=x.dtype)
    return out.index_add(axis, index.reshape(-1), x.reshape(shape))


def torch_prod(x: Any, axes: Any, keepdims: bool) -> Any:
    for axis in sorted(axes, reverse=True):
        x = torch.prod(x, axis, keepdim=keepdims)
    return x


def jax_scatter_add(x: Any, index: Any, axis: int, size: int) -> Any:
    shape = (*x.shape[:axis], size, *x.shape[axis + index.ndim :])
    return jnp.zeros(shape, x.dtype).at[(slice(None),) * axis + (index,)].add(x)


def dtype_of(library: Any, dtype: Any) -> Any:
    return getattr(library, np.dtype(dtype).name)


TORCH: dict[str, Function] = {
    "div": torch.true_divide,
    "softplus": lambda x: F.softplus(x, threshold=100),  # torch's own threshold of 20 is an approximation
    "cast": lambda x, dtype: x.to(dtype_of(torch, dtype)),
    "permute": torch.permute,
    "expand": lambda x, shape: x.expand(shape),
    "slice": lambda x, ranges: x[slices(ranges)],
    "pad": torch_place,
    "flip": torch.flip,
    "fill": lambda value, shape, dtype: torch.full(shape, value, dtype=dtype_of(torch, dtype)),
    "detach": torch.detach,
    "sum": lambda x, axes, keepdims: torch.sum(x, axes, keepdim=keepdims),
    "prod": torch_prod,
    "max": lambda x, axes, keepdims: torch.amax(x, axes, keepdim=keepdims),
    "min": lambda x, axes, keepdims: torch.amin(x, axes, keepdim=keepdims),
    "argmax": lambda x, axis, keepdims: torch.argmax(x, axis, keepdim=keepdims),
    "argmin": lambda x, axis, keepdims: torch.argmin(x, axis, keepdim=keepdims),
    "linear": F.linear,
    "take": torch_take,
    "scatter_add": torch_scatter_add,
    "softmax": lambda x, axis=-1: torch.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
    "logsumexp": lambda x, axis=None, keepdims=False: torch.logsumexp(
        x, tuple(range(x.ndim)) if axis is None else axis, keepdim=keepdims
    ),
    "norm": lambda x, ord=2, axis=None, keepdims=False: torch.linalg.vector_norm(
        x, ord, axis, keepdim=keepdims
    ),
}
JAX: dict[str, Function] = {
    "div": jnp.true_divide,
    "sub": jnp.subtract,
    "mul": jnp.multiply,
    "neg": jnp.negative,
    "where": jnp.where,
    "cast": lambda x, dtype: x.astype(dtype),
    "permute": jnp.transpose,
    "expand": jnp.broadcast_to,
    "slice": lambda x, ranges: x[slices(ranges)],
    "pad": lambda x, shape, ranges, value: jnp.full(shape, value, x.dtype).at[slices(ranges)].set(x),
    "fill": lambda value, shape, dtype: jnp.full(shape, value, dtype),
    "detach": jax.lax.stop_gradient,
    "eq": jnp.equal,
    "ne": jnp.not_equal,
    "lt": jnp.less,
    "le": jnp.less_equal,
    "gt": jnp.greater,
    "ge": jnp.greater_equal,
    "sum": lambda x, axes, keepdims: jnp.sum(x, axes, keepdims=keepdims),
    "prod": lambda x, axes, keepdims: jnp.prod(x, axes, keepdims=keepdims),
    "max": lambda x, axes, keepdims: jnp.max(x, axes, keepdims=keepdims),
    "min": lambda x, axes, keepdims: jnp.min(x, axes, keepdims=keepdims),
    "argmax": lambda x, axis, keepdims: jnp.argmax(x, axis, keepdims=keepdims),
    "argmin": lambda x, axis, keepdims: jnp.argmin(x, axis, keepdims=keepdims),
    "linear": lambda x, w, b: x @ w.T + b,
    "take": lambda x, index, axis: jnp.take(x, index, axis),
    "scatter_add": jax_scatter_add,
    "gelu": lambda x, approximate="none": jax.nn.gelu(x, approximate=approximate == "tanh"),
    "clamp": lambda x, min=None, max=None: jnp.clip(x, min, max),
    "tril": lambda x, diagonal=0: jnp.tril(x, diagonal),
    "triu": lambda x, diagonal=0: jnp.triu(x, diagonal),
    "var": lambda x, axis=None, keepdims=False, correction=1: jnp.var(
        x, axis, keepdims=keepdims, ddof=correction
    ),
    "std": lambda x, axis=None, keepdims=False, correction=1: jnp.std(
        x, axis, keepdims=keepdims, ddof=correction
    ),
    "logsumexp": lambda x, axis=None, keepdims=False: jax.scipy.special.logsumexp(x, axis, keepdims=keepdims),
    "norm": lambda x, ord=2, axis=None, keepdims=False: jnp.linalg.vector_norm(
        x, ord=ord, axis=axis, keepdims=keepdims
    ),
}
PLACES: dict[str, tuple[Any, ...]] = {
    "torch": (torch, F, torch.special, torch.linalg),
    "jax": (jnp, jax.nn, jax.scipy.special, jnp.linalg, jax.lax),
}
WORDS = {"torch": {"axis": "dim", "keepdims": "keepdim"}, "jax": {}}
LISTED = {"torch": TORCH, "jax": JAX}
VERSIONS = {"torch": torch.__version__.split("+")[0], "jax": jax.__version__}


def counterpart(library: str, name: str) -> Function | None:
    """What a library has for an operation, or None."""
    if name in OURS_ALONE:
        return None
    if name in LISTED[library]:
        return LISTED[library][name]
    for place in PLACES[library]:
        found = getattr(place, name, None)
        if callable(found):
            words = WORDS[library]
            return lambda *args, **options: found(*args, **{words.get(k, k): v for k, v in options.items()})
    return None


# Running them ---------------------------------------------------------------------------------------


def torch_run(f: Function, operands: list[Any], cotangent: Any) -> list[Any]:
    """The value, and the cotangents of the float operands, by PyTorch."""
    given = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in operands]
    free = [x for x in given if x.requires_grad]
    y = f(*given)
    if not y.requires_grad:
        return [y.numpy(), *(np.zeros(x.shape) for x in free)]
    grads = torch.autograd.grad(y, free, torch.tensor(cotangent), allow_unused=True)
    return [y.detach().numpy(), *(np.zeros(x.shape) if g is None else g.numpy() for g, x in zip(grads, free))]


def jax_run(f: Function, operands: list[Any], cotangent: Any) -> list[Any]:
    """The value, and the cotangents of the float operands, by JAX."""
    free = [jnp.asarray(x) for x in operands if x.dtype.kind == "f"]

    def of(*xs: Any) -> Any:
        rest = iter(xs)
        return f(*(next(rest) if x.dtype.kind == "f" else jnp.asarray(x) for x in operands))

    y = of(*free)
    if not free or y.dtype.kind != "f":
        return [np.asarray(y), *(np.zeros(x.shape) for x in free)]
    y, pull = jax.vjp(of, *free)
    return [np.asarray(g) for g in (y, *pull(jnp.asarray(cotangent, y.dtype)))]


RUN = {"torch": torch_run, "jax": jax_run}

#: Zeros, infinities, NaN, numbers that tie, numbers whose exponentials and squares overflow in float32.
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, 1.0, -1.0, 0.5, 2.0, 80.0, -80.0, 1e30]
#: Numbers that are subnormal in float32. JAX's CPU code takes them for zeros, so it is spared them.
SUBNORMAL = {"torch": [3e-42, -3e-42], "jax": []}
