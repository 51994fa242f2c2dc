"""The door between NumPy and the kernels: array objects in and out, in a tenth of a microsecond.

Numba's own array arguments are reference-counted and dispatched by layout at each call, and
`np.empty` is a Python call: together they cost more than multiplying two small matrices. A kernel
here takes the array objects themselves, reads their fields, and makes its result by NumPy's C
interface. It answers `nothing` (in Python, None) to operands it was not compiled for, so that the
Python function around it calls it first and thinks only if that fails. One compilation serves all
layouts and numbers of dimensions.

Python's global lock is released only by kernels that find enough to do for another thread to
profit (`unlock`, `lock`): releasing it costs another tenth of a microsecond.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import binding, ir

from tinygrad_mnist.kernels.cache_entry import keepable
from tinygrad_mnist.kernels.checking import asserted, between, there
from tinygrad_mnist.kernels.numba_door import array_api, cgutils, extending, types
from tinygrad_mnist.kernels.policy import scalar

FLOAT32, FLOAT64, INT64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)
ALIGNED = 0x0100  # NPY_ARRAY_ALIGNED
PLAIN = 0x0001 | ALIGNED  # NPY_ARRAY_C_CONTIGUOUS
WRITEABLE = 0x0400  # NPY_ARRAY_WRITEABLE

_BYTE, _INT, _SIZE = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_OBJECT = _BYTE.as_pointer()
_NULL = ir.Constant(_OBJECT, None)

# The public layout of an array object (PyArrayObject_fields in numpy/ndarraytypes.h), the same since
# NumPy 1.7: places in pointers after the object header, whose last member is the type.
_TYPE, _DATA, _NDIM, _SHAPE, _STRIDES, _DESCRIPTION, _FLAGS = -1, 0, 1, 2, 3, 5, 6
_TYPE_NUMBERS = {types.float32: FLOAT32.num, types.float64: FLOAT64.num, types.int64: INT64.num}
_PYARRAY_NEW = 93  # its place in NumPy's table of functions
_MOST_AXES = 64  # NPY_MAXDIMS


def _name_addresses() -> None:
    """Name what machine code refers to, so that code from the disk finds it where it is in this process."""
    table = ctypes.pythonapi.PyCapsule_GetPointer
    table.restype, table.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    functions = ctypes.cast(table(array_api, None), ctypes.POINTER(ctypes.c_void_p))
    binding.add_symbol("tinygrad_mnist.PyArray_New", functions[_PYARRAY_NEW])
    binding.add_symbol("tinygrad_mnist.ndarray", id(np.ndarray))
    binding.add_symbol("tinygrad_mnist.float32", id(FLOAT32))
    binding.add_symbol("tinygrad_mnist.float64", id(FLOAT64))
    binding.add_symbol("tinygrad_mnist.int64", id(INT64))


_name_addresses()


@keepable
class ArrayObject(types.Type):  # type: ignore[misc]
    """A Python object that should be a NumPy array of one dtype (`accepts` tells), or nothing."""

    def __init__(self, number: Any) -> None:
        self.number = number
        super().__init__(f"ArrayObject({number})")


def _unbox(kind: Any, value: Any, context: Any) -> Any:
    return extending.NativeValue(value)


def _box(kind: Any, value: Any, context: Any) -> Any:
    """The array itself; None for nothing; NULL when NumPy has raised an exception."""
    builder, python = context.builder, context.pyapi
    result = cgutils.alloca_once_value(builder, value)
    is_nothing = builder.icmp_unsigned("==", value, _NULL)
    no_error = builder.icmp_unsigned("==", python.err_occurred(), cgutils.get_null_value(python.pyobj))
    with builder.if_then(builder.and_(is_nothing, no_error)):
        builder.store(python.make_none(), result)
    return builder.load(result)


extending.register_model(ArrayObject)(extending.models.OpaqueModel)
extending.unbox(ArrayObject)(_unbox)
extending.box(ArrayObject)(_box)


class _Reader:
    """Instructions that read the fields of an array object."""

    def __init__(self, builder: ir.IRBuilder, array: Any) -> None:
        self.builder, self.array = builder, array

    def at(self, place: int, kind: Any) -> Any:
        """The field so many pointers behind the object header."""
        offset = ir.Constant(_SIZE, object.__basicsize__ + place * 8)
        address = self.builder.gep(self.array, [offset])
        return self.builder.load(self.builder.bitcast(address, kind.as_pointer()))


def named(builder: ir.IRBuilder, name: str) -> Any:
    """The address that `_name_addresses` gave a name."""
    name = f"tinygrad_mnist.{name}"
    variable = builder.module.globals.get(name) or ir.GlobalVariable(builder.module, _BYTE, name)
    variable.linkage = "external"
    return builder.bitcast(variable, _OBJECT)


def _intrinsic(result: Callable[[Any], Any], *more: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make an intrinsic on an ArrayObject, and on more arguments, out of its code generator."""

    def decorate(generate: Callable[..., Any]) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            return generate(context, builder, signature.args[0].number, *args)

        typings = (
            lambda typing, x: (result(x)(x, *more), codegen),
            lambda typing, x, a: (result(x)(x, *more), codegen),
            None,
            lambda typing, x, a, b, c: (result(x)(x, *more), codegen),
        )
        return extending.intrinsic(typings[len(more)])

    return decorate


