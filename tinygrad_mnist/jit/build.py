"""From source to a callable: compiled by Numba and kept on disk, or interpreted by Python."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..kernels.policy import cache_directory

Run = Callable[..., None]


def compiled(source: str) -> Run:
    """The module's function `program`, compiled at its first call.

    The source is written beside the machine code, under a name that is a digest of it: that is
    where tracebacks and debuggers find it, and what makes the machine code found again.
    """
    name = f"tinygrad_mnist_program_{hashlib.sha256(source.encode()).hexdigest()[:24]}"
    if name not in sys.modules:
        path = cache_directory() / "programs" / f"{name}.py"
        with contextlib.suppress(OSError):  # it is there for readers: without it everything works
            _write(path, source)
        module = types.ModuleType(name)
        module.__file__ = str(path)
        sys.modules[name] = module  # Numba looks the module up by name when it loads machine code
        try:
            exec(compile(source, str(path), "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
    run: Run = sys.modules[name].program
    return run


def interpreted(source: str) -> Run:
    """The module's function `program` as plain Python: slow, and open to debuggers."""
    names: dict[str, Any] = {"__name__": "tinygrad_mnist_program"}
    exec(compile(source.replace("@kernel\n", ""), "<program>", "exec"), names)
    names["matmul"] = lambda a, b, out: np.matmul(a, b, out=out)
    names["fetch_row"] = lambda table, row: None

    def run(*args: Any) -> None:
        with np.errstate(all="ignore"):
            names["program"](*args)

    return run


def _write(path: Path, text: str) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)
