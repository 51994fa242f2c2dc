"""Counter-based random numbers: Philox4x32-10.

J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.

A stream is a key of 64 bits; it consists of 2^64 blocks of four 32-bit words. The words of block
number b under a key are philox4x32(c0, c1, c2, c3, k0, k1) with

    c0, c1 = low, high 32 bits of b      c2 = c3 = 0      k0, k1 = low, high 32 bits of the key

An array drawn at `offset` uses the blocks from there on. Element i of it comes from block
offset + i // n, where n is 4 for float32 and 2 for float64, and there

- uniform float32 is (word[i % 4] >> 8) * 2^-24;
- uniform float64 is (pair >> 11) * 2^-53, where the pair is word[0] * 2^32 + word[1] for even i
  and word[2] * 2^32 + word[3] for odd i;
- normal numbers are made two by two (Box and Muller, 1958): r cos(t) and r sin(t), where
  r = sqrt(-2 log u) and t = 2 pi v. In float32, u = (word[0] + 1) * 2^-32 and v is the uniform
  number of word[1]; the other two numbers use word[2] and word[3]. In float64,
  u = ((first pair >> 11) + 1) * 2^-53 and v is the uniform number of the second pair.

So each number is a function of (key, offset, i), whatever draws it and in whatever order.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_mnist.kernels.angles import cos, sin
from tinygrad_mnist.kernels.arrays import FLOAT32, FLOAT64, Entry, data, size
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.policy import kernel_named, scalar
from tinygrad_mnist.kernels.scalar import log
from tinygrad_mnist.kernels.simd import use_full_width

Array = np.ndarray[Any, Any]

_U = np.uint64
_LOW = _U(0xFFFFFFFF)
_HALF = _U(32)


@scalar
def philox4x32(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """The four words that ten rounds of Philox make of a counter and a key; all uint64 below 2^32."""
    for _ in range(10):
        first, second = c0 * _U(0xD2511F53), c2 * _U(0xCD9E8D57)
        c0, c1, c2, c3 = (second >> _HALF) ^ c1 ^ k0, second & _LOW, (first >> _HALF) ^ c3 ^ k1, first & _LOW
        k0, k1 = (k0 + _U(0x9E3779B9)) & _LOW, (k1 + _U(0xBB67AE85)) & _LOW
    return c0, c1, c2, c3


@scalar
def block(key: Any, number: Any) -> Any:
    """The four words of one block of a stream."""
    return philox4x32(number & _LOW, number >> _HALF, _U(0), _U(0), key & _LOW, key >> _HALF)


@scalar
def _unit_float32(word: Any) -> Any:
    return np.float32(word >> _U(8)) * np.float32(2.0**-24)


@scalar
def _unit_float64(high: Any, low: Any) -> Any:
    return np.float64(((high << _HALF) | low) >> _U(11)) * 2.0**-53


@scalar
def _normal_float32(word: Any, angle: Any) -> Any:
    u = np.float32(word + _U(1)) * np.float32(2.0**-32)
    t = _unit_float32(angle) * np.float32(2 * math.pi)
    r = np.sqrt(np.float32(-2) * log(u))
    return r * cos(t), r * sin(t)


@scalar
def _normal_float64(w0: Any, w1: Any, w2: Any, w3: Any) -> Any:
    u = np.float64((((w0 << _HALF) | w1) >> _U(11)) + _U(1)) * 2.0**-53
    t = _unit_float64(w2, w3) * (2 * math.pi)
    r = np.sqrt(-2.0 * log(u))
    return r * cos(t), r * sin(t)


@scalar
def uniform_block_float32(key: Any, number: Any) -> Any:
    """The four uniform float32 numbers of one block."""
    w0, w1, w2, w3 = block(key, number)
    return _unit_float32(w0), _unit_float32(w1), _unit_float32(w2), _unit_float32(w3)


@scalar
def uniform_block_float64(key: Any, number: Any) -> Any:
    """The two uniform float64 numbers of one block."""
    w0, w1, w2, w3 = block(key, number)
    return _unit_float64(w0, w1), _unit_float64(w2, w3)


@scalar
def normal_block_float32(key: Any, number: Any) -> Any:
    """The four normal float32 numbers of one block."""
    w0, w1, w2, w3 = block(key, number)
    n0, n1 = _normal_float32(w0, w1)
    n2, n3 = _normal_float32(w2, w3)
    return n0, n1, n2, n3


@scalar
def normal_block_float64(key: Any, number: Any) -> Any:
    """The two normal float64 numbers of one block."""
    w0, w1, w2, w3 = block(key, number)
    return _normal_float64(w0, w1, w2, w3)


def _fours(name: str, numbers: Any) -> Any:
    """From blocks of four numbers: the scalar function (key, offset, i), and the array kernel."""

    @scalar
    def at(key: Any, offset: Any, i: Any) -> Any:
        x0, x1, x2, x3 = numbers(key, offset + (_U(i) >> _U(2)))
        first, second = x1 if i & 1 else x0, x3 if i & 1 else x2
        return second if i & 2 else first

    @kernel_named(name)
    def fill(key: Any, offset: Any, out: Any) -> None:
        use_full_width()
        count, target = size(out), data(out)
        for b in range(count // 4):
            i = 4 * b
            target[i], target[i + 1], target[i + 2], target[i + 3] = numbers(key, offset + _U(b))
        for i in range(count // 4 * 4, count):
            target[i] = at(key, offset, i)

    return at, fill


def _twos(name: str, numbers: Any) -> Any:
    """From blocks of two numbers: the scalar function (key, offset, i), and the array kernel."""

    @scalar
    def at(key: Any, offset: Any, i: Any) -> Any:
        x0, x1 = numbers(key, offset + (_U(i) >> _U(1)))
        return x1 if i & 1 else x0

    @kernel_named(name)
    def fill(key: Any, offset: Any, out: Any) -> None:
        use_full_width()
        count, target = size(out), data(out)
        for b in range(count // 2):
            target[2 * b], target[2 * b + 1] = numbers(key, offset + _U(b))
        if count % 2:
            target[count - 1] = at(key, offset, count - 1)

    return at, fill


uniform_at_float32, _uniform_float32 = _fours("uniform_float32", uniform_block_float32)
uniform_at_float64, _uniform_float64 = _twos("uniform_float64", uniform_block_float64)
normal_at_float32, _normal_array_float32 = _fours("normal_float32", normal_block_float32)
normal_at_float64, _normal_array_float64 = _twos("normal_float64", normal_block_float64)


def _filler(single: Any, double: Any) -> Callable[[int, int, Array], None]:
    """The array function that takes one kernel for float32 and the other for float64."""
    arguments = lambda array: (types.uint64, types.uint64, array)
    entries = {FLOAT32: Entry(single, arguments), FLOAT64: Entry(double, arguments)}

    def fill(key: int, offset: int, out: Array) -> None:
        if out.dtype not in entries or not out.flags.carray:
            raise TypeError(f"philox fills contiguous arrays of float32 or float64, not {out.dtype}")
        entry = entries[out.dtype]
        (entry.single if out.dtype == FLOAT32 else entry.double)(int(key), int(offset), out)

    return fill


_fill_uniform = _filler(_uniform_float32, _uniform_float64)
_fill_normal = _filler(_normal_array_float32, _normal_array_float64)


def uniform(key: int, offset: int, out: Array) -> None:
    """Fill a contiguous float32 or float64 array with numbers of [0, 1) from block `offset` on."""
    _fill_uniform(key, offset, out)


def normal(key: int, offset: int, out: Array) -> None:
    """Fill a contiguous float32 or float64 array with standard normal numbers from block `offset` on."""
    _fill_normal(key, offset, out)
