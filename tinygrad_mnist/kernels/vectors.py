"""Vectors of the processor: how wide they are, and the instructions on them."""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import binding, ir

from tinygrad_mnist.kernels.numba_door import cgutils, config, extending

I32, I64 = ir.IntType(32), ir.IntType(64)


def _features() -> set[str]:
    """The extensions of the processor's instructions that compiled code may use."""
    if config.CPU_FEATURES is None:
        return {name for name, has in binding.get_host_cpu_features().items() if has}
    return {name[1:] for name in config.CPU_FEATURES.split(",") if name.startswith("+")}


FEATURES = _features()
#: The width of the widest vector registers that there are.
VECTOR_BYTES = 64 if "avx512f" in FEATURES else 32 if "avx2" in FEATURES else 16


class Vectors:
    """Instructions on vectors of one type, at the place where a builder stands."""

    def __init__(self, context: Any, builder: ir.IRBuilder, number: Any) -> None:
        self.builder = builder
        self.element = context.get_value_type(number)
        self.lanes = VECTOR_BYTES // (number.bitwidth // 8)
        self.type = ir.VectorType(self.element, self.lanes)
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)
        self.align = number.bitwidth // 8
        self.suffix = f"v{self.lanes}f{number.bitwidth}"

    def call(self, name: str, result: Any, args: Sequence[Any]) -> Any:
        """Call an LLVM intrinsic."""
        function_type = ir.FunctionType(result, [arg.type for arg in args])
        function = cgutils.get_or_insert_function(self.builder.module, function_type, name)
        return self.builder.call(function, args)

    def offset(self, pointer: Any, *terms: Any) -> Any:
        """The pointer moved by the product of the terms, in elements."""
        total = as_i64(terms[0])
        for term in terms[1:]:
            total = self.builder.mul(total, as_i64(term))
        return self.builder.gep(pointer, [total])

    def load(self, pointer: Any, mask: Any = None) -> Any:
        """A vector from memory; masked lanes are zero and their memory is not touched."""
        address = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            return self.builder.load(address, align=self.align)
        args = [address, ir.Constant(I32, self.align), mask, self.zero]
        return self.call(f"llvm.masked.load.{self.suffix}.p0", self.type, args)

    def store(self, value: Any, pointer: Any, mask: Any = None) -> None:
        """A vector to memory, except for masked lanes."""
        address = self.builder.bitcast(pointer, value.type.as_pointer())
        if mask is None:
            self.builder.store(value, address, align=self.align)
            return
        args = [value, address, ir.Constant(I32, self.align), mask]
        suffix = self.suffix.replace(f"v{self.lanes}", f"v{value.type.count}")
        self.call(f"llvm.masked.store.{suffix}.p0", ir.VoidType(), args)

    def first_lanes(self, count: Any, lanes: int) -> Any:
        """The mask that keeps the first `count` lanes."""
        counts = ir.VectorType(I64, lanes)
        one = self.builder.insert_element(ir.Constant(counts, ir.Undefined), count, ir.Constant(I32, 0))
        limit = self.builder.shuffle_vector(one, ir.Constant(counts, ir.Undefined), lane_numbers([0] * lanes))
        return self.builder.icmp_signed("<", ir.Constant(counts, list(range(lanes))), limit)

    def broadcast(self, pointer: Any) -> Any:
        """The number at the pointer in every lane."""
        number = self.builder.load(pointer, align=self.align)
        nothing = ir.Constant(self.type, ir.Undefined)
        one = self.builder.insert_element(nothing, number, ir.Constant(I32, 0))
        return self.builder.shuffle_vector(one, nothing, lane_numbers([0] * self.lanes))

    def accumulators(self, count: int) -> list[Any]:
        """Zeroed places for vectors that LLVM promotes to registers."""
        places = [cgutils.alloca_once(self.builder, self.type) for _ in range(count)]
        for place in places:
            self.builder.store(self.zero, place)
        return places

    def multiply_add(self, a: Any, b: Any, place: Any) -> None:
        """Add a * b to an accumulator, with one rounding."""
        total = self.call(f"llvm.fma.{self.suffix}", self.type, [a, b, self.builder.load(place)])
        self.builder.store(total, place)

    def sums(self, vectors: Sequence[Any]) -> Any:
        """The horizontal sums of vectors, in order, as one vector with that many lanes.

        The vectors are folded in pairs into ever shorter segments, all at once, so that a sum
        costs three instructions rather than two for each halving. The number of vectors
        is a power of two and at most that of the lanes.
        """
        segment = self.lanes
        while segment > 1:
            if len(vectors) > 1:
                pairs = zip(vectors[::2], vectors[1::2], strict=True)
                vectors = [self._fold(x, y, segment) for x, y in pairs]
            else:
                vectors = [self._fold(vectors[0], None, segment)]
            segment //= 2
        return vectors[0]

    def _fold(self, x: Any, y: Any, segment: int) -> Any:
        """Add the halves of each segment of x, then of y."""
        lanes = x.type.count * (1 if y is None else 2)
        halves = []
        for start in (0, segment // 2):
            firsts = range(start, lanes, segment)
            picked = [first + lane for first in firsts for lane in range(segment // 2)]
            other = ir.Constant(x.type, ir.Undefined) if y is None else y
            halves.append(self.builder.shuffle_vector(x, other, lane_numbers(picked)))
        return self.builder.fadd(*halves)


def as_i64(value: Any) -> Any:
    """A whole number as a constant; values stay what they are."""
    return ir.Constant(I64, value) if isinstance(value, int) else value


def lane_numbers(indices: Sequence[int]) -> Any:
    """Which lanes, as LLVM takes them."""
    return ir.Constant(ir.VectorType(I32, len(indices)), list(indices))


def named_intrinsic(name: str, function: Callable[..., Any]) -> Any:
    """An intrinsic of which there are several, by a name of its own, under which machine code is kept."""
    function.__name__ = function.__qualname__ = name
    return extending.intrinsic(function)


def bring_near(builder: ir.IRBuilder, pointer: Any, write: bool) -> None:
    """Hint at an access to come: into the first-level cache to write, the second to read."""
    byte = ir.IntType(8).as_pointer()
    hint = ir.FunctionType(ir.VoidType(), [byte, I32, I32, I32])
    function = cgutils.get_or_insert_function(builder.module, hint, "llvm.prefetch.p0")
    data = 1  # rather than instructions
    hints = [ir.Constant(I32, value) for value in (int(write), 3 if write else 2, data)]
    builder.call(function, [builder.bitcast(pointer, byte), *hints])
