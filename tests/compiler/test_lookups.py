"""A compiled function answers as the function itself after any change of where Python finds what it reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import watched_attributes
import watched_functions
import watched_lookups
from watched_places import Site

import tinygrad_mnist as tg

X = tg.tensor([1.0, 2.0])
#: Of each group of sites all are tried: one test each would take longer than what it tests.
_ALL: dict[str, Site] = {**watched_lookups.SITES, **watched_attributes.SITES, **watched_functions.SITES}
_GROUPS: dict[str, list[str]] = {}
for _name in _ALL:
    _GROUPS.setdefault(_name.split(":")[0].split(",")[0], []).append(_name)


def _answer(f: Any) -> Any:
    """What a function gives, or how it fails."""
    try:
        return f(X).numpy().tobytes()
    except Exception as error:
        return type(error)


def _answers(name: str) -> list[Any]:
    """Of the function and of what is compiled, in turn: before a change and after it."""
    setup, read, change = (text.replace("VALUE", "2.0").replace("NEW", "3.0") for text in _ALL[name])
    space: dict[str, Any] = {"tg": tg, "np": np}
    exec(f"{setup}\ndef f(x): return x * {read}", space)
    fast = tg.jit(space["f"])
    before = [_answer(space["f"]), _answer(fast), _answer(fast)]
    exec(change, space)
    return [*before, _answer(space["f"]), _answer(fast), _answer(fast)]


@pytest.mark.parametrize("group", _GROUPS)
def test_what_comes_to_stand_elsewhere(group: str) -> None:
    changed = 0
    for name in _GROUPS[group]:
        first, *before, then, again, twice = _answers(name)
        assert before == [first, first], name
        assert [again, twice] == [then, then], name
        changed += first != then
    assert changed > 0
