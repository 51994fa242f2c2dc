"""`tinygrad-mnist sweep`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from .. import data as datasets
from .. import sweep as sweeps
from ..sweep.plot import check_matplotlib
from ..train import RecipeError, named
from ..train.choices import ActivationName, CostName, OptimiserName
from .options import Augment, Data, RecipeChoice
from .settings import Descent, given, whole_numbers
from .sweep_reporters import reporter
from .terminal import say
from .text import sweep_table
from .train import INTERRUPTED

_PLOT = "accuracy.png"
_AS_THE_RECIPE = Descent()


def sweep(
    *,
    recipe: RecipeChoice = "silu128",
    augment: Augment = False,
    hidden: Annotated[
        tuple[str, ...],
        Parameter(
            help="Hidden layers to try, each as 64 or 16-16; none for no hidden layer. "
            "[default: 8 16 16-16 32 64 128 256]",
            consume_multiple=True,
        ),
    ] = ("8", "16", "16-16", "32", "64", "128", "256"),
    activation: Annotated[
        tuple[ActivationName, ...], Parameter(help="Activations to try.", consume_multiple=True)
    ] = (),
    cost: Annotated[tuple[CostName, ...], Parameter(help="Costs to try.", consume_multiple=True)] = (),
    optimiser: Annotated[
        tuple[OptimiserName, ...],
        Parameter(
            help="Optimisers to try. Another than the recipe's brings a rate of its own, if none is given.",
            consume_multiple=True,
        ),
    ] = (),
    seeds: Annotated[
        tuple[int, ...],
        Parameter(
            help="Seeds to train each with. [default: 0 1 2]", consume_multiple=True, converter=whole_numbers
        ),
    ] = (0, 1, 2),
    settings: Descent = _AS_THE_RECIPE,
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
    plot: Annotated[
        bool,
        Parameter(help=f"Draw accuracy against parameters into {_PLOT} in that folder (extra: plot)."),
    ] = False,
) -> int:
    """Train many networks at once and compare them on images kept from the training.

    Every combination of the structures, activations, costs and optimisers to try is trained with
    each seed, and gives what it gives by itself. Stop it at any moment: the same command goes on
    where it was. Test images are not looked at, so `train` the one you choose to measure it.
    """
    if plot:
        check_matplotlib()
    choices: dict[str, Sequence[Any]] = {"hidden": [_layers(text) for text in hidden]}
    choices |= {"activation": activation, "cost": cost, "optimiser": optimiser, "seed": seeds}
    recipes = sweeps.variations(
        named(recipe, augment=augment),
        {name: values for name, values in choices.items() if values},
        **given(settings),
        validation=validation,
    )
    (images, labels), _ = datasets.mnist(data)
    report = reporter(len(recipes))
    try:
        outcomes = sweeps.sweep(
            recipes,
            images,
            labels,
            out,
            workers=workers,
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
    if plot:
        sweeps.plot(summaries, out / _PLOT)
        say(f"plot saved to {out / _PLOT}")
    return 0


def _layers(text: str) -> tuple[int, ...]:
    parts = [] if text == "none" else text.split("-")
    if not all(part.isdecimal() for part in parts):
        raise RecipeError(f"--hidden takes layers such as 64, 16-16 or none, not {text!r}")
    return tuple(map(int, parts))
