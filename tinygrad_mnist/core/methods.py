"""The methods of a Tensor that are thin covers over the operations, by family.

`Methods[Tensor]` is the Tensor's base: what it takes from here gives Tensors, and the class itself keeps
to what a Tensor is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from .. import ops
from ..ops.padding import Widths
from ..ops.reduce import Axis
from ..ops.sorting import Sorted
from ..primitive import Array, Primitive
from .tape import Node

_T = TypeVar("_T")


class Methods(Node, Generic[_T]):
    """Operations as methods that give values of type _T; each is described where the operation is."""

    #: A primitive of one operand, which has a direct entry, applied to this value.
    _function: Callable[[Primitive], _T]

    # Elementwise ------------------------------------------------------------------------------

    def exp(self) -> _T:
        """e to the power of each element."""
        return self._function(ops.exp)

    def expm1(self) -> _T:
        """exp(x) - 1, exact near zero."""
        return self._function(ops.expm1)

    def log(self) -> _T:
        """Natural logarithm; -inf at zero, NaN below."""
        return self._function(ops.log)

    def log1p(self) -> _T:
        """log(1 + x), exact near zero."""
        return self._function(ops.log1p)

    def sqrt(self) -> _T:
        """Square root; NaN below zero."""
        return ops.sqrt(self)

    def square(self) -> _T:
        """Each element times itself."""
        return ops.square(self)

    def sin(self) -> _T:
        """Sine of radians."""
        return self._function(ops.sin)

    def cos(self) -> _T:
        """Cosine of radians."""
        return self._function(ops.cos)

    def tanh(self) -> _T:
        """Hyperbolic tangent."""
        return self._function(ops.tanh)

    def sigmoid(self) -> _T:
        """1 / (1 + exp(-x)), without overflow."""
        return self._function(ops.sigmoid)

    def erf(self) -> _T:
        """Error function: 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
        return self._function(ops.erf)

    def relu(self) -> _T:
        """max(x, 0); derivative 0 at 0."""
        return ops.relu(self)

    def softplus(self) -> _T:
        """log(1 + exp(x)), without overflow."""
        return ops.softplus(self)

    def silu(self) -> _T:
        """x * sigmoid(x)."""
        return ops.silu(self)

    def gelu(self, approximate: str = "none") -> _T:
        """See `ops.gelu`."""
        return ops.gelu(self, approximate)

    def leaky_relu(self, negative_slope: float = 0.01) -> _T:
        """See `ops.leaky_relu`."""
        return ops.leaky_relu(self, negative_slope)

    def elu(self, alpha: float = 1.0) -> _T:
        """See `ops.elu`."""
        return ops.elu(self, alpha)

    def abs(self) -> _T:
        """Magnitude; derivative 0 at 0."""
        return ops.abs(self)

    def sign(self) -> _T:
        """-1, 0 or 1; derivative zero."""
        return ops.sign(self)

    def clamp(self, min: Any = None, max: Any = None) -> _T:
        """See `ops.clamp`."""
        return ops.clamp(self, min, max)

    def maximum(self, other: Any) -> _T:
        """The larger of two, elementwise; ties share the gradient."""
        return ops.maximum(self, other)

    def minimum(self, other: Any) -> _T:
        """The smaller of two, elementwise; ties share the gradient."""
        return ops.minimum(self, other)

    # Rounding and division ---------------------------------------------------------------------

    def floor(self) -> _T:
        """See `ops.floor`."""
        return ops.floor(self)

    def ceil(self) -> _T:
        """See `ops.ceil`."""
        return ops.ceil(self)

    def trunc(self) -> _T:
        """See `ops.trunc`."""
        return ops.trunc(self)

    def round(self, decimals: int = 0) -> _T:
        """See `ops.round`."""
        return ops.round(self, decimals)

    def frac(self) -> _T:
        """See `ops.frac`."""
        return ops.frac(self)

    def remainder(self, other: Any) -> _T:
        """See `ops.remainder`."""
        return ops.remainder(self, other)

    def floor_divide(self, other: Any) -> _T:
        """See `ops.floor_divide`."""
        return ops.floor_divide(self, other)

    def fmod(self, other: Any) -> _T:
        """See `ops.fmod`."""
        return ops.fmod(self, other)

    # Exponentials ------------------------------------------------------------------------------

    def reciprocal(self) -> _T:
        """See `ops.reciprocal`."""
        return ops.reciprocal(self)

    def rsqrt(self) -> _T:
        """See `ops.rsqrt`."""
        return ops.rsqrt(self)

    def exp2(self) -> _T:
        """See `ops.exp2`."""
        return ops.exp2(self)

    def log2(self) -> _T:
        """See `ops.log2`."""
        return ops.log2(self)

    def log10(self) -> _T:
        """See `ops.log10`."""
        return ops.log10(self)

    def logaddexp(self, other: Any) -> _T:
        """See `ops.logaddexp`."""
        return ops.logaddexp(self, other)

    def hypot(self, other: Any) -> _T:
        """See `ops.hypot`."""
        return ops.hypot(self, other)

    def lerp(self, end: Any, weight: Any) -> _T:
        """See `ops.lerp`."""
        return ops.lerp(self, end, weight)

    def xlogy(self, other: Any) -> _T:
        """See `ops.xlogy`."""
        return ops.xlogy(self, other)

    # Trigonometry ------------------------------------------------------------------------------

    def tan(self) -> _T:
        """See `ops.tan`."""
        return ops.tan(self)

    def asin(self) -> _T:
        """See `ops.asin`."""
        return ops.asin(self)

    def acos(self) -> _T:
        """See `ops.acos`."""
        return ops.acos(self)

    def atan(self) -> _T:
        """See `ops.atan`."""
        return ops.atan(self)

    def atan2(self, other: Any) -> _T:
        """See `ops.atan2`."""
        return ops.atan2(self, other)

    def sinc(self) -> _T:
        """See `ops.sinc`."""
        return ops.sinc(self)

    def deg2rad(self) -> _T:
        """See `ops.deg2rad`."""
        return ops.deg2rad(self)

    def rad2deg(self) -> _T:
        """See `ops.rad2deg`."""
        return ops.rad2deg(self)

    def sinh(self) -> _T:
        """See `ops.sinh`."""
        return ops.sinh(self)

    def cosh(self) -> _T:
        """See `ops.cosh`."""
        return ops.cosh(self)

    def asinh(self) -> _T:
        """See `ops.asinh`."""
        return ops.asinh(self)

    def acosh(self) -> _T:
        """See `ops.acosh`."""
        return ops.acosh(self)

    def atanh(self) -> _T:
        """See `ops.atanh`."""
        return ops.atanh(self)

    # Logic -------------------------------------------------------------------------------------

    def isnan(self) -> _T:
        """See `ops.isnan`."""
        return ops.isnan(self)

    def isinf(self) -> _T:
        """See `ops.isinf`."""
        return ops.isinf(self)

    def isfinite(self) -> _T:
        """See `ops.isfinite`."""
        return ops.isfinite(self)

    def logical_not(self) -> _T:
        """See `ops.logical_not`."""
        return ops.logical_not(self)

    def logical_and(self, other: Any) -> _T:
        """See `ops.logical_and`."""
        return ops.logical_and(self, other)

    def logical_or(self, other: Any) -> _T:
        """See `ops.logical_or`."""
        return ops.logical_or(self, other)

    def logical_xor(self, other: Any) -> _T:
        """See `ops.logical_xor`."""
        return ops.logical_xor(self, other)

    def bitwise_not(self) -> _T:
        """See `ops.bitwise_not`."""
        return ops.bitwise_not(self)

    def bitwise_and(self, other: Any) -> _T:
        """See `ops.bitwise_and`."""
        return ops.bitwise_and(self, other)

    def bitwise_or(self, other: Any) -> _T:
        """See `ops.bitwise_or`."""
        return ops.bitwise_or(self, other)

    def bitwise_xor(self, other: Any) -> _T:
        """See `ops.bitwise_xor`."""
        return ops.bitwise_xor(self, other)

    def bitwise_left_shift(self, other: Any) -> _T:
        """See `ops.bitwise_left_shift`."""
        return ops.bitwise_left_shift(self, other)

    def bitwise_right_shift(self, other: Any) -> _T:
        """See `ops.bitwise_right_shift`."""
        return ops.bitwise_right_shift(self, other)

    __lshift__, __rshift__ = bitwise_left_shift, bitwise_right_shift

    def __rlshift__(self, other: Any) -> _T:
        return ops.bitwise_left_shift(other, self)

    def __rrshift__(self, other: Any) -> _T:
        return ops.bitwise_right_shift(other, self)

    def signbit(self) -> _T:
        """See `ops.signbit`."""
        return ops.signbit(self)

    def any(self, axis: Axis = None, keepdims: bool = False) -> _T:
        """See `ops.any`."""
        return ops.any(self, axis, keepdims)

    def all(self, axis: Axis = None, keepdims: bool = False) -> _T:
        """See `ops.all`."""
        return ops.all(self, axis, keepdims)

    # Views ------------------------------------------------------------------------------------

    def reshape(self, *shape: Any) -> _T:
        """See `ops.reshape`; lengths as one tuple or one by one."""
        return ops.reshape(self, _unpacked(shape))

    def permute(self, *axes: Any) -> _T:
        """See `ops.permute`; axes as one tuple or one by one."""
        return ops.permute(self, _unpacked(axes))

    def transpose(self, axis0: int = -2, axis1: int = -1) -> _T:
        """Two axes exchanged, by default the last two."""
        return ops.transpose(self, axis0, axis1)

    @property
    def T(self) -> _T:
        """The axes in reverse order."""
        return ops.permute(self, range(self.array.ndim)[::-1])

    def expand(self, *shape: Any) -> _T:
        """See `ops.expand`; lengths as one tuple or one by one."""
        return ops.expand(self, _unpacked(shape))

    def flip(self, axis: Axis = None) -> _T:
        """See `ops.flip`."""
        return ops.flip(self, axis)

    def pad(self, widths: Widths, mode: str = "constant", value: float | None = None) -> _T:
        """See `ops.pad`."""
        return ops.pad(self, widths, mode, value)

    def squeeze(self, axis: Axis = None) -> _T:
        """See `ops.squeeze`."""
        return ops.squeeze(self, axis)

    def unsqueeze(self, axis: int) -> _T:
        """See `ops.unsqueeze`."""
        return ops.unsqueeze(self, axis)

    def flatten(self, start_axis: int = 0, end_axis: int = -1) -> _T:
        """See `ops.flatten`."""
        return ops.flatten(self, start_axis, end_axis)

    def split(self, size: int | Sequence[int], axis: int = 0) -> list[_T]:
        """See `ops.split`."""
        return ops.split(self, size, axis)

    def tril(self, diagonal: int = 0) -> _T:
        """See `ops.tril`."""
        return ops.tril(self, diagonal)

    def triu(self, diagonal: int = 0) -> _T:
        """See `ops.triu`."""
        return ops.triu(self, diagonal)

    def take(self, index: Any, axis: int | None = None) -> _T:
        """See `ops.take`."""
        return ops.take(self, index, axis)

    # Rearrangements ----------------------------------------------------------------------------

    def roll(self, shifts: int | Sequence[int], axis: int | Sequence[int] | None = None) -> _T:
        """See `ops.roll`."""
        return ops.roll(self, shifts, axis)

    def rot90(self, k: int = 1, axes: tuple[int, int] = (0, 1)) -> _T:
        """See `ops.rot90`."""
        return ops.rot90(self, k, axes)

    def repeat(self, *times: Any) -> _T:
        """See `ops.repeat`."""
        return ops.repeat(self, _unpacked(times))

    def tile(self, *times: Any) -> _T:
        """See `ops.tile`."""
        return ops.tile(self, _unpacked(times))

    def repeat_interleave(self, repeats: int | Sequence[int], axis: int | None = None) -> _T:
        """See `ops.repeat_interleave`."""
        return ops.repeat_interleave(self, repeats, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> _T:
        """See `ops.diagonal`."""
        return ops.diagonal(self, offset, axis1, axis2)

    def diag_embed(self, offset: int = 0) -> _T:
        """See `ops.diag_embed`."""
        return ops.diag_embed(self, offset)

    def diag(self, offset: int = 0) -> _T:
        """See `ops.diag`."""
        return ops.diag(self, offset)

    def trace(self) -> _T:
        """See `ops.trace`."""
        return ops.trace(self)

    def movedim(self, source: int | Sequence[int], destination: int | Sequence[int]) -> _T:
        """See `ops.movedim`."""
        return ops.movedim(self, source, destination)

    def unbind(self, axis: int = 0) -> list[_T]:
        """See `ops.unbind`."""
        return ops.unbind(self, axis)

    def chunk(self, chunks: int, axis: int = 0) -> list[_T]:
        """See `ops.chunk`."""
        return ops.chunk(self, chunks, axis)

    # Reductions -------------------------------------------------------------------------------

    def sum(self, axis: Axis = None, keepdims: bool = False) -> _T:
        """See `ops.sum`."""
        return ops.sum(self, axis, keepdims)

    def prod(self, axis: Axis = None, keepdims: bool = False) -> _T:
        """See `ops.prod`."""
        return ops.prod(self, axis, keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> _T:
        """See `ops.mean`."""
        return ops.mean(self, axis, keepdims)

    def var(self, axis: Axis = None, keepdims: bool = False, correction: float = 1) -> _T:
        """See `ops.var`."""
        return ops.var(self, axis, keepdims, correction)

    def std(self, axis: Axis = None, keepdims: bool = False, correction: float = 1) -> _T:
        """See `ops.std`."""
        return ops.std(self, axis, keepdims, correction)

    def max(self, axis: Axis = None, keepdims: bool = False) -> _T:
        """See `ops.max`: the values alone, whereas PyTorch gives positions with them; those are `argmax`."""
        return ops.max(self, axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> _T:
        """See `ops.min`: the values alone, whereas PyTorch gives positions with them; those are `argmin`."""
        return ops.min(self, axis, keepdims)

    amax, amin = max, min

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> _T:
        """See `ops.argmax`."""
        return ops.argmax(self, axis, keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> _T:
        """See `ops.argmin`."""
        return ops.argmin(self, axis, keepdims)

    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> _T:
        """See `ops.logsumexp`."""
        return ops.logsumexp(self, axis, keepdims)

    def norm(self, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> _T:
        """See `ops.norm`."""
        return ops.norm(self, ord, axis, keepdims)

    def softmax(self, axis: int = -1) -> _T:
        """See `ops.softmax`."""
        return ops.softmax(self, axis)

    def log_softmax(self, axis: int = -1) -> _T:
        """See `ops.log_softmax`."""
        return ops.log_softmax(self, axis)

    # Elements at positions ---------------------------------------------------------------------

    def gather(self, axis: int, index: Any) -> _T:
        """See `ops.gather`."""
        return ops.gather(self, axis, index)

    def take_along_axis(self, index: Any, axis: int) -> _T:
        """See `ops.take_along_axis`."""
        return ops.take_along_axis(self, index, axis)

    def scatter(self, axis: int, index: Any, src: Any) -> _T:
        """See `ops.scatter`."""
        return ops.scatter(self, axis, index, src)

    def scatter_add(self, axis: int, index: Any, src: Any) -> _T:
        """See `ops.scatter_add`."""
        return ops.scatter_add(self, axis, index, src)

    def index_select(self, axis: int, index: Any) -> _T:
        """See `ops.index_select`."""
        return ops.index_select(self, axis, index)

    def masked_fill(self, mask: Any, value: Any) -> _T:
        """See `ops.masked_fill`."""
        return ops.masked_fill(self, mask, value)

    def masked_select(self, mask: Any) -> _T:
        """See `ops.masked_select`."""
        return ops.masked_select(self, mask)

    def nonzero(self) -> Array:
        """See `ops.nonzero`."""
        return ops.nonzero(self)

    def unfold(self, axis: int, size: int, step: int) -> _T:
        """See `ops.unfold`."""
        return ops.unfold(self, axis, size, step)

    # Order -------------------------------------------------------------------------------------

    def sort(self, axis: int = -1, descending: bool = False) -> Sorted:
        """See `ops.sort`."""
        return ops.sort(self, axis, descending)

    def argsort(self, axis: int = -1, descending: bool = False) -> _T:
        """See `ops.argsort`."""
        return ops.argsort(self, axis, descending)

    def topk(self, k: int, axis: int = -1, largest: bool = True) -> Sorted:
        """See `ops.topk`."""
        return ops.topk(self, k, axis, largest)

    def kthvalue(self, k: int, axis: int = -1, keepdims: bool = False) -> _T:
        """See `ops.kthvalue`."""
        return ops.kthvalue(self, k, axis, keepdims)

    def median(self, axis: int | None = None, keepdims: bool = False) -> _T:
        """See `ops.median`."""
        return ops.median(self, axis, keepdims)

    # Running totals ----------------------------------------------------------------------------

    def cumsum(self, axis: int) -> _T:
        """See `ops.cumsum`."""
        return ops.cumsum(self, axis)

    def cumprod(self, axis: int) -> _T:
        """See `ops.cumprod`."""
        return ops.cumprod(self, axis)

    def cummax(self, axis: int) -> _T:
        """See `ops.cummax`."""
        return ops.cummax(self, axis)

    def cummin(self, axis: int) -> _T:
        """See `ops.cummin`."""
        return ops.cummin(self, axis)

    def logcumsumexp(self, axis: int) -> _T:
        """See `ops.logcumsumexp`."""
        return ops.logcumsumexp(self, axis)

    # Products ---------------------------------------------------------------------------------

    def dot(self, other: Any) -> _T:
        """See `ops.dot`."""
        return ops.dot(self, other)

    def outer(self, other: Any) -> _T:
        """See `ops.outer`."""
        return ops.outer(self, other)

    def tensordot(self, other: Any, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> _T:
        """See `ops.tensordot`."""
        return ops.tensordot(self, other, axes)

    def kron(self, other: Any) -> _T:
        """See `ops.kron`."""
        return ops.kron(self, other)

    def bmm(self, other: Any) -> _T:
        """See `ops.bmm`."""
        return ops.bmm(self, other)


def _unpacked(values: tuple[Any, ...]) -> Sequence[int]:
    return values[0] if len(values) == 1 and isinstance(values[0], tuple | list) else values
