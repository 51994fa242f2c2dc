"""Interrupts of a cold start at a handful of moments; `interrupts.py` takes as many as one likes."""

from __future__ import annotations

import signal
from pathlib import Path

import interrupts
import pytest

from tinygrad_mnist.kernels.numba_door import runtime
from tinygrad_mnist.kernels.policy import program_kernel


@pytest.mark.parametrize("after", [0.1, 0.9, 2.0])
def test_a_cold_call(tmp_path: Path, after: float) -> None:
    interrupts.check_code(interrupts.CALL, tmp_path, after)


def test_a_cold_scan(tmp_path: Path) -> None:
    interrupts.check_code(interrupts.SCAN, tmp_path, 2.5)


@pytest.mark.parametrize(
    ("number", "after"), [("SIGINT", 0.5), ("SIGINT", 4.0), ("SIGTERM", 8.0), ("SIGHUP", 8.0)]
)
def test_a_cold_training(tmp_path: Path, number: str, after: float) -> None:
    digits = tmp_path / "digits"
    digits.mkdir()
    interrupts.check_train(tmp_path, interrupts.write_digits(digits), after, getattr(signal, number))


def test_numba_loads_the_rest_of_itself_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[object] = []

    def initialize(context: object) -> None:
        signal.raise_signal(signal.SIGINT)
        loaded.append(context)

    monkeypatch.setattr(runtime, "initialize", initialize)
    with pytest.raises(KeyboardInterrupt):
        program_kernel(lambda: None)
    assert loaded
