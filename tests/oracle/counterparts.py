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

#: Ordinary operands where random ones will not do.
MATRICES = {
    "cholesky": np.array([[2.0, 1.0, 0.3], [1.0, 3.0, -0.5], [0.3, -0.5, 1.5]]),
    "eigh": np.array([[2.0, 1.0, 0.3], [1.0, -3.0, -0.5], [0.3, -0.5, 0.5]]),
    "svd": np.array([[2.0, 1.0], [1.0, -3.0], [0.3, -0.5]]),
}

#: Operations that neither library has: what they compute is ours to define, and other tests pin it down.
OURS_ALONE = {
    "uniform",
    "normal",
    "positions",
    "alias",
    "windows",
    "cofactors",
    "sigmoid_pull",
    "tanh_pull",
    "quadratic_cost",
}


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


def padded_by_torch(x: Any, widths: Any, mode: str) -> Any:
    flat = widths if isinstance(widths[0], int) else [n for pair in reversed(widths) for n in pair]
    channels = F.pad(x[None, None], [*flat, *[0] * (4 - len(flat))], mode)  # takes nothing less
    return channels[0, 0]


def padded_by_jax(x: Any, widths: Any, mode: str) -> Any:
    pairs = ((0, 0), widths) if isinstance(widths[0], int) else widths
    return jnp.pad(x, pairs, mode={"reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode])


def side_by_side(library: Any) -> Any:
    return torch.cat if library is torch else jnp.concatenate


def slogdet(library: Any, x: Any) -> Any:
    return library.stack([*library.linalg.slogdet(x)], -1)


def pointing(library: Any, vectors: Any, here: Any) -> Any:
    """1 or -1 for each column: what turns it the way that NumPy's points, for either is right."""
    here = here.astype(f"float{8 * vectors.dtype.itemsize}")
    return library.sign((vectors * library.asarray(here)).sum(-2))


def eigh(library: Any, x: Any) -> Any:
    values, vectors = library.linalg.eigh(x)
    vectors = vectors * pointing(library, vectors, np.linalg.eigh(MATRICES["eigh"])[1])
    return side_by_side(library)([values[..., None, :], vectors], -2)


def qr(library: Any, x: Any) -> Any:
    q, r = library.linalg.qr(x)
    return side_by_side(library)([q.swapaxes(-1, -2), r], -1)


def svd(library: Any, x: Any) -> Any:
    u, s, vh = library.linalg.svd(x, full_matrices=False)
    matrix = MATRICES["svd"] if x.shape[-2] > x.shape[-1] else MATRICES["svd"].T
    turned = pointing(library, u, np.linalg.svd(matrix, full_matrices=False)[0])
    return side_by_side(library)(
        [(u * turned).swapaxes(-1, -2), s[..., :, None], vh * turned[..., :, None]], -1
    )


def median_of_torch(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    return torch.median(x) if axis is None else torch.median(x, axis, keepdim=keepdims).values


def embedded_by_torch(weight: Any, index: Any) -> Any:
    return F.embedding(index, weight)


def beginning(src: Any, index: Any) -> Any:
    return src[tuple(slice(n) for n in index.shape)]


def lanes(x: Any, axis: int, index: Any) -> tuple[Any, ...]:
    """Where each position of a gather or scatter points."""
    at = list(np.indices(index.shape))
    at[axis] = index
    return tuple(at)


def convolved_by_jax(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    n = weight.ndim - 2
    several = lambda v: (v,) * n if isinstance(v, int) else tuple(v)
    images = x if x.ndim == weight.ndim else x[None]
    y = jax.lax.conv_general_dilated(
        images,
        weight,
        several(stride),
        [(p, p) for p in several(padding)],
        rhs_dilation=several(dilation),
        feature_group_count=groups,
    )
    y = y if bias is None else y + bias.reshape(-1, *(1,) * n)
    return y if x.ndim == weight.ndim else y[0]


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
    "convolution": lambda x, w, stride, dilation, groups: F.conv2d(x, w, None, stride, 0, dilation, groups),
    "convolution_input": lambda y, w, size, stride, dilation, groups: torch.nn.grad.conv2d_input(
        (len(y), w.shape[1] * groups, *size), w, y, stride, 0, dilation, groups
    ),
    "convolution_weight": lambda y, x, taps, stride, dilation, groups: torch.nn.grad.conv2d_weight(
        x, (y.shape[1], x.shape[1] // groups, *taps), y, stride, 0, dilation, groups
    ),
    "take": torch_take,
    "scatter_add": torch_scatter_add,
    "cross_entropy_of_rows": lambda x, classes: F.cross_entropy(x, classes, reduction="none"),
    "softmax": lambda x, axis=-1: torch.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
    "logsumexp": lambda x, axis=None, keepdims=False: torch.logsumexp(
        x, tuple(range(x.ndim)) if axis is None else axis, keepdim=keepdims
    ),
    "norm": lambda x, ord=2, axis=None, keepdims=False: torch.linalg.vector_norm(
        x, ord, axis, keepdim=keepdims
    ),
    "argsort": lambda x, axis: torch.argsort(x, dim=axis, stable=True),
    "slogdet": lambda x: slogdet(torch, x),
    "solve": torch.linalg.solve,
    "inv": torch.linalg.inv,
    "cholesky": torch.linalg.cholesky,
    "eigh": lambda x: eigh(torch, x),
    "qr": lambda x: qr(torch, x),
    "svd": lambda x: svd(torch, x),
    "floor_divide": lambda a, b: torch.floor_divide(a.detach(), b.detach()),  # which has no derivative
    "pad composite": padded_by_torch,
    "scatter_add composite": lambda x, src, axis, index: torch.scatter_add(
        x, axis, index % x.shape[axis], beginning(src, index)
    ),
    "scatter": lambda x, src, axis, index: torch.scatter(
        x, axis, index % x.shape[axis], beginning(src, index)
    ),
    "gather": lambda x, axis, index: torch.gather(x, axis, index % x.shape[axis]),
    "take_along_axis": lambda x, index, axis: torch.take_along_dim(x, index, axis),
    "diag_embed": lambda x, offset=0, axis1=-2, axis2=-1: torch.diag_embed(x, offset, axis1, axis2),
    "roll": lambda x, shifts, axis=None: torch.roll(x, shifts, axis),
    "rot90": lambda x, k=1, axes=(0, 1): torch.rot90(x, k, axes),
    "repeat": lambda x, times: x.repeat(times),
    "tile": lambda x, times: torch.tile(x, times),
    "repeat_interleave": lambda x, repeats, axis=None: torch.repeat_interleave(
        x, torch.tensor(repeats), dim=axis
    ),
    "diagonal": lambda x, offset=0, axis1=0, axis2=1: torch.diagonal(x, offset, axis1, axis2),
    "diag": lambda x, offset=0: torch.diag(x, offset),
    "transpose": lambda x, axis0=-2, axis1=-1: torch.transpose(x, axis0, axis1),
    "flatten": lambda x, start_axis=0, end_axis=-1: torch.flatten(x, start_axis, end_axis),
    "movedim": lambda x, source, destination: torch.movedim(x, source, destination),
    "squeeze": lambda x, axis=None: torch.squeeze(x) if axis is None else torch.squeeze(x, axis),
    "meshgrid": lambda *xs, indexing="ij": torch.meshgrid(*xs, indexing=indexing)[1],
    "unbind": lambda x, axis: torch.unbind(x, axis)[1],
    "chunk": lambda x, chunks: torch.chunk(x, chunks)[1],
    "split": lambda x, size: torch.split(x, size)[2],
    "one_hot": lambda x, num_classes: F.one_hot(x.detach().long(), num_classes),
    "bitwise_not": lambda x: torch.bitwise_not(x < 0),
    "any": lambda x, axis=None, keepdims=False: torch.any(x != 0, axis, keepdims),
    "all": lambda x, axis=None, keepdims=False: torch.all(x != 0, axis, keepdims),
    "kthvalue": lambda x, k, axis=-1, keepdims=False: torch.kthvalue(x, k, axis, keepdims).values,
    "threshold": lambda x, threshold=0.0, value=0.0: F.threshold(x, threshold, value),
    "embedding": embedded_by_torch,
    "unfold": lambda x, axis, size, step: x.unfold(axis, size, step),
    "im2col": F.unfold,
    "cummax": lambda x, axis: torch.cummax(x, axis).values,
    "cummin": lambda x, axis: torch.cummin(x, axis).values,
    "sort": lambda x, axis=-1, descending=False: (
        torch.sort(x, dim=axis, descending=descending, stable=True).values
    ),
    "topk": lambda x, k: torch.topk(x, k).values,
    "median": median_of_torch,
    "einsum": lambda a, b, equation: torch.einsum(equation, a, b),
    "tensordot": lambda a, b, axes: torch.tensordot(a, b, axes),
    "layer_norm": lambda x, *rest, normalized_shape: F.layer_norm(x, _tuple(normalized_shape), *rest),
    "rms_norm": lambda x, *rest, normalized_shape: F.rms_norm(x, _tuple(normalized_shape), *rest),
    "group_norm": lambda x, *rest, num_groups: F.group_norm(x, num_groups, *rest),
    "batch_norm": lambda x, weight, bias: F.batch_norm(x, None, None, weight, bias, training=True),
    "cross_entropy": lambda x, target, ignore_index=-100, **options: F.cross_entropy(
        x, target, ignore_index=ignore_index, **options
    ),
    "nll_loss": lambda x, target, ignore_index=-100, **options: F.nll_loss(
        x, target, ignore_index=ignore_index, **options
    ),
    "gaussian_nll_loss": lambda x, var, target, full: F.gaussian_nll_loss(x, target, var, full),
}


def _tuple(value: Any) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


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
    "cross_entropy_of_rows": lambda x, classes: -jax.nn.log_softmax(x)[jnp.arange(len(x)), classes],
    "logsumexp": lambda x, axis=None, keepdims=False: jax.scipy.special.logsumexp(x, axis, keepdims=keepdims),
    "norm": lambda x, ord=2, axis=None, keepdims=False: jnp.linalg.vector_norm(
        x, ord=ord, axis=axis, keepdims=keepdims
    ),
    "argsort": lambda x, axis: jnp.argsort(x, axis, stable=True),
    "slogdet": lambda x: slogdet(jnp, x),
    "eigh": lambda x: eigh(jnp, x),
    "qr": lambda x: qr(jnp, x),
    "svd": lambda x: svd(jnp, x),
    "pad composite": padded_by_jax,
    "scatter_add composite": lambda x, src, axis, index: x.at[lanes(x, axis, index)].add(
        beginning(src, index)
    ),
    "scatter": None,  # which of several written to one place counts is not said
    "gather": lambda x, axis, index: x[lanes(x, axis, index)],
    "take_along_axis": lambda x, index, axis: jnp.take_along_axis(x, index, axis),
    "roll": lambda x, shifts, axis=None: jnp.roll(x, shifts, axis),
    "repeat": lambda x, times: jnp.tile(x, times),
    "tile": lambda x, times: jnp.tile(x, times),
    "repeat_interleave": lambda x, repeats, axis=None: jnp.repeat(x, np.array(repeats), axis),
    "diag": lambda x, offset=0: jnp.diag(x, offset),
    "transpose": lambda x, axis0=-2, axis1=-1: jnp.swapaxes(x, axis0, axis1),
    "movedim": lambda x, source, destination: jnp.moveaxis(x, source, destination),
    "unsqueeze": lambda x, axis: jnp.expand_dims(x, axis),
    "squeeze": lambda x, axis=None: jnp.squeeze(x, axis),
    "flatten": lambda x, start_axis: x.reshape(*x.shape[:start_axis], -1),
    "meshgrid": lambda *xs, indexing="ij": jnp.meshgrid(*xs, indexing=indexing)[1],
    "unbind": lambda x, axis: jnp.moveaxis(x, axis, 0)[1],
    "split": None,
    "one_hot": lambda x, num_classes: jax.nn.one_hot(x.astype(int), num_classes, dtype=jnp.float32),
    "bitwise_not": lambda x: jnp.bitwise_not(x < 0),
    "index_select": lambda x, axis, index: jnp.take(x, index, axis),
    "masked_fill": lambda x, mask, value: jnp.where(mask, value, x),
    "masked_select": lambda x, mask: x[np.broadcast_to(mask, x.shape)],
    "embedding": lambda weight, index: weight[index],
    "sort": lambda x, axis=-1, descending=False: jnp.sort(x, axis, descending=descending),
    "topk": lambda x, k: jax.lax.top_k(x, k)[0],
    "kl_div": None,  # SciPy's is something else
    "median": None,  # of an even number the mean of the middle two
    "cummax": lambda x, axis: jax.lax.cummax(x, axis),
    "cummin": lambda x, axis: jax.lax.cummin(x, axis),
    "logcumsumexp": lambda x, axis: jax.lax.cumlogsumexp(x, axis),
    "hardtanh": jax.nn.hard_tanh,
    "hardsigmoid": jax.nn.hard_sigmoid,
    "hardswish": jax.nn.hard_silu,
    "logsigmoid": jax.nn.log_sigmoid,
    "softsign": jax.nn.soft_sign,
    "bmm": jnp.matmul,
    "einsum": lambda a, b, equation: jnp.einsum(equation, a, b),
    "convolution": lambda x, w, stride, dilation, groups: convolved_by_jax(
        x, w, None, stride, 0, dilation, groups
    ),
    "convolution_input": None,
    "convolution_weight": None,
    "conv1d": convolved_by_jax,
    "conv2d": convolved_by_jax,
    "mse_loss": lambda x, target: jnp.mean((x - target.astype(x.dtype)) ** 2),
    "l1_loss": lambda x, target: jnp.mean(jnp.abs(x - target.astype(x.dtype))),
}
PLACES: dict[str, tuple[Any, ...]] = {
    "torch": (F, torch, torch.special, torch.linalg),
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
        return _with_arrays(library, LISTED[library][name])
    for place in PLACES[library]:
        found = getattr(place, name, None)
        if callable(found):
            return _with_arrays(library, _renamed(found, WORDS[library]))
    return None


def _renamed(function: Function, words: dict[str, str]) -> Function:
    return lambda *args, **options: function(*args, **{words.get(k, k): v for k, v in options.items()})


def _with_arrays(library: str, f: Function | None) -> Function | None:
    """The function with NumPy arrays among its keywords as PyTorch's, floats in the dtype of the operands."""
    if f is None or library != "torch":
        return f

    def called(*args: Any, **options: Any) -> Any:
        for name, value in options.items():
            if isinstance(value, np.ndarray):
                tensor = torch.from_numpy(value)
                options[name] = tensor.to(args[0].dtype) if tensor.dtype.is_floating_point else tensor
        return f(*args, **options)

    return called


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

#: Composites of two operands that are elementwise, besides the primitives of kind "loop".
PAIRS = {"logaddexp", "hypot", "atan2", "xlogy", "fmod"}
