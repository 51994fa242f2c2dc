"""How every kernel is compiled and where its machine code is kept: the only place with njit settings.

Kernels compile lazily, at their first call with given argument types. The machine code is kept
in a content-addressed disk cache, so that a later process loads it in milliseconds; see `KernelCache`.
"""

import contextlib
import functools
import hashlib
import os
import pickle
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy
from numba.core.caching import _Cache

from tinygrad_mnist.kernels.interrupts import nothing_ignored, signals_held
from tinygrad_mnist.kernels.linking import fill_slots
from tinygrad_mnist.kernels.untyped import compiler, extending, serialize

CACHE_VARIABLE = "TINYGRAD_MNIST_CACHE"

SCALAR_OPTIONS: dict[str, Any] = {
    "error_model": "numpy",  # division by zero gives infinity; a Python exception would need a branch
    "forceinline": True,  # a loop vectorises only if no call is left in its body
    "fastmath": False,  # reassociation would make eager and fused loops round differently
}

KERNEL_OPTIONS: dict[str, Any] = {
    "error_model": "numpy",  # as above
    "fastmath": False,  # as above; kernels that reorder sums do so explicitly, always the same way
    "boundscheck": False,  # kernels walk raw memory; their callers check shapes once per call
    "nogil": False,  # kernels release Python's lock themselves when it is worth it; see `arrays.unlock`
}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile an array kernel at its first call, and keep its machine code on disk."""
    return _cached(numba.njit(**KERNEL_OPTIONS)(function), function)


def program_kernel(function: Callable[..., Any]) -> Any:
    """Compile a program of `tg.jit`: as `kernel`, but it lets other Python threads run meanwhile."""
    return _cached(numba.njit(**{**KERNEL_OPTIONS, "nogil": True})(function), function)


def _cached(compiled: Any, function: Callable[..., Any]) -> Any:
    """Give what Numba compiles lazily its place on the disk, and let no exception vanish meanwhile."""
    if compiled is function:  # with NUMBA_DISABLE_JIT
        return compiled
    compile = compiled.compile

    def compile_whole(signature: Any) -> Any:
        with signals_held(), nothing_ignored():
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


class KernelCache(_Cache):
    """Machine code of one kernel on disk, one file per argument types and processor.

    Numba's own cache does not notice edits in called modules, raises on damaged files, and
    can mix up entries written by two processes at once. Here the name of a file is a digest
    of everything its content depends on, so an entry never goes stale and writers never
    disagree. A missing, damaged or unreadable file means that the kernel is compiled; a
    directory that cannot be written means that the next process compiles again.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._enabled = True

    @property
    def cache_path(self) -> str:
        """The folder of this kernel's files."""
        return str(cache_directory())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel for these argument types, or None."""
        if not self._enabled:
            return None
        target_context.refresh()
        try:
            stored = self._path(sig, target_context.codegen()).read_bytes()
            digest, payload = stored[:32], stored[32:]
            if hashlib.sha256(payload).digest() != digest:
                return None
            with nothing_ignored():
                loaded = compiler.CompileResult._rebuild(target_context, *pickle.loads(payload))
            fill_slots(x.name for x in loaded.library._get_module_for_linking().global_variables)
            return loaded
        except Exception:  # whatever is wrong with the file, compiling is the remedy
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled kernel, if the disk lets us."""
        if not self._enabled or data.library.has_dynamic_globals:
            return
        payload = serialize.dumps(data._reduce())
        with contextlib.suppress(OSError):
            _write_whole(self._path(sig, data.codegen), hashlib.sha256(payload).digest() + payload)

    def enable(self) -> None:
        """Use the disk."""
        self._enabled = True

    def disable(self) -> None:
        """Do not use the disk."""
        self._enabled = False

    def flush(self) -> None:
        """Remove every file of this kernel."""
        for path in cache_directory().glob(f"{self._stem}-*"):
            path.unlink(missing_ok=True)

    @property
    def _stem(self) -> str:
        return f"{self._function.__module__.rpartition('.')[2]}.{self._function.__qualname__}"

    def _path(self, sig: Any, codegen: Any) -> Path:
        content = "\n".join(
            (
                self._function.__module__,
                describe(self._function),
                str(sig),
                repr(codegen.magic_tuple()),
                _file_digest(self._function),
            )
        )
        return cache_directory() / f"{self._stem}-{hashlib.sha256(content.encode()).hexdigest()[:24]}"


def describe(value: Any) -> str:
    """A captured value in words that are the same in every process.

    Raises TypeError for a value whose text does not tell its content, so that two kernels
    that differ only in it can never share a file.
    """
    if value is None or isinstance(value, (bool, int, float, str, numpy.generic, numpy.dtype, type)):
        return repr(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(describe, value))})"
    if isinstance(value, types.BuiltinFunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    function = getattr(value, "py_func", None) or getattr(value, "_defn", None) or value
    if not isinstance(function, types.FunctionType):
        raise TypeError(
            f"a kernel captured a {type(value).__name__}, which its cache key cannot describe; "
            "capture numbers, strings, dtypes and functions only"
        )
    captured = [describe(cell.cell_contents) for cell in function.__closure__ or ()]
    return f"{function.__module__}.{function.__qualname__}[{', '.join(captured)}]"


@functools.cache
def cache_directory() -> Path:
    """The folder for machine code made from these very sources by these very compilers."""
    versions = (numba.__version__, llvmlite.__version__, numpy.__version__, sys.version)
    digest = hashlib.sha256(repr(versions).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return _cache_root() / digest.hexdigest()[:24]


def _cache_root() -> Path:
    """TINYGRAD_MNIST_CACHE, or this package's folder in the user's cache directory."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return Path(base or os.path.expanduser("~/.cache")) / "tinygrad_mnist"


def _file_digest(function: Callable[..., Any]) -> str:
    """Digest of the file that defines the function, for kernels defined outside this folder."""
    path = Path(function.__code__.co_filename)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that other processes see entire or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
