"""Making Tensors, and joining several: the functions that have no Tensor to be a method of."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..errors import ShapeError
from ..primitive import Shape, check_dtype, native
from .device import check_device
from .one_number import number
from .tensor import Tensor, filled, of_numbers

__all__ = [
    "BoolTensor", "ByteTensor", "DoubleTensor", "FloatTensor", "IntTensor", "LongTensor", "arange",
    "as_tensor", "asarray", "cat", "concat", "concatenate", "einsum", "empty", "empty_like", "eye",
    "from_dlpack", "from_numpy", "full", "full_like", "is_tensor", "linspace", "logspace", "meshgrid",
    "numel", "one_hot", "ones", "ones_like", "stack", "tensor", "tril_indices", "triu_indices", "where",
    "zeros", "zeros_like",
]  # fmt: skip


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of numbers, nested sequences of them, an array or a Tensor; copied, and a leaf.

    Python floats give float32, integers int64, bools bool; arrays keep their dtype.
    """
    check_device(device)
    if hasattr(data, "dtype"):
        return Tensor(data, dtype, requires_grad)
    try:
        array = np.array(data, None if dtype is None else check_dtype(dtype))
    except ValueError as error:
        raise ShapeError(f"a tensor needs numbers in sequences of equal lengths: {error}") from None
    if dtype is None and array.dtype == np.float64:
        array = array.astype(_FLOAT32)
    return made(of_numbers(native(array)), None, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """As `tensor`, but a Tensor of that dtype is given back itself, and an array is not copied."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        return of_numbers(native(data, dtype))
    return tensor(data, dtype=dtype)


asarray = as_tensor


def from_numpy(ndarray: Any) -> Tensor:
    """A Tensor around an array, which is not copied: what NumPy then writes into it is seen here."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: takes an ndarray, not {type(ndarray).__name__}; tg.tensor takes more")
    return of_numbers(native(ndarray))


def from_dlpack(source: Any) -> Tensor:
    """A Tensor of what another library holds on the CPU, by the protocol `__dlpack__`."""
    array = np.from_dlpack(source)
    return of_numbers(native(array))


def sizes(size: Sequence[Any], name: str) -> Shape:
    """Lengths given one by one, or as one sequence."""
    given = size[0] if len(size) == 1 and not hasattr(size[0], "__index__") else size
    try:
        lengths = tuple(int(n.__index__()) for n in given)
    except (AttributeError, TypeError):
        raise TypeError(
            f"{name}: sizes are whole numbers, one by one or in a tuple, not {size}; give other arguments "
            "by name, as in dtype=tg.float64"
        ) from None
    if min(lengths, default=0) < 0:
        raise ShapeError(f"{name}: negative length in {lengths}")
    return lengths


def made(values: Tensor, device: Any, requires_grad: bool) -> Tensor:
    """What a function that makes a tensor gives, on that device."""
    check_device(device)
    return values.requires_grad_() if requires_grad else values


def zeros(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **more: Any
) -> Tensor:
    """A tensor of zeros; sizes one by one or in a tuple; float32 unless `dtype` says otherwise."""
    return made(_full("zeros", size, 0, dtype, more), device, requires_grad)


def ones(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **more: Any
) -> Tensor:
    """A tensor of ones; as `zeros`."""
    return made(_full("ones", size, 1, dtype, more), device, requires_grad)


def empty(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **more: Any
) -> Tensor:
    """A tensor whose numbers nobody has chosen (zeros); as `zeros`."""
    return made(_full("empty", size, 0, dtype, more), device, requires_grad)


_IDLE = {"layout", "pin_memory", "memory_format"}


def _full(name: str, size: Sequence[Any], value: float, dtype: Any, more: dict[str, Any]) -> Tensor:
    if "size" in more:
        size = (more.pop("size"),)
    if "out" in more:
        raise TypeError(f"{name}: out= is not here, since results are new tensors; write y = {name}(...)")
    if more.keys() - _IDLE:
        raise TypeError(f"{name}: there is no argument {sorted(more.keys() - _IDLE)[0]}=")
    return filled(value, sizes(size, name), _FLOAT32 if dtype is None else check_dtype(dtype))


