"""Results on the screen."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.table import Table

from .race import words
from .statistics import (
    Record,
    amount,
    digits,
    entry_of,
    fastest_peer,
    mean_ratio,
    our_best,
    our_entries,
    peers_of,
    rate,
    ratio,
    roof,
    text,
)

_BUSY = 0.9


def show_job(results: Record, job: Record, console: Console) -> None:
    """The table of a job: fastest first."""
    ours, most = our_entries(job), roof(results, job)
    table = Table(title=job["name"], title_justify="left", title_style="bold")
    for heading in ("peer", "best settings"):
        table.add_column(heading)
    rates = [_rate_heading(job)] if most else []
    speeds = [f"{entry['peer']} is" for entry in ours]
    for heading in (f"per {job['shown'][1]}", "quartiles", *rates, *speeds, "error"):
        table.add_column(heading, justify="right")
    for entry in sorted(job["entries"], key=lambda e: amount(job, e).median):
        value = amount(job, entry)
        cells = [entry["peer"], words(entry["settings"]), text(job, value.median)]
        cells.append(f"{text(job, value.low)} – {text(job, value.high)}")
        cells += [_rate(results, job, entry)] if most else []
        cells += ["" if entry is mine else f"{digits(ratio(entry, mine).median)} ×" for mine in ours]
        table.add_row(*cells, f"{entry['error']:.0e}")
    console.print(table)
    _remarks([job], console)


def show_group(results: Record, name: str, jobs: list[Record], console: Console) -> None:
    """A table with a row for every job of a group, and their geometric mean."""
    peers, mean = peers_of(jobs), mean_ratio(jobs)
    compared = mean is not None
    table = Table(title=name, title_justify="left", title_style="bold")
    table.add_column("")
    rate_of = "ours, " if compared else ""
    last = ["ours against the fastest peer"] if compared else []
    for heading in (*peers.values(), f"{rate_of}{_rate_heading(jobs[0])}", *last):
        table.add_column(heading, justify="right")
    for job in jobs:
        entries = [entry_of(job, module) for module in peers]
        cells = [text(job, amount(job, e).median) if e else "–" for e in entries]
        ours, other = our_best(job), fastest_peer(job)
        mine = ours or other
        cells.append(_rate(results, job, mine) if mine else "–")
        if ours and other:
            speed = ratio(other, ours)
            cells.append(f"{digits(speed.median)} × ({digits(speed.low)} – {digits(speed.high)})")
        table.add_row(job["name"], *cells)
    if mean is not None and len(jobs) > 1:
        table.add_section()
        table.add_row("geometric mean", *[""] * (len(peers) + 1), f"{digits(mean)} ×")
    console.print(table)
    _remarks(jobs, console)


def _rate_heading(job: Record) -> str:
    return "GFLOP/s (of peak)" if job["flops"] else "GB/s (of copying)"


def _rate(results: Record, job: Record, entry: Record) -> str:
    """Work per second, and what share that is of what the cores it used can do."""
    most = roof(results, job)
    if most is None:
        return ""
    what, per_core = most
    done = rate(job, entry, what)
    return f"{digits(done / 1e9)} ({done / per_core / entry['settings']['threads']:.0%})"


def _remarks(jobs: list[Record], console: Console) -> None:
    """Who is missing and why, and whether the machine was busy."""
    share = float(np.median([share_of_a_core(job) for job in jobs]))
    if share < _BUSY:
        console.print(f"  [yellow]Others were running: one-thread peers had {share:.0%} of a core.[/yellow]")
    missing = {f"{s['peer']} ({s['settings']}): {s['reason']}" for job in jobs for s in job["skipped"]}
    for line in sorted(missing):
        console.print(f"  without {line}", style="dim", highlight=False, markup=False)
    console.print()


def share_of_a_core(job: Record) -> float:
    """How much of the time the peers with one thread really ran."""
    alone = [e for e in job["entries"] if e["settings"]["threads"] == 1 and job["quantity"] == "s"]
    shares = [np.sum(e["cpu_seconds"]) / np.sum(e["values"]) for e in alone]
    return float(np.median(shares)) if shares else 1.0
