"""Functions of tensors under PyTorch's names, its other names for them, and the dtypes."""

import builtins
import math
from typing import Any

import numpy as np

from ..ops import factored, linalg
from .device import Device
from .tensor import Tensor

# isort: off
# fmt: off
from ..ops import (
    abs, acos, acosh, add, addbmm, addcdiv, addcmul, addmm, addmv, addr, adjoint, all, allclose,
    amax, amin, aminmax, any, argmax, argmin, argsort, argwhere, asin, asinh, atan, atanh,
    atleast_1d, atleast_2d, atleast_3d, baddbmm, bincount, bitwise_not, block_diag, bmm,
    broadcast_tensors, broadcast_to, bucketize, cartesian_prod, cdist, ceil, chain_matmul, chunk,
    clamp, column_stack, combinations, corrcoef, cos, cosh, cosine_similarity, count_nonzero, cov,
    cross, cummax, cummin, cumprod, cumsum, cumulative_trapezoid, deg2rad, diag, diag_embed,
    diagflat, diagonal, diff, dist, div, dot, dsplit, dstack, equal, erf, erfc, exp, exp2, expm1,
    flatten, flip, fliplr, flipud, floor, floor_divide, frac, gather, histc, hsplit, hstack,
    index_add, index_copy, index_fill, index_select, inner, isclose, isfinite, isin, isinf, isnan,
    isneginf, isposinf, kron, kthvalue, lerp, log, log10, log1p, log2, log_softmax, logcumsumexp, logdet,
    logical_not, logit, logsumexp, masked_fill, masked_scatter, masked_select, matmul, matrix_power,
    mean, median, mm, mode, movedim, msort, mul, mv, nan_to_num, nanmean, nanmedian, nansum, narrow,
    neg, nonzero, norm, outer, permute, positive, prod, quantile, rad2deg, ravel, reciprocal, relu,
    repeat_interleave, reshape, roll, rot90, round, rsqrt, scatter, scatter_add, scatter_reduce,
    searchsorted, select, select_scatter, sigmoid, sign, signbit, sin, sinc, sinh, softmax, sort,
    split, sqrt, square, squeeze, std, std_mean, sub, sum, swapaxes, t, take, take_along_dim, tan,
    tanh, tensor_split, tensordot, tile, topk, trace, transpose, trapezoid, tril, triu, true_divide,
    trunc, unbind, unflatten, unique, unique_consecutive, unsqueeze, vander, var, var_mean, view_as,
    vsplit, vstack,
)
from .of_tensors import (
    atan2, bitwise_and, bitwise_left_shift, bitwise_or, bitwise_right_shift, bitwise_xor, clamp_max,
    clamp_min, copysign, eq, float_power, fmax, fmin, fmod, ge, gt, heaviside, hypot, le, logaddexp,
    logical_and, logical_or, logical_xor, lt, max, maximum, min, minimum, ne, pow, remainder, rsub,
    xlogy,
)
# fmt: on
# isort: on

# PyTorch's other names for the same operations
absolute = abs
arccos = acos
arccosh = acosh
arcsin = asin
arcsinh = asinh
arctan = atan
arctan2 = atan2
arctanh = atanh
clip = clamp
divide = div
fix = trunc
greater = gt
greater_equal = ge
less = lt
less_equal = le
moveaxis = movedim
multiply = mul
negative = neg
not_equal = ne
sgn = sign
subtract = sub
swapdims = swapaxes
ger = outer
row_stack = vstack
trapz = trapezoid
vdot = dot

# of matrices
det, inverse, slogdet, pinverse = linalg.det, linalg.inv, linalg.slogdet, factored.pinv

# dtypes are NumPy's
dtype, finfo, iinfo = np.dtype, np.finfo, np.iinfo
float32 = np.dtype("float32")
float64 = np.dtype("float64")
int8 = np.dtype("int8")
int16 = np.dtype("int16")
int32 = np.dtype("int32")
int64 = np.dtype("int64")
uint8 = np.dtype("uint8")
bool = np.dtype("bool")
float, double, int, long, short = float32, float64, int32, int64, int16
inf, nan, pi, e, newaxis = math.inf, math.nan, math.pi, math.e, None
device, strided = Device, "strided"
# how numbers lie in memory: taken where PyTorch takes it, and nothing comes of it
preserve_format, contiguous_format, channels_last = "preserve_format", "contiguous_format", "channels_last"