def full(
    size: Any,
    fill_value: Any,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of one value, of the dtype that a tensor of the value has unless `dtype` says otherwise."""
    value = number(fill_value)
    if dtype is None:
        dtype = np.bool_ if isinstance(value, bool) else np.int64 if isinstance(value, int) else _FLOAT32
    return made(filled(value, sizes((size,), "full"), check_dtype(dtype)), device, requires_grad)


def _like(x: Tensor, value: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    found = x.dtype if dtype is None else check_dtype(dtype)
    return made(filled(value, x.shape, found), device, requires_grad)


def zeros_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Zeros of the shape and dtype of another tensor."""
    return _like(input, 0, dtype, device, requires_grad)


def ones_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones of the shape and dtype of another tensor."""
    return _like(input, 1, dtype, device, requires_grad)


def empty_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers nobody has chosen (zeros), of the shape and dtype of another tensor."""
    return _like(input, 0, dtype, device, requires_grad)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """One value in the shape and dtype of another tensor."""
    return _like(input, fill_value, dtype, device, requires_grad)


def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, ... before end (one number: from 0 to it); int64, or float32 if any is a float."""
    first, last = (0, start) if end is None else (start, end)
    numbers = [x.item() if hasattr(x, "item") else x for x in (first, last, step)]
    if dtype is not None and check_dtype(dtype).kind in "iu":
        numbers = [int(x) for x in numbers]
    if numbers[2] == 0 or (numbers[1] - numbers[0]) * numbers[2] < 0:
        raise ValueError(f"arange: no way from {numbers[0]} to {numbers[1]} in steps of {numbers[2]}")
    if dtype is None:
        dtype = _FLOAT32 if any(isinstance(x, float) for x in numbers) else np.int64
    return made(of_numbers(np.arange(*numbers).astype(check_dtype(dtype))), device, requires_grad)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` numbers from start to end, both included, at equal distances; integers are cut, not rounded."""
    found = check_dtype(dtype or _FLOAT32)
    return made(
        of_numbers(_evenly("linspace", start, end, steps, found).astype(found)), device, requires_grad
    )


def _evenly(name: str, start: Any, end: Any, steps: Any, dtype: np.dtype[Any]) -> Any:
    """Numbers at equal distances in float64, counted from both ends; from whole numbers for integers."""
    if not hasattr(steps, "__index__"):
        raise TypeError(f"{name}: steps is a whole number, not {steps!r}")
    if getattr(start, "ndim", 0) or getattr(end, "ndim", 0):
        raise ShapeError(f"{name}: start and end are numbers, or tensors without axes")
    count = operator.index(steps)
    if count < 0:
        raise ValueError(f"{name}: number of steps must be non-negative, not {count}")
    whole = dtype.kind in "iu"
    first, last = (int(x) if whole else float(x) for x in (start, end))
    if not whole or count < 2:
        return np.linspace(first, last, count)
    i, step = np.arange(count), np.float32(last - first) / np.float32(count - 1)
    return np.where(
        i < count // 2, first + step * i.astype(np.float32), last - step * (count - 1 - i).astype(np.float32)
    )


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`base` to the powers that `linspace` gives."""
    found = check_dtype(dtype or _FLOAT32)
    with np.errstate(invalid="ignore", over="ignore"):
        values = np.power(float(base), _evenly("logspace", start, end, steps, found)).astype(found)
    return made(of_numbers(values), device, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones on the diagonal of an n x m (default n x n) matrix of zeros."""
    return made(of_numbers(np.eye(n, m, dtype=check_dtype(dtype or _FLOAT32))), device, requires_grad)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = np.int64, device: Any = None) -> Tensor:
    """Positions on and below a diagonal of a matrix: rows of them, and columns."""
    return made(of_numbers(np.array(np.tril_indices(row, offset, col), check_dtype(dtype))), device, False)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = np.int64, device: Any = None) -> Tensor:
    """Positions on and above a diagonal of a matrix: rows of them, and columns."""
    return made(of_numbers(np.array(np.triu_indices(row, offset, col), check_dtype(dtype))), device, False)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where the bool `condition` holds, elsewhere `other`; of a condition alone, its positions."""
    if input is None and other is None:
        return ops.nonzero(condition, as_tuple=True)
    return _tensor(ops.where(condition, input, other))


def cat(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """The tensors one after another along an axis: see `ops.concatenate`."""
    return ops.concatenate(tensors, dim if axis is None else axis)


concat = concatenate = cat


def stack(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """The tensors along a new axis: see `ops.stack`."""
    return ops.stack(tensors, dim if axis is None else axis)


def einsum(equation: str, *operands: Any) -> Tensor:
    """See `ops.einsum`."""
    given = operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
    return _tensor(ops.einsum(equation, *given))


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """See `ops.meshgrid`."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    return ops.meshgrid(*given, indexing=indexing)


def one_hot(index: Any, num_classes: int, dtype: Any = np.float32) -> Tensor:
    """See `ops.one_hot`."""
    return _tensor(ops.one_hot(index, num_classes, dtype))


def is_tensor(x: Any) -> bool:
    """Whether something is a Tensor."""
    return isinstance(x, Tensor)


def numel(input: Tensor) -> int:
    """Number of elements."""
    return input.numel()


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else tensor(value)


_FLOAT32 = np.dtype(np.float32)


def _legacy(name: str, dtype: Any) -> Any:
    def make(*data: Any) -> Tensor:
        if len(data) == 1 and not hasattr(data[0], "__index__"):
            return tensor(data[0], dtype=dtype)
        return zeros(*data, dtype=dtype)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = (
        f"PyTorch's older word for `tg.tensor(data, dtype=tg.{np.dtype(dtype)})`, or of sizes `tg.empty`."
    )
    return make


FloatTensor, DoubleTensor = _legacy("FloatTensor", np.float32), _legacy("DoubleTensor", np.float64)
LongTensor, IntTensor = _legacy("LongTensor", np.int64), _legacy("IntTensor", np.int32)
BoolTensor, ByteTensor = _legacy("BoolTensor", np.bool_), _legacy("ByteTensor", np.uint8)


def _new(name: str, value: float) -> Any:
    def new(
        self: Tensor,
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        found = self.dtype if dtype is None else check_dtype(dtype)
        return made(filled(value, sizes(size, name), found), device, requires_grad)

    new.__name__ = new.__qualname__ = name
    new.__doc__ = "As `tg.zeros` and its kin; of this tensor's dtype."
    return new


def _again(self: Tensor, *data: Any) -> Tensor:
    """PyTorch's older word: of this tensor's dtype, numbers, or with sizes zeros."""
    return _legacy("new", self.dtype)(*data)


def _new_full(
    self: Tensor,
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """One value, of this tensor's dtype."""
    found = self.dtype if dtype is None else check_dtype(dtype)
    return made(filled(fill_value, sizes((size,), "new_full"), found), device, requires_grad)


def _new_tensor(
    self: Tensor,
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """As `tg.tensor`; of this tensor's dtype."""
    return tensor(
        data, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad
    )


for _name, _word in {
    "new": _again,
    "new_zeros": _new("new_zeros", 0),
    "new_ones": _new("new_ones", 1),
    "new_empty": _new("new_empty", 0),
    "new_full": _new_full,
    "new_tensor": _new_tensor,
}.items():
    setattr(Tensor, _name, _word)
