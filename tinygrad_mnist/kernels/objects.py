"""Python's objects, asked by machine code: its C interface, for kernels that hold Python's lock.

Objects are addresses, as `id` gives them, of objects that live; 0 stands for none. What is asked here runs no
Python code where dictionaries are plain ones with strings as keys.
"""

from typing import Any

from llvmlite import ir

from tinygrad_mnist.kernels.arrays import named
from tinygrad_mnist.kernels.numba_door import cgutils, extending, types

_WORD, _POINTER, _INT = ir.IntType(64), ir.IntType(8).as_pointer(), ir.IntType(32)
HEAD = object.__basicsize__  # of an object, before its fields
_KIND = HEAD - 8  # where an object says what type it is of
#: Where an array says what it is: PyArrayObject_fields, part of NumPy's binary interface.
DATA, AXES, SHAPE, STRIDES, DTYPE, FLAGS = (HEAD + at for at in (0, 8, 16, 24, 40, 48))
VERSION = 384  # where a class has its version: `tp_version_tag`
HALF = 0xFFFFFFFF  # of a word, where a field has four bytes


def _asking(name: str, result: Any, *kinds: Any) -> Any:
    """A function of Python's C interface, as an intrinsic of int64."""

    def ask(typing: Any, *args: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            function_type = ir.FunctionType(result, list(kinds))
            function = cgutils.get_or_insert_function(builder.module, function_type, name)
            given = [
                builder.inttoptr(x, k) if isinstance(k, ir.PointerType) else x
                for x, k in zip(args, kinds, strict=True)
            ]
            answer = builder.call(function, given)
            if result == _POINTER:
                return builder.ptrtoint(answer, _WORD)
            if result == _INT:
                return builder.sext(answer, _WORD)
            return context.get_dummy_value() if result == ir.VoidType() else answer

        kind = types.void if result == ir.VoidType() else types.int64
        return kind(*[types.int64] * len(kinds)), codegen

    text = ", ".join(f"x{k}" for k in range(len(kinds)))
    call: Any = eval(f"lambda typing{', ' if text else ''}{text}: ask(typing)", {"ask": ask})
    call.__name__ = call.__qualname__ = name
    return extending.intrinsic(call)


#: Borrowed: what a dictionary, a list or a tuple holds, what a function is made of.
item = _asking("PyDict_GetItemWithError", _POINTER, _POINTER, _POINTER)
contains = _asking("PyDict_Contains", _INT, _POINTER, _POINTER)
list_item = _asking("PyList_GetItem", _POINTER, _POINTER, _WORD)
tuple_item = _asking("PyTuple_GetItem", _POINTER, _POINTER, _WORD)
tuple_size = _asking("PyTuple_Size", _WORD, _POINTER)
tuple_made = _asking("PyTuple_New", _POINTER, _WORD)
tuple_put = _asking("PyTuple_SetItem", _INT, _POINTER, _WORD, _POINTER)  # the tuple has it then
size = _asking("PyObject_Size", _WORD, _POINTER)
code_of = _asking("PyFunction_GetCode", _POINTER, _POINTER)
defaults_of = _asking("PyFunction_GetDefaults", _POINTER, _POINTER)
keyword_defaults_of = _asking("PyFunction_GetKwDefaults", _POINTER, _POINTER)
inherited = _asking("_PyType_Lookup", _POINTER, _POINTER, _POINTER)  # what a class has, or one above it
#: To be given back by `forget`: an object's dictionary, an attribute, what a cell holds.
space = _asking("PyObject_GenericGetDict", _POINTER, _POINTER, _POINTER)
attribute = _asking("PyObject_GetAttr", _POINTER, _POINTER, _POINTER)
cell = _asking("PyCell_Get", _POINTER, _POINTER)
forget = _asking("Py_DecRef", ir.VoidType(), _POINTER)
#: An error of one of these, which is then no error any more.
no_error = _asking("PyErr_Clear", ir.VoidType())


def _next_key(typing: Any, dictionary: Any, places: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        kinds = [_POINTER, _WORD.as_pointer(), _POINTER.as_pointer(), _POINTER.as_pointer()]
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_INT, kinds), "PyDict_Next")
        key = builder.bitcast(builder.gep(args[1], [_WORD(1)]), kinds[2])
        given = [builder.inttoptr(args[0], _POINTER), args[1], key, ir.Constant(kinds[3], None)]
        return builder.sext(builder.call(function, given), _WORD)

    return types.int64(types.int64, types.CPointer(types.int64)), codegen