@_intrinsic(lambda x: types.boolean)
def accepts(context: Any, builder: ir.IRBuilder, number: Any, x: Any) -> Any:
    """Whether the object is an array (exactly, no subclass) of the dtype that this code is for."""
    fields = _Reader(builder, x)
    is_array = builder.icmp_unsigned("==", fields.at(_TYPE, _OBJECT), named(builder, "ndarray"))
    result = cgutils.alloca_once_value(builder, is_array)
    with builder.if_then(is_array):
        same = builder.icmp_unsigned("==", fields.at(_DESCRIPTION, _OBJECT), named(builder, str(number)))
        builder.store(same, result)
    return builder.load(result)


@_intrinsic(lambda x: types.CPointer(x.number))
def data(context: Any, builder: ir.IRBuilder, number: Any, x: Any) -> Any:
    """The pointer to the first element; as all here, of an object that `accepts`, while it lives."""
    return _Reader(builder, x).at(_DATA, context.get_value_type(types.CPointer(number)))


@_intrinsic(lambda x: types.int64)
def ndim(context: Any, builder: ir.IRBuilder, number: Any, x: Any) -> Any:
    """The number of axes."""
    return builder.zext(_Reader(builder, x).at(_NDIM, _INT), _SIZE)


@_intrinsic(lambda x: types.int64)
def flags(context: Any, builder: ir.IRBuilder, number: Any, x: Any) -> Any:
    """NumPy's flags: contiguous, aligned, and so on."""
    return builder.zext(_Reader(builder, x).at(_FLAGS, _INT), _SIZE)


@_intrinsic(lambda x: types.CPointer(types.int64))
def shape(context: Any, builder: ir.IRBuilder, number: Any, x: Any) -> Any:
    """The pointer to the lengths of the axes."""
    return _Reader(builder, x).at(_SHAPE, _SIZE.as_pointer())


