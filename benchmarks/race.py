"""The race: peers prepared, checked, tuned, and then timed in turn, round after round."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from .jobs import Job, Settings, Skip, error_of
from .peers import PEERS, Peer
from .process import Process

Say = Callable[[str], None]

ENOUGH = 3  # rounds, if no entrant's ratio to the first differs between them by more than this share:
CLOSE = 0.04
_LONG = 4  # a peer does a whole epoch per round unless that takes so many times its share


@dataclass(frozen=True)
class Plan:
    """How long to measure.

    Attributes:
        quick: whether to measure fewer jobs.
        rounds: timed rounds per job.
        seconds: length of one peer's share of a round, about; fast jobs are repeated to fill it.
        tuning_rounds: rounds to find each peer's best settings.
        threads: the numbers of threads to try.
        pythons: interpreters of peers that cannot live in this environment, by module.
    """

    quick: bool = False
    rounds: int = 15
    seconds: float = 0.3
    tuning_rounds: int = 3
    threads: tuple[int, ...] = (1,)
    pythons: dict[str, str] = field(default_factory=dict)


class Processes:
    """Worker processes by peer and number of threads, started when first needed."""

    def __init__(self, pythons: dict[str, str]) -> None:
        self._pythons = pythons
        self._found: dict[tuple[str, int], Process | Skip] = {}
        self._numbers = count()

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._found.values():
            if isinstance(process, Process):
                process.close()

    def get(self, peer: Peer, threads: int) -> Process:
        """The process; raises Skip, again at each call, if the peer is not there."""
        key = (peer.module, threads)
        found = self._found.get(key)
        if found is None or (isinstance(found, Process) and found.is_gone):
            try:
                self._found[key] = Process(*key, self._pythons.get(peer.module, sys.executable))
            except Skip as skip:
                self._found[key] = skip
        found = self._found[key]
        if isinstance(found, Skip):
            raise found
        return found

    def new_number(self) -> int:
        """A number for a work."""
        return next(self._numbers)


class Entrant:
    """A peer with certain settings, ready to run a job."""

    def __init__(self, peer: Peer, settings: Settings, job: Job, folder: Path, processes: Processes) -> None:
        self.peer, self.settings, self.job = peer, settings, job
        self.process = processes.get(peer, settings["threads"])
        self.number = processes.new_number()
        self.process.ask("prepare", self.number, job.kind, str(folder), settings)
        results = folder / f"results-{self.number}.npz"
        self.process.ask("check", self.number, job.check, str(results))
        with np.load(results) as result:
            self.error = error_of(job, result)
        self.versions = self.process.ask("versions")
        self.amount = job.check
        self.values: list[float] = []
        self.cpu_seconds: list[float] = []

    def calibrate(self, seconds: float) -> None:
        """Choose how much to do per round: about so many seconds' worth, or all of a job that is not long."""
        while self.amount < self.job.limit:
            spent = min(self.time(0)[0] for _ in range(2))
            everything = spent / self.amount * self.job.limit
            wanted = max(1, round(self.amount * min(32.0, seconds / spent)))
            if everything < _LONG * seconds:
                wanted = self.job.limit
            if wanted <= self.amount or spent > seconds / 2:
                self.amount = min(self.amount, wanted)
                break
            self.amount = wanted
        if self.amount != self.job.check:
            self.time(0)  # some compile anew for another number of steps

    def run(self, round_number: int) -> None:
        """Take part in a round."""
        value, cpu_seconds = self.time(round_number)
        self.values.append(value / self.amount)
        self.cpu_seconds.append(cpu_seconds / self.amount)

    def time(self, round_number: int) -> tuple[float, float]:
        """Seconds of one round, wall and processor; successive rounds continue through the job's data."""
        last = self.job.limit - self.amount
        first = (round_number * self.amount) % (last + 1) if last > 0 else 0
        seconds, cpu_seconds = self.process.ask("time", self.number, first, self.amount)
        return seconds, cpu_seconds

    def entry(self, tried: list[dict[str, Any]]) -> dict[str, Any]:
        """What was measured."""
        return {
            "peer": self.peer.label,
            "module": self.peer.module,
            "settings": self.settings,
            "tried": tried,
            "versions": self.versions,
            "error": self.error,
            "units_per_round": self.amount,
            "values": self.values,
            "cpu_seconds": self.cpu_seconds,
        }

    def drop(self) -> None:
        """Free what was prepared, if the process is still there."""
        with suppress(Skip):
            self.process.ask("drop", self.number)


