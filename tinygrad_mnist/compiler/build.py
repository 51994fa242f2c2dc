"""From source to a callable: compiled by Numba and kept on disk, or interpreted by Python."""

from __future__ import annotations

import contextlib
import hashlib
import linecache
import os
import sys
import threading
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..kernels.arrays import ArrayObject
from ..kernels.cache_folder import PROGRAM, keep_program
from ..kernels.calling import SIGNATURE
from ..kernels.checking import CHECKING
from ..kernels.forks import held_at_fork
from ..kernels.in_python import IN_PYTHON
from ..kernels.numba_door import extending, numpy_support, types as numba_types
from ..kernels.policy import program_kernel
from ..primitive import Array
from . import machine, pieces, tuning
from .bounds import checked
from .pieces import emit, size
from .share import Schedule

Run = Callable[..., None]


def compiled(source: str, arguments: Sequence[Any], schedule: Schedule | None = None) -> Run:
    """The module's function `program` as machine code, for arguments of these types.

    The source is written beside the machine code, under a name that is a digest of it: that is
    where tracebacks and debuggers find it, and what makes the machine code found again.

    Args:
        source: of a module.
        arguments: integers, and arrays like those it will be called with: only their dtypes and
            numbers of axes count. Arrays must be C-contiguous and aligned.
        schedule: what the source was printed from, from which machine code is made much sooner than from
            the source; not where every index is to be checked.
    """
    signature = tuple(map(_type, arguments))
    key = source if schedule is None else _code(source), signature, _lengths(schedule)
    run: Run | None = _LATEST.pop(key, None)
    if run is None:
        run = _compiled(source, signature, None if CHECKING else schedule, schedule)
    _LATEST[key] = run
    if len(_LATEST) > _KEPT:
        with contextlib.suppress(KeyError, RuntimeError):  # another thread did
            del _LATEST[next(iter(_LATEST))]
    return run


_KEPT = 16
_LATEST: dict[Any, Run] = {}  # functions are often recorded anew, and give a program that was there before


def compiled_kernel(source: str, arrays: Sequence[Any], numbers: int) -> Run:
    """The module's function `program`, a kernel of array objects like these and so many floats."""
    kinds = (ArrayObject(numpy_support.from_dtype(x.dtype)) for x in arrays)
    return _compiled(source, (*kinds, *[numba_types.float64] * numbers))


def _compiled(
    source: str, signature: tuple[Any, ...], schedule: Schedule | None = None, said: Schedule | None = None
) -> Run:
    made_of = source.encode()
    if schedule is not None:
        made_of = _code(source).encode() + _PRINTER + _lengths(schedule).encode() + repr(signature).encode()
        signature = SIGNATURE
    name = f"{PROGRAM}{hashlib.sha256(made_of).hexdigest()[:24]}"
    path = keep_program(name, source)
    module = types.ModuleType(name)
    module.__file__ = path
    with _MODULES:
        sys.modules[name] = module  # Numba looks the module up by name
        try:
            if schedule is None:
                exec(compile(source, path, "exec"), module.__dict__)
                program = module.program
            else:
                _PRESENT.append(schedule)
                program = _emitting(module, path)
            if said is not None and not program._cache.holds(signature, program.targetctx):
                _announce(said)
            program.compile(signature)
            found = program.overloads.pop(signature)  # else it would never be collected
            if schedule is not None:
                return MachineCode(found, schedule.shared)
            # the machine code itself: Numba's dispatcher would look at each argument again at each call
            run: Run = found.entry_point
            return checked(run, signature) if CHECKING else run
        finally:
            _PRESENT.clear()
            del sys.modules[name]
            _forget_lines(path)


def _code(source: str) -> str:
    """Source without its comments, which quote lines of whoever calls, and do not change machine code."""
    return "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("#"))


def _lengths(schedule: Schedule | None) -> str:
    """The shapes that machine code has within it and the source does not say."""
    return "" if schedule is None else repr([place.shape for place in schedule.buffers])


def _announce(schedule: Schedule) -> None:
    """Say, before a compilation that takes more than a second, how long about."""
    count = size(schedule)
    if count * _SECONDS > 1:
        print(
            f"tinygrad_mnist: compiling a program of {count} statements, about {count * _SECONDS:.0f} s",
            file=sys.stderr,
        )


_SECONDS = 0.009  # of a core for a statement: of training steps of 111, 399 and 792 in 1.0, 2.7 and 8 s


def _forget_lines(path: str) -> None:
    """Drop the source that messages of Numba may have read, under whatever path they did."""
    name = os.path.basename(path)
    for known in [known for known in list(linecache.cache) if known.endswith(name)]:
        linecache.cache.pop(known, None)


#: What machine code depends on besides the source and the kernels.
_PRINTER = b"".join(Path(str(x.__file__)).read_bytes() for x in (machine, pieces, tuning))
_MODULES = threading.RLock()  # one program at a time has its module among the others
held_at_fork(_MODULES)


def _steps(typing: Any, first: Any, last: Any, worker: Any, workers: Any, table: Any) -> tuple[Any, Any]:
    return numba_types.void(*SIGNATURE), _emit


def _emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    emit(_PRESENT[-1], context, builder, args)
    return context.get_dummy_value()


_PRESENT: list[Schedule] = []  # what is being compiled: Numba would keep what an intrinsic of its own holds
_emitted = extending.intrinsic(_steps)


def _emitting(module: types.ModuleType, path: str) -> Any:
    """A function for Numba whose body is what `machine` emits."""
    module.__dict__["emitted"] = _emitted
    names = "first, last, worker, workers, table"
    exec(compile(f"def program({names}): emitted({names})", path, "exec"), module.__dict__)
    return program_kernel(module.program)


class MachineCode:
    """A program whose arrays have the shapes that it was made for.

    Attributes:
        address: of the code itself, as Numba calls it.
    """

    def __init__(self, compiled: Any, shared: bool) -> None:
        self._entry, self._shared = compiled.entry_point, shared
        self.address: int = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)

    def __call__(self, first: int, last: int, *rest: Any) -> None:
        """Run these steps; `rest` holds what the parameters of the text are."""
        if self._shared:
            self._entry(first, last, rest[0], rest[1], rest[2:])
        else:
            self._entry(first, last, 0, 1, rest)


def _type(argument: Any) -> Any:
    if isinstance(argument, int):
        return numba_types.int64
    array: Array = argument
    return numba_types.Array(numpy_support.from_dtype(array.dtype), array.ndim, "C")


def interpreted(source: str, arguments: Sequence[Any], schedule: Schedule | None = None) -> Run:
    """The module's function `program` as plain Python: slow, and open to debuggers."""
    names: dict[str, Any] = {"__name__": "tinygrad_mnist_program"}
    exec(compile(source.replace("@program_kernel\n", ""), "<program>", "exec"), names)
    names.update(IN_PYTHON)

    def run(*args: Any) -> None:
        with np.errstate(all="ignore"):
            names["program"](*args)

    return run
