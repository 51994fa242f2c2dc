"""Guards and calls are tried as machine code from the first one on."""

from typing import Any

import pytest

from tinygrad_mnist.compiler import direct, guards, specialization


@pytest.fixture(autouse=True)
def _without_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "PATIENCE", 0)
    monkeypatch.setattr(direct, "PATIENCE", 0)


@pytest.fixture
def long_ways(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One for each call that goes the long way."""
    taken: list[Any] = []
    call = specialization.Specialization.call

    def counted(self: Any, *args: Any) -> Any:
        taken.append(self)
        return call(self, *args)

    monkeypatch.setattr(specialization.Specialization, "call", counted)
    return taken
