"""What the rounds say: medians, quartiles, and ratios between peers of one round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .peers import COMPILED, EAGER


@dataclass(frozen=True)
class Summary:
    """Median and quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Summary:
        """Summary of some numbers."""
        low, median, high = np.percentile(values, [25, 50, 75])
        return cls(float(median), float(low), float(high))

    def times(self, factor: float) -> Summary:
        """The summary of the numbers times a positive factor."""
        return Summary(self.median * factor, self.low * factor, self.high * factor)


def seconds(job: dict[str, Any], entry: dict[str, Any]) -> Summary:
    """Seconds for as much work as is shown: an epoch, or a call."""
    return Summary.of(entry["seconds_per_unit"]).times(job["shown"][0])


def ratio(entry: dict[str, Any], ours: dict[str, Any]) -> Summary:
    """How many times as fast `ours` is as the other entry, round by round."""
    pairs = zip(entry["seconds_per_unit"], ours["seconds_per_unit"], strict=True)
    return Summary.of([theirs / mine for theirs, mine in pairs])


def our_entries(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Our own entries, compiled before eager."""
    return sorted((e for e in job["entries"] if e["module"] in (COMPILED, EAGER)), key=lambda e: e["module"])


def fastest_peer(job: dict[str, Any]) -> dict[str, Any] | None:
    """The fastest entry that is not ours."""
    others = [e for e in job["entries"] if e["module"] not in (COMPILED, EAGER)]
    return min(others, key=lambda e: Summary.of(e["seconds_per_unit"]).median, default=None)


def si_time(value: float) -> str:
    """Seconds as people read them, in three digits."""
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= factor:
            return f"{digits(value / factor)} {unit}"
    return f"{digits(value / 1e-9)} ns"


def digits(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
