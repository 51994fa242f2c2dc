"""What the rounds say: medians, quartiles, ratios between peers of one round, shares of the possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .peers import COMPILED, EAGER

Record = dict[str, Any]  # a piece of the results as it goes into JSON


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


def amount(job: Record, entry: Record) -> Summary:
    """Seconds (or bytes) for as much work as is shown: an epoch, or a call."""
    return Summary.of(entry["values"]).times(job["shown"][0])


def rate(job: Record, entry: Record, what: str) -> float:
    """Operations ("flops") or bytes ("bytes") per second."""
    return float(job[what] / Summary.of(entry["values"]).median)


def ratio(entry: Record, ours: Record) -> Summary:
    """How many times as fast `ours` is as the other entry, round by round."""
    pairs = zip(entry["values"], ours["values"], strict=True)
    return Summary.of([theirs / mine for theirs, mine in pairs])


def our_entries(job: Record) -> list[Record]:
    """Our own entries, in the order of the peers' list."""
    return [e for e in job["entries"] if e["module"] in (COMPILED, EAGER)]


def our_best(job: Record) -> Record | None:
    """The faster of our entries."""
    return min(our_entries(job), key=lambda e: amount(job, e).median, default=None)


def fastest_peer(job: Record) -> Record | None:
    """The fastest entry that is not ours."""
    others = [e for e in job["entries"] if e["module"] not in (COMPILED, EAGER)]
    return min(others, key=lambda e: amount(job, e).median, default=None)


def geometric_mean(values: Sequence[float]) -> float:
    """Their geometric mean."""
    return float(np.exp(np.mean(np.log(values))))


def mean_ratio(jobs: Sequence[Record], module: str | None = None) -> float | None:
    """Geometric mean over jobs of how many times as fast we are as a peer, or as the fastest in each."""
    ratios = []
    for job in jobs:
        ours = our_best(job)
        other = fastest_peer(job) if module is None else entry_of(job, module)
        if ours is not None and other is not None:
            ratios.append(ratio(other, ours).median)
    return geometric_mean(ratios) if ratios else None


def entry_of(job: Record, module: str) -> Record | None:
    """The entry of a peer."""
    return next((e for e in job["entries"] if e["module"] == module), None)


def peers_of(jobs: Sequence[Record]) -> dict[str, str]:
    """Labels of the peers in some jobs, by module."""
    return {e["module"]: e["peer"] for job in jobs for e in job["entries"]}


def groups(jobs: Sequence[Record]) -> dict[str, list[Record]]:
    """Jobs by group."""
    found: dict[str, list[Record]] = {}
    for job in jobs:
        found.setdefault(job["group"], []).append(job)
    return found


def roof(results: Record, job: Record) -> tuple[str, float] | None:
    """What a job's rate is compared with, and the most of it that one core can do, per second."""
    what = "flops" if job["flops"] else "bytes"
    if not job[what]:
        return None
    suite: Record = next((s for s in results["suites"] if s["name"] == "roofs"), {"jobs": []})
    matching = [
        j
        for j in suite["jobs"]
        if j[what] and j["entries"] and j["options"]["dtype"] == job["options"]["dtype"]
    ]
    if not matching:
        return None
    nearest = min(matching, key=lambda j: abs(j[what] - job[what]))  # copies have a size; peaks do not
    return what, nearest[what] / min(nearest["entries"][0]["values"])


def text(job: Record, value: float) -> str:
    """An amount as people read it."""
    return si_time(value) if job["quantity"] == "s" else f"{value / 2**20:.0f} MiB"


def si_time(value: float) -> str:
    """Seconds as people read them, in three digits."""
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= factor:
            return f"{digits(value / factor)} {unit}"
    return f"{digits(value / 1e-9)} ns"


def digits(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
