"""The command: `python -m benchmarks board`, and `board search`, which chooses the recipes."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tinygrad_mnist import data

from .. import machine
from ..process import ROOT, environment
from ..readme import between
from ..whole import caches
from . import page
from .search import GOALS, recipes, search
from .ways import LIBRARIES

Line = dict[str, Any]
KINDS = ("tuning", "warmed", "cold", "warm")
_AT_ONCE = 10  # seeds of one process, before another's turn


def main(arguments: Sequence[str], console: Console) -> int:
    """Run the command; returns its exit status."""
    options = parser().parse_args(arguments)
    if options.search:
        return look(options, console)
    try:
        chosen = recipes()
        asked = {goal: recipe for goal, recipe in chosen.items() if goal in options.goals}
        results = Results(options.results)
        results.forget(how=options.anew, goal=options.goals, library=options.libraries)
        with bar(console) as progress, tempfile.TemporaryDirectory(prefix="board-") as scratch:
            runs = Runs(results, Path(scratch), options.python)
            todo = list(runs.wanted(asked, options))
            task = progress.add_task("", total=len(todo))
            for one in todo:
                progress.update(task, description=describe(one))
                runs.do(one)
                progress.advance(task)
        table = page.markdown(chosen, results.lines, machine.describe())
        between(options.page, page.BEGIN, page.END, table)
    except KeyboardInterrupt:
        console.print(f"stopped: what was measured is in {options.results}; the same command goes on")
        return 130
    except (OSError, ValueError, RuntimeError) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        return 2
    console.print(f"wrote {options.page}", highlight=False)
    return 0


def look(options: argparse.Namespace, console: Console) -> int:
    """Choose the recipes."""
    with bar(console) as progress:
        task = progress.add_task("")
        found = search(
            tuple(options.goals),
            lambda words, done, count: progress.update(task, description=words, completed=done, total=count),
        )
    for goal, entry in found.items():
        if entry is None:
            console.print(f"{goal}%: no candidate of the grid gets there", style="red")
        else:
            console.print(f"{goal}%: {entry}", highlight=False)
    return 0 if all(found.values()) else 1


class Results:
    """Measurements, a line of JSON each, appended as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        complete = text[: text.rfind("\n") + 1]  # the plug may have been pulled while a line was written
        self.lines: list[Line] = [json.loads(line) for line in complete.splitlines()]
        if complete != text:
            self._write()

    def add(self, line: Line) -> None:
        """Keep one."""
        self.lines.append(line)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def forget(self, **choices: Sequence[str]) -> None:
        """Drop those whose facts are all among these."""
        kept = [x for x in self.lines if not all(x.get(name) in of for name, of in choices.items())]
        if len(kept) < len(self.lines):
            self.lines = kept
            self._write()

    def _write(self) -> None:
        beside = self.path.with_name(self.path.name + ".new")
        beside.write_text("".join(json.dumps(line) + "\n" for line in self.lines), encoding="utf-8")
        beside.replace(self.path)

    def of(self, **facts: Any) -> list[Line]:
        """Those with these facts."""
        return [line for line in self.lines if facts.items() <= line.items()]


