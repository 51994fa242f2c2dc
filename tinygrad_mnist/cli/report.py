"""`tinygrad-mnist report`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .. import data as datasets, lab, model_file
from ..data.digits import FOLDER_VARIABLE
from .options import Data
from .tables import show_text
from .terminal import say


def report(
    *,
    out: Annotated[
        Path, Parameter(help="Folder for the page, the figures and the numbers; made if missing.")
    ],
    model: Annotated[
        Path | None, Parameter(help="A saved model to look into. Default: train the article's.")
    ] = None,
    data: Data = None,
    seeds: Annotated[
        int, Parameter(help="How many networks of the recipe to measure and compare.", show_default=True)
    ] = 8,
) -> None:
    """Tell the story of a network as one HTML page, each claim beside what was measured (extra: plot).

    Writes index.html, which needs no other file, each figure as PNG, and numbers.json. Networks are
    trained as needed: the others by the model's own recipe, one with a larger hidden layer.
    """
    lab.figures.require_matplotlib()
    network = model_file.load(model) if model is not None else None
    train, test = datasets.mnist(data)
    folder = data or os.environ.get(FOLDER_VARIABLE)
    source = f"the data in {folder}" if folder else "the MNIST digits"
    claims = lab.report(out, train, test, network=network, seeds=seeds, source=source, say=_say)
    rows = [(claim.said, claim.measured, claim.verdict) for claim in claims]
    show_text(("the story says", "measured here", "verdict"), rows)
    say(f"report saved to {out / 'index.html'}")


def _say(line: str) -> None:
    say(line)
