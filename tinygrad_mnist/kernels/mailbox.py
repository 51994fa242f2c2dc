"""Where a thread that waits inside machine code finds its work, and what both sides do with its words.

One block of int64 in memory that all kernels know by its name, each word that two threads watch on a cache
line of its own.
"""

import platform
from typing import Any

import numpy as np
from llvmlite import binding, ir

from tinygrad_mnist.kernels.barrier import offer_core, pause_once
from tinygrad_mnist.kernels.numba_door import cgutils, extending, types

#: What is going on: one of the states below.
STATE = 0
#: How many threads a product may use; 0 where nobody has said so yet.
THREADS = 8
#: Threads whose products use no other.
ALONE = 9
#: Products that were computed by one thread since nobody waited here.
MISSED = 10
#: Multiplications to be done alone, for a time lost by waiting for the other half, before another is shared.
DEBT = 11
#: Not 0 if the thread that waits here is wanted elsewhere.
RECALLED = 16
#: The address of the code of the work, its result, and its arguments.
CODE, RESULT, WORK = 24, 25, 26
_WORDS = 48

#: Nobody waits; somebody waits for work; somebody writes work down, or reads the result; it is there to be
#: taken; it is being done; it is done.
ABSENT, WAITING, CLAIMED, POSTED, BUSY, DONE = range(6)

_SIZE = ir.IntType(64)
_NAME = "tinygrad_mnist.mailbox"
_room = np.zeros(_WORDS + 8, np.int64)
#: The block, as Python sees it.
words = _room[-(_room.ctypes.data // 8) % 8 :][:_WORDS]
binding.add_symbol(_NAME, words.ctypes.data)


def _mailbox(typing: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        found = builder.module.globals.get(_NAME)
        if found is None:
            found = ir.GlobalVariable(builder.module, _SIZE, _NAME)
            found.linkage = "external"
        return found

    return types.CPointer(types.int64)(), codegen


def _look(typing: Any, word: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.load_atomic(args[0], "acquire", 8)

    return types.int64(word), codegen


def _put(typing: Any, word: Any, value: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[1], args[0], "release", 8)
        return context.get_dummy_value()

    return types.void(word, types.int64), codegen


def _swap(typing: Any, word: Any, before: Any, after: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.extract_value(builder.cmpxchg(*args, "acq_rel", "acquire"), 1)

    return types.boolean(word, types.int64, types.int64), codegen


def _address(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], _SIZE)

    return types.int64(pointer), codegen


def _at(typing: Any, address: Any, like: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], args[1].type)

    return like(types.int64, like), codegen


def _perform(typing: Any, code: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        function = builder.inttoptr(args[0], ir.FunctionType(_SIZE, [_SIZE]).as_pointer())
        return builder.call(function, [ir.Constant(_SIZE, 0)])

    return types.int64(types.int64), codegen


def _pause(typing: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        pause_once(builder)
        return context.get_dummy_value()

    return types.void(), codegen


def _rest(typing: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        offer_core(builder)
        return context.get_dummy_value()

    return types.void(), codegen


def _ticks(typing: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        reads = ir.FunctionType(_SIZE, [])
        machine = platform.machine().lower()
        if machine in ("x86_64", "amd64"):
            return builder.call(
                cgutils.get_or_insert_function(builder.module, reads, "llvm.readcyclecounter"), []
            )
        if machine in ("aarch64", "arm64"):
            return builder.asm(reads, "mrs $0, cntvct_el0", "=r", [], True)
        return ir.Constant(_SIZE, 0)

    return types.int64(), codegen


mailbox = extending.intrinsic(_mailbox)  # mailbox(): the pointer to the first word
look = extending.intrinsic(_look)  # look(word): what is there, and all that was written before it
put = extending.intrinsic(_put)  # put(word, value): for others to see, with all that was written before
swap = extending.intrinsic(_swap)  # swap(word, before, after): whether it was `before`; it is `after` now
address = extending.intrinsic(_address)  # address(pointer): as a number
at = extending.intrinsic(_at)  # at(address, like): the pointer, of the type of another
perform = extending.intrinsic(_perform)  # perform(code): call the code at this address with the number 0
pause = extending.intrinsic(_pause)  # pause(): tell the processor that this loop waits
rest = extending.intrinsic(_rest)  # rest(): offer the core to another thread
ticks = extending.intrinsic(_ticks)  # ticks(): a clock's count, of whatever length; 0 where there is none
