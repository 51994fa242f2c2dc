"""A compiled function answers as the function itself after any change of what it reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from watched_places import ARRAYS, SITES, Site

import tinygrad_mnist as tg

#: Ways in which a number can change: those that Python's == does not see among them.
CHANGES = {
    "another": ("2.0", "3.0"),
    "sign of zero": ("0.0", "-0.0"),
    "type": ("1", "1.0"),
    "bool": ("1", "True"),
}


def _space(site: Site, before: str, after: str) -> dict[str, Any]:
    space: dict[str, Any] = {"tg": tg, "np": np}
    exec(_filled(site.setup, before, after), space)
    exec(f"def f(x): return x * {_filled(site.read, before, after)}", space)
    return space


def _filled(text: str, before: str, after: str) -> str:
    return text.replace("VALUE", before).replace("NEW", after)


def _bits(x: Any) -> tuple[Any, ...]:
    return x.dtype, x.shape, x.numpy().tobytes()


def _agrees(site: Site, before: str, after: str, x: Any) -> str:
    """Run both ways before and after the change, twice; what the compiled function says of itself."""
    space = _space(site, before, after)
    fast = tg.jit(space["f"])
    first = [_bits(space["f"](x)), _bits(fast(x)), _bits(fast(x))]
    assert first[0] == first[1] == first[2]
    recorded = fast.explain().count("recorded for")
    assert recorded == 1
    exec(_filled(site.change, before, after), space)
    assert _bits(space["f"](x)) == _bits(fast(x)) == _bits(fast(x))
    assert fast.explain().count("recorded for") <= 2
    return fast.explain()


@pytest.mark.parametrize("name", SITES)
def test_a_number_changes_where_it_stands(name: str) -> None:
    text = _agrees(SITES[name], "2.0", "3.0", tg.tensor([1.0, 2.0]))
    assert text.count("recorded for") == 2


@pytest.mark.parametrize("name", ARRAYS)
def test_a_number_of_an_array_changes(name: str) -> None:
    _agrees(ARRAYS[name], "2.0", "3.0", tg.tensor([1.0, 2.0]))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "name", ["global", "closure", "attribute", "class attribute", "dict", "list", "slot"]
)
def test_changes_that_equality_does_not_see(name: str, change: str) -> None:
    _agrees(SITES[name], *CHANGES[change], tg.tensor([1, 2]))
