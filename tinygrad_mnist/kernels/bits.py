"""What Python's arithmetic does not say: bit patterns, powers of two, fused multiply-add, Horner's rule.

Each is a plain Python function on NumPy scalars, and inside compiled code becomes the matching
machine instruction. Both give the same bits.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from llvmlite import binding, ir

from tinygrad_mnist.kernels.numba_door import cgutils, extending, types
from tinygrad_mnist.kernels.vectors import VECTOR_BYTES


def to_bits(x: Any) -> Any:
    """The bits of a float32 as an int32, of a float64 as an int64."""
    return x.view(np.int32 if isinstance(x, np.float32) else np.int64)


def from_bits(i: Any) -> Any:
    """The float32 that has the bits of this int32, the float64 of this int64."""
    return i.view(np.float32 if isinstance(i, np.int32) else np.float64)


def copysign(magnitude: Any, sign: Any) -> Any:
    """The first number with the sign bit of the second."""
    return np.copysign(magnitude, sign)


def ldexp(x: Any, n: Any) -> Any:
    """x times 2^n with a single rounding, for n between minus twice and twice the largest exponent."""
    return np.ldexp(x, n)


def fma(a: Any, b: Any, c: Any) -> Any:
    """a * b + c with a single rounding."""
    if not (np.isfinite(a) and np.isfinite(b) and np.isfinite(c)):
        return a * b + c
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0 or abs(exact) >= 2**1024 - 2**970:  # signs of zero and overflow are right anyway
        return a * b + c
    return np.float64(exact) if isinstance(a, np.float64) else _to_single(exact)


def add_loosely(a: Any, b: Any) -> Any:
    """a + b; a loop of such additions may be done in another order, so that it can use vectors."""
    return a + b


def some(n: Any) -> Any:
    """n, which LLVM takes for a number that it cannot know, and so does not unroll a loop so long."""
    return n


def horner(x: Any, coefficients: tuple[Any, ...]) -> Any:
    """The polynomial c[0] + c[1] x + c[2] x^2 + ... by fused multiply-adds."""
    total = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = fma(total, x, c)
    return total


def _to_single(exact: Fraction) -> np.float32:
    """Round once: a double that keeps, in its last bit, that something was cut off, then a float32."""
    double = float(exact)
    if Fraction(double) != exact:
        towards_zero = np.nextafter(double, 0.0) if abs(Fraction(double)) > abs(exact) else np.float64(double)
        double = float((towards_zero.view(np.int64) | np.int64(1)).view(np.float64))
    return np.float32(double)


def _call(builder: ir.IRBuilder, name: str, *args: Any) -> Any:
    """Call an LLVM intrinsic on numbers of one type."""
    number = args[0].type
    suffix = "f32" if isinstance(number, ir.FloatType) else "f64"
    function_type = ir.FunctionType(number, [number] * len(args))
    function = cgutils.get_or_insert_function(builder.module, function_type, f"{name}.{suffix}")
    return builder.call(function, args)


def _lower_bits(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    return builder.bitcast(args[0], context.get_value_type(signature.return_type))


def _lower_copysign(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    return _call(builder, "llvm.copysign", *args)


def _lower_ldexp(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    x, n = args
    number, size = signature.return_type, signature.return_type.bitwidth
    if VECTOR_BYTES == 64 and binding.llvm_version_info[0] >= 22:  # then it is one instruction
        exponent = builder.trunc(n, ir.IntType(32)) if size == 64 else n
        function_type = ir.FunctionType(x.type, [x.type, exponent.type])
        name = f"llvm.ldexp.f{size}.i32"
        return builder.call(
            cgutils.get_or_insert_function(builder.module, function_type, name), [x, exponent]
        )
    digits, bias = (23, 127) if size == 32 else (52, 1023)
    half = builder.ashr(n, ir.Constant(n.type, 1))  # 2^n itself may not be representable
    for part in (half, builder.sub(n, half)):
        power = builder.shl(builder.add(part, ir.Constant(n.type, bias)), ir.Constant(n.type, digits))
        x = builder.fmul(x, builder.bitcast(power, context.get_value_type(number)))
    return x


def _lower_fma(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    return _call(builder, "llvm.fma", *args)


def _lower_add_loosely(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    return builder.fadd(*args, flags=("reassoc",))


def _lower_some(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    number = args[0].type
    return builder.call(ir.InlineAsm(ir.FunctionType(number, [number]), "", "=r,0", False), args)


def _lower_horner(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    *rest, total = cgutils.unpack_tuple(builder, args[1])
    for c in reversed(rest):
        total = _call(builder, "llvm.fma", total, args[0], c)
    return total


def _compile_as(
    function: Callable[..., Any],
    typing: Callable[..., Any],
    lowering: Callable[..., Any],
    *argument_types: Any,
) -> None:
    """Let compiled code call the function: its signature from argument types, and its instructions."""
    extending.type_callable(function)(lambda context: typing)
    extending.lower_builtin(function, *argument_types)(lowering)


_INTEGER = {types.float32: types.int32, types.float64: types.int64}
_FLOAT = {types.int32: types.float32, types.int64: types.float64}
_compile_as(to_bits, lambda x: _INTEGER[x](x), _lower_bits, types.Float)
_compile_as(from_bits, lambda i: _FLOAT[i](i), _lower_bits, types.Integer)
_compile_as(copysign, lambda magnitude, sign: magnitude(magnitude, sign), _lower_copysign, *[types.Float] * 2)
_compile_as(ldexp, lambda x, n: x(x, _INTEGER[x]), _lower_ldexp, types.Float, types.Integer)
_compile_as(fma, lambda a, b, c: a(a, b, c), _lower_fma, *[types.Float] * 3)
_compile_as(add_loosely, lambda a, b: a(a, b), _lower_add_loosely, *[types.Float] * 2)
_compile_as(some, lambda n: types.int64(types.int64), _lower_some, types.Integer)
_compile_as(horner, lambda x, coefficients: x(x, coefficients), _lower_horner, types.Float, types.UniTuple)
