"""A compiled function answers as the function itself after any change of where Python finds its methods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from watched_lookups import OPERATIONS, SITES

import tinygrad_mnist as tg

X = tg.tensor([1.0, 2.0])


def _answer(f: Any) -> Any:
    """What a function gives, or how it fails."""
    try:
        return f(X).numpy().tobytes()
    except Exception as error:
        return type(error)


def _disagreement(name: str) -> str | None:
    """Where the compiled function differs from the function, before a change or after it."""
    setup, read, change = (text.replace("VALUE", "2.0").replace("NEW", "3.0") for text in SITES[name])
    space: dict[str, Any] = {"tg": tg, "np": np}
    exec(f"{setup}\ndef f(x): return x * {read}", space)
    fast = tg.jit(space["f"])
    before = [_answer(space["f"]), _answer(fast), _answer(fast)]
    exec(change, space)
    after = [_answer(space["f"]), _answer(fast), _answer(fast)]
    if len({*before}) > 1 or len({*after}) > 1:
        return f"{name}: {before}, then {after}"
    return None


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_method_that_comes_to_stand_elsewhere(operation: str) -> None:
    names = [name for name in SITES if name.startswith(f"{operation} ")]
    assert len(names) == 26
    assert [found for name in names if (found := _disagreement(name)) is not None] == []
