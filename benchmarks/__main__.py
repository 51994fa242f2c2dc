"""The command: `python -m benchmarks [SUITE ...] [--quick]`, `... readme RESULTS`, `... board`."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from . import machine, readme, screen
from .board import command as board
from .peers import PEERS
from .race import Plan, Processes, race
from .statistics import Record, groups
from .suites import Suite, roofs

# In the order in which they run; "roofs" always comes before them.
SUITES = ("epoch", "matmul", "elementwise", "latency", "fits", "scaling", "startup", "memory", "loops")
QUICK = SUITES[:4]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    if arguments[:1] and arguments[0] == "readme":
        return write_readme(arguments[1:], console)
    if arguments[:1] and arguments[0] == "board":
        return board.main(arguments[1:], console)
    options = parser().parse_args(arguments)
    chosen = QUICK if options.quick else SUITES
    suites = [roofs.SUITE, *(load(name) for name in options.suites or chosen)]
    command = " ".join(["python -m benchmarks", *options.suites, *["--quick"] * options.quick])
    results = empty_results(command, plan_of(options))
    try:
        run(results, suites, plan_of(options), options.peers, console, options.out)
    except KeyboardInterrupt:
        console.print("stopped: the results so far are kept", style="red")
        return 130
    finally:
        draw(results, options.out, console)
    return 0


def empty_results(command: str, plan: Plan) -> Record:
    """Results as they go into JSON, before anything is measured."""
    return {
        "schema": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.describe(),
        "plan": {**asdict(plan), "pythons": sorted(plan.pythons)},
        "suites": [],
    }


def run(
    results: Record,
    suites: Sequence[Suite],
    plan: Plan,
    only: Sequence[str] | None,
    console: Console,
    folder: Path,
) -> None:
    """Measure, add to the results, and write them down after each job: whatever ends a run, it has been."""
    with Processes(plan.pythons) as processes:
        for suite in suites:
            peers = [name for name in suite.peers if only is None or name in only or suite is roofs.SUITE]
            jobs: list[Record] = []
            results["suites"].append(
                {"name": suite.name, "title": suite.title, "grid": suite.grid, "jobs": jobs}
            )
            console.rule(suite.title)
            for job in suite.jobs(plan.quick):
                with console.status("") as status:
                    jobs.append(race(job, peers, plan, processes, status.update))
                save(results, folder)
                if not suite.grid:
                    screen.show_job(results, jobs[-1], console)
            if suite.grid:
                for name, members in groups(jobs).items():
                    screen.show_group(results, name, members, console)


def save(results: Record, folder: Path) -> None:
    """Write results.json into a folder; what stood there is whole until the new one is."""
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "results.json.new"
    written.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    written.replace(folder / "results.json")


def draw(results: Record, folder: Path, console: Console) -> None:
    """Write results.json and the plots into a folder."""
    save(results, folder)
    written = ["results.json"]
    try:
        from . import plots
    except ImportError as error:
        console.print(f"no plots: {error}", highlight=False)
    else:
        written += plots.write(results, folder)
    console.print(f"in {folder}: {', '.join(written)}", highlight=False)


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan the options ask for."""
    pythons = dict(pair.split("=", 1) for pair in options.python)
    if options.quick:
        return Plan(quick=True, rounds=3, seconds=0.05, tuning_rounds=1, threads=(1,), pythons=pythons)
    threads = tuple(sorted({1, machine.cores()}))
    return Plan(rounds=5, seconds=0.1, tuning_rounds=1, threads=threads, pythons=pythons)


def load(name: str) -> Suite:
    """The suite of that name."""
    suite: Suite = importlib.import_module(f"benchmarks.suites.{name}").SUITE
    return suite


def parser() -> argparse.ArgumentParser:
    """The options of the measuring command."""
    p = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    p.add_argument(
        "suites",
        nargs="*",
        metavar="SUITE",
        help=f"{', '.join(SUITES)}; all unless some are named, or the first {len(QUICK)} if --quick",
    )
    p.add_argument("--quick", action="store_true", help="two minutes: fewer jobs and rounds, one thread")
    p.add_argument("--out", type=Path, default=Path("benchmark-results"), help="folder for results and plots")
    p.add_argument("--peers", nargs="+", metavar="PEER", choices=PEERS, help=f"only: {', '.join(PEERS)}")
    p.add_argument(
        "--python",
        nargs="+",
        default=[],
        metavar="PEER=PATH",
        help="interpreters of peers that cannot be installed beside the others",
    )
    return p


def write_readme(arguments: Sequence[str], console: Console) -> int:
    """Rewrite the tables of docs/speed.md from the results of a run."""
    p = argparse.ArgumentParser(prog="python -m benchmarks readme", description=write_readme.__doc__)
    p.add_argument("results", type=Path, help="results.json of a run")
    p.add_argument("--readme", type=Path, default=Path("docs/speed.md"))
    options = p.parse_args(arguments)
    try:
        readme.rewrite(options.readme, json.loads(options.results.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        console.print(error, style="red", highlight=False, markup=False)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
