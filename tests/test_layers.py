"""A module imports from lower floors only, at its top, and importing the package stays cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_mnist

PACKAGE = "tinygrad_mnist"
ROOT = Path(tinygrad_mnist.__file__).parent
FLOORS = {
    0: "errors kernels writing describing __version__",
    1: "kinds formulas primitive primitive_docs declaring",
    2: "ops",
    3: "core",
    4: "autograd",
    5: "compiler",
    6: "nn optim data utils",
    7: "train testing objects saving model_file func special",
    8: "lab interop page sweep cluster",
    9: "cli __main__ __init__",
}
FLOOR_OF = {name: floor for floor, names in FLOORS.items() for name in names.split()}
MODULES = {path.relative_to(ROOT).with_suffix("").parts: path for path in ROOT.rglob("*.py")}


def imported(tree, module):
    """(line, full dotted name) of every import from this package; `module` is where the tree is from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = (PACKAGE, *module[:-1])
            base = [*above[: len(above) + 1 - node.level]] if node.level else []
            names = [".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == PACKAGE:
                yield node.lineno, name


def part(name):
    """Which part of the package a dotted name belongs to; what only the package itself has, to the top."""
    below = name.split(".")[1:2]
    return below[0] if below and below[0] in FLOOR_OF else "__init__"


def test_imports_are_recognised_however_they_are_written():
    source = (
        "import os, tinygrad_mnist as tg, tinygrad_mnist.nn.linear\n"
        "from tinygrad_mnist.ops import exp\n"
        "from .. import compiler\n"
        "from ..core.tensor import Tensor\n"
        "from . import views\n"
        "def f():\n    from .gather import take\n"
    )
    found = [name for _, name in imported(ast.parse(source), ("ops", "somewhere"))]
    assert [name.removeprefix(PACKAGE) for name in found] == [
        *("", ".nn.linear", ".ops.exp", ".compiler", ".core.tensor.Tensor", ".ops.views", ".ops.gather.take")
    ]
    assert [part(name) for name in found] == ["__init__", "nn", "ops", "compiler", "core", "ops", "ops"]


@pytest.mark.parametrize("module", [m for m in MODULES if m != ("__init__",)], ids=".".join)
def test_imports_go_down(module):
    assert module[0] in FLOOR_OF, f"{module[0]} has no floor; give it one in FLOORS"
    own = FLOOR_OF[module[0]]
    for line, name in imported(ast.parse(MODULES[module].read_text()), module):
        floor = FLOOR_OF[part(name)]
        assert floor <= own, f"line {line} imports {name} of floor {floor} on floor {own}"


@pytest.mark.parametrize("module", MODULES, ids=".".join)
def test_no_import_of_the_package_hides_in_a_function(module):
    tree = ast.parse(MODULES[module].read_text())
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            hidden = [f"line {line}: {name}" for line, name in imported(function, module)]
            assert not hidden, f"imports inside a function: {hidden}"


def test_modules_of_a_floor_do_not_import_in_a_circle():
    graph = {}
    for module, path in MODULES.items():
        if module == ("__init__",):
            continue
        uses = graph.setdefault(module[0], set())
        uses |= {part(name) for _, name in imported(ast.parse(path.read_text()), module)}
        uses -= {module[0], "__init__"}
    while graph:
        free = [name for name, uses in graph.items() if not uses & graph.keys()]
        assert free, f"these import one another in a circle: {sorted(graph)}"
        for name in free:
            del graph[name]


def test_modules_of_the_core_do_not_import_in_a_circle():
    graph = {}
    for module, path in MODULES.items():
        if module[0] == "core" and module[1:] != ("__init__",):
            names = [name.split(".") for _, name in imported(ast.parse(path.read_text()), module)]
            graph[module[1]] = {name[2] for name in names if name[1] == "core" and name[2] != module[1]}
    assert graph["interpreter"] == set()
    assert graph["tape"] == {"interpreter"}
    while graph:
        free = [name for name, uses in graph.items() if not uses & graph.keys()]
        assert free, f"these import one another in a circle: {sorted(graph)}"
        for name in free:
            del graph[name]


def test_importing_the_package_loads_little():
    code = (
        "import sys, importlib.metadata\n"
        "before = set(sys.modules)\n"
        "import numpy, numba\n"
        "with_numba = set(sys.modules)\n"
        "import tinygrad_mnist\n"
        "names = {name.partition('.')[0] for name in set(sys.modules) - with_numba}\n"
        "print(*sorted(names - set(sys.stdlib_module_names)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {PACKAGE, "numpy", "numba", "llvmlite"}
