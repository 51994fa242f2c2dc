"""Heavy kernels, compiled once per dtype and called by other machine code through a pointer.

Numba copies the code of a called function into its caller and optimises it again there. For matrix
products and convolutions that would take seconds in each program that uses one. Here a caller finds
the address of the kernel in a slot of memory, which has a name that machine code from the disk can
refer to. Until the kernel is first called, the slot holds the address of a Python function that
compiles it, or loads it from the disk.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir

from tinygrad_mnist.kernels.untyped import cgutils, extending, types

_NUMBERS = (types.float32, types.float64)

#: The types of a kernel's arguments, from that of its pointers: pointers and int64.
Arguments = Callable[[Any], tuple[Any, ...]]


def linked(kernel: Any, arguments: Arguments) -> Any:
    """What compiled code calls in place of a kernel that gives an int64."""
    slots = {number: _slot(kernel, arguments(types.CPointer(number)), number) for number in _NUMBERS}

    def call(typing: Any, pointer: Any, *rest: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            name = slots[signature.args[0].dtype]
            args = [args[0], *cgutils.unpack_tuple(builder, args[1])]
            function_type = ir.FunctionType(ir.IntType(64), [arg.type for arg in args]).as_pointer()
            slot = builder.module.globals.get(name) or ir.GlobalVariable(builder.module, function_type, name)
            slot.linkage = "external"
            return builder.call(builder.load(slot), args)

        return types.int64(pointer, types.StarArgTuple(arguments(pointer)[1:])), codegen

    call.__name__ = call.__qualname__ = f"linked_{kernel.__name__}"
    return extending.intrinsic(call)


def linked_product(kernel: Any) -> Any:
    """As `linked`, for a matrix product.

    Its arguments are (a, a_row, a_column, b, b_row, b_column, c, c_row, m, n, depth).
    """
    i64 = types.int64
    return linked(kernel, lambda pointer: (pointer, i64, i64) * 2 + (pointer,) + (i64,) * 4)


def _slot(kernel: Any, arguments: tuple[Any, ...], number: Any) -> str:
    """Make the slot for one dtype; its name."""
    slot = ctypes.c_void_p()
    kinds = [ctypes.c_int64 if kind is types.int64 else ctypes.c_void_p for kind in arguments]
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)

    def at_first(*args: Any) -> Any:
        kernel.compile(arguments)
        compiled = kernel.overloads[arguments]
        slot.value = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name)
        return function(slot.value)(*args)

    compile_first = function(at_first)
    slot.value = ctypes.cast(compile_first, ctypes.c_void_p).value
    name = f"tinygrad_mnist.{kernel.__name__}.{number}"
    binding.add_symbol(name, ctypes.addressof(slot))
    _KEPT.append((slot, compile_first))
    return name


_KEPT: list[Any] = []  # what machine code points to must live as long as the process
