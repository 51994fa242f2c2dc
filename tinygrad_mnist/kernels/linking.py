"""Heavy kernels, compiled once per dtype and called by other machine code through a pointer.

Numba copies the code of a called function into its caller and optimises it again there. For matrix
products and convolutions that would take seconds in each program that uses one. Here a caller finds
the address of the kernel in a slot of memory, which has a name that machine code from the disk can
refer to. The slot is filled, which compiles the kernel or loads it from the disk, when its caller is
compiled (`linked`) or loaded (`fill_slots`): nothing is compiled while machine code runs, where an
exception would have nowhere to go.
"""

import ctypes
from collections.abc import Callable, Iterable
from typing import Any

from llvmlite import binding, ir

from tinygrad_mnist.kernels.numba_door import cgutils, extending, types

_NUMBERS = (types.float32, types.float64)

#: The types of a kernel's arguments, from that of its pointers: pointers and int64.
Arguments = Callable[[Any], tuple[Any, ...]]


def linked(kernel: Any, arguments: Arguments) -> Any:
    """What compiled code calls in place of a kernel that gives an int64."""
    slots = {number: _Slot(kernel, arguments(types.CPointer(number)), number) for number in _NUMBERS}

    def call(typing: Any, pointer: Any, *rest: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            slot = slots[signature.args[0].dtype]
            slot.fill()
            args = [args[0], *cgutils.unpack_tuple(builder, args[1])]
            function_type = ir.FunctionType(ir.IntType(64), [arg.type for arg in args]).as_pointer()
            place = builder.module.globals.get(slot.name)
            place = place or ir.GlobalVariable(builder.module, function_type, slot.name)
            place.linkage = "external"
            return builder.call(builder.load(place), args)

        return types.int64(pointer, types.StarArgTuple(arguments(pointer)[1:])), codegen

    call.__name__ = call.__qualname__ = f"linked_{kernel.__name__}"
    return extending.intrinsic(call)


def linked_product(kernel: Any, more: int = 0) -> Any:
    """As `linked`, for a matrix product.

    Its arguments are (a, a_row, a_column, b, b_row, b_column, c, c_row, m, n, depth), and `more` int64.
    """
    i64 = types.int64
    return linked(kernel, lambda pointer: (pointer, i64, i64) * 2 + (pointer,) + (i64,) * (4 + more))


class _Slot:
    """Where callers find the address of a kernel for one dtype."""

    def __init__(self, kernel: Any, arguments: tuple[Any, ...], number: Any) -> None:
        self.name = f"{_PREFIX}{kernel.__name__}.{number}"
        self._kernel, self._arguments = kernel, arguments
        self._address = ctypes.c_void_p()
        binding.add_symbol(self.name, ctypes.addressof(self._address))
        _SLOTS[self.name] = self

    def fill(self) -> None:
        """Compile the kernel or load it from the disk, if that has not been done."""
        if self._address.value is None:
            self._kernel.compile(self._arguments)
            code = self._kernel.overloads[self._arguments]
            address = code.library.get_pointer_to_function(code.fndesc.llvm_cfunc_wrapper_name)
            if not address:
                raise RuntimeError(f"{self.name} has no machine code")
            self._address.value = address


_PREFIX = "tinygrad_mnist.kernel."
_SLOTS: dict[str, _Slot] = {}  # what machine code points to must live as long as the process


def fill_slots(names: Iterable[str]) -> None:
    """Fill the slots among the names that machine code from the disk refers to."""
    for name in names:
        if name.startswith(_PREFIX):
            _SLOTS[name].fill()
