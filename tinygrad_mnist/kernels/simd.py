"""What kernels ask of the processor by pointers: moving, vectors as wide as can be, memory, hints."""

from typing import Any

from llvmlite import ir

from tinygrad_mnist.kernels.checking import asserted, between, there
from tinygrad_mnist.kernels.numba_door import cgutils, extending, types
from tinygrad_mnist.kernels.vectors import I64, VECTOR_BYTES, Vectors, as_i64, bring_near


def _offset(typing: Any, pointer: Any, elements: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.int64), codegen


def _count_lanes(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return as_i64(VECTOR_BYTES // (signature.args[0].dtype.bitwidth // 8))

    return types.int64(pointer), codegen


def _prefetch(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        bring_near(builder, args[0], write=False)
        return context.get_dummy_value()

    return types.void(pointer), codegen


def _use_full_width(typing: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        # LLVM prefers half-width vectors on some processors; llvmlite has no word for this attribute
        set.add(builder.function.attributes, f'"prefer-vector-width"="{8 * VECTOR_BYTES}"')
        return context.get_dummy_value()

    return types.void(), codegen


def _stay_apart(typing: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), codegen


def _copy_vector(typing: Any, source: Any, target: Any, count: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        v = Vectors(context, builder, signature.args[0].dtype)
        asserted(builder, "copy_vector", between(builder, 0, args[2]), *(there(builder, x) for x in args[:2]))
        v.store(v.load(args[0], v.first_lanes(args[2], v.lanes)), args[1])
        return context.get_dummy_value()

    return types.void(source, source, types.int64), codegen


def _add_vector(typing: Any, source: Any, target: Any, count: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        v = Vectors(context, builder, signature.args[0].dtype)
        asserted(builder, "add_vector", between(builder, 0, args[2]), *(there(builder, x) for x in args[:2]))
        mask = v.first_lanes(args[2], v.lanes)
        v.store(builder.fadd(v.load(args[1], mask), v.load(args[0], mask)), args[1], mask)
        return context.get_dummy_value()

    return types.void(source, source, types.int64), codegen


def _integers(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], I64.as_pointer())

    return types.CPointer(types.int64)(pointer), codegen


def _allocate(typing: Any, like: Any, count: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        asserted(builder, "allocate", between(builder, 0, args[1]))
        pointer = context.get_value_type(signature.return_type)
        size = builder.mul(args[1], as_i64(signature.args[0].dtype.bitwidth // 8))
        room = context.nrt.allocate_unchecked(builder, builder.add(size, as_i64(64)))
        return builder.bitcast(room, pointer)

    return like(like, types.int64), codegen


def _free(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        context.nrt.free(builder, builder.bitcast(args[0], cgutils.voidptr_t))
        return context.get_dummy_value()

    return types.void(pointer), codegen


def _align(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        address = builder.add(builder.ptrtoint(args[0], I64), as_i64(63))
        return builder.inttoptr(builder.and_(address, as_i64(-64)), args[0].type)

    return pointer(pointer), codegen


def _is_null(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return cgutils.is_null(builder, args[0])

    return types.boolean(pointer), codegen


offset = extending.intrinsic(_offset)  # offset(pointer, elements): the pointer moved
count_lanes = extending.intrinsic(_count_lanes)  # count_lanes(pointer): how many elements fill a vector
prefetch = extending.intrinsic(_prefetch)  # prefetch(pointer): have its cache line brought near
use_full_width = extending.intrinsic(_use_full_width)  # vectorise this kernel's loops as wide as can be
stay_apart = extending.intrinsic(_stay_apart)  # call this function, rather than copy it into each caller
#: copy_vector(source, target, count): zeros after `count`. The source has min(count, lanes) elements, the
#: target a whole vector; 0 <= count.
copy_vector = extending.intrinsic(_copy_vector)
#: add_vector(source, target, count): a vector at most; both have min(count, lanes) elements; 0 <= count.
add_vector = extending.intrinsic(_add_vector)
integers = extending.intrinsic(_integers)  # integers(pointer): the same memory, as int64
#: allocate(pointer, count): room for as many such elements and 64 bytes more, or null; 0 <= count.
allocate = extending.intrinsic(_allocate)
free = extending.intrinsic(_free)  # free(room): what `allocate` gave, once, and not what `align` made of it
align = extending.intrinsic(_align)  # align(room): the first place that starts a cache line
is_null = extending.intrinsic(_is_null)  # is_null(pointer): whether there was no memory
