"""A compiled program as one file that needs NumPy and Numba, and not this package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from .. import kernels
from .share import written
from .stages import Form

_KERNELS = kernels.__name__
_FOLDER = Path(kernels.__file__).parent
_HEAD = '''"""A program that tg.jit recorded, at the end of this file, after the kernels it calls.

    program({signature})

runs the steps from `first` up to `last`. Arrays are C-contiguous, and it changes those marked so:

{arguments}
"""

import sys
import types

sys.modules["{package}"] = types.ModuleType("{package}")
sys.modules["{package}"].__path__ = []


def _kernels(name, text):
    module = types.ModuleType("{package}." + name)
    module.__file__ = __file__
    sys.modules[module.__name__] = module
    exec(compile(text, f"<{{name}}>", "exec"), module.__dict__)


'''


def exported(form: Form, name: str) -> str:
    """The text of a module called `name` that has the function `program`."""
    package = f"{name}_kernels"
    tree = ast.parse(form.text)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    head = _HEAD.format(
        package=package,
        signature=", ".join(a.arg for a in function.args.args),
        arguments="\n".join(_arguments(form)),
    )
    texts = {module: (_FOLDER / f"{module}.py").read_text() for module in _needed(tree)}
    parts = [
        f"_kernels(\n    {module!r},\n    r'''{_renamed(text, package)}''',\n)\n"
        for module, text in texts.items()
    ]
    return head + "\n".join(parts) + "\n" + _renamed(form.text, package)


def _renamed(text: str, package: str) -> str:
    return text.replace(f"{_KERNELS}.", f"{package}.")


def _needed(tree: ast.Module) -> list[str]:
    """The modules of kernels that a program imports, directly or not, each after those it imports."""
    found: list[str] = []

    def visit(tree: ast.Module) -> None:
        for module in _imported(tree):
            if module not in found:
                visit(ast.parse((_FOLDER / f"{module}.py").read_text()))
                found.append(module)

    visit(tree)
    return found


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{_KERNELS}."):
            yield (node.module or "").rpartition(".")[2]


def _arguments(form: Form) -> Iterator[str]:
    """A line for each argument after the steps."""
    if form.shared:
        yield "    worker, workers, meeting: 0, 1 and an int64 array of one 0, for one thread that runs all"
    loops, name = form.loops, form.printer.names.parameter
    changed = written(loops)
    for place in loops.arguments:
        yield f"    {name(place)}: {place.dtype} {place.shape}, one element per step"
    for place in loops.captured:
        yield f"    {name(place)}: {place.dtype} {place.shape}{', changed' if place in changed else ''}"
    for place in loops.outputs:
        yield f"    {name(place)}: {place.dtype} {place.shape}, one element per step, changed: a result"
    for place in form.buffers:
        yield f"    {name(place)}: {place.dtype} {place.shape}, changed: room to work in"
