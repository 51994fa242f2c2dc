"""The recipes of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from ..train import Recipe


def variations(base: Recipe, choices: Mapping[str, Sequence[Any]], **fixed: Any) -> list[Recipe]:
    """A recipe for each way to choose one value for each setting.

    Args:
        base: where all else comes from.
        choices: the values to try, by the name of the setting: {"hidden": [(16,), (16, 16)]}.
        fixed: settings that are the same everywhere; these count before what an optimiser or a
            cost brings with it (see `Recipe.but`).

    Raises RecipeError if one of them makes no sense.
    """
    return [base.but(**fixed, **dict(zip(choices, values))) for values in product(*choices.values())]
