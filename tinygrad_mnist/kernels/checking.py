"""TINYGRAD_MNIST_CHECK=1: what reads and writes memory looks first whether it may.

Kernels take for granted what their callers have seen to. With the variable set when the package is
imported, indices into arrays are compared with their lengths, routines that hand pointers on compare
shapes, and each call of a program compares its arrays with what it was compiled for. Slower, and
the same numbers. The intrinsics themselves get pointers without a length: what they touch is what
the routines that call them have asserted. What an intrinsic can know, that counts are as it says and that
there is memory at all, it asserts itself, and ends the process, since the lock may be released.
"""

import os
from typing import Any

from llvmlite import ir

from tinygrad_mnist.kernels.numba_door import cgutils

VARIABLE = "TINYGRAD_MNIST_CHECK"
CHECKING = os.environ.get(VARIABLE) == "1"
_WRITE = "_write" if os.name == "nt" else "write"

OUTSIDE = "a product or convolution whose arrays are too small"


def asserted(builder: ir.IRBuilder, intrinsic: str, *conditions: Any) -> None:
    """Instructions that end the process, naming the intrinsic, unless all hold; none without the variable."""
    if not CHECKING:
        return
    for holds in conditions:
        with builder.if_then(builder.not_(holds), likely=False):
            text = cgutils.make_bytearray(f"{intrinsic}: a precondition does not hold\n".encode())
            place = cgutils.global_constant(builder, f"{intrinsic}.asserted", text)
            size, number = ir.IntType(64), ir.IntType(32)
            says = ir.FunctionType(size, [number, cgutils.voidptr_t, size])
            write = cgutils.get_or_insert_function(builder.module, says, _WRITE)
            pointer = builder.bitcast(place, cgutils.voidptr_t)
            builder.call(write, [number(2), pointer, size(text.type.count)])
            builder.call(
                cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), []), "abort"),
                [],
            )
            builder.unreachable()


def between(builder: ir.IRBuilder, least: int, count: Any, most: int | None = None) -> Any:
    """Whether least <= count <= most."""
    holds = builder.icmp_signed("<=", count.type(least), count)
    return holds if most is None else builder.and_(holds, builder.icmp_signed("<=", count, count.type(most)))


def there(builder: ir.IRBuilder, pointer: Any) -> Any:
    """Whether a pointer is not null."""
    return builder.not_(cgutils.is_null(builder, pointer))
