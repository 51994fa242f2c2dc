"""`tinygrad-mnist sweep`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .. import data as datasets, sweep as sweeps
from ..data.digits import FOLDER_VARIABLE
from ..sweep.plot import check_matplotlib
from ..train import named
from .options import Augment, Data, RecipeChoice
from .settings import whole_numbers
from .stopping import INTERRUPTED
from .sweep_reporters import reporter
from .sweep_text import sweep_table
from .terminal import say
from .trying import Tried, train_command

_PLOT = "accuracy.png"
_EVERYTHING_USUAL = Tried()


def sweep(
    *,
    recipe: RecipeChoice = "silu128",
    augment: Augment = False,
    tried: Tried = _EVERYTHING_USUAL,
    seeds: Annotated[
        tuple[int, ...],
        Parameter(
            help="Seeds to train each with. [default: 0 1 2]", consume_multiple=True, converter=whole_numbers
        ),
    ] = (0, 1, 2),
    sample: Annotated[
        int | None,
        Parameter(
            help="Try only so many combinations, drawn at random, always the same; each with all seeds.",
            converter=whole_numbers,
        ),
    ] = None,
    stop_hopeless: Annotated[
        bool,
        Parameter(help="End a training early whose accuracy is below the median of those finished before."),
    ] = False,
    validation: Annotated[
        float, Parameter(help="Share of the training images kept for measuring.", show_default=True)
    ] = 0.15,
    data: Data = None,
    out: Annotated[
        Path,
        Parameter(
            help="Folder for the results; what is there already is not trained again.", show_default=True
        ),
    ] = Path("sweep"),
    workers: Annotated[
        int | None, Parameter(help="Trainings at a time. Default: one per core.", converter=whole_numbers)
    ] = None,
    on: Annotated[
        str | None,
        Parameter(
            help="Who trains: joblib, dask://HOST:PORT, submitit:PARTITION (Slurm) or submitit:local. "
            "Default: threads of this process. What one began another goes on with."
        ),
    ] = None,
    plot: Annotated[
        bool,
        Parameter(help=f"Draw accuracy against parameters into {_PLOT} in that folder (extra: plot)."),
    ] = False,
) -> int:
    """Train many networks at once and compare them on images kept from the training.

    Every combination of what is to be tried, or a sample of them, is trained with each seed, and gives
    what it gives by itself. Stop it at any moment: the same command goes on where it was. Test images
    are not looked at; the command that it ends with trains the best one and measures it on them.
    """
    if plot:
        check_matplotlib()
    recipes = sweeps.variations(
        named(recipe, augment=augment),
        {**tried.choices(), "seed": seeds},
        sample=sample,
        validation=validation,
    )
    (images, labels), _ = datasets.mnist(data)
    report = reporter(recipes)
    try:
        outcomes = sweeps.sweep(
            recipes,
            images,
            labels,
            out,
            workers=workers,
            stop_hopeless=stop_hopeless,
            backend=on,
            path=data or os.environ.get(FOLDER_VARIABLE) or None,
            on_outcome=report.outcome,
            on_progress=report.progress,
        )
    except KeyboardInterrupt:
        report.say(f"interrupted; what was finished is kept in {out}: the same command goes on from there")
        return INTERRUPTED
    finally:
        report.stopped()
    summaries = sweeps.summaries(outcomes)
    say(sweep_table(summaries))
    if summaries[0].accuracies:
        say("the best again, trained on all images and measured on the test images:")
        say(f"  {train_command(recipe, augment, summaries[0].recipe.but(validation=0.0), data)}")
    if plot:
        sweeps.plot(summaries, out / _PLOT)
        say(f"plot saved to {out / _PLOT}")
    return 0
