"""How far a training is: a bar with the curve below it in a notebook, a line that changes in a terminal."""

from __future__ import annotations

import sys
import time
from typing import Any

from .curve import curve
from .history import EpochRecord

_BAR = 30  # characters


class Progress:
    """Shows a training: `step`, `epoch` and `end` are told of it as the listeners of `fit` are.

    Args:
        epochs: how many there will be.
    """

    def __init__(self, epochs: int) -> None:
        self.epochs, self.records = epochs, list[EpochRecord]()
        self.begin = time.perf_counter()
        self.handle = _display()
        self._show(0.0)

    def step(self, epoch: int, step: int, steps: int) -> None:
        """So many of an epoch's steps are done."""
        self._show(epoch - 1 + step / steps)

    def epoch(self, record: EpochRecord) -> None:
        """An epoch is done."""
        self.records.append(record)
        self._show(float(record.epoch))

    def end(self) -> None:
        """The training is over: a terminal goes on in a new line."""
        if self.handle is None:
            print(file=sys.stderr, flush=True)

    def _show(self, done: float) -> None:
        share = done / self.epochs if self.epochs else 1.0
        seconds = time.perf_counter() - self.begin
        left = f", {seconds / share * (1 - share):.0f} s left" if 0 < share < 1 else f", {seconds:.1f} s"
        text = f"epoch {min(int(done) + 1, self.epochs)}/{self.epochs}{left}"
        if self.records:
            text += f", cost {self.records[-1].cost:.4g}"
        if self.handle is None:
            filled = round(_BAR * share)
            print(
                f"\r[{'=' * filled}{' ' * (_BAR - filled)}] {text}\x1b[K", end="", file=sys.stderr, flush=True
            )
            return
        picture = curve(self.records) if self.records else ""
        bar = f'<progress max="1" value="{share:.4f}" style="width: 20em"></progress> {text}'
        self.handle.update(_Html(f"<div>{bar}</div>{picture}"))


class _Html(str):
    """Text that a notebook shows as HTML."""

    def _repr_html_(self) -> str:
        return str(self)


def _display() -> Any:
    """A place in the output of a notebook's cell; None where there is no notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    return sys.modules["IPython.display"].display(_Html(""), display_id=True)