def race(job: Job, modules: Iterable[str], plan: Plan, processes: Processes, say: Say) -> dict[str, Any]:
    """Measure one job. The result is ready for JSON; tests/benchmarks/ has its schema."""
    skipped: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as temporary:
        folder = Path(temporary) / "job"
        job.save(folder)
        threads = plan.threads if job.threads is None else (job.threads,)

        def ready(peer: Peer, settings: Settings) -> list[Entrant]:
            """The entrant, if there can be one."""
            say(f"{job.name}: checking {peer.label}, {words(settings)}")
            try:
                entrant = Entrant(peer, settings, job, folder, processes)
                entrant.calibrate(job.seconds or plan.seconds)
            except Skip as skip:
                skipped.append(_skipped(peer, settings, skip))
                return []
            return [entrant]

        def choose(entrants: list[Entrant]) -> list[Entrant]:
            """Of each peer's entrants the fastest; all of them are noted in `tried`."""
            choice = len({e.peer.module for e in entrants}) < len(entrants)
            for number in range(plan.tuning_rounds if choice else 0):
                say(f"{job.name}: choosing settings, round {number + 1} of {plan.tuning_rounds}")
                run_round(entrants, number, skipped)
            return best(entrants, tried)

        tried: dict[str, list[dict[str, Any]]] = {}
        peers = [PEERS[module] for module in modules]
        first = [(peer, settings) for peer in peers for settings in peer.settings(job.kind, threads[:1])]
        chosen = choose([entrant for each in first for entrant in ready(*each)])
        more = [(e.peer, {**e.settings, "threads": n}) for e in chosen if e.peer.threads for n in threads[1:]]
        chosen = choose([*chosen, *(entrant for each in more for entrant in ready(*each))])
        rounds = min(job.rounds or plan.rounds, plan.rounds)
        for number in range(rounds):
            say(f"{job.name}: round {number + 1} of {rounds}")
            run_round(chosen, number, skipped)
            if number + 1 >= ENOUGH and settled([e.values for e in chosen]):
                break
        entries = [e.entry(tried[e.peer.module]) for e in chosen]
        for entrant in chosen:
            entrant.drop()
    facts = (
        *("kind", "name", "group", "options", "threads", "quantity", "unit", "shown", "flops", "bytes"),
        *("bound", "check"),
    )
    return {**{name: getattr(job, name) for name in facts}, "entries": entries, "skipped": skipped}


def run_round(entrants: list[Entrant], number: int, skipped: list[dict[str, str]]) -> None:
    """Time every entrant once, in an order of its own; one that fails is out."""
    for entrant in random.Random(number).sample(entrants, len(entrants)):
        try:
            entrant.run(number)
        except Skip as skip:
            entrants.remove(entrant)
            skipped.append(_skipped(entrant.peer, entrant.settings, skip))


def best(entrants: list[Entrant], tried: dict[str, list[dict[str, Any]]]) -> list[Entrant]:
    """Each peer at its fastest settings, ready for the next rounds; and all that were tried, by module."""
    chosen = []
    for peer in dict.fromkeys(e.peer.module for e in entrants):
        group = sorted(
            (e for e in entrants if e.peer.module == peer), key=lambda e: median(e.values or [0.0])
        )
        notes = tried.setdefault(peer, [])
        for entrant in group:
            if entrant.settings not in [note["settings"] for note in notes]:
                notes.append({"settings": entrant.settings, "values": []})
            next(n for n in notes if n["settings"] == entrant.settings)["values"] += entrant.values
        for entrant in group[1:]:
            entrant.drop()
        group[0].values, group[0].cpu_seconds = [], []
        chosen.append(group[0])
    return chosen


def settled(values: Sequence[Sequence[float]]) -> bool:
    """Whether more rounds would say the same: nobody's times by the first entrant's differ much."""
    ratios = [[y / x for x, y in zip(values[0], other, strict=True)] for other in values[1:]]
    return all(max(r) - min(r) <= CLOSE * median(r) for r in ratios)


def words(settings: Settings) -> str:
    """Settings as people read them: "1 thread, uint8 images"."""
    threads = f"{settings['threads']} thread{'s' * (settings['threads'] > 1)}"
    return ", ".join([threads, *(f"{value} {name}" for name, value in settings.items() if name != "threads")])


def _skipped(peer: Peer, settings: Settings, skip: Skip) -> dict[str, str]:
    return {"peer": peer.label, "settings": words(settings), "reason": str(skip)}
