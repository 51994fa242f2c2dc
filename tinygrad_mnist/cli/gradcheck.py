"""`tinygrad-mnist gradcheck`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from ..testing import GradcheckError
from ..testing.suite import Check, Result, checks, run
from .terminal import Screen, say

_FAILED = 1


def gradcheck(
    *names: str,
    order: Annotated[int, Parameter(help="Up to which order to differentiate.", show_default=True)] = 2,
    as_json: Annotated[
        bool, Parameter(name="--json", help="Print a JSON object per line: each operation, then a summary.")
    ] = False,
) -> int:
    """Check derivatives against differences; exit status 1 if one is wrong.

    Without names: every operation of this package. A name is an operation (softmax) or a module of
    yours (package.module), of which the declared primitives and composites and the functions
    check_...() are checked. An error of 1 is the largest that is let pass.
    """
    if names:  # a user's module is looked for here, but behind all that is installed
        sys.path.append(os.getcwd())
    found = checks(names)
    table: _Lines = _Json(found) if as_json else _Table(found)
    start, failed = time.perf_counter(), 0
    try:
        for check in found:
            table.begun(check)
            result = run(check, order)
            failed += result.error is not None
            table.finished(result)
    finally:
        table.stopped()
    table.summary(failed, time.perf_counter() - start)
    return _FAILED if failed else 0


class _Lines:
    """Tells how the checks go."""

    def __init__(self, found: Sequence[Check]) -> None:
        self.count = len(found)

    def begun(self, check: Check) -> None:
        """A check is about to run."""

    def finished(self, result: Result) -> None:
        """It has run."""

    def stopped(self) -> None:
        """No more will run."""

    def summary(self, failed: int, seconds: float) -> None:
        """How many failed, and how long all took."""


class _Table(_Lines):
    """A line per check, above a bar that moves where there is a terminal; then the failures."""

    def __init__(self, found: Sequence[Check]) -> None:
        super().__init__(found)
        self._width = max(len("operation"), *(len(check.name) for check in found))
        self._derivatives, self._failures = 0, list[Result]()
        self._console = Screen(highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=self.count)
        self._bar.start()
        head = self._row("operation", "kind", "order", "worst error", "cases", "derivatives", "time")
        self._print(head, "bold")

    def begun(self, check: Check) -> None:
        self._bar.update(self._task, description=f"{check.name:{self._width}}")

    def finished(self, result: Result) -> None:
        (name, kind, _), report = result.check, result.report
        seconds = f"{result.seconds:.2f} s"
        if report is None:
            self._failures.append(result)
            self._print(self._row(name, kind, "", "FAILED", "", "", seconds), "bold red")
        else:
            self._derivatives += report.entries
            worst = f"{report.worst:.1g}" if report.entries else "no derivative"
            self._print(self._row(name, kind, report.order, worst, report.cases, report.entries, seconds))
        self._bar.update(self._task, advance=1)

    def stopped(self) -> None:
        self._bar.stop()

    def summary(self, failed: int, seconds: float) -> None:
        for result in self._failures:
            self._print("")
            self._print(f"{result.check.name}: {_text(result.error)}", "red")
        self._print("")
        what = f"{failed} of {self.count} failed" if failed else f"{self.count} checked, all right"
        line = f"{what}; {self._derivatives:,} derivatives in {seconds:.1f} s"
        self._print(line, "red" if failed else "green")

    def _row(self, name: str, kind: str, *columns: Any) -> str:
        numbers = (f"{x!s:>{width}}" for x, width in zip(columns, (5, 13, 5, 11, 7), strict=True))
        return "  ".join([f"{name:{self._width}}", f"{kind:9}", *numbers])

    def _print(self, line: str, style: str = "") -> None:
        self._console.print(Text(line.rstrip(), style))


class _Json(_Lines):
    """A JSON object per line."""

    def finished(self, result: Result) -> None:
        check, report, error = result.check, result.report, result.error
        values: dict[str, Any] = {"name": check.name, "kind": check.kind, "passed": error is None}
        if report is not None:
            values |= {
                "order": report.order,
                "worst": report.worst,
                "cases": report.cases,
                "derivatives": report.entries,
                "redrawn": report.redrawn,
            }
        else:
            wrong = error.disagreement if isinstance(error, GradcheckError) else None
            values |= {"message": _text(error), "disagreement": wrong and wrong._asdict()}
        self._event("operation", **values, seconds=result.seconds)

    def summary(self, failed: int, seconds: float) -> None:
        self._event("summary", passed=self.count - failed, failed=failed, seconds=seconds)

    def _event(self, event: str, **values: Any) -> None:
        say(json.dumps({"event": event, **values}))


def _text(error: Exception | None) -> str:
    """What a person reads: checkers' messages as they are, other exceptions with their type."""
    ours = type(error).__module__.startswith(__name__.split(".")[0])
    return str(error) if ours else f"{type(error).__name__}: {error}"
