"""A Tensor as another: of another dtype, on the one device there is, copied, or handed to other libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

from .. import ops
from ..primitive import Array, check_dtype
from .device import CPU, Device, check_device
from .tape import Node

_T = TypeVar("_T")
_Bool: TypeAlias = bool
_Int: TypeAlias = int
_WORDS = {
    "float32": "Float",
    "float64": "Double",
    "int64": "Long",
    "int32": "Int",
    "int16": "Short",
    "int8": "Char",
    "uint8": "Byte",
    "bool": "Bool",
}
_DEVICES = frozenset({"cpu", "cuda", "mps", "xpu", "meta", "hip", "mtia"})


class Conversions(Node, Generic[_T]):
    """`to` and its kin."""

    numpy: Callable[[], Array]

    #: Where tensors are: the CPU.
    device = CPU
    is_cpu = True
    is_cuda = is_sparse = is_quantized = is_mps = is_meta = is_xpu = False
    layout = "strided"

    def to(self, *args: Any, **keywords: Any) -> _T:
        """Cast to a dtype, or to that of another tensor; a device is "cpu".

        Floats are cut towards zero by integers. self where nothing changes, unless `copy=True`.
        """
        dtype, copy = keywords.pop("dtype", None), keywords.pop("copy", False)
        check_device(keywords.pop("device", None))
        for word in ("non_blocking", "memory_format"):
            keywords.pop(word, None)
        if keywords:
            raise TypeError(f"to: there is no argument {sorted(keywords)[0]}=; it has dtype, device and copy")
        for x in args:
            if isinstance(x, Device) or (isinstance(x, str) and x.split(":")[0] in _DEVICES):
                check_device(x)
            elif isinstance(x, Node):
                dtype = x.array.dtype
            elif not isinstance(x, _Bool) and x is not None:
                dtype = x
        to = self if dtype is None else self._in(dtype)
        return ops.alias(self) if copy and to is self else to  # type: ignore[return-value]

    def _in(self, dtype: Any) -> _T:
        """This in a dtype."""
        own = self.array.dtype
        found = dtype if dtype is own else check_dtype(dtype)
        return self if found == own else ops.cast(self, found)  # type: ignore[return-value]

    def type_as(self, other: Node) -> _T:
        """Cast to the dtype of another tensor."""
        return self._in(other.array.dtype)

    def type(self, dtype: Any = None, non_blocking: _Bool = False) -> Any:
        """Cast to `dtype`, or to one of PyTorch's words ("torch.FloatTensor"); without it, that word."""
        if dtype is None:
            return f"torch.{_WORDS[self.array.dtype.name]}Tensor"
        word = dtype.rpartition(".")[2] if isinstance(dtype, str) else getattr(dtype, "__name__", "")
        named = {f"{kind}Tensor": name for name, kind in _WORDS.items()}
        return self.to(named.get(word, dtype))

    def stride(self, dim: _Int | None = None) -> Any:
        """Of each axis, or of one, how many elements in memory lie from one index to the next."""
        array = self.numpy()
        strides = tuple(n // array.itemsize for n in array.strides)
        return strides if dim is None else strides[dim]

    def get_device(self) -> _Int:
        """-1, as of every tensor on the CPU."""
        return -1

    def float(self, memory_format: Any = None) -> _T:
        """Cast to float32."""
        return self._in(np.float32)

    def double(self, memory_format: Any = None) -> _T:
        """Cast to float64."""
        return self._in(np.float64)

    def int(self, memory_format: Any = None) -> _T:
        """Cast to int32."""
        return self._in(np.int32)

    def short(self, memory_format: Any = None) -> _T:
        """Cast to int16."""
        return self._in(np.int16)

    def char(self, memory_format: Any = None) -> _T:
        """Cast to int8."""
        return self._in(np.int8)

    def byte(self, memory_format: Any = None) -> _T:
        """Cast to uint8."""
        return self._in(np.uint8)

    def long(self, memory_format: Any = None) -> _T:
        """Cast to int64."""
        return self._in(np.int64)

    def bool(self, memory_format: Any = None) -> _T:
        """True where not zero."""
        return self._in(np.bool_)

    def clone(self, memory_format: Any = None) -> _T:
        """A copy, through which gradients go."""
        return ops.alias(self)

    def contiguous(self, memory_format: Any = None) -> _T:
        """This tensor where its elements lie in order, else a copy in which they do."""
        if self.is_contiguous():
            return self  # type: ignore[return-value]
        copy: Any = ops.alias(self)
        copy.array = np.ascontiguousarray(copy.array)
        return copy

    def is_contiguous(self, memory_format: Any = None) -> _Bool:
        """Whether the elements lie in memory in order; True of what is inside of a program."""
        return not isinstance(self.array, np.ndarray) or self.array.flags.c_contiguous

    def cpu(self) -> _T:
        """This tensor, which is there."""
        return self  # type: ignore[return-value]

    def cuda(self, *args: Any, **keywords: Any) -> _T:
        """ValueError: there is no such device."""
        check_device("cuda")
        raise AssertionError

    def pin_memory(self) -> _T:
        """This tensor: nothing is copied to a device."""
        return self  # type: ignore[return-value]

    def is_floating_point(self) -> _Bool:
        """Whether the elements are floats."""
        return self.array.dtype.kind == "f"

    def is_complex(self) -> _Bool:
        """False: there are no complex numbers here."""
        return False

    def element_size(self) -> _Int:
        """Bytes of one element."""
        return self.array.dtype.itemsize

    @property
    def itemsize(self) -> _Int:
        """Bytes of one element."""
        return self.array.dtype.itemsize

    @property
    def nbytes(self) -> _Int:
        """Bytes of all elements."""
        return self.array.size * self.array.dtype.itemsize

    def __dlpack__(self, **options: Any) -> Any:
        """The numbers, copied, for another library's `from_dlpack`."""
        return np.array(self.numpy()).__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[Any, ...]:
        return (1, 0)  # the CPU
