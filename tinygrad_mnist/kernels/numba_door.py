"""The one door to what Numba, llvmlite and NumPy do not promise: inner modules, as Any, and private names.

What is imported here is imported nowhere else, and what is private in the objects behind it stands in
`PRIVATE` with its reason; a test asks the installed packages for each, and finds what is used and not listed.
The bounds in pyproject.toml end before the first version that nobody has tried:
`python tools/matrix.py --canary` tries the next one and moves them.
"""

import importlib
from typing import Any

from llvmlite import binding as _binding
from llvmlite.binding import ffi as _ffi, newpassmanagers as _passes
from numba import extending as _extending
from numba.core import (
    caching as _caching,
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
from numba.core.runtime.nrt import rtsys as _runtime
from numba.np import numpy_support as _numpy_support

binding: Any = _binding
cgutils: Any = _cgutils
codegen: Any = _codegen
compiler: Any = _compiler
config: Any = _config
dynfunc: Any = importlib.import_module("numba._dynfunc")
environment: Any = _environment
event: Any = _event
extending: Any = _extending
funcdesc: Any = _funcdesc
passes: Any = _passes
registry: Any = _registry
runtime: Any = _runtime
types: Any = _types
typing: Any = _typing
numpy_support: Any = _numpy_support

#: What a dispatcher asks for kept machine code: ours stands in its place.
CacheBase: Any = _caching._Cache
#: One compilation at a time in a process, LLVM's too: nobody may hold these when a process forks.
compiler_lock: Any = _compiler_lock._lock
llvm_lock: Any = _ffi.lib._lock._lock
#: NumPy's table of C functions, where its way of making an array object is.
array_api: Any = importlib.import_module("numpy._core._multiarray_umath")._ARRAY_API

_ENGINES = "a program's code is in an engine of its own, which goes with it"
_PARTS = "a kernel's parts are not compiled by themselves"
_DISK = "machine code is kept on disk and read again"

#: Whose, and which of its names -> why we rely on it.
PRIVATE: dict[str, dict[str, str]] = {
    "dispatcher": {"_cache": _DISK, "_compiler": _ENGINES},
    "context": {"_internal_codegen": _ENGINES},
    "codegen": {
        "_create_empty_module": _ENGINES,
        "_data_layout": _PARTS,
        "_engine": _ENGINES,
        "_library_class": _PARTS,
        "_module_pass_manager": _PARTS,
        "_pass_builder": "what makes LLVM's passes is shared, as it lets no memory go",
    },
    "engine": {"_ee": _ENGINES, "_load_defined_symbols": _DISK},
    "library": {
        "_codegen": _ENGINES,
        "_ensure_finalized": _PARTS,
        "_final_module": _ENGINES,
        "_finalize_dynamic_globals": _PARTS,
        "_finalize_final_module": _PARTS,
        "_get_module_for_linking": _ENGINES,
        "_linking_libraries": _ENGINES,
        "_optimize_final_module": _PARTS,
        "_optimize_functions": _PARTS,
        "_raise_if_finalized": _ENGINES,
        "_reload_init": _ENGINES,
        "_set_compiled_object": _DISK,
        "_shared_module": _DISK,
        "_unserialize": _DISK,
        "_verify_declare_only_symbols": _PARTS,
    },
    "result": {"_find_referenced_environments": _DISK, "_rebuild": _DISK},
    "environment": {"_memo": _DISK},
    "llvm": {
        "_dispose": "passes and contexts that our engines share are let go by them",
        "_is_shutting_down": "when Python ends, LLVM may be gone before our engines",
        "_ptr": "the context of an engine is disposed of after its modules",
    },
    "value": {"_getvalue": "a routine gets the tuple of an array's parts"},
}
