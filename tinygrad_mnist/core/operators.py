"""The operators of a Tensor: Python's signs for the operations."""

from __future__ import annotations

from typing import Any, TypeVar

from .. import ops
from ..ops import elementwise as e
from ..ops.contract import product
from .eager import matrices, method
from .methods import Method, Methods

_T = TypeVar("_T")
_square, _pow, _eq, _ne = map(method, (e.square, e.pow, e.eq, e.ne))


class Operators(Methods[_T]):
    """`x + y`, `x @ y`, `x[0]` and so on, giving values of type _T."""

    __add__: Method[_T] = method(e.add)

    def __radd__(self, other: Any) -> _T:
        return self.bind(e.add, (other, self))

    __sub__: Method[_T] = method(e.sub)

    def __rsub__(self, other: Any) -> _T:
        return self.bind(e.sub, (other, self))

    __mul__: Method[_T] = method(e.mul)

    def __rmul__(self, other: Any) -> _T:
        return self.bind(e.mul, (other, self))

    __truediv__: Method[_T] = method(e.div)

    def __rtruediv__(self, other: Any) -> _T:
        return self.bind(e.div, (other, self))

    def __pow__(self, other: Any) -> _T:
        if isinstance(other, int | float) and other == 2 and self.array.dtype.kind == "f":
            return _square(self)
        return _pow(self, other)

    def __rpow__(self, other: Any) -> _T:
        return self.bind(e.pow, (other, self))

    __matmul__: Method[_T] = matrices(product, ops.matmul)

    matmul: Method[_T] = __matmul__

    def __rmatmul__(self, other: Any) -> _T:
        return ops.matmul(other, self)

    __neg__: Method[_T] = method(e.neg)

    __pos__: Method[_T] = ops.positive

    __abs__: Method[_T] = method(e.abs)

    def __eq__(self, other: object) -> _T:  # type: ignore[override]
        return NotImplemented if other is None else _eq(self, other)

    def __ne__(self, other: object) -> _T:  # type: ignore[override]
        return NotImplemented if other is None else _ne(self, other)

    __lt__: Method[_T] = method(e.lt)

    __le__: Method[_T] = method(e.le)

    __gt__: Method[_T] = method(e.gt)

    __ge__: Method[_T] = method(e.ge)

    __floordiv__: Method[_T] = method(ops.floor_divide)

    def __rfloordiv__(self, other: Any) -> _T:
        return self.bind(ops.floor_divide, (other, self))

    __mod__: Method[_T] = method(ops.remainder)

    def __rmod__(self, other: Any) -> _T:
        return self.bind(ops.remainder, (other, self))

    __and__: Method[_T] = method(ops.bitwise_and)

    __rand__ = __and__

    __or__: Method[_T] = method(ops.bitwise_or)

    __ror__ = __or__

    __xor__: Method[_T] = method(ops.bitwise_xor)

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
