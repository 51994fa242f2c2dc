"""Every example does what it says, on smaller settings."""

import runpy
from pathlib import Path

import pytest

from tinygrad_mnist import primitive

FOLDER = Path(__file__).parent.parent / "examples"

#: What `main` is called with, and what holds for what it gives.
SMALL = {
    "adaptive_step": ({}, lambda pair: abs(pair[0] - pair[1]) < 2e-3),
    "batch_norm": ({"steps": 60, "compiled": False}, lambda accuracy: accuracy > 0.6),
    "by_hand": ({"epochs": 1}, lambda accuracy: accuracy > 0.88),
    "controller": ({"training": 150}, lambda costs: costs[1] < 0.7 * costs[0]),
    "functional": ({"images": 1000, "steps": 40}, lambda accuracy: accuracy > 0.7),
    "loaded_string": ({"steps": 1000}, lambda error: error < 0.02),
    "neural_ode": ({"training": 100}, lambda error: error < 5e-3),
    "own_primitive": ({"epochs": 1}, lambda accuracy: accuracy > 0.9),
    "potential": ({"training": 100}, lambda error: error < 0.2),
    "recurrent": ({"examples": 1000, "epochs": 2}, lambda accuracy: accuracy > 0.25),
    "rows": ({"hidden": 32, "epochs": 2, "examples": 6000, "batch": 50}, lambda accuracy: accuracy > 0.4),
}


@pytest.fixture(autouse=True)
def as_many_primitives_afterwards():
    before = dict(primitive.REGISTRY)
    yield
    for name in primitive.REGISTRY.keys() - before.keys():
        del primitive.REGISTRY[name]


@pytest.mark.parametrize("name", SMALL)
def test_example(name, capsys):
    settings, holds = SMALL[name]
    assert holds(runpy.run_path(str(FOLDER / f"{name}.py"))["main"](**settings))
    assert capsys.readouterr().out
