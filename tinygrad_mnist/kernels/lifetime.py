"""Machine code that goes with the program it belongs to.

Numba keeps all it compiles in one engine of LLVM, which lets no module go, and remembers every function it
compiled. A program has an engine of its own instead, which the function made of it holds, and a context of
its own: constants, loops and aliases of all that was ever compiled stay in the common one.
"""

import copy
import types
from collections.abc import Callable
from typing import Any, ClassVar

from tinygrad_mnist.kernels.numba_door import binding, cgutils, codegen, passes, runtime
from tinygrad_mnist.kernels.parts import Part

# These classes inherit a method that does nothing before the one that frees their memory (llvmlite 0.48).
passes.ModulePassManager._dispose = passes.FunctionPassManager._dispose = passes.NewPassManager._dispose

#: How often passes are run by one builder. Each leaves 1.5 kB behind (llvmlite 0.48); but each run leaves its
#: mark in the builder, which later runs look at.
_USES = 200


class _Library(Part):
    """A program's code, in the context of its engine."""

    def __init__(self, owner: Any, name: str) -> None:
        super().__init__(owner, name)
        self._final_module = owner.parsed(str(owner._create_empty_module(name)))
        self._final_module.name = cgutils.normalize_ir_text(name)

    def add_ir_module(self, ir_module: Any) -> None:
        self._raise_if_finalized()
        module = self._codegen.parsed(cgutils.normalize_ir_text(str(ir_module)))
        module.name = ir_module.name
        module.verify()
        self.add_llvm_module(module)

    def add_linking_library(self, library: Any) -> None:
        library._ensure_finalized()
        self._linking_libraries.append(self._codegen.imported(library))

    def _get_module_for_linking(self) -> Any:
        return self._codegen.owned(super()._get_module_for_linking())

    @classmethod
    def _unserialize(cls, owner: Any, state: Any) -> Any:
        name, _, (code, bitcode) = state  # the only kind that is kept: see `cache_entry`
        library = owner.create_library(name)
        library.enable_object_caching()
        library._set_compiled_object(code)
        library._shared_module = owner.parsed(bitcode)
        library._finalize_final_module()
        owner._engine._load_defined_symbols(library._shared_module)
        return library


class _Context(binding.context.ContextRef):  # type: ignore[misc]
    """A context that goes when its engine says so."""

    def _dispose(self) -> None:
        pass


class _Imported:
    """The code of another context."""

    def __init__(self, module: Any, library: Any) -> None:
        self.module, self._reload_init = module, library._reload_init

    def _get_module_for_linking(self) -> Any:
        return self.module


class _Codegen(codegen.JITCPUCodegen):  # type: ignore[misc]
    """An engine that shares what makes passes, for a while: see `_USES`."""

    _library_class = _Library
    _builders: ClassVar[dict[Any, tuple[int, Any]]] = {}
    _keeper: Any = None  # whose engine owns the description of the machine that the passes point to

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._context = _Context(binding.ffi.lib.LLVMPY_ContextCreate())
        self._place = self._context._ptr
        self._modules: list[Any] = []
        self._imported: dict[Any, _Imported] = {}

    def parsed(self, code: str | bytes) -> Any:
        """A module in the context, of text or bitcode."""
        parse = binding.parse_assembly if isinstance(code, str) else binding.parse_bitcode
        return self.owned(parse(code, self._context))

    def owned(self, module: Any) -> Any:
        """Note a module that must be gone before the context."""
        if all(module is not other for other in self._modules):
            self._modules.append(module)
        return module

    def imported(self, library: Any) -> Any:
        """A library that modules of this context can be linked with."""
        if library.codegen is self:
            return library
        if library not in self._imported:
            module = self.parsed(library._get_module_for_linking().as_bitcode())
            self._imported[library] = _Imported(module, library)
        return self._imported[library]

    def _pass_builder(self, **options: Any) -> Any:
        key = tuple(options.items())
        uses, builder = _Codegen._builders.get(key, (0, None))
        if uses % _USES == 0:
            _Codegen._keeper = _Codegen._keeper or codegen.JITCPUCodegen("tinygrad_mnist.passes")
            builder = _Codegen._keeper._pass_builder(**options)
        _Codegen._builders[key] = uses + 1, builder
        return builder

    def __del__(self, shutting_down: Callable[[], bool] = binding.common._is_shutting_down) -> None:
        """Let the memory go in the order that LLVM needs: the collector knows none."""
        if not shutting_down() and hasattr(self, "_imported"):
            self._engine._ee.close()
            for module in self._modules:
                module.close()
            binding.ffi.lib.LLVMPY_ContextDispose(self._place)


def by_itself(compiled: Any) -> Any:
    """Have a function be compiled into an engine of its own, which lives as long as its machine code."""
    runtime.initialize(compiled.targetctx)  # which all share, and is of the common engine
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
