"""Results as pictures. Colours are Okabe and Ito's, which colour-blind readers can tell apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter

from .peers import COMPILED, EAGER, PEERS
from .statistics import (
    Record,
    amount,
    digits,
    fastest_peer,
    groups,
    our_best,
    peers_of,
    rate,
    ratio,
    roof,
    text,
)

_COLOURS = ("#0072B2", "#56B4E9", "#000000", "#D55E00", "#E69F00", "#009E73", "#CC79A7")
_MARKERS = "osD^vPX*"
_OTHERS = "#999999"


def write(results: Record, folder: Path) -> list[str]:
    """Write a PNG per suite; returns the names of the files."""
    drawings: dict[str, Callable[[Record, Record], Any]] = {
        "matmul": products,
        "scaling": curves,
    }
    names = []
    for suite in results["suites"]:
        if suite["name"] != "roofs" and any(job["entries"] for job in suite["jobs"]):
            figure = drawings.get(suite["name"], dots)(results, suite)
            figure.suptitle(suite["title"])
            names.append(f"{suite['name']}.png")
            figure.savefig(folder / names[-1], dpi=120)
            plt.close(figure)
    return names


def colour(module: str) -> str:
    """The colour of a peer, the same in every picture."""
    place = list(PEERS).index(module)
    return _COLOURS[place] if place < len(_COLOURS) else _OTHERS


def panels(count: int, width: float, height: float) -> tuple[Any, list[Any]]:
    """A figure with so many panels, two in a row."""
    columns = min(count, 2)
    rows = -(-count // columns)
    size = (width * columns, height * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    flat = list(axes.flat)
    for unused in flat[count:]:
        unused.set_visible(False)
    return figure, flat[:count]


def dots(results: Record, suite: Record) -> Any:
    """A panel per job, a line per peer, fastest on top, quartiles as whiskers."""
    jobs = [job for job in suite["jobs"] if job["entries"]]
    most = max(len(job["entries"]) for job in jobs)
    figure, axes = panels(len(jobs), 6.5, 1.0 + 0.25 * most)
    for ax, job in zip(axes, jobs, strict=True):
        entries = sorted(job["entries"], key=lambda e: -amount(job, e).median)
        scale = 1.0 if job["quantity"] == "s" else 2**-20
        for row, entry in enumerate(entries):
            value, ours = amount(job, entry).times(scale), entry["module"] in (COMPILED, EAGER)
            style = {"color": colour(entry["module"]) if ours else _OTHERS, "markersize": 9 if ours else 6}
            whiskers = [[value.median - value.low], [value.high - value.median]]
            ax.errorbar(value.median, row, xerr=whiskers, marker="o", ecolor="black", **style)
            place = (value.high, row)
            label = text(job, value.median / scale)
            ax.annotate(label, place, (7, 0), textcoords="offset points", va="center", fontsize="small")
        ax.set_yticks(range(len(entries)), [e["peer"] for e in entries])
        ax.set_ylim(-0.7, len(entries) - 0.3)
        ax.set_xscale("log")
        low, high = ax.get_xlim()
        ax.set_xlim(low, high * (high / low) ** 0.2)
        ax.set_xlabel(f"{'seconds' if job['quantity'] == 's' else 'MiB'} per {job['shown'][1]}")
        ax.set_title(", ".join(filter(None, (job["name"], job["group"]))))
        ax.grid(alpha=0.3)
    return figure


def curves(results: Record, suite: Record) -> Any:
    """A panel per group of jobs: seconds against the number in the jobs' names."""
    found = groups(suite["jobs"])
    figure, axes = panels(len(found), 6.0, 4.8)
    for ax, (name, jobs) in zip(axes, found.items(), strict=True):
        for module in peers_of(jobs):
            lines(ax, jobs, module, lambda job, e: amount(job, e).median)
        ax.set_yscale("log")
        ax.set_ylabel("seconds per epoch")
        ax.set_xlabel(jobs[0]["name"].split()[0])
        ax.set_title(name)
        ax.legend(fontsize="small")
    return figure


def products(results: Record, suite: Record) -> Any:
    """Squares as rates against their size; the products of layers as our speed against the fastest peer's."""
    found = groups(suite["jobs"])
    squares = {name: jobs for name, jobs in found.items() if name.startswith("squares")}
    layers = {name: jobs for name, jobs in found.items() if name not in squares}
    figure, axes = panels(len(squares) + bool(layers), 6.0, 4.2)
    for ax, (name, jobs) in zip(axes, squares.items(), strict=False):
        for module in peers_of(jobs):
            lines(ax, jobs, module, lambda job, e: rate(job, e, "flops") / 1e9)
        most = roof(results, jobs[0])
        if most:
            ax.axhline(most[1] * jobs[0]["threads"] / 1e9, color="black", linestyle="--", label="peak")
        ax.set_ylim(bottom=0)
        ax.set_xlabel("rows and columns")
        ax.set_ylabel("GFLOP/s")
        ax.set_title(name)
        ax.legend(fontsize="small")
    if layers:
        for number, (name, jobs) in enumerate(layers.items()):
            scatter(axes[-1], name, jobs, number)
    return figure


def scatter(ax: Any, name: str, jobs: list[Record], number: int) -> None:
    """Points of our speed relative to the fastest peer against the size of the work."""
    points = []
    for job in jobs:
        ours, other = our_best(job), fastest_peer(job)
        if ours and other:
            points.append((job["flops"], ratio(other, ours).median))
    if points:
        style = {"color": _COLOURS[number], "marker": _MARKERS[number], "linestyle": "none", "alpha": 0.8}
        ax.plot(*zip(*points, strict=True), label=name.removeprefix("layers, "), **style)
    ax.axhline(1, color="black", linewidth=0.8)
    ax.set_xscale("log")
    ax.set_yscale("log", base=2)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{digits(value)}×"))
    ax.set_xlabel("floating-point operations per product")
    ax.set_ylabel("our speed, fastest peer = 1")
    ax.set_title("products of layers")
    ax.legend(fontsize="small")


def lines(ax: Any, jobs: list[Record], module: str, value: Callable[[Record, Record], float]) -> None:
    """A peer's line: a value against the number in each job's name."""
    found = [(job, e) for job in jobs for e in job["entries"] if e["module"] == module]
    x = [int(job["name"].split()[-1]) for job, _ in found]
    marker = _MARKERS[list(PEERS).index(module) % len(_MARKERS)]
    style = {
        "color": colour(module),
        "marker": marker,
        "linewidth": 2.5 if module in (COMPILED, EAGER) else 1.2,
    }
    ax.plot(x, [value(job, e) for job, e in found], label=PEERS[module].label, **style)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.grid(alpha=0.3)
