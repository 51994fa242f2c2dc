"""Where threads inside compiled code wait for each other."""

import ctypes
import platform
import sys
from typing import Any

from llvmlite import binding, ir

from tinygrad_mnist.kernels.checking import asserted, between, there
from tinygrad_mnist.kernels.numba_door import cgutils, extending, types
from tinygrad_mnist.kernels.tuning import SPINS

ABANDONED = 1 << 62  # a counter from here on lets everybody pass: somebody will never come

_VOID, _INT, _SIZE = ir.VoidType(), ir.IntType(32), ir.IntType(64)
_YIELD = "tinygrad_mnist.sched_yield"
# The instruction that tells the processor of a waiting loop, and its operands.
_PAUSES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "x86_64": ("llvm.x86.sse2.pause", ()),
    "amd64": ("llvm.x86.sse2.pause", ()),
    "aarch64": ("llvm.aarch64.hint", (ir.Constant(_INT, 1),)),
    "arm64": ("llvm.aarch64.hint", (ir.Constant(_INT, 1),)),
}


def _name_yield() -> None:
    """Name the C function that offers the core to another thread, for machine code from the disk."""
    if sys.platform == "win32":
        function: Any = ctypes.windll.kernel32.SwitchToThread
    else:
        function = ctypes.CDLL(None).sched_yield
    binding.add_symbol(_YIELD, ctypes.cast(function, ctypes.c_void_p).value)


_name_yield()


def _barrier(typing: Any, counter: Any, ranks: Any) -> Any:
    if isinstance(counter, types.Array):
        dtype, is_array = counter.dtype, True
    else:
        dtype, is_array = getattr(counter, "dtype", None), False
    if dtype != types.int64:
        return None

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        counter, ranks = args
        if is_array:
            counter = context.make_array(signature.args[0])(context, builder, counter).data
        asserted(builder, "barrier", between(builder, 1, ranks), there(builder, counter))
        together = cgutils.alloca_once_value(builder, cgutils.true_bit)
        with builder.if_then(builder.icmp_signed(">", ranks, _size(1))):
            ticket = builder.atomic_rmw("add", counter, _size(1), "acq_rel")
            round_ = builder.add(builder.sdiv(ticket, ranks), _size(1))
            _wait(builder, counter, builder.mul(round_, ranks))
            now = builder.load_atomic(counter, "acquire", 8)
            builder.store(builder.icmp_signed("<", now, _size(ABANDONED)), together)
        return builder.load(together)

    return types.boolean(counter, types.int64), codegen


def _wait(builder: ir.IRBuilder, counter: Any, target: Any) -> None:
    """Instructions that wait until the counter has reached the target, or is abandoned."""
    goal = builder.select(builder.icmp_signed("<", target, _size(ABANDONED)), target, _size(ABANDONED))
    look, again, rest, passed = map(builder.append_basic_block, ("look", "again", "rest", "passed"))
    before = builder.block
    builder.branch(look)
    builder.position_at_end(look)
    looks = builder.phi(_SIZE)
    looks.add_incoming(_size(1), before)
    now = builder.load_atomic(counter, "acquire", 8)
    builder.cbranch(builder.icmp_signed(">=", now, goal), passed, again)
    builder.position_at_end(again)
    _call(builder, *_PAUSES.get(platform.machine().lower(), (_YIELD, ())))
    more = builder.add(looks, _size(1))
    tired = builder.icmp_signed("==", builder.and_(looks, _size(SPINS - 1)), _size(0))
    looks.add_incoming(more, again)
    looks.add_incoming(more, rest)
    builder.cbranch(tired, rest, look)
    builder.position_at_end(rest)
    _call(builder, _YIELD, ())  # with more threads than cores, whom we wait for may need this one
    builder.branch(look)
    builder.position_at_end(passed)


def _call(builder: ir.IRBuilder, name: str, args: tuple[Any, ...]) -> None:
    result = _INT if name == _YIELD else _VOID
    function_type = ir.FunctionType(result, [arg.type for arg in args])
    builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), args)


def _size(value: int) -> Any:
    return ir.Constant(_SIZE, value)


#: barrier(counter, ranks): wait until all `ranks` threads have called it, then go on; False if one of
#: them never will. The counter is an int64 array or pointer that all share, zero at first. What each
#: thread wrote before is seen by all behind it.
barrier = extending.intrinsic(_barrier)
