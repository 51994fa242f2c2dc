"""Guards are tried as machine code from their first question on."""

import pytest

from tinygrad_mnist.compiler import guards


@pytest.fixture(autouse=True)
def _without_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "PATIENCE", 0)
