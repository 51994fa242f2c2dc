"""Machine code that goes with the program it belongs to.

Numba keeps all it compiles in one engine of LLVM, which lets no module go, and remembers every function it
compiled. A program has an engine of its own instead, which the function made of it holds.
"""

import copy
import types
from typing import Any

from tinygrad_mnist.kernels.untyped import codegen, passes

# These classes inherit a method that does nothing before the one that frees their memory (llvmlite 0.48).
passes.ModulePassManager._dispose = passes.FunctionPassManager._dispose = passes.NewPassManager._dispose


class _Codegen(codegen.JITCPUCodegen):  # type: ignore[misc]
    """An engine that has the function passes of all: to make them for each function costs a millisecond."""

    _passes: tuple[Any, Any] | None = None
    _keeper: Any = None  # whose engine owns the description of the machine that the passes point to

    def _function_pass_manager(self, **options: Any) -> tuple[Any, Any]:
        if options:
            return super()._function_pass_manager(**options)
        if _Codegen._passes is None:
            _Codegen._keeper = codegen.JITCPUCodegen("tinygrad_mnist.passes")
            _Codegen._passes = _Codegen._keeper._function_pass_manager()
        return _Codegen._passes


def by_itself(compiled: Any) -> Any:
    """Have a function be compiled into an engine of its own, which lives as long as its machine code."""
    context = copy.copy(compiled.targetctx)
    context._internal_codegen = _Codegen("tinygrad_mnist.program")
    context.cached_internal_func = {}
    context.insert_user_function = _not_remembered  # no other function calls a program
    compiled.targetctx = context
    description = compiled._compiler.targetdescr
    compiled._compiler.targetdescr = types.SimpleNamespace(
        options=description.options, typing_context=description.typing_context, target_context=context
    )
    return compiled


def _not_remembered(function: Any, description: Any, libraries: Any = ()) -> None:
    pass
