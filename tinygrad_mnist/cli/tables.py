"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table

from .terminal import Screen, printable

_MANY = 10  # columns, which are then set closer


def show(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a title and a table: the first column to the left, the others, numbers, to the right."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, int(len(header) < _MANY), 0, 0))
    for i, name in enumerate(header):
        table.add_column(printable(name), justify="right" if i else "left")
    for row in rows:
        table.add_row(*(printable(str(cell)) for cell in row))
    console = Screen(markup=False, highlight=False)
    console.print(printable(title), table, sep="\n")


def show_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table of sentences, which take as many lines as they need."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 1, 0))
    for name in header:
        table.add_column(printable(name))
    for row in rows:
        table.add_row(*map(printable, row))
    Screen(markup=False, highlight=False).print(table)