#: next_key(dictionary, places): 0 after the last one. places[0] is 0 before the first call, then what Python
#: makes of it; the key is left in places[1].
next_key = extending.intrinsic(_next_key)


def _word(typing: Any, address: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.inttoptr(args[0], _WORD.as_pointer()))

    return types.int64(types.int64), codegen


#: word(address): the eight bytes there. They must belong to an object that lives, or to its shape or strides.
word = extending.intrinsic(_word)


def _kind(typing: Any, x: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = builder.add(args[0], _WORD(_KIND))
        return builder.load(builder.inttoptr(address, _WORD.as_pointer()))

    return types.int64(types.int64), codegen


kind_of = extending.intrinsic(_kind)  # the type of an object


def _version(typing: Any, x: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = builder.inttoptr(builder.add(args[0], _WORD(VERSION)), _INT.as_pointer())
        return builder.zext(builder.load(address), _WORD)

    return types.int64(types.int64), codegen


version_of = extending.intrinsic(_version)  # a class's version; 0: it has none at present


def _context_value(typing: Any, variable: Any, places: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = [_POINTER, _POINTER, _POINTER.as_pointer()]
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_INT, kinds), "PyContextVar_Get"
        )
        builder.store(_WORD(0), args[1])
        place = builder.bitcast(args[1], kinds[2])
        builder.call(function, [builder.inttoptr(args[0], _POINTER), ir.Constant(_POINTER, None), place])
        return builder.load(args[1])

    return types.int64(types.int64, types.CPointer(types.int64)), codegen


#: context_value(variable, places): what a context variable is here, to be given back by `forget`; or 0.
context_value = extending.intrinsic(_context_value)


def _address(typing: Any, x: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], _WORD)

    return types.int64(x), codegen


def _object_at(typing: Any, like: Any, address: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[1], args[0].type)

    return like(like, types.int64), codegen


def _pointer(typing: Any, address: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], _WORD.as_pointer())

    return types.CPointer(types.int64)(types.int64), codegen


def _new_array(typing: Any, dtype: Any, axes: Any, sizes: Any, first: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        dtype, axes, sizes, first = args
        pointer, none = _WORD.as_pointer(), ir.Constant(_POINTER, None)
        kinds = [_POINTER, _INT, pointer, _INT, pointer, _POINTER, _INT, _INT, _POINTER]
        function = builder.bitcast(
            named(builder, "PyArray_New"), ir.FunctionType(_POINTER, kinds).as_pointer()
        )
        given = [named(builder, "ndarray"), builder.trunc(axes, _INT), builder.gep(sizes, [first])]
        given += [builder.trunc(dtype, _INT), ir.Constant(pointer, None), none, _INT(0), _INT(0), none]
        return builder.ptrtoint(builder.call(function, given), _WORD)

    i64 = types.int64
    return i64(i64, i64, types.CPointer(i64), i64), codegen


address = extending.intrinsic(_address)  # address(x): of an ArrayObject
object_at = extending.intrinsic(_object_at)  # object_at(like, address): the ArrayObject there
pointer = extending.intrinsic(_pointer)  # pointer(address): to words
#: new_array(number of its dtype, axes, sizes, first): a new array, its lengths from sizes[first] on; 0 and an
#: error if memory is short.
new_array = extending.intrinsic(_new_array)
