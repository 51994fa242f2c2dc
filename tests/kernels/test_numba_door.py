"""What Numba, llvmlite and NumPy do not promise is behind one door, listed, and in what is installed."""

import ast
import inspect
from pathlib import Path
from typing import Any

import numba
import pytest

import tinygrad_mnist
from tinygrad_mnist.kernels import numba_door as door

PACKAGE = Path(tinygrad_mnist.__file__).parent
#: Private in name alone: Python documents these.
DOCUMENTED = {"_asdict", "_exit", "_fields", "_getframe", "_replace"}
INNER = (
    "numba.core.",
    "numba.np.",
    "numba.cpython.",
    "numba._",
    "numpy._",
    "numpy.core.",
    "llvmlite.binding.",
)


twice = numba.njit(lambda x: 2 * x)


@pytest.fixture(scope="module")
def things() -> dict[str, Any]:
    """One of each of what `PRIVATE` speaks of, alive."""
    twice.compile((door.types.int64,))
    (result,) = twice.overloads.values()
    context = result.target_context
    generator = context.codegen()
    return {
        "dispatcher": twice,
        "context": context,
        "codegen": generator,
        "engine": generator._engine,
        "library": result.library,
        "result": result,
        "environment": door.environment.Environment,
        "value": door.cgutils.create_struct_proxy(door.types.UniTuple(door.types.int64, 2)),
    }


@pytest.mark.parametrize(("whose", "name"), [(w, n) for w, names in door.PRIVATE.items() for n in names])
def test_what_is_relied_on_is_there(whose, name, things):
    if whose == "llvm":
        where = {
            "_dispose": [door.passes.ModulePassManager, door.binding.context.ContextRef],
            "_is_shutting_down": [door.binding.common],
            "_ptr": [door.binding.create_context()],
        }
        assert all(hasattr(thing, name) for thing in where[name])
    else:
        thing = things[whose]
        given = name in ("_shared_module", "_final_module")  # once there is code
        assert hasattr(thing, name) or (given and name in ast.dump(_source(type(thing)))), f"{whose}.{name}"


def _source(kind: type) -> ast.AST:
    return ast.parse(Path(inspect.getfile(kind)).read_text())


def test_what_the_door_gives_is_there():
    assert issubclass(door.CacheBase, object)
    assert {"load_overload", "save_overload"} <= set(dir(door.CacheBase))
    assert "PyCapsule" in type(door.array_api).__name__
    for lock in (door.compiler_lock, door.llvm_lock):
        with lock:
            pass


def _trees() -> list[tuple[str, ast.Module]]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8"))) for path in paths]


def test_nobody_goes_past_the_door():
    past = []
    for name, tree in _trees():
        if name == "kernels/numba_door.py":
            continue
        for node in ast.walk(tree):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [f"{node.module}.{a.name}" for a in node.names]
            past += [
                (name, module)
                for module in modules
                if f"{module}.".startswith(INNER) and module != "llvmlite.binding"
            ]
    assert not past


def test_what_is_used_is_listed():
    """Private names of objects that are not of this package's making."""
    trees = _trees()
    own = set(DOCUMENTED)
    for _, tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    own.add(name)
                case ast.Name(id=name, ctx=ast.Store()):
                    own.add(name)
                case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                    own.add(name)
                case ast.Constant(value=str(name)):  # in __slots__, or for setattr
                    own.add(name)
    listed = {name for names in door.PRIVATE.values() for name in names}
    used = {
        node.attr
        for name, tree in trees
        if name.startswith(("kernels/", "compiler/")) and name != "kernels/numba_door.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
    }
    assert used - own - listed == set()
    assert listed <= used | {"_unserialize", "_optimize_functions"}, "listed, and not used any more"
