"""From source to a callable: compiled by Numba and kept on disk, or interpreted by Python."""

from __future__ import annotations

import contextlib
import hashlib
import linecache
import sys
import threading
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kernels import convolution
from ..kernels.cache_folder import PROGRAM, keep_program
from ..kernels.forks import held_at_fork
from ..kernels.runtime import share
from ..kernels.untyped import numpy_support
from ..kernels.untyped import types as numba_types
from ..primitive import Array

Run = Callable[..., None]


def compiled(source: str, arguments: Sequence[Any]) -> Run:
    """The module's function `program` as machine code, for arguments of these types.

    The source is written beside the machine code, under a name that is a digest of it: that is
    where tracebacks and debuggers find it, and what makes the machine code found again.

    Args:
        source: of a module.
        arguments: integers, and arrays like those it will be called with: only their dtypes and
            numbers of axes count. Arrays must be C-contiguous and aligned.
    """
    signature = tuple(map(_type, arguments))
    key = source, signature
    run: Run | None = _LATEST.pop(key, None)
    if run is None:
        run = _compiled(source, signature)
    _LATEST[key] = run
    if len(_LATEST) > _KEPT:
        with contextlib.suppress(KeyError, RuntimeError):  # another thread did
            del _LATEST[next(iter(_LATEST))]
    return run


_KEPT = 16
_LATEST: dict[Any, Run] = {}  # functions are often recorded anew, and give a program that was there before


def _compiled(source: str, signature: tuple[Any, ...]) -> Run:
    name = f"{PROGRAM}{hashlib.sha256(source.encode()).hexdigest()[:24]}"
    path = keep_program(name, source)
    module = types.ModuleType(name)
    module.__file__ = path
    with _MODULES:
        sys.modules[name] = module  # Numba looks the module up by name
        try:
            exec(compile(source, path, "exec"), module.__dict__)
            program = module.program
            if isinstance(program, types.FunctionType):
                return program  # with NUMBA_DISABLE_JIT
            program.compile(signature)
            # the machine code itself: Numba's dispatcher would look at each argument again at each call
            run: Run = program.overloads.pop(signature).entry_point  # else it would never be collected
            return run
        finally:
            del sys.modules[name]
            linecache.cache.pop(path, None)


_MODULES = threading.RLock()  # one program at a time has its module among the others
held_at_fork(_MODULES)


def _type(argument: Any) -> Any:
    if isinstance(argument, int):
        return numba_types.int64
    array: Array = argument
    return numba_types.Array(numpy_support.from_dtype(array.dtype), array.ndim, "C")


def interpreted(source: str, arguments: Sequence[Any]) -> Run:
    """The module's function `program` as plain Python: slow, and open to debuggers."""
    names: dict[str, Any] = {"__name__": "tinygrad_mnist_program"}
    exec(compile(source.replace("@program_kernel\n", ""), "<program>", "exec"), names)
    names.update(_IN_PYTHON)

    def run(*args: Any) -> None:
        with np.errstate(all="ignore"):
            names["program"](*args)

    return run


def _matmul(a: Array, b: Array, out: Array, first: int, last: int) -> None:
    out[first:last] = a[first:last] @ b


def _matmul_columns(a: Array, b: Array, out: Array, first: int, last: int) -> None:
    out[:, first:last] = a @ b[:, first:last]


def _matmul_part(a: Array, b: Array, out: Array, part: int, parts: int) -> None:
    first, last = share(a.shape[1], part, parts)
    out[...] = a[:, first:last] @ b[first:last]


def _accumulate(a: Array, b: Array, out: Array, first: int, last: int) -> None:
    out[first:last] += a[:, first:last].T @ b


def _accumulate_columns(a: Array, b: Array, out: Array, first: int, last: int) -> None:
    out[:, first:last] += a.T @ b[:, first:last]


def _convolution(
    x: Array, w: Array, y: Array, first: int, last: int, s: int, step: int, d: int, gap: int, groups: int
) -> None:
    y[first:last] = convolution.convolution(x[first:last], w, (s, step), (d, gap), groups)


def _convolution_weight(
    x: Array, w: Array, y: Array, first: int, last: int, s: int, step: int, d: int, gap: int, groups: int
) -> None:
    taps, part = (w.shape[2], w.shape[3]), slice(first, last)
    w[...] = convolution.convolution_weight(y[part], x[part], taps, (s, step), (d, gap), groups)


def _convolution_input(
    x: Array, w: Array, y: Array, first: int, last: int, s: int, step: int, d: int, gap: int, groups: int
) -> None:
    size, part = (x.shape[2], x.shape[3]), slice(first, last)
    x[part] = convolution.convolution_input(y[part], w, size, (s, step), (d, gap), groups)


#: What stands for the functions of the kernels that have no Python form.
_IN_PYTHON: dict[str, Callable[..., Any]] = {
    "matmul": _matmul,
    "matmul_columns": _matmul_columns,
    "matmul_part": _matmul_part,
    "accumulate": _accumulate,
    "accumulate_columns": _accumulate_columns,
    "convolution": _convolution,
    "convolution_input": _convolution_input,
    "convolution_weight": _convolution_weight,
    "fetch_row": lambda table, row, first, last: None,
    "meet": lambda meeting, workers: True,
}
