"""Whose code a recording follows, what it takes as native, and what no program can keep."""

from __future__ import annotations

import datetime
import inspect
import io
import os
import random
import sys
import types
from functools import cache
from typing import Any

import numpy as np

_PACKAGE = __name__.split(".")[0]
_FOLLOWED = ("nn", "optim", "train", "data", "generator", "lab")  # of this package: they hold a user's state
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_NUMERIC = ("numpy", "numba", "llvmlite")


@cache
def is_traced(module: str | None) -> bool:
    """Whether code of a module is followed: a user's, and what holds a user's state in this package."""
    parts = (module or "").split(".")
    if parts[0] == _PACKAGE:
        return any(part in _FOLLOWED for part in parts[1:3])
    return not is_library(module)


def module_of(x: Any) -> str | None:
    """The name of the module that a class or a function says it is of, if it says one."""
    found = getattr(x, "__module__", None)
    return found if isinstance(found, str) else None


def follows(x: Any) -> bool:
    """Whether the code of a function, or of the methods of a class, is followed."""
    if isinstance(x, type):
        made_by_python = bool(x.__flags__ & _HEAP)  # a class made by `exec` may believe to be a builtin
        module = module_of(x)
        return made_by_python if module == "builtins" else is_traced(module)
    return isinstance(x, types.FunctionType) and is_traced(x.__globals__.get("__name__"))


@cache
def is_ours(module: str | None) -> bool:
    """Whether a module belongs to this package."""
    return (module or "").split(".")[0] == _PACKAGE


@cache
def is_library(module: str | None) -> bool:
    """Whether a module is NumPy's, Numba's or of the standard library."""
    root = (module or "").split(".")[0]
    return (
        root in _NUMERIC
        or root.startswith("namedtuple_")
        or (root in sys.stdlib_module_names and root != "__main__")
    )


RANDOM = (random.Random, np.random.Generator, np.random.RandomState, np.random.BitGenerator)
_FILES = {"open", "input", "load", "fromfile", "loadtxt", "genfromtxt", "memmap"}


def unwatchable(function: Any) -> tuple[str, bool] | None:
    """What no program can keep of a call, and whether it is an error (else a warning); None: nothing."""
    module = getattr(function, "__module__", None) or ""
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    root = module.split(".")[0]
    if isinstance(owner, RANDOM) or isinstance(function, RANDOM) or function in _ENTROPY:
        return "random numbers that are not drawn from a Generator of this package", True
    if root in ("random", "secrets", "uuid"):
        return "random numbers that are not drawn from a Generator of this package", True
    if isinstance(owner, np.random.SeedSequence) or (root == "numpy" and "random" in module):
        return "random numbers that are not drawn from a Generator of this package", True
    if (
        root == "time"
        or function is os.times
        or (isinstance(owner, type) and issubclass(owner, datetime.date) and name in _NOW)
    ):
        return "the clock", False
    if function in _ENVIRONMENT:
        return "the environment", False
    if root == "subprocess":
        return "another program", False
    if (
        root in ("platform", "getpass", "socket", "_socket", "resource", "tempfile")
        or (root in ("posix", "nt") and name != "fspath")
        or (root == "gc" and name.startswith("get_"))
    ):
        return "the operating system", False
    if root in ("_thread", "threading", "multiprocessing") and name in _WHO:
        return "the thread or process that runs it", False
    if function in _CALLER:
        return "who calls it", False
    if (
        root == "genericpath"
        or function in _DISK
        or (isinstance(owner, io.IOBase) and name.startswith("read"))
    ):
        return "a file", False
    if isinstance(function, types.BuiltinFunctionType | types.FunctionType) and (
        (name in _FILES and root in ("builtins", "io", "_io", "numpy")) or root in ("pathlib", "shutil")
    ):
        return "a file", False
    return None


_NOW = ("now", "today", "utcnow")
_ENVIRONMENT = [os.getenv, os.getcwd, os.listdir, os.path.abspath, os.path.realpath, os.path.expanduser]
_ENVIRONMENT += [os.path.expandvars]
_WHO = {"get_ident", "get_native_id", "current_thread", "active_count", "enumerate", "current_process"}
_CALLER = [sys._getframe, sys.getrefcount, inspect.stack, inspect.currentframe]
_ENTROPY = [os.urandom, getattr(os, "getrandom", None)]
_DISK = [os.stat, os.lstat, os.scandir, os.read, os.access]
