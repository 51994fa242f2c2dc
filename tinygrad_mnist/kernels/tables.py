"""The addresses of many arrays as one argument of machine code: a tuple of arrays where Python calls it."""

from typing import Any

from llvmlite import ir

from tinygrad_mnist.kernels.numba_door import cgutils, extending, types
from tinygrad_mnist.kernels.objects import DATA

_WORD = ir.IntType(64)


class Addresses(types.Type):  # type: ignore[misc]
    """A pointer to the addresses of the first elements of arrays, which live as long as it is used."""

    def __init__(self) -> None:
        super().__init__("Addresses")


extending.register_model(Addresses)(
    lambda manager, kind: extending.models.PrimitiveModel(manager, kind, _WORD.as_pointer())
)


def _unbox(_: Any, arrays: Any, context: Any) -> Any:
    """Of a tuple of arrays, which are not looked at."""
    builder, python = context.builder, context.pyapi
    count = python.tuple_size(arrays)
    table = builder.alloca(_WORD, count)
    kind = ir.FunctionType(python.pyobj, [python.pyobj, _WORD])
    item = cgutils.get_or_insert_function(builder.module, kind, "PyTuple_GetItem")
    with cgutils.for_range(builder, count) as loop:
        array = builder.ptrtoint(builder.call(item, [arrays, loop.index]), _WORD)
        field = builder.inttoptr(builder.add(array, _WORD(DATA)), _WORD.as_pointer())
        builder.store(builder.load(field), builder.gep(table, [loop.index]))
    return extending.NativeValue(table)


extending.unbox(Addresses)(_unbox)
