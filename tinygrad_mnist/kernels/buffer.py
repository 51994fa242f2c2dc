"""The door between NumPy and the kernels: arrays handed over as bare memory, in a tenth of a microsecond.

Numba's own array arguments are reference-counted and dispatched by layout at each call, which
costs as much as multiplying two small matrices. A kernel here takes `Buffer` arguments instead:
pointers read out of the array object, valid during the call because the caller holds the array.
One compilation serves all layouts and numbers of dimensions.

Python's global lock is released only by kernels that find enough to do for another thread to profit
(`unlock`, `lock`): releasing it costs another tenth of a microsecond.
"""
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir

from tinygrad_mnist.kernels.policy import scalar
from tinygrad_mnist.kernels.untyped import cgutils, extending, types

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
NUMBER = {FLOAT32: types.float32, FLOAT64: types.float64}

ALIGNED = 0x0100                                # NPY_ARRAY_ALIGNED
CONTIGUOUS_AND_ALIGNED = 0x0001 | ALIGNED       # NPY_ARRAY_C_CONTIGUOUS


class Buffer(types.Type):                       # type: ignore[misc]
    """The memory of an array with elements of one dtype.

    In a kernel it has the fields `data` (pointer to the first element), `ndim`, `shape`,
    `strides` (pointers; in bytes) and `flags`.
    """

    def __init__(self, number: Any) -> None:
        self.number = number
        super().__init__(f"Buffer({number})")


class _BufferModel(extending.models.StructModel):        # type: ignore[misc]
    def __init__(self, manager: Any, buffer: Any) -> None:
        sizes = types.CPointer(types.intp)
        fields = [("data", types.CPointer(buffer.number)), ("ndim", types.intc), ("shape", sizes),
                  ("strides", sizes), ("flags", types.intc)]
        super().__init__(manager, buffer, fields)


# The public layout of an array object (PyArrayObject_fields in numpy/ndarraytypes.h), in pointers
# after the object header, the same since NumPy 1.7.
_PLACES = {"data": 0, "ndim": 1, "shape": 2, "strides": 3, "flags": 6}


def _unbox(buffer: Any, array: Any, context: Any) -> Any:
    builder = context.builder
    struct = cgutils.create_struct_proxy(buffer)(context.context, builder)
    pointer_bytes = ir.IntType(64).width // 8
    for field, place in _PLACES.items():
        offset = ir.Constant(ir.IntType(64), object.__basicsize__ + place * pointer_bytes)
        address = builder.gep(builder.bitcast(array, ir.IntType(8).as_pointer()), [offset])
        member = getattr(struct, field)
        setattr(struct, field, builder.load(builder.bitcast(address, member.type.as_pointer())))
    return extending.NativeValue(struct._getvalue())


extending.register_model(Buffer)(_BufferModel)
extending.unbox(Buffer)(_unbox)
for _field in _PLACES:
    extending.make_attribute_wrapper(Buffer, _field, _field)


@scalar
def size(buffer: Any) -> Any:
    """The number of elements of a Buffer."""
    total = 1
    for axis in range(buffer.ndim):
        total *= buffer.shape[axis]
    return total


def _unlock(typing: Any, worthwhile: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        python = context.get_python_api(builder)
        state = cgutils.alloca_once_value(builder, cgutils.get_null_value(python.voidptr))
        with builder.if_then(args[0]):
            builder.store(python.save_thread(), state)
        return builder.load(state)
    return types.voidptr(types.boolean), codegen


def _lock(typing: Any, state: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        with builder.if_then(cgutils.is_not_null(builder, args[0])):
            context.get_python_api(builder).restore_thread(args[0])
        return context.get_dummy_value()
    return types.void(types.voidptr), codegen


unlock = extending.intrinsic(_unlock)           # state = unlock(worthwhile): let other Python threads run
lock = extending.intrinsic(_lock)               # lock(state): before a kernel returns


class Compiled(dict[Any, Callable[..., Any]]):
    """The machine code of one kernel by dtype, compiled when first looked up.

    `arguments(buffer_type, number_type)` gives the types of the kernel's arguments. Calling the
    machine code directly checks nothing: each Buffer argument must be an ndarray of that dtype.
    """

    def __init__(self, kernel: Any, arguments: Callable[[Any, Any], tuple[Any, ...]]) -> None:
        super().__init__()
        self._kernel, self._arguments = kernel, arguments

    def __missing__(self, dtype: Any) -> Callable[..., Any]:
        number = NUMBER.get(dtype)
        if number is None:
            raise TypeError(f"kernels work on arrays of float32 or float64 in native byte order, not {dtype}")
        signature = self._arguments(Buffer(number), number)
        self._kernel.compile(signature)
        code: Callable[..., Any] = self._kernel.overloads[signature].entry_point
        self[dtype] = code
        return code
