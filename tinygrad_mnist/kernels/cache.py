"""Machine code kept on disk, so that a later process loads in milliseconds what took seconds to compile."""

import contextlib
import hashlib
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from tinygrad_mnist.kernels.cache_entry import NotKeepable, from_bytes, to_bytes
from tinygrad_mnist.kernels.cache_folder import (
    PROGRAM,
    cache_directory,
    changed_since_it_was_read,
    keep,
    read,
)
from tinygrad_mnist.kernels.checking import CHECKING, VARIABLE
from tinygrad_mnist.kernels.interrupts import nothing_ignored
from tinygrad_mnist.kernels.linking import fill_slots
from tinygrad_mnist.kernels.numba_door import CacheBase, runtime


class KernelCache(CacheBase):  # type: ignore[misc]
    """Machine code of one kernel on disk, one file per argument types and processor.

    Numba's own cache does not notice edits in called modules, raises on damaged files, can mix up entries
    written by two processes at once, and unpickles. Here the name of a file is a digest of everything its
    content depends on, so an entry never goes stale and writers never disagree; see `cache_entry` for the
    content. A file that is missing, damaged, of another kernel or open to other users means that the kernel
    is compiled; a folder that cannot be written means that the next process compiles again.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._enabled = True

    @property
    def cache_path(self) -> str:
        """The folder of this kernel's files; empty where there is none."""
        return str(cache_directory() or "")

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel for these argument types, or None."""
        folder = cache_directory()
        if not self._enabled or folder is None:
            return None
        runtime.initialize(target_context)  # not `refresh`, of which only a compilation needs the rest
        try:
            key = self._key(folder, sig, target_context.codegen())
            entry = read(self._path(folder, key))
            with nothing_ignored():
                loaded = from_bytes(entry, key, _arguments(sig), target_context)
            if loaded is not None:
                fill_slots(x.name for x in loaded.library._get_module_for_linking().global_variables)
            return loaded
        except Exception:  # whatever is wrong with the file, compiling is the remedy
            return None

    def holds(self, sig: Any, target_context: Any) -> bool:
        """Whether there is a file for these argument types."""
        folder = cache_directory()
        if not self._enabled or folder is None:
            return False
        return self._path(folder, self._key(folder, sig, target_context.codegen())).exists()

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled kernel, if the disk lets us."""
        folder = cache_directory()
        if not self._enabled or folder is None or data.library.has_dynamic_globals:
            return
        with contextlib.suppress(OSError, NotKeepable):
            key = self._key(folder, sig, data.codegen)
            keep(self._path(folder, key), to_bytes(key, _arguments(sig), data))
        # Large, and of use to nobody once the machine code is there; Numba's own cache drops them, too.
        data.fndesc.typemap = data.fndesc.calltypes = None

    def enable(self) -> None:
        """Use the disk."""
        self._enabled = True

    def disable(self) -> None:
        """Do not use the disk."""
        self._enabled = False

    def flush(self) -> None:
        """Remove every file of this kernel."""
        folder = cache_directory()
        for path in folder.glob(f"{self._stem}-*") if folder else ():
            path.unlink(missing_ok=True)

    @property
    def _stem(self) -> str:
        return f"{self._function.__module__.rpartition('.')[2]}.{self._function.__qualname__}"

    def _key(self, folder: Path, sig: Any, codegen: Any) -> str:
        """All that the machine code depends on, in words."""
        return "\n".join(
            (
                folder.name,
                f"{VARIABLE}={CHECKING}",
                self._function.__module__,
                describe(self._function),
                str(sig),
                repr(codegen.magic_tuple()),
                _source_digest(self._function),
            )
        )

    def _path(self, folder: Path, key: str) -> Path:
        return folder / f"{self._stem}-{hashlib.sha256(key.encode()).hexdigest()[:24]}"


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


def _arguments(sig: Any) -> tuple[Any, ...]:
    return tuple(getattr(sig, "args", sig))


def _source_digest(function: Callable[..., Any]) -> str:
    """Digest of the file that defines the function, for kernels defined outside this folder."""
    path = Path(function.__code__.co_filename)
    if function.__module__.startswith(PROGRAM) or not path.is_file():
        return ""  # the name of a program's module is a digest of its source
    if reason := changed_since_it_was_read(path):
        raise NotKeepable(reason)
    return hashlib.sha256(path.read_bytes()).hexdigest()
