"""A front is made of its families: each name is stated once, where it is defined, for type checkers too."""

import ast
import importlib
from pathlib import Path

import pytest

import tinygrad_mnist

ROOT = Path(tinygrad_mnist.__file__).parent
FRONTS = (
    "",
    "autograd",
    "core.functions",
    "lab",
    "nn",
    "nn.functional",
    "ops",
    "ops.front",
    "ops.linalg",
    "optim",
    "optim.lr_scheduler",
    "testing",
    "train",
    "utils.data",
)


def tree(name):
    path = ROOT.joinpath(*filter(None, name.split(".")))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8")), path.name == "__init__.py"


def families(front):
    """The modules from which a front takes all."""
    parsed, is_package = tree(front)
    for node in parsed.body:
        if isinstance(node, ast.ImportFrom) and [a.name for a in node.names] == ["*"]:
            parts = [*filter(None, front.split("."))]
            above = parts[: len(parts) - node.level + is_package]
            yield ".".join([*above, node.module])


def module(name):
    return importlib.import_module(".".join(["tinygrad_mnist", *filter(None, name.split("."))]))


@pytest.mark.parametrize("front", FRONTS)
def test_a_front_has_what_its_families_state_and_states_nothing_itself(front):
    here = module(front)
    assert not [
        node.lineno
        for node in tree(front)[0].body
        if isinstance(node, ast.Assign) and any(ast.unparse(x) == "__all__" for x in node.targets)
    ]
    found = list(families(front))
    assert found
    for family in set(found) - set(FRONTS):
        for name in module(family).__all__:
            assert hasattr(here, name), f"{family}.{name}"
            if hasattr(here, "__all__"):
                assert name in here.__all__


def test_no_operation_is_in_two_families():
    stated = {}
    for family in [*families("ops"), *families("ops.front")]:
        for name in getattr(module(family), "__all__", ()):
            assert stated.setdefault(name, family) == family
    assert len(stated) > 200


def test_what_is_public_is_there():
    for front in FRONTS:
        here = module(front)
        assert all(getattr(here, name, here) is not here for name in getattr(here, "__all__", ()))