class Runs:
    """Processes that train, and what they print.

    Args:
        results: where measurements go.
        scratch: folder for the images and for caches.
        python: interpreter that has the other libraries.
    """

    def __init__(self, results: Results, scratch: Path, python: str) -> None:
        self.results, self.scratch, self.python = results, scratch, python
        self.filled: dict[tuple[str, str], Path] = {}  # where the compiled code of a whole process is
        self.examples = scratch / "digits.npz"
        (images, labels), (test_images, test_labels) = data.mnist()
        np.savez(
            self.examples, images=images, labels=labels, test_images=test_images, test_labels=test_labels
        )

    def wanted(self, asked: dict[str, Any], options: argparse.Namespace) -> Iterator[Line]:
        """What is not in the results yet, so that all take turns."""
        works = [
            {"goal": goal, "library": library, "recipe": recipe.plain()}
            for goal, recipe in asked.items()
            for library in options.libraries
        ]
        for work in works:
            for threads in options.threads:
                one = {**work, "how": "tuning", "threads": threads}
                if not self.results.of(**one):
                    yield {**one, "seeds": [0]}
        seeds = {library: options.seeds if library == "ours" else options.peer_seeds for library in LIBRARIES}
        for first in range(0, max(seeds.values()), _AT_ONCE):
            for work in works:
                there = {line["seed"] for line in self.results.of(**work, how="warmed")}
                these = range(first, min(first + _AT_ONCE, seeds[work["library"]]))
                if not there.issuperset(these):
                    yield {**work, "how": "warmed", "seeds": [s for s in these if s not in there]}
        for number in range(options.whole):
            for work in works:
                for how in ("cold", "warm"):
                    if not self.results.of(**work, how=how, seed=number):
                        yield {**work, "how": how, "seeds": [number]}

    def do(self, one: Line) -> None:
        """Run a process, and keep what it says. Raises RuntimeError, with its last words, if it fails."""
        facts = {key: one[key] for key in ("goal", "library", "recipe", "how")}
        threads = one.get("threads") or self.fastest(facts)
        who = one["goal"], one["library"]
        if one["how"] == "cold":
            self.filled[who] = self.cache(f"cold-{time.monotonic_ns()}")
        elif one["how"] == "warm" and who not in self.filled:
            self.filled[who] = self.cache("warm")
            self.run(one, threads, self.filled[who])
        cache = self.filled.get(who, self.cache("trained"))
        load, before, begin = os.getloadavg()[0], cpu_of_children(), time.perf_counter()
        for line in self.run(one, threads, cache):
            if one["how"] in ("cold", "warm"):
                line |= {"seconds": time.perf_counter() - begin, "cpu_seconds": cpu_of_children() - before}
            self.results.add({**facts, "threads": threads, **line, "load": round(load, 2)})

    def cache(self, name: str) -> Path:
        """A folder for what libraries compile."""
        path = self.scratch / name
        path.mkdir(exist_ok=True)
        return path

    def fastest(self, facts: Line) -> int:
        """With how many threads its first training took least time."""
        tuning = self.results.of(**{**facts, "how": "tuning"})
        return int(min(tuning, key=lambda line: line["seconds"])["threads"])

    def run(self, one: Line, threads: int, cache: Path) -> list[Line]:
        """Lines that a process prints."""
        how = "whole" if one["how"] in ("cold", "warm") else "warmed"
        python = sys.executable if one["library"] == "ours" else self.python
        command = [python, "-m", "benchmarks.board.ways", one["library"], json.dumps(one["recipe"])]
        command += [str(self.examples), str(threads), how, *map(str, one["seeds"])]
        env = {**environment(threads), **caches(str(cache))}
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise RuntimeError(
                f"{LIBRARIES[one['library']]} failed: {said}. --libraries ours leaves the others out"
            )
        return [json.loads(line) for line in done.stdout.splitlines()]


def cpu_of_children() -> float:
    """Processor seconds of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def describe(one: Line) -> str:
    """What is being measured."""
    how = {"cold": "whole process, caches empty", "warm": "whole process, caches filled"}
    seeds = f"seeds {one['seeds'][0]} to {one['seeds'][-1]}"
    return f"{one['goal']}%, {LIBRARIES[one['library']]}: {how.get(one['how'], seeds)}"


def bar(console: Console) -> Progress:
    """A line that says how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def parser() -> argparse.ArgumentParser:
    """The options."""
    p = argparse.ArgumentParser(prog="python -m benchmarks board", description=__doc__)
    p.add_argument(
        "search", nargs="?", choices=["search"], help="choose the recipes anew; see board/search.py"
    )
    p.add_argument("--goals", nargs="+", choices=GOALS, default=GOALS, help="per cent of unseen digits")
    p.add_argument("--seeds", type=int, default=20)
    p.add_argument("--peer-seeds", type=int, default=3, help="seeds of the other libraries")
    p.add_argument("--whole", type=int, default=3, help="processes timed from the shell, cold and warm")
    p.add_argument(
        "--threads",
        type=int,
        nargs="+",
        default=sorted({1, machine.cores()}),
        help="numbers to try; on a machine that does something else meanwhile only one thread says something",
    )
    p.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=list(LIBRARIES))
    p.add_argument("--python", default=sys.executable, help="that has the other libraries")
    p.add_argument("--results", type=Path, default=Path("board-results.jsonl"), help="goes on from these")
    p.add_argument(
        "--anew",
        nargs="+",
        choices=KINDS,
        default=[],
        help="what to measure again: the training, or whole processes with empty and filled caches",
    )
    p.add_argument("--page", type=Path, default=Path("docs/speed.md"), help="where the table goes")
    return p
