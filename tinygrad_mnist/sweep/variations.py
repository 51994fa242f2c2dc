"""The recipes of a sweep: all combinations of what is to be tried, or some of them at random."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

from ..train import Recipe, RecipeError

_TRIES = 50  # for each sample that is wanted: those that were drawn before do not count


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers from low to high to draw from: their logarithms alike if low is above zero, else they.

    Attributes:
        low, high: the ends.
        whole: whether whole numbers are drawn; others have three digits, so that one can write them.

    Raises RecipeError for ends that are not in order.
    """

    low: float
    high: float
    whole: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high < math.inf:
            raise RecipeError(
                f"a range goes from a number of at least 0 up, not from {self.low} to {self.high}"
            )

    def at(self, share: float) -> float:
        """The number at a place on the way.

        Args:
            share: of the way, 0 to 1.
        """
        x = self.low * (self.high / self.low) ** share if self.low > 0 else self.high * share
        x = min(max(float(f"{x:.3g}"), self.low), self.high)
        return round(x) if self.whole else x


#: What is to be tried of a setting: values one by one, or for samples a range.
Choice: TypeAlias = Sequence[Any] | Range


def variations(
    base: Recipe, choices: Mapping[str, Choice], *, sample: int | None = None, **fixed: Any
) -> list[Recipe]:
    """A recipe for each way to choose one value for each setting, or for some ways drawn at random.

    Args:
        base: where all else comes from.
        choices: the values to try, by the name of the setting: {"hidden": [(16,), (16, 16)]}. Every
            combination of the others is trained with each "seed".
        sample: how many different combinations to draw, always the same ones; None for all. Where there
            are no more, all.
        fixed: settings that are the same everywhere; these count before what an optimiser or a
            cost brings with it (see `Recipe.but`).

    Raises RecipeError if one of them makes no sense, and for a `Range` without `sample`.
    """
    others = dict(choices)
    seeds = _all({"seed": others.pop("seed")}) if "seed" in others else [{}]
    chosen = _all(others) if sample is None else _some(others, sample)
    found = (base.but(**{**fixed, **combination, **seed}) for combination in chosen for seed in seeds)
    return list(dict.fromkeys(found))  # a value that is named twice is tried once


def _all(choices: Mapping[str, Choice]) -> list[dict[str, Any]]:
    each: list[Sequence[Any]] = []
    for name, values in choices.items():
        if isinstance(values, Range):
            raise RecipeError(
                f"{name} from {values.low:g} to {values.high:g} is a range to draw from: say how many with "
                "sample, or name each value"
            )
        each.append(values)
    return [dict(zip(choices, combination)) for combination in product(*each)]


def _some(choices: Mapping[str, Choice], count: int) -> list[dict[str, Any]]:
    if count < 1:
        raise RecipeError(f"a sweep needs at least one sample, not {count}")
    ways = math.prod(
        len(values) if not isinstance(values, Range) else math.inf for values in choices.values()
    )
    if ways <= count:
        return _all(choices)
    draw = random.Random(0).random
    found: dict[str, dict[str, Any]] = {}
    for _ in range(_TRIES * count):
        if len(found) == count:
            break
        one = {name: _drawn(values, draw()) for name, values in choices.items()}
        found.setdefault(repr(one), one)
    return list(found.values())


def _drawn(values: Choice, share: float) -> Any:
    return values.at(share) if isinstance(values, Range) else values[int(share * len(values))]
