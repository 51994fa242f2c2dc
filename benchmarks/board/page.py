"""The board as a table."""

from __future__ import annotations

import statistics
from typing import Any

from ..statistics import digits, si_time
from .recipe import BoardRecipe
from .ways import LIBRARIES

BEGIN = "<!-- board: written by `python -m benchmarks board`, not by hand -->"
END = "<!-- end of the board -->"

_FOOTER = """
Share of the 10,000 test images, mean over seeds; medians of times. Training is that of all epochs, in a
process that has compiled beforehand, in brackets against ours; from the shell is a whole process:
starting, loading images, compiling or loading what was compiled, training, testing. Recipes were chosen
on images kept from the training set (`python -m benchmarks board search`; every outcome is in
`benchmarks/board/recipes.json`), test images took no part. JAX scans whole epochs of layers, and calls a
compiled step where there are convolutions, at which its loops are slow. Every library draws its own
weights and orders, and computes by as many threads as its first training was fastest with, of {threads}.
Distorted images come from this package's kernel for all, in a thread beside the training. {processor},
{cores} cores, Python {python}{busy}. Written by `python -m benchmarks board`.
"""


def markdown(chosen: dict[str, BoardRecipe], lines: list[dict[str, Any]], info: dict[str, Any]) -> str:
    """A row for each share and library measured, the recipes, and how it was measured."""
    heading = ["", "library", "right, mean", "lowest to highest", "seeds", "training", "processor time"]
    heading += ["from the shell, warm (processor time)", "cold (processor time)"]
    rows, recipes = [heading, ["---", "---", *["---:"] * (len(heading) - 2)]], []
    for goal, recipe in chosen.items():
        found = [row for library in LIBRARIES if (row := _row(lines, goal, recipe, library))]
        rows += found
        recipes += [f"- {goal}%: {recipe.words()}"] * bool(found)
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return "\n\n".join([table, "\n".join(recipes), _footer(lines, info)])


def _row(lines: list[dict[str, Any]], goal: str, recipe: BoardRecipe, library: str) -> list[str]:
    right = [x["accuracy"] for x in _of(lines, goal, library, recipe, "warmed")]
    if not right:
        return []

    def trained(what: str) -> str:
        value, own = (_median(lines, goal, name, recipe, "warmed", what) for name in (library, "ours"))
        return _time(value) + (f" ({digits(value / own)}×)" if library != "ours" and value and own else "")

    def whole(how: str) -> str:
        wall, cpu = (_median(lines, goal, library, recipe, how, x) for x in ("seconds", "cpu_seconds"))
        return "–" if cpu is None else f"{_time(wall)} ({_time(cpu)})"

    return [
        f"**{goal}%**" if library == "ours" else "",
        LIBRARIES[library],
        f"{statistics.mean(right):.2%}",
        f"{min(right):.2%} to {max(right):.2%}",
        str(len(right)),
        *map(trained, ("seconds", "cpu_seconds")),
        *map(whole, ("warm", "cold")),
    ]


def _of(
    lines: list[dict[str, Any]], goal: str, library: str, recipe: BoardRecipe, how: str
) -> list[dict[str, Any]]:
    facts = {"goal": goal, "library": library, "recipe": recipe.plain(), "how": how}
    return [line for line in lines if facts.items() <= line.items()]


def _median(
    lines: list[dict[str, Any]], goal: str, library: str, recipe: BoardRecipe, how: str, what: str
) -> float | None:
    values = [line[what] for line in _of(lines, goal, library, recipe, how)]
    return statistics.median(values) if values else None


def _time(seconds: float | None) -> str:
    return "–" if seconds is None else si_time(seconds)


def _footer(lines: list[dict[str, Any]], info: dict[str, Any]) -> str:
    loads = [line["load"] for line in lines]
    busy = f"; the load before each process was {min(loads)} to {max(loads)}" if loads else ""
    threads = " or ".join(str(n) for n in sorted({x["threads"] for x in lines if x["how"] == "tuning"}))
    said = _FOOTER.format(threads=threads, busy=busy, **info)
    return " ".join(said.split())
