"""From networks and data to a folder with the report."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ... import writing
from ...errors import TinygradMnistError
from ...train import RECIPES, Recipe, TrainedNetwork
from .. import figures
from .chapters import CHAPTERS
from .networks import Examples, Subject, trained
from .page import page
from .parts import Claim, Picture, Section


def report(
    folder: str | os.PathLike[str],
    train: Examples,
    test: Examples,
    *,
    network: TrainedNetwork | None = None,
    recipe: Recipe = RECIPES["article"],
    seeds: int = 8,
    tweaked: Recipe = RECIPES["silu128"],
    source: str = "the given data",
    say: Callable[[str], None] = lambda line: None,
) -> list[Claim]:
    """Look into a network in every way of this package, and write what was found as a page.

    Args:
        folder: made if it is not there. It gets `index.html`, which needs no other file and no
            network, every figure as PNG (the computation graph as SVG), and `numbers.json`.
        train, test: uint8 images (N, height, width) and labels (N,).
        network: the one to look into; None trains one by `recipe`.
        recipe: of a network that is not given.
        seeds: how many networks to measure and compare: others by the network's recipe are trained from
            other seeds; none where it has no recipe.
        tweaked: a recipe to compare with.
        source: where the data is from, in words.
        say: told what is going on, a line at a time.

    Returns:
        The claims of the story, with what was measured.

    Raises:
        MissingExtraError: without matplotlib, before anything is trained.
        DataError: for data that does not fit the network, or a folder that cannot be written.
        ValueError: for fewer than one seed.
    """
    figures.require_matplotlib()
    if seeds < 1:
        raise ValueError(f"report: seeds must be at least 1, not {seeds}")
    place = writing.folder(folder)
    if network is not None:
        network.evaluate(*test)  # refuses data of another size or with more classes
    found = recipe if network is None else network.recipe
    others: list[Recipe] = []
    if isinstance(found, Recipe):
        others = [found.but(seed=found.seed + i) for i in range(seeds)][network is not None :]
    *others_trained, last = trained([*others, tweaked], train, say)
    own = [*([network] if network else []), *others_trained]
    subject = Subject(own[0], tuple(own), last, train, test, source)
    sections = []
    for chapter in CHAPTERS:
        sections.append(_section(chapter, subject))
        say(sections[-1].title)
    title = "Looking inside a network that reads images"
    writing.write(place / "index.html", page(title, _lead(subject), sections))
    for section in sections:
        _save_pictures(place, section)
    claims = [claim for section in sections for claim in section.claims]
    numbers: dict[str, Any] = {section.name: section.numbers for section in sections}
    numbers["claims"] = [vars(claim) for claim in claims]
    writing.write(place / "numbers.json", json.dumps(_finite(numbers), indent=1, allow_nan=False))
    return claims


def _section(chapter: Callable[[Subject], Section], subject: Subject) -> Section:
    """What a chapter says; for a network of another kind than the story's, why it says nothing."""
    if isinstance(subject.network.recipe, Recipe):
        return chapter(subject)
    name = chapter.__module__.rpartition(".")[2]
    try:
        return chapter(subject)
    except TinygradMnistError as error:
        return Section(name, f"Left out: {name}", [f"This chapter does not fit the network: {error}."])


def _lead(subject: Subject) -> list[str]:
    recipe = subject.network.recipe
    if not isinstance(recipe, Recipe):
        return [
            f"A {type(subject.network.model).__name__} that was saved without a recipe, looked at on "
            f"{subject.source}: how it was trained is not known, and no others like it can be. The story is "
            "that of the network 784-16-16-10; what of it fits this one stands at the end beside what was "
            "measured here."
        ]
    sizes = (*_pixels(subject), *recipe.hidden, subject.network.classes)
    return [
        f"A network {'-'.join(map(str, sizes))}, trained on {len(subject.train[0]):,} images of "
        f"{subject.source} for {recipe.epochs} epochs (seed {recipe.seed}), looked at from all sides. The "
        "story is that of the network 784-16-16-10 that learns to read handwritten digits; each of its "
        "claims stands at the end beside what was measured here, whether that supports it or not. Nothing "
        "below was chosen or tuned on the test images."
    ]


def _pixels(subject: Subject) -> tuple[int]:
    height, width = subject.network.image_size
    return (height * width,)


def _finite(values: Any) -> Any:
    """As JSON has it: numbers that are not finite become null."""
    if isinstance(values, dict):
        return {key: _finite(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_finite(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values


def _save_pictures(folder: Path, section: Section) -> None:
    for block in section.body:
        if isinstance(block, Picture):
            if isinstance(block.content, str):
                writing.write(folder / f"{block.name}.svg", block.content)
            else:
                figures.save(block.content, folder / f"{block.name}.png")
