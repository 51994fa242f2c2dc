"""The example with two variables."""

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "two_variables.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("two_variables", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_gradient_is_three_one_and_says_what_nudges_do(example):
    assert example.gradient(example.POINT).tolist() == [3, 1]
    changes = example.nudged(example.POINT)
    assert changes[0] / changes[1] == pytest.approx(3, abs=0.05)


def test_no_direction_is_steeper(example):
    angles = np.linspace(0, 2 * np.pi, 721)
    around = example.POINT + 1e-4 * np.stack([np.cos(angles), np.sin(angles)], 1)
    steepest = angles[example.cost_at(around).argmax()]
    assert np.tan(steepest) == pytest.approx(1 / 3, abs=0.02)


def test_it_runs(example, tmp_path, capsys):
    example.main(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "the gradient at (1.0, 1.0) is (3.0, 1.0)" in capsys.readouterr().out
    costs = example.cost_at(example.descent(example.POINT))
    assert all(a > b for a, b in itertools.pairwise(costs))
