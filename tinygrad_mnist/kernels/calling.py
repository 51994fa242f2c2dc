"""A call of a compiled program, from Python's arguments to its results, as one call of machine code.

It looks whether the arguments are what the program is for and whether all that it depends on is unchanged,
makes the results, and runs the program. Python's lock is held throughout and no Python code runs meanwhile:
what has been looked at cannot change before it is used, and nobody else works in the program's memory.
Programs that take long release the lock while they run; who calls those keeps others out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from tinygrad_mnist.kernels.arrays import PLAIN, ArrayObject, nothing
from tinygrad_mnist.kernels.guards import places_unchanged
from tinygrad_mnist.kernels.headers import headers_unchanged
from tinygrad_mnist.kernels.numba_door import cgutils, extending, types
from tinygrad_mnist.kernels.objects import (
    AXES,
    DATA,
    DTYPE,
    FLAGS,
    HALF,
    SHAPE,
    address,
    forget,
    kind_of,
    new_array,
    object_at,
    pointer,
    tuple_item,
    tuple_made,
    tuple_put,
    tuple_size,
    word,
)
from tinygrad_mnist.kernels.policy import kernel, routine
from tinygrad_mnist.kernels.tables import Addresses

#: What a plan begins with: the address of the program; whether it is running elsewhere; whether it lets
#: other threads run; NumPy's type of arrays; how many arguments, outputs and objects to be alone there are,
#: and where the addresses of the first two are in the program's table. Then, of each argument, its dtype, its
#: number of axes and its lengths; of each output, the number of its dtype, and the same; of each array that
#: nobody else may refer to, since it is updated, where to look, and what is there: see `compiler.memory`.
PROGRAM, BUSY, RELEASES, NDARRAY, ARGUMENTS, OUTPUTS, ALONE, SOURCES, TARGETS, HEAD = range(10)

#: What the code of a program is given: the first step, the one after the last, the number of a worker, how
#: many there are, and where its arrays are.
SIGNATURE = (*[types.int64] * 4, Addresses())

_WORD = ir.IntType(64)


def _run(typing: Any, program: Any, table: Any, results: Any, releases: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        program, table, results, releases = args
        convention, python = context.call_conv, context.get_python_api(builder)
        function_type = convention.get_function_type(types.none, SIGNATURE)
        function = builder.inttoptr(program, function_type.as_pointer())
        state = cgutils.alloca_once_value(builder, cgutils.get_null_value(python.voidptr))
        with builder.if_then(releases):
            builder.store(python.save_thread(), state)
        given = [_WORD(0), _WORD(1), _WORD(0), _WORD(1), table]
        status, _ = convention.call_function(builder, function, types.none, SIGNATURE, given)
        with builder.if_then(releases):
            python.restore_thread(builder.load(state))
        with cgutils.if_unlikely(builder, status.is_error):
            python.decref(builder.inttoptr(results, python.pyobj))
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(i64, types.CPointer(i64), i64, types.boolean), codegen


#: run(program, table, results, releases): one step; an error of it is ours, and the results are let go.
run = extending.intrinsic(_run)


@routine
def _fits(x: int, plan: Any, at: int) -> bool:
    """Whether an object is an array as the plan says there, in one piece."""
    if kind_of(x) != plan[NDARRAY] or word(x + DTYPE) != plan[at] or word(x + FLAGS) & PLAIN != PLAIN:
        return False
    axes = plan[at + 1]
    if word(x + AXES) & HALF != axes:
        return False
    lengths = word(x + SHAPE)
    same = True
    for k in range(axes):
        same &= word(lengths + 8 * k) == plan[at + 2 + k]
    return same


@routine
def _results(plan: Any, at: int, table: Any) -> int:
    """New arrays as the plan says, in a tuple, and their addresses in the table; 0 and an error if none."""
    results = tuple_made(plan[OUTPUTS])
    for k in range(plan[OUTPUTS] if results != 0 else 0):
        x = new_array(plan[at], plan[at + 1], plan, at + 2)
        if x == 0:
            forget(results)
            return 0
        tuple_put(results, k, x)
        table[plan[TARGETS] + k] = word(x + DATA)
        at += 2 + plan[at + 1]
    return results


@kernel
def _call(state: Any, args: Any) -> Any:
    """The results of a step, in a tuple; nothing if somebody has to look more closely.

    Args:
        state: a tuple of vectors of int64: the plan, the program's table, what is to be as it was, as for
            `guards`, and arrays, as for `headers`.
        args: a tuple of arrays.
    """
    vectors, given = address(state), address(args)
    plan, table = pointer(word(tuple_item(vectors, 0) + DATA)), pointer(word(tuple_item(vectors, 1) + DATA))
    if plan[BUSY] != 0 or tuple_size(given) != plan[ARGUMENTS]:
        return nothing(state)
    at = HEAD
    for k in range(plan[ARGUMENTS]):
        x = tuple_item(given, k)
        if not _fits(x, plan, at):
            return nothing(state)
        table[plan[SOURCES] + k] = word(x + DATA)
        at += 2 + plan[at + 1]
    places, headers = tuple_item(vectors, 2), tuple_item(vectors, 3)
    if not places_unchanged(pointer(word(places + DATA)), word(word(places + SHAPE))):
        return nothing(state)
    if not headers_unchanged(pointer(word(headers + DATA)), word(word(headers + SHAPE))):
        return nothing(state)
    outputs = at
    for _ in range(plan[OUTPUTS]):
        at += 2 + plan[at + 1]
    for k in range(plan[ALONE]):
        if word(plan[at + 2 * k]) & HALF != plan[at + 2 * k + 1]:
            return nothing(state)
    results = _results(plan, outputs, table)
    if results != 0:
        run(plan[PROGRAM], table, results, plan[RELEASES] != 0)
    return object_at(state, results)


def calling() -> Callable[[Any, Any], Any]:
    """The machine code of `_call`."""
    kind = ArrayObject(types.int64)  # which nobody looks at: any object
    if (kind, kind) not in _call.overloads:
        _call.compile((kind, kind))
    code: Callable[[Any, Any], Any] = _call.overloads[kind, kind].entry_point
    return code
