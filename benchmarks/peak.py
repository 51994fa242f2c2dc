"""The most arithmetic one core can do: multiply-adds on registers alone, nothing from memory."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from tinygrad_mnist.kernels.numba_door import cgutils, extending, types
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.vectors import VECTOR_BYTES

CHAINS = 12  # independent sums: more than the latency of a multiply-add times how many start per cycle
LOOPS = 10_000


def flops(itemsize: int) -> int:
    """How many floating-point operations one call of `multiply_adds` does."""
    return 2 * CHAINS * LOOPS * (VECTOR_BYTES // itemsize)


def _chains(typing: Any, number: Any, loops: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        bits = signature.args[0].bitwidth
        lanes = VECTOR_BYTES * 8 // bits
        vector, places = ir.VectorType(args[0].type, lanes), ir.VectorType(ir.IntType(32), lanes)
        first, nothing = ir.Constant(ir.IntType(32), 0), ir.Constant(vector, ir.Undefined)
        fma_type = ir.FunctionType(vector, [vector] * 3)
        fma = cgutils.get_or_insert_function(builder.module, fma_type, f"llvm.fma.v{lanes}f{bits}")
        one = builder.insert_element(nothing, args[0], first)
        factor = builder.shuffle_vector(one, nothing, ir.Constant(places, None))
        starts = [ir.Constant(vector, [float(i)] * lanes) for i in range(CHAINS)]
        chains = [cgutils.alloca_once_value(builder, start) for start in starts]
        with cgutils.for_range(builder, args[1]):
            for chain in chains:
                builder.store(builder.call(fma, [builder.load(chain), factor, factor]), chain)
        total = builder.load(chains[0])
        for chain in chains[1:]:
            total = builder.fadd(total, builder.load(chain))
        return builder.extract_element(total, first)

    return number(number, types.int64), codegen


chains = extending.intrinsic(_chains)


@kernel
def multiply_adds(number: Any) -> Any:
    """x = x * number + number in every lane of every chain, over and over; the sum of the chains."""
    return chains(number, LOOPS)
