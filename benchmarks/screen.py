"""Results on the screen: a table per job."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from .race import words
from .statistics import digits, our_entries, ratio, seconds, si_time

_BUSY = 0.9


def show(job: dict[str, Any], console: Console) -> None:
    """Print the table of a job: fastest first."""
    ours = our_entries(job)
    table = Table(title=job["name"], title_justify="left", title_style="bold")
    table.add_column("peer")
    table.add_column("best settings")
    table.add_column(f"per {job['shown'][1]}", justify="right")
    table.add_column("quartiles", justify="right")
    if job["flops"]:
        table.add_column("GFLOP/s", justify="right")
    for entry in ours:
        table.add_column(f"{entry['peer']} is", justify="right")
    table.add_column("error", justify="right")
    for entry in sorted(job["entries"], key=lambda e: seconds(job, e).median):
        time = seconds(job, entry)
        cells = [entry["peer"], words(entry["settings"])]
        cells += [si_time(time.median), f"{si_time(time.low)} – {si_time(time.high)}"]
        if job["flops"]:
            cells.append(digits(job["flops"] * job["shown"][0] / time.median / 1e9))
        cells += ["" if entry is mine else f"{digits(ratio(entry, mine).median)} ×" for mine in ours]
        table.add_row(*cells, f"{entry['error']:.0e}")
    console.print(table)
    busy = share_of_a_core(job)
    if busy < _BUSY:
        console.print(f"  [yellow]Others were running: one-thread peers had {busy:.0%} of a core.[/yellow]")
    for skip in job["skipped"]:
        text = f"  without {skip['peer']} ({skip['settings']}): {skip['reason']}"
        console.print(text, style="dim", highlight=False, markup=False)
    console.print()


def share_of_a_core(job: dict[str, Any]) -> float:
    """How much of the time the peers with one thread really ran."""
    alone = [e for e in job["entries"] if e["settings"]["threads"] == 1]
    shares = [np.sum(e["cpu_seconds_per_unit"]) / np.sum(e["seconds_per_unit"]) for e in alone]
    return float(np.median(shares)) if shares else 1.0
