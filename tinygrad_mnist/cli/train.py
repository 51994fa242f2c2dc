"""`tinygrad-mnist train`."""

from __future__ import annotations

import dataclasses
import sys
from itertools import count
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .. import data as datasets, model_file
from ..train import EpochRecord, named, run
from ..train.recipes import RecipeName
from .ahead import compiled_beside
from .checkpointing import Checkpointing
from .options import Augment, Confusion, Data
from .reporters import reporter
from .settings import Settings, given
from .stopping import INTERRUPTED, Stopping
from .together import Ranks, asked, ending_together, follow, tell_plan

_DEFAULT_NAME = "digits"
_AS_THE_RECIPE = Settings()
_NOTHING_KEPT = Checkpointing()
_ONE_PROCESS = Ranks()


def train(
    *,
    recipe: Annotated[
        RecipeName | None, Parameter(help="Where settings that are not given come from [default: article].")
    ] = None,
    augment: Augment = False,
    settings: Settings = _AS_THE_RECIPE,
    data: Data = None,
    out: Annotated[
        Path | None,
        Parameter(
            help="File for the model; one of that name is replaced. Default: digits.safetensors here, or if "
            "that is taken digits-2.safetensors, and so on."
        ),
    ] = None,
    eager: Annotated[
        bool,
        Parameter(negative="", help="Run each operation by itself instead of compiling the training loop."),
    ] = False,
    checkpointing: Checkpointing = _NOTHING_KEPT,
    by: Ranks = _ONE_PROCESS,
    confusion: Confusion = False,
    as_json: Annotated[
        bool, Parameter(name="--json", help="Print a JSON object per line: start, each epoch, saved, test.")
    ] = False,
) -> int:
    """Train a network, save it, and measure it on the test images.

    Without options this is the article's network, 784-16-16-10 with sigmoids, and its way of
    training. Ctrl-C saves the model so far (exit status 130), as do SIGTERM (143) and SIGHUP (129);
    before the first step there is none, and nothing is written.
    """
    together = by.begun()
    with compiled_beside(), ending_together(together):
        policy = checkpointing.policy()
        asked_for = recipe is not None or augment or given(settings)
        found = None if asked_for else checkpointing.recipe()
        chosen = found or named(recipe or "article", augment=augment).but(**given(settings))
        (images, labels), test = datasets.mnist(data)
        if together and by.plan:
            return tell_plan(together, chosen, images, labels, not eager)
        if together and together.ranks.rank:
            return follow(together, chosen, images, labels, compiled=not eager, checkpoint=policy)
        classes = int(labels.max()) + 1
        parameters = chosen.parameter_count(images[0].size, classes)
        model_file.check_place(out or _free_name(), parameters, chosen.epochs)
        report = reporter(chosen, as_json)
        report.started((images[0].size, *chosen.hidden, classes), len(images))
        with Stopping() as stopping:
            stopping.patient = together is not None  # all ranks end after the same step
            trained = run
            if together:
                trained = dataclasses.replace(together, asked_to_stop=asked(stopping)).run

            def on_epoch(record: EpochRecord) -> None:
                report.epoch(record)
                if not together:
                    stopping.check()
                    stopping.patient = record.epoch == chosen.epochs  # from here on only saving is left

            def on_step(epoch: int, step: int, steps: int) -> None:
                report.step(epoch, step, steps)
                stopping.check()

            try:
                network = trained(
                    chosen,
                    images,
                    labels,
                    compiled=not eager,
                    checkpoint=policy,
                    on_epoch=on_epoch,
                    on_step=on_step,
                )
            except KeyboardInterrupt:
                print("interrupted before the first step: there is nothing to save", file=sys.stderr)
                return stopping.status if stopping.number else INTERRUPTED
            finally:
                stopping.patient = True
                report.stopped()
            path = out or _free_name()
            model_file.save(network, path)
            report.saved(path, network.history.interrupted)
            if stopping.number:
                return stopping.status
            if network.history.interrupted:
                return INTERRUPTED
        report.tested(network.evaluate(*test), confusion)
        return 0


def _free_name() -> Path:
    """The first of digits.safetensors, digits-2.safetensors, ... that is not taken."""
    names = (Path(f"{_DEFAULT_NAME}{f'-{i}' if i > 1 else ''}.safetensors") for i in count(1))
    return next(path for path in names if not path.exists())
