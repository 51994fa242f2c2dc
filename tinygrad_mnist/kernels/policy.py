"""How every kernel is compiled: the only place with njit settings.

Kernels compile lazily, at their first call with given argument types. The machine code is kept on disk, so
that a later process loads it in milliseconds; see `KernelCache`. NUMBA_DISABLE_JIT, by which people debug
Numba code of their own, is for that code: kernels walk raw memory, and have no meaning as plain Python.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba

from tinygrad_mnist.kernels.cache import KernelCache
from tinygrad_mnist.kernels.checking import CHECKING
from tinygrad_mnist.kernels.interrupts import nothing_ignored, signals_held
from tinygrad_mnist.kernels.lifetime import by_itself
from tinygrad_mnist.kernels.numba_door import compiler_lock, config, extending
from tinygrad_mnist.kernels.parts import as_parts

SCALAR_OPTIONS: dict[str, Any] = {
    "error_model": "numpy",  # division by zero gives infinity; a Python exception would need a branch
    "forceinline": True,  # a loop vectorises only if no call is left in its body
    "fastmath": False,  # reassociation would make eager and fused loops round differently
}

KERNEL_OPTIONS: dict[str, Any] = {
    "error_model": "numpy",  # as above
    "fastmath": False,  # as above; kernels that reorder sums do so explicitly, always the same way
    "boundscheck": CHECKING,  # kernels walk raw memory; their callers check shapes once per call
    "nogil": False,  # kernels release Python's lock themselves when it is worth it; see `arrays.unlock`
    "_nrt": True,  # they may allocate; said, since what is not is taken over from the calling function
}

PROGRAM_OPTIONS: dict[str, Any] = {
    **KERNEL_OPTIONS,
    "nogil": True,
    "_nrt": False,  # nothing is allocated, and no reference counted: an error would leave it behind
}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile an array kernel at its first call, and keep its machine code on disk."""
    with _jit_enabled():
        compiled = numba.njit(**KERNEL_OPTIONS)(function)
    return _cached(compiled, function)


def program_kernel(function: Callable[..., Any]) -> Any:
    """Compile a program of `tg.jit`: as `kernel`, but it lets other Python threads run meanwhile."""
    with _jit_enabled():
        compiled = numba.njit(**PROGRAM_OPTIONS)(function)
    with signals_held():  # Numba loads the rest of itself, and does not find its way from the middle
        return by_itself(_cached(compiled, function))


@contextmanager
def _jit_enabled() -> Iterator[None]:
    """Within the block Numba compiles, whatever NUMBA_DISABLE_JIT says; one thread at a time is in one."""
    with compiler_lock:
        before, config.DISABLE_JIT = config.DISABLE_JIT, 0
        try:
            yield
        finally:
            config.DISABLE_JIT = before


def _cached(compiled: Any, function: Callable[..., Any]) -> Any:
    """Give what Numba compiles lazily its place on the disk, and let no exception vanish meanwhile."""
    compile = compiled.compile

    def compile_whole(signature: Any) -> Any:
        with signals_held(), nothing_ignored(), _jit_enabled(), as_parts(function, signature):
            return compile(signature)

    compiled.compile = compile_whole
    compiled._cache = KernelCache(function)
    return compiled


def kernel_named(name: str) -> Callable[[Callable[..., Any]], Any]:
    """As `kernel`, for the inner function of a factory.

    The symbol in the machine code is made of the name, so each product of the factory needs its own.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        function.__name__ = function.__qualname__ = name
        return kernel(function)

    return decorate


def routine(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let compiled code call this part of an array kernel, which is compiled into the kernel."""
    registered: Callable[..., Any] = extending.register_jitable(**KERNEL_OPTIONS)(function)
    return registered


def scalar(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let compiled code call this scalar function, which dissolves into the loop around the call.

    Called from Python it stays a Python function.
    """
    registered: Callable[..., Any] = extending.register_jitable(**SCALAR_OPTIONS)(function)
    return registered
