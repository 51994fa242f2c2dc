"""The methods of a Tensor that are the operations: one object each, under the names that PyTorch has for it.

`Methods[Tensor]` is the Tensor's base: what it takes from here gives Tensors, and the class itself keeps
to what a Tensor is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

from .. import ops
from ..ops.extremes import Picked
from .eager import method
from .tape import Node

_T = TypeVar("_T")

#: An operation whose first operand is the tensor itself.
Method: TypeAlias = Callable[..., _T]


def _spread(function: Callable[..., Any], none: Any = ()) -> Callable[..., Any]:
    """A method that takes numbers one by one where the operation takes a sequence; `none` stands for none."""

    @functools.wraps(function)
    def method(self: Any, *numbers: Any, **keywords: Any) -> Any:
        if not numbers:
            return function(self, **keywords) if keywords else function(self, none)
        one = numbers[0]
        given = numbers if len(numbers) > 1 or hasattr(one, "__index__") else one
        return function(self, given, **keywords)

    return method


class Methods(Node, Generic[_T]):
    """Operations as methods that give values of type _T; each is described where the operation is."""

    # Elementwise ------------------------------------------------------------------------------

    cos: Method[_T] = method(ops.cos)
    erf: Method[_T] = method(ops.erf)
    exp: Method[_T] = method(ops.exp)
    expm1: Method[_T] = method(ops.expm1)
    log: Method[_T] = method(ops.log)
    log1p: Method[_T] = method(ops.log1p)
    sigmoid: Method[_T] = method(ops.sigmoid)
    sin: Method[_T] = method(ops.sin)
    tanh: Method[_T] = method(ops.tanh)
    abs: Method[_T] = method(ops.abs)
    absolute: Method[_T] = method(ops.abs)
    acos: Method[_T] = ops.acos
    arccos: Method[_T] = ops.acos
    acosh: Method[_T] = ops.acosh
    arccosh: Method[_T] = ops.acosh
    asin: Method[_T] = ops.asin
    arcsin: Method[_T] = ops.asin
    asinh: Method[_T] = ops.asinh
    arcsinh: Method[_T] = ops.asinh
    atan: Method[_T] = method(ops.atan)
    arctan: Method[_T] = method(ops.atan)
    atanh: Method[_T] = ops.atanh
    arctanh: Method[_T] = ops.atanh
    ceil: Method[_T] = ops.ceil
    celu: Method[_T] = ops.celu
    clamp: Method[_T] = ops.clamp
    clip: Method[_T] = ops.clamp
    clamp_max: Method[_T] = ops.clamp_max
    clamp_min: Method[_T] = ops.clamp_min
    copysign: Method[_T] = ops.copysign
    cosh: Method[_T] = ops.cosh
    deg2rad: Method[_T] = ops.deg2rad
    digamma: Method[_T] = ops.digamma
    elu: Method[_T] = ops.elu
    erfc: Method[_T] = ops.erfc
    erfinv: Method[_T] = ops.erfinv
    exp2: Method[_T] = ops.exp2
    fix: Method[_T] = ops.trunc
    floor: Method[_T] = ops.floor
    frac: Method[_T] = ops.frac
    gelu: Method[_T] = ops.gelu
    heaviside: Method[_T] = ops.heaviside
    hypot: Method[_T] = ops.hypot
    isclose: Method[_T] = ops.isclose
    isfinite: Method[_T] = ops.isfinite
    isinf: Method[_T] = ops.isinf
    isnan: Method[_T] = ops.isnan
    isneginf: Method[_T] = ops.isneginf
    isposinf: Method[_T] = ops.isposinf
    leaky_relu: Method[_T] = ops.leaky_relu
    lerp: Method[_T] = ops.lerp
    lgamma: Method[_T] = ops.lgamma
    log10: Method[_T] = ops.log10
    log2: Method[_T] = ops.log2
    logaddexp: Method[_T] = ops.logaddexp
    logit: Method[_T] = ops.logit
    nan_to_num: Method[_T] = ops.nan_to_num
    neg: Method[_T] = method(ops.neg)
    negative: Method[_T] = method(ops.neg)
    positive: Method[_T] = ops.positive
    rad2deg: Method[_T] = ops.rad2deg
    reciprocal: Method[_T] = ops.reciprocal
    relu: Method[_T] = method(ops.relu)
    round: Method[_T] = ops.round
    rsqrt: Method[_T] = ops.rsqrt
    sign: Method[_T] = method(ops.sign)
    sgn: Method[_T] = method(ops.sign)
    signbit: Method[_T] = ops.signbit
    silu: Method[_T] = ops.silu
    sinc: Method[_T] = ops.sinc
    sinh: Method[_T] = ops.sinh
    softplus: Method[_T] = method(ops.softplus)
    sqrt: Method[_T] = method(ops.sqrt)
    square: Method[_T] = method(ops.square)
    tan: Method[_T] = ops.tan
    trunc: Method[_T] = ops.trunc
    xlogy: Method[_T] = ops.xlogy
    fmax: Method[_T] = ops.fmax
    fmin: Method[_T] = ops.fmin
    maximum: Method[_T] = method(ops.maximum)
    minimum: Method[_T] = method(ops.minimum)
    atan2: Method[_T] = ops.atan2
    arctan2: Method[_T] = ops.atan2

    # Arithmetic -------------------------------------------------------------------------------
    add: Method[_T] = ops.add
    addcdiv: Method[_T] = ops.addcdiv
    addcmul: Method[_T] = ops.addcmul
    cross: Method[_T] = ops.cross
    div: Method[_T] = ops.div
    divide: Method[_T] = ops.div
    dist: Method[_T] = ops.dist
    float_power: Method[_T] = ops.float_power
    floor_divide: Method[_T] = method(ops.floor_divide)
    fmod: Method[_T] = ops.fmod
    mul: Method[_T] = ops.mul
    multiply: Method[_T] = ops.mul
    remainder: Method[_T] = method(ops.remainder)
    rsub: Method[_T] = ops.rsub
    sub: Method[_T] = ops.sub
    subtract: Method[_T] = ops.sub
    true_divide: Method[_T] = ops.true_divide

    # Comparison and logic ---------------------------------------------------------------------
    all: Method[_T] = ops.all
    allclose: Method[bool] = ops.allclose
    any: Method[_T] = ops.any
    bitwise_and: Method[_T] = method(ops.bitwise_and)
    bitwise_left_shift: Method[_T] = ops.bitwise_left_shift
    bitwise_not: Method[_T] = ops.bitwise_not
    bitwise_or: Method[_T] = method(ops.bitwise_or)
    bitwise_right_shift: Method[_T] = ops.bitwise_right_shift
    bitwise_xor: Method[_T] = method(ops.bitwise_xor)
    eq: Method[_T] = method(ops.eq)
    equal: Method[bool] = ops.equal
    ge: Method[_T] = method(ops.ge)
    greater: Method[_T] = method(ops.gt)
    greater_equal: Method[_T] = method(ops.ge)
    gt: Method[_T] = method(ops.gt)
    isin: Method[_T] = ops.isin
    le: Method[_T] = method(ops.le)
    less: Method[_T] = method(ops.lt)
    less_equal: Method[_T] = method(ops.le)
    logical_and: Method[_T] = ops.logical_and
    logical_not: Method[_T] = ops.logical_not
    logical_or: Method[_T] = ops.logical_or
    logical_xor: Method[_T] = ops.logical_xor
    lt: Method[_T] = method(ops.lt)
    ne: Method[_T] = method(ops.ne)
    not_equal: Method[_T] = method(ops.ne)

    # Shapes -----------------------------------------------------------------------------------
    adjoint: Method[_T] = ops.adjoint
    broadcast_to: Method[_T] = ops.broadcast_to
    chunk: Method[tuple[_T, ...]] = ops.chunk
    diag: Method[_T] = ops.diag
    diag_embed: Method[_T] = ops.diag_embed
    diagflat: Method[_T] = ops.diagflat
    diagonal: Method[_T] = ops.diagonal
    diff: Method[_T] = ops.diff
    dsplit: Method[tuple[_T, ...]] = ops.dsplit
    expand_as: Method[_T] = ops.expand_as
    fliplr: Method[_T] = ops.fliplr
    flipud: Method[_T] = ops.flipud
    hsplit: Method[tuple[_T, ...]] = ops.hsplit
    moveaxis: Method[_T] = ops.movedim
    movedim: Method[_T] = ops.movedim
    narrow: Method[_T] = ops.narrow
    ravel: Method[_T] = ops.ravel
    repeat_interleave: Method[_T] = ops.repeat_interleave
    roll: Method[_T] = ops.roll
    rot90: Method[_T] = ops.rot90
    select: Method[_T] = ops.select
    split: Method[tuple[_T, ...]] = ops.split
    squeeze: Method[_T] = ops.squeeze
    swapaxes: Method[_T] = ops.swapaxes
    swapdims: Method[_T] = ops.swapaxes
    t: Method[_T] = ops.t
    tensor_split: Method[tuple[_T, ...]] = ops.tensor_split
    trace: Method[_T] = ops.trace
    transpose: Method[_T] = ops.transpose
    tril: Method[_T] = ops.tril
    triu: Method[_T] = ops.triu
    unbind: Method[tuple[_T, ...]] = ops.unbind
    unflatten: Method[_T] = ops.unflatten
    unfold: Method[_T] = ops.unfold
    unsqueeze: Method[_T] = ops.unsqueeze
    view_as: Method[_T] = ops.view_as
    vsplit: Method[tuple[_T, ...]] = ops.vsplit
    flatten: Method[_T] = ops.flatten

    # Reductions -------------------------------------------------------------------------------
    amax: Method[_T] = ops.amax
    amin: Method[_T] = ops.amin
    aminmax: Method[Any] = ops.aminmax
    argmax: Method[_T] = ops.argmax
    argmin: Method[_T] = ops.argmin
    corrcoef: Method[_T] = ops.corrcoef
    count_nonzero: Method[_T] = ops.count_nonzero
    cov: Method[_T] = ops.cov
    logsumexp: Method[_T] = ops.logsumexp
    max: Method[Any] = ops.max
    mean: Method[_T] = ops.mean
    median: Method[Any] = ops.median
    min: Method[Any] = ops.min
    mode: Method[Picked] = ops.mode
    nanmean: Method[_T] = ops.nanmean
    nanmedian: Method[Any] = ops.nanmedian
    nansum: Method[_T] = ops.nansum
    norm: Method[_T] = ops.norm
    prod: Method[_T] = ops.prod
    quantile: Method[_T] = ops.quantile
    std: Method[_T] = ops.std
    sum: Method[_T] = ops.sum
    var: Method[_T] = ops.var
    log_softmax: Method[_T] = ops.log_softmax
    softmax: Method[_T] = ops.softmax

    # Elements at positions --------------------------------------------------------------------
    argwhere: Method[_T] = ops.argwhere
    bincount: Method[_T] = ops.bincount
    gather: Method[_T] = ops.gather
    histc: Method[_T] = ops.histc
    index_add: Method[_T] = ops.index_add
    index_copy: Method[_T] = ops.index_copy
    index_fill: Method[_T] = ops.index_fill
    index_select: Method[_T] = ops.index_select
    masked_fill: Method[_T] = ops.masked_fill
    masked_scatter: Method[_T] = ops.masked_scatter
    masked_select: Method[_T] = ops.masked_select
    nonzero: Method[Any] = ops.nonzero
    scatter: Method[_T] = ops.scatter
    scatter_add: Method[_T] = ops.scatter_add
    scatter_reduce: Method[_T] = ops.scatter_reduce
    select_scatter: Method[_T] = ops.select_scatter
    take: Method[_T] = ops.take
    take_along_axis: Method[_T] = ops.take_along_axis
    take_along_dim: Method[_T] = ops.take_along_dim
    unique: Method[Any] = ops.unique
    unique_consecutive: Method[Any] = ops.unique_consecutive

    # Order and running totals -----------------------------------------------------------------
    argsort: Method[_T] = ops.argsort
    cummax: Method[Picked] = ops.cummax
    cummin: Method[Picked] = ops.cummin
    cumprod: Method[_T] = ops.cumprod
    cumsum: Method[_T] = ops.cumsum
    kthvalue: Method[Picked] = ops.kthvalue
    logcumsumexp: Method[_T] = ops.logcumsumexp
    sort: Method[Picked] = ops.sort
    topk: Method[Picked] = ops.topk

    # Products ---------------------------------------------------------------------------------
    addbmm: Method[_T] = ops.addbmm
    addmm: Method[_T] = ops.addmm
    addmv: Method[_T] = ops.addmv
    addr: Method[_T] = ops.addr
    baddbmm: Method[_T] = ops.baddbmm
    bmm: Method[_T] = ops.bmm
    dot: Method[_T] = ops.dot
    inner: Method[_T] = ops.inner
    kron: Method[_T] = ops.kron
    matrix_power: Method[_T] = ops.matrix_power
    det: Method[_T] = method(ops.linalg.det)
    inverse: Method[_T] = method(ops.linalg.inv)
    logdet: Method[_T] = ops.logdet
    msort: Method[_T] = ops.msort
    pinverse: Method[_T] = ops.linalg.pinv
    mm: Method[_T] = ops.mm
    mv: Method[_T] = ops.mv
    outer: Method[_T] = ops.outer
    tensordot: Method[_T] = ops.tensordot

    # Lengths and axes one by one or in one tuple ------------------------------------------------

    expand: Method[_T] = _spread(ops.expand)
    flip: Method[_T] = _spread(ops.flip, None)
    permute: Method[_T] = _spread(ops.permute)
    repeat: Method[_T] = _spread(ops.repeat)
    reshape: Method[_T] = _spread(ops.reshape)
    tile: Method[_T] = _spread(ops.tile)
    view: Method[_T] = _spread(ops.view)

    def polygamma(self, n: int) -> _T:
        """See `ops.polygamma`."""
        return ops.polygamma(n, self)

    def reshape_as(self, other: Any) -> _T:
        """This tensor in the shape of another."""
        return ops.view_as(self, other)

    def where(self, condition: Any, other: Any) -> _T:
        """This tensor's elements where `condition` holds, elsewhere those of `other`."""
        return ops.where(condition, self, other)

    def pad(self, widths: Any, mode: str = "constant", value: float | None = None) -> _T:
        """See `ops.pad`."""
        return ops.pad(self, widths, mode, value)

    def searchsorted(self, values: Any, **options: Any) -> _T:
        """Where `values` go into this tensor, which is in order: see `ops.searchsorted`."""
        return ops.searchsorted(self, values, **options)

    @property
    def T(self) -> _T:
        """The axes in reverse order."""
        return ops.permute(self, range(self.array.ndim)[::-1])

    @property
    def mT(self) -> _T:
        """The last two axes exchanged."""
        return ops.adjoint(self)

    @property
    def mH(self) -> _T:
        """The last two axes exchanged."""
        return ops.adjoint(self)

    @property
    def H(self) -> _T:
        """A matrix transposed."""
        return ops.t(self)
