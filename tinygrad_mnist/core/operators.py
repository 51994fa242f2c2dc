"""The operators of a Tensor: Python's signs for the operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .. import ops
from ..ops import elementwise as e
from ..ops.contract import product
from .interpreter import EAGER, interpreter
from .methods import Method, Methods

_T = TypeVar("_T")
_multiply = product.direct


class Operators(Methods[_T]):
    """`x + y`, `x @ y`, `x[0]` and so on, giving values of type _T."""

    #: A value around an array, that nothing is recorded of.
    _plain: Callable[[Any], _T]

    def __add__(self, other: Any) -> _T:
        return self.bind(e.add, (self, other))

    def __radd__(self, other: Any) -> _T:
        return self.bind(e.add, (other, self))

    def __sub__(self, other: Any) -> _T:
        return self.bind(e.sub, (self, other))

    def __rsub__(self, other: Any) -> _T:
        return self.bind(e.sub, (other, self))

    def __mul__(self, other: Any) -> _T:
        return self.bind(e.mul, (self, other))

    def __rmul__(self, other: Any) -> _T:
        return self.bind(e.mul, (other, self))

    def __truediv__(self, other: Any) -> _T:
        return self.bind(e.div, (self, other))

    def __rtruediv__(self, other: Any) -> _T:
        return self.bind(e.div, (other, self))

    def __pow__(self, other: Any) -> _T:
        if isinstance(other, int | float) and other == 2 and self.array.dtype.kind == "f":
            return self.bind(e.square, (self,))
        return self.bind(e.pow, (self, other))

    def __rpow__(self, other: Any) -> _T:
        return self.bind(e.pow, (other, self))

    def __matmul__(self, other: Any) -> _T:
        """See `ops.matmul`."""
        plain = isinstance(other, Operators) and not (self.requires_grad or other.requires_grad)
        if plain and interpreter.get() is EAGER:
            data = _multiply.single(self.array, other.array)
            if data is None:
                data = _multiply.double(self.array, other.array)
            if data is not None:
                return self._plain(data)
        return ops.matmul(self, other)

    matmul: Method[_T] = __matmul__

    def __rmatmul__(self, other: Any) -> _T:
        return ops.matmul(other, self)

    def __neg__(self) -> _T:
        return self.bind(e.neg, (self,))

    __pos__: Method[_T] = ops.positive

    def __abs__(self) -> _T:
        return self.bind(e.abs, (self,))

    def __eq__(self, other: object) -> _T:  # type: ignore[override]
        return NotImplemented if other is None else self.bind(e.eq, (self, other))

    def __ne__(self, other: object) -> _T:  # type: ignore[override]
        return NotImplemented if other is None else self.bind(e.ne, (self, other))

    def __lt__(self, other: Any) -> _T:
        return self.bind(e.lt, (self, other))

    def __le__(self, other: Any) -> _T:
        return self.bind(e.le, (self, other))

    def __gt__(self, other: Any) -> _T:
        return self.bind(e.gt, (self, other))

    def __ge__(self, other: Any) -> _T:
        return self.bind(e.ge, (self, other))

    def __floordiv__(self, other: Any) -> _T:
        return self.bind(ops.floor_divide, (self, other))

    def __rfloordiv__(self, other: Any) -> _T:
        return self.bind(ops.floor_divide, (other, self))

    def __mod__(self, other: Any) -> _T:
        return self.bind(ops.remainder, (self, other))

    def __rmod__(self, other: Any) -> _T:
        return self.bind(ops.remainder, (other, self))

    def __and__(self, other: Any) -> _T:
        return self.bind(ops.bitwise_and, (self, other))

    __rand__ = __and__

    def __or__(self, other: Any) -> _T:
        return self.bind(ops.bitwise_or, (self, other))

    __ror__ = __or__

    def __xor__(self, other: Any) -> _T:
        return self.bind(ops.bitwise_xor, (self, other))

    __rxor__ = __xor__

    def __invert__(self) -> _T:
        return ops.bitwise_not(self)

    def __round__(self, ndigits: int = 0) -> _T:
        return ops.round(self, ndigits)

    __hash__ = object.__hash__

    def __contains__(self, value: Any) -> bool:
        """Whether an element is equal to a number, or to that of a tensor of a shape that broadcasts."""
        return bool(ops.any(ops.eq(self, value)))

    def __getitem__(self, key: Any) -> _T:
        return ops.getitem(self, key)

    def pow(self, exponent: Any) -> _T:
        """Each element to a power; the operator `**`."""
        return self**exponent

    def __lshift__(self, other: Any) -> _T:
        return ops.bitwise_left_shift(self, other)

    def __rshift__(self, other: Any) -> _T:
        return ops.bitwise_right_shift(self, other)

    def __rlshift__(self, other: Any) -> _T:
        return ops.bitwise_left_shift(other, self)

    def __rrshift__(self, other: Any) -> _T:
        return ops.bitwise_right_shift(other, self)
