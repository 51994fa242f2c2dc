"""Functions that are compiled into others are optimised there, once, and get no machine code of their own.

Numba optimises each function that it compiles several times and turns it into machine code, also where it is
only copied into its caller and optimised again there. While a kernel is compiled here, what it calls stays as
LLVM's code, which can be copied; it is optimised and gets an address once somebody asks for that.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tinygrad_mnist.kernels.numba_door import codegen, dynfunc, registry


class Part(codegen.JITCodeLibrary):  # type: ignore[misc]
    """The code of a function that may never be called by itself."""

    _is_whole = False

    def _optimize_functions(self, module: Any) -> None:
        """Numba tidies each function before all of them; the passes over the module begin with the same."""
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        if self._is_whole:
            passes, options = self._codegen._module_pass_manager()
            passes.run(self._final_module, options)

    def _finalize_final_module(self) -> None:
        if getattr(self, "_compiled_object", None) is not None:
            self._is_whole = True  # from the disk
        if self._is_whole:
            super()._finalize_final_module()
        else:
            self._finalize_dynamic_globals()
            self._verify_declare_only_symbols()
            self._finalized = True

    def get_pointer_to_function(self, name: str) -> Any:
        """The address of a function, which is compiled now if it has not been."""
        self._ensure_finalized()
        if not self._is_whole:
            self._is_whole = True
            self._optimize_final_module()
            self._final_module.verify()
            self._finalize_final_module()
        return super().get_pointer_to_function(name)


@contextmanager
def as_parts(function: Callable[..., Any], signature: Any) -> Iterator[None]:
    """Within the block, what is compiled is a part, but for this function for arguments of these types.

    The caller holds Numba's lock: nobody else compiles meanwhile.
    """
    context = registry.cpu_target.target_context
    generator = context._internal_codegen
    before = generator._library_class
    wanted = function.__module__, function.__qualname__, tuple(signature)

    def get_executable(library: Any, description: Any, environment: Any) -> Any:
        found = description.modname, description.qualname, tuple(description.argtypes)
        if found == wanted or not isinstance(library, Part):
            return type(context).get_executable(context, library, description, environment)
        return _only_inside(description, environment, library)

    outer = vars(context).get("get_executable")
    generator._library_class, context.get_executable = Part, get_executable
    try:
        yield
    finally:
        generator._library_class = before
        if outer is None:
            del context.get_executable
        else:
            context.get_executable = outer


def _only_inside(description: Any, environment: Any, library: Any) -> Any:
    """What Numba keeps for a function that it calls in compiled code only."""
    name = description.qualname.rpartition(".")[2]
    return dynfunc.make_function(
        description.lookup_module(),
        name,
        "",
        ctypes.cast(_refuse, ctypes.c_void_p).value,
        environment,
        (library,),
    )


def _raise(*_: Any) -> Any:
    raise RuntimeError("compiled as a part of other functions: not to be called by itself")


_refuse = ctypes.PYFUNCTYPE(ctypes.py_object, *[ctypes.c_void_p] * 3)(_raise)
