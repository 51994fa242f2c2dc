"""Guards and calls are tried as machine code from the first one on."""

import pytest

from tinygrad_mnist.compiler import direct, guards


@pytest.fixture(autouse=True)
def _without_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "PATIENCE", 0)
    monkeypatch.setattr(direct, "PATIENCE", 0)
