"""The parts of Numba that kernels are built from, as Any: its own annotations cover only some of them."""

import importlib
from typing import Any

from llvmlite import binding as _binding
from llvmlite.binding import ffi as _ffi, newpassmanagers as _passes
from numba import extending as _extending
from numba.core import (
    cgutils as _cgutils,
    codegen as _codegen,
    compiler as _compiler,
    config as _config,
    environment as _environment,
    event as _event,
    funcdesc as _funcdesc,
    registry as _registry,
    types as _types,
    typing as _typing,
)
from numba.core.compiler_lock import global_compiler_lock as _compiler_lock
from numba.np import numpy_support as _numpy_support

binding: Any = _binding
cgutils: Any = _cgutils
codegen: Any = _codegen
compiler: Any = _compiler
compiler_lock: Any = _compiler_lock._lock
llvm_lock: Any = _ffi.lib._lock._lock
config: Any = _config
dynfunc: Any = importlib.import_module("numba._dynfunc")
environment: Any = _environment
event: Any = _event
extending: Any = _extending
funcdesc: Any = _funcdesc
passes: Any = _passes
registry: Any = _registry
types: Any = _types
typing: Any = _typing
numpy_support: Any = _numpy_support