def is_floating_point(input: Tensor) -> builtins.bool:
    """Whether the elements are floats."""
    return input.is_floating_point()


def is_complex(input: Tensor) -> builtins.bool:
    """False: there are no complex numbers here."""
    return False


def get_default_dtype() -> np.dtype[Any]:
    """float32."""
    return float32


# fmt: off
__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "add",
    "addbmm",
    "addcdiv",
    "addcmul",
    "addmm",
    "addmv",
    "addr",
    "adjoint",
    "all",
    "allclose",
    "amax",
    "amin",
    "aminmax",
    "any",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "argsort",
    "argwhere",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "baddbmm",
    "bincount",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "block_diag",
    "bmm",
    "bool",
    "broadcast_tensors",
    "broadcast_to",
    "bucketize",
    "cartesian_prod",
    "cdist",
    "ceil",
    "chain_matmul",
    "channels_last",
    "chunk",
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "column_stack",
    "combinations",
    "contiguous_format",
    "copysign",
    "corrcoef",
    "cos",
    "cosh",
    "cosine_similarity",
    "count_nonzero",
    "cov",
    "cross",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "deg2rad",
    "det",
    "device",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "diff",
    "dist",
    "div",
    "divide",
    "dot",
    "double",
    "dsplit",
    "dstack",
    "dtype",
    "e",
    "eq",
    "equal",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "finfo",
    "fix",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "float",
    "float32",
    "float64",
    "float_power",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "gather",
    "ge",
    "ger",
    "get_default_dtype",
    "greater",
    "greater_equal",
    "gt",
    "heaviside",
    "histc",
    "hsplit",
    "hstack",
    "hypot",
    "iinfo",
    "index_add",
    "index_copy",
    "index_fill",
    "index_select",
    "inf",
    "inner",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "inverse",
    "is_complex",
    "is_floating_point",
    "isclose",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "kron",
    "kthvalue",
    "le",
    "lerp",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logaddexp",
    "logcumsumexp",
    "logdet",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logit",
    "logsumexp",
    "long",
    "lt",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "matmul",
    "matrix_power",
    "max",
    "maximum",
    "mean",
    "median",
    "min",
    "minimum",
    "mm",
    "mode",
    "moveaxis",
    "movedim",
    "msort",
    "mul",
    "multiply",
    "mv",
    "nan",
    "nan_to_num",
    "nanmean",
    "nanmedian",
    "nansum",
    "narrow",
    "ne",
    "neg",
    "negative",
    "newaxis",
    "nonzero",
    "norm",
    "not_equal",
    "outer",
    "permute",
    "pi",
    "pinverse",
    "positive",
    "pow",
    "preserve_format",
    "prod",
    "quantile",
    "rad2deg",
    "ravel",
    "reciprocal",
    "relu",
    "remainder",
    "repeat_interleave",
    "reshape",
    "roll",
    "rot90",
    "round",
    "row_stack",
    "rsqrt",
    "rsub",
    "scatter",
    "scatter_add",
    "scatter_reduce",
    "searchsorted",
    "select",
    "select_scatter",
    "sgn",
    "short",
    "sigmoid",
    "sign",
    "signbit",
    "sin",
    "sinc",
    "sinh",
    "slogdet",
    "softmax",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "std",
    "std_mean",
    "strided",
    "sub",
    "subtract",
    "sum",
    "swapaxes",
    "swapdims",
    "t",
    "take",
    "take_along_dim",
    "tan",
    "tanh",
    "tensor_split",
    "tensordot",
    "tile",
    "topk",
    "trace",
    "transpose",
    "trapezoid",
    "trapz",
    "tril",
    "triu",
    "true_divide",
    "trunc",
    "uint8",
    "unbind",
    "unflatten",
    "unique",
    "unique_consecutive",
    "unsqueeze",
    "vander",
    "var",
    "var_mean",
    "vdot",
    "view_as",
    "vsplit",
    "vstack",
    "xlogy",
]
# fmt: on
