"""Telling how a training goes: to a person at a terminal, to a log, or to a program."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ..train import EpochRecord, Evaluation, Recipe
from .terminal import Screen, say
from .text import accuracy_line, confusion_table, epoch_line


class Lines:
    """Plain lines, for anything that is not a terminal."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def started(self, sizes: tuple[int, ...], images: int) -> None:
        """The training of a network with layers of these sizes begins."""
        self._start, self._epochs = time.perf_counter(), 0
        self.say(f"network {'-'.join(map(str, sizes))}, seed {self.recipe.seed}, {images:,} training images")

    def step(self, epoch: int, step: int, steps: int) -> None:
        """So many of an epoch's steps are done."""

    def epoch(self, record: EpochRecord) -> None:
        """An epoch is done."""
        self._epochs += 1
        each = (time.perf_counter() - self._start) / self._epochs
        epochs = self.recipe.epochs
        self.say(epoch_line(record, epochs, seconds_left=each * (epochs - record.epoch)))

    def stopped(self) -> None:
        """The training is over, whether finished or not."""

    def saved(self, path: Path, interrupted: bool) -> None:
        """The network is in a file."""
        state = "interrupted; the model so far is" if interrupted else "model"
        self.say(f"{state} saved to {path}")

    def tested(self, evaluation: Evaluation, confusion: bool) -> None:
        """The network was measured on the test images."""
        if confusion:
            self.say(confusion_table(evaluation))
        self.say(accuracy_line(evaluation))

    def say(self, line: str) -> None:
        """Print, at once even into a pipe."""
        say(line)


class Live(Lines):
    """The same lines on a terminal, above a bar that moves."""

    def started(self, sizes: tuple[int, ...], images: int) -> None:
        """See `Lines`."""
        super().started(sizes, images)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("time left"),
            TimeRemainingColumn(),
            console=Screen(),
            transient=True,
        )
        self._task = self._bar.add_task("epoch 1", total=self.recipe.epochs)
        self._bar.start()

    def step(self, epoch: int, step: int, steps: int) -> None:
        """See `Lines`."""
        self._bar.update(
            self._task, description=f"epoch {epoch}/{self.recipe.epochs}", completed=epoch - 1 + step / steps
        )

    def epoch(self, record: EpochRecord) -> None:
        """See `Lines`."""
        super().epoch(record)
        self._bar.update(self._task, completed=record.epoch)

    def stopped(self) -> None:
        """See `Lines`."""
        self._bar.stop()


class JsonLines(Lines):
    """A JSON object per line, its "event" first: start, epoch, saved, test. Accuracies are from 0 to 1."""

    def started(self, sizes: tuple[int, ...], images: int) -> None:
        """See `Lines`."""
        self._event("start", sizes=sizes, images=images, recipe=dataclasses.asdict(self.recipe))

    def epoch(self, record: EpochRecord) -> None:
        """See `Lines`."""
        self._event("epoch", **dataclasses.asdict(record))

    def saved(self, path: Path, interrupted: bool) -> None:
        """See `Lines`."""
        self._event("saved", path=str(path), interrupted=interrupted)

    def tested(self, evaluation: Evaluation, confusion: bool) -> None:
        """See `Lines`."""
        table = {"confusion": evaluation.confusion.tolist()} if confusion else {}
        self._event("test", accuracy=evaluation.accuracy, cost=evaluation.cost, **table)

    def _event(self, event: str, **values: Any) -> None:
        self.say(json.dumps({"event": event, **values}, allow_nan=False))


def reporter(recipe: Recipe, as_json: bool) -> Lines:
    """The reporter that suits standard output."""
    if as_json:
        return JsonLines(recipe)
    return Live(recipe) if sys.stdout.isatty() else Lines(recipe)