@_intrinsic(lambda x: types.int64, types.int64)
def stride(context: Any, builder: ir.IRBuilder, number: Any, x: Any, axis: Any) -> Any:
    """From one element to the next along an axis, in elements; the array is aligned, 0 <= axis < ndim."""
    axes = builder.zext(_Reader(builder, x).at(_NDIM, _INT), _SIZE)
    asserted(builder, "stride", between(builder, 0, axis), builder.icmp_signed("<", axis, axes))
    strides = _Reader(builder, x).at(_STRIDES, _SIZE.as_pointer())
    return builder.sdiv(builder.load(builder.gep(strides, [axis])), ir.Constant(_SIZE, number.bitwidth // 8))


@_intrinsic(lambda x: x)
def nothing(context: Any, builder: ir.IRBuilder, number: Any, x: Any) -> Any:
    """The answer of a kernel that does not accept its operands."""
    return _NULL


@_intrinsic(lambda x: ArrayObject(types.int64))
def as_int64(context: Any, builder: ir.IRBuilder, number: Any, x: Any) -> Any:
    """The object itself, where the dtype counts of what is made like it: int64."""
    return x


@_intrinsic(lambda x: types.boolean)
def is_nothing(context: Any, builder: ir.IRBuilder, number: Any, x: Any) -> Any:
    """Whether there is no array, for instance because there was no memory for it."""
    return builder.icmp_unsigned("==", x, _NULL)


@_intrinsic(lambda x: x, types.int64, types.CPointer(types.int64), types.boolean)
def new_array(
    context: Any, builder: ir.IRBuilder, number: Any, x: Any, axes: Any, sizes: Any, fortran: Any
) -> Any:
    """A new array of the dtype of x and this shape, its elements undefined; nothing if memory is short.

    `sizes` has as many numbers as axes, none below zero; 0 <= axes <= 64. Python's lock is held.
    """
    known = builder.or_(there(builder, sizes), builder.icmp_signed("==", axes, axes.type(0)))
    asserted(builder, "new_array", between(builder, 0, axes, _MOST_AXES), known)
    pointer = _SIZE.as_pointer()
    arguments = [_OBJECT, _INT, pointer, _INT, pointer, _OBJECT, _INT, _INT, _OBJECT]
    function_type = ir.FunctionType(_OBJECT, arguments).as_pointer()
    type_number, zero = ir.Constant(_INT, _TYPE_NUMBERS[number]), ir.Constant(_INT, 0)
    return builder.call(
        builder.bitcast(named(builder, "PyArray_New"), function_type),
        [
            named(builder, "ndarray"),
            builder.trunc(axes, _INT),
            sizes,
            type_number,
            ir.Constant(pointer, None),
            _NULL,
            zero,
            builder.zext(fortran, _INT),
            _NULL,
        ],
    )


def _room_for_shape(typing: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return cgutils.alloca_once(builder, _SIZE, size=_MOST_AXES)

    return types.CPointer(types.int64)(), codegen


room_for_shape = extending.intrinsic(_room_for_shape)  # an array of sizes to fill in for new_array


@scalar
def size(x: Any) -> Any:
    """The number of elements."""
    total = 1
    for axis in range(ndim(x)):
        total *= shape(x)[axis]
    return total


@scalar
def same_shape(x: Any, y: Any) -> Any:
    """Whether two arrays have the same shape."""
    same = ndim(x) == ndim(y)
    if same:
        for axis in range(ndim(x)):
            same &= shape(x)[axis] == shape(y)[axis]
    return same


@scalar
def fits(x: Any, like: Any, written: Any) -> Any:
    """Whether an array is plain and of another one's shape, and may be written to if it is to be."""
    wanted = PLAIN | WRITEABLE if written else PLAIN
    return accepts(x) and flags(x) & wanted == wanted and same_shape(x, like)


@scalar
def new_like(x: Any) -> Any:
    """A new C-contiguous array of the shape and dtype of x, its elements undefined."""
    return new_array(x, ndim(x), shape(x), False)


@scalar
def new_matrix(x: Any, m: Any, n: Any, fortran: Any) -> Any:
    """A new m x n matrix of the dtype of x, its elements undefined."""
    sizes = room_for_shape()
    sizes[0], sizes[1] = m, n
    return new_array(x, 2, sizes, fortran)


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


unlock = extending.intrinsic(_unlock)  # state = unlock(worthwhile): let other Python threads run
lock = extending.intrinsic(_lock)  # lock(state): before a kernel returns


class Entry:
    """A kernel as Python functions, `single` for float32 and `double` for float64.

    Each is compiled at its first call with arrays of its dtype. `arguments` gives the types of the
    kernel's arguments, from that of its arrays. `refuses` tells of arrays of its dtype that the kernel gives
    nothing for: for them it is not compiled.
    """

    def __init__(
        self,
        kernel: Any,
        arguments: Callable[[Any], tuple[Any, ...]],
        refuses: Callable[..., bool] = lambda *arrays: False,
    ) -> None:
        self._kernel, self._arguments, self._refuses = kernel, arguments, refuses
        self.single = self._at_first("single", types.float32)
        self.double = self._at_first("double", types.float64)

    def __call__(self, x: Any, *more: Any) -> Any:
        """What the kernel gives, by the dtype of x; None if it does not accept the operands."""
        dtype = x.dtype
        if dtype is FLOAT32:
            return self.single(x, *more)
        if dtype is FLOAT64:
            return self.double(x, *more)
        for own in (FLOAT32, FLOAT64):
            if dtype == own:  # and not NumPy's own object: a copy with metadata, or from a pickle
                return self(np.asarray(x, own), *more)
        return None

    def _at_first(self, name: str, number: Any) -> Callable[..., Any]:
        kind = ArrayObject(number)
        signature, dtype = self._arguments(kind), np.dtype(number.name)

        def first_call(*args: Any) -> Any:
            if any(k == kind and getattr(x, "dtype", None) is not dtype for x, k in zip(args, signature)):
                return None  # it would not accept them either, after seconds of compilation
            if self._refuses(*args):
                return None
            self._kernel.compile(signature)
            code = self._kernel.overloads[signature].entry_point
            setattr(self, name, code)
            return code(*args)

        return first_call


def plain(x: Any) -> np.ndarray[Any, Any]:
    """A copy of any array that every kernel accepts: an ndarray, aligned and contiguous.

    Raises TypeError unless it is float32 or float64.
    """
    x = np.asarray(x)
    for dtype in (FLOAT32, FLOAT64):
        if x.dtype == dtype and x.dtype.isnative:
            # asarray: kernels ask for NumPy's own dtype object, and this may be a copy of it, as above
            return np.array(np.asarray(x, dtype), order="C")
    raise TypeError(f"kernels work on arrays of float32 or float64 in native byte order, not {x.dtype}")
