"""Heavy kernels, compiled once per dtype and called by other machine code through a pointer.

Numba copies the code of a called function into its caller and optimises it again there. For the
matrix products that would take seconds in each program that uses one. Here a caller finds the
address of the product in a slot of memory, which has a name that machine code from the disk can
refer to. Until the product is first called, the slot holds the address of a Python function that
compiles it, or loads it from the disk.
"""

import ctypes
from typing import Any

from llvmlite import binding, ir

from tinygrad_mnist.kernels.untyped import extending, types

_NUMBERS = (types.float32, types.float64)
_C_FUNCTION = ctypes.CFUNCTYPE(
    ctypes.c_int64, *([ctypes.c_void_p] + [ctypes.c_int64] * 2) * 2, ctypes.c_void_p, *[ctypes.c_int64] * 4
)


def linked_product(kernel: Any) -> Any:
    """What compiled code calls in place of a kernel of a matrix product.

    Its arguments are (a, a_row, a_column, b, b_row, b_column, c, c_row, m, n, depth): pointers and
    int64; its result is an int64.
    """
    slots = {number: _slot(kernel, number) for number in _NUMBERS}

    def call(
        typing: Any,
        a: Any,
        a_row: Any,
        a_column: Any,
        b: Any,
        b_row: Any,
        b_column: Any,
        c: Any,
        c_row: Any,
        m: Any,
        n: Any,
        depth: Any,
    ) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            name = slots[signature.args[0].dtype]
            function_type = ir.FunctionType(ir.IntType(64), [arg.type for arg in args]).as_pointer()
            slot = builder.module.globals.get(name) or ir.GlobalVariable(builder.module, function_type, name)
            slot.linkage = "external"
            return builder.call(builder.load(slot), args)

        return _signature(a), codegen

    call.__name__ = call.__qualname__ = f"linked_{kernel.__name__}"
    return extending.intrinsic(call)


def _signature(pointer: Any) -> Any:
    i64 = types.int64
    return i64(pointer, i64, i64, pointer, i64, i64, pointer, i64, i64, i64, i64)


def _slot(kernel: Any, number: Any) -> str:
    """Make the slot for one dtype; its name."""
    slot = ctypes.c_void_p()

    def at_first(*args: Any) -> Any:
        signature = _signature(types.CPointer(number)).args
        kernel.compile(signature)
        compiled = kernel.overloads[signature]
        slot.value = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name)
        return _C_FUNCTION(slot.value)(*args)

    compile_first = _C_FUNCTION(at_first)
    slot.value = ctypes.cast(compile_first, ctypes.c_void_p).value
    name = f"tinygrad_mnist.{kernel.__name__}.{number}"
    binding.add_symbol(name, ctypes.addressof(slot))
    _KEPT.append((slot, compile_first))
    return name


_KEPT: list[Any] = []  # what machine code points to must live as long as the process
