"""The command: `python -m benchmarks [SUITE ...] [--quick]`, `python -m benchmarks readme RESULTS`."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from . import machine, readme, screen
from .peers import PEERS
from .race import Plan, Processes, race
from .suites import Suite

SUITES = ("epoch",)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    if arguments[:1] == ["readme"]:
        return write_readme(arguments[1:], console)
    options = parser().parse_args(arguments)
    suites = [load(name) for name in options.suites or SUITES]
    results = run(suites, plan_of(options), options.quick, options.peers, console)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    console.print(f"Results and plots are in {options.out}", highlight=False)
    return 0


def run(
    suites: list[Suite], plan: Plan, quick: bool, only: list[str] | None, console: Console
) -> dict[str, Any]:
    """Measure; returns the results as they go into JSON."""
    results: dict[str, Any] = {
        "schema": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "plan": {**asdict(plan), "quick": quick, "pythons": sorted(plan.pythons)},
        "suites": [],
    }
    for suite in suites:
        console.rule(suite.title)
        peers = [name for name in suite.peers if only is None or name in only]
        done: list[dict[str, Any]] = []
        with Processes(plan.pythons) as processes, console.status("") as status:
            for job in suite.jobs(quick):
                done.append(race(job, peers, plan, processes, lambda text: status.update(text)))
                screen.show(done[-1], console)
        results["suites"].append({"name": suite.name, "title": suite.title, "jobs": done})
    return results


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan the options ask for."""
    pythons = dict(pair.split("=", 1) for pair in options.python)
    if options.quick:
        return Plan(rounds=5, seconds=0.1, tuning_rounds=1, threads=(1,), pythons=pythons)
    threads = tuple(dict.fromkeys((1, machine.cores())))
    return Plan(rounds=15, seconds=0.25, tuning_rounds=3, threads=threads, pythons=pythons)


def load(name: str) -> Suite:
    """The suite of that name."""
    suite: Suite = importlib.import_module(f"benchmarks.suites.{name}").SUITE
    return suite


def parser() -> argparse.ArgumentParser:
    """The options of the measuring command."""
    p = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    p.add_argument("suites", nargs="*", metavar="SUITE", help=f"{', '.join(SUITES)}; all if none is named")
    p.add_argument("--quick", action="store_true", help="less of it, on one thread: two minutes")
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


def write_readme(arguments: list[str], console: Console) -> int:
    """Rewrite the README's table from a results file."""
    p = argparse.ArgumentParser(prog="python -m benchmarks readme", description=write_readme.__doc__)
    p.add_argument("results", type=Path, help="results.json of a run")
    p.add_argument("--readme", type=Path, default=Path("README.md"))
    options = p.parse_args(arguments)
    try:
        readme.rewrite(options.readme, json.loads(options.results.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
