"""The tools for people who keep the house: what they say agrees with the package."""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tinygrad_mnist import kernels

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import matrix  # noqa: E402
import sbom  # noqa: E402
import scaling  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_bill_of_materials_is_whole():
    bill = sbom.bill(frozenset())
    versions = {part["name"].lower(): part["version"] for part in bill["components"]}
    for name in ("numpy", "numba", "llvmlite", "safetensors"):
        assert versions[name] == metadata.version(name)
    refs = {part["bom-ref"] for part in [bill["metadata"]["component"], *bill["components"]]}
    assert {entry["ref"] for entry in bill["dependencies"]} == refs
    assert all(set(entry["dependsOn"]) <= refs for entry in bill["dependencies"])
    numba = next(entry for entry in bill["dependencies"] if entry["ref"].startswith("pkg:pypi/numba@"))
    assert any("llvmlite" in ref for ref in numba["dependsOn"])


def test_the_canary_moves_the_upper_bound():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    later = matrix.moved(text, "0.90.0rc1")
    assert '"numba>=0.63.1,<0.91"' in later
    assert matrix.moved(later, "0.68.1") == later
    assert {*text.splitlines()} ^ {*later.splitlines()} == {
        line for each in (text, later) for line in each.splitlines() if '"numba>=' in line
    }


def test_the_matrix_pins_every_requirement():
    pins = matrix.lower_bounds()
    assert len(pins) == len(PROJECT["dependencies"])
    assert "numba==0.63.1" in pins
    assert all((ROOT / path).exists() for path in matrix.TELLING.split())


def test_the_matrix_keeps_the_rows_of_others(tmp_path, monkeypatch):
    monkeypatch.setattr(matrix, "PAGE", tmp_path / "matrix.md")
    assert matrix.recorded() == []
    rows = [{"Python": "3.12.1", "packages": "oldest", "numpy": "2.0.0", "result": "3 passed"}]
    matrix.PAGE.write_text(matrix.page(rows, ["tests"]))
    assert matrix.recorded() == rows


def test_the_oldest_numba_is_the_one_that_is_stated(monkeypatch):
    (bound,) = (
        text.partition(">=")[2].partition(",")[0]
        for text in PROJECT["dependencies"]
        if text.startswith("numba")
    )
    oldest = tuple(map(int, bound.split(".")))
    assert oldest == kernels.OLDEST_NUMBA
    kernels.refuse_older(bound)
    kernels.refuse_older("1.0.0rc1")
    for older in ("0.61.2", "0.53", "0.63.0"):
        with pytest.raises(ImportError, match=re.escape(f'this is {older}: pip install -U "numba>={bound}"')):
            kernels.refuse_older(older)


@pytest.mark.parametrize("workers", [1, 7, 200, 1000])
@pytest.mark.parametrize("per_task", [1e-5, 1e-3])
def test_the_formula_of_sweeps_says_what_the_simulation_does(workers, per_task):
    predicted = scaling.sweep_predicted(4000, workers, 1.0, per_task)
    assert predicted == pytest.approx(
        scaling.sweep_simulated(4000, workers, 1.0, per_task, 0.05, 1), rel=0.15
    )


@pytest.mark.parametrize("ranks", [1, 2, 3, 8, 60])
@pytest.mark.parametrize("latency", [1e-6, 1e-3])
def test_the_formula_of_steps_says_what_the_simulation_does(ranks, latency):
    numbers = (ranks, 64, 0.002, 4e6, latency, 3e9, 0.1)
    assert scaling.step_predicted(*numbers) == pytest.approx(scaling.step_simulated(*numbers, 1), rel=0.1)
