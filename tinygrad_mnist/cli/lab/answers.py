"""The commands about answers: `lab mistakes`, `lab noise`, `lab calibration`, `lab drawing`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from ... import lab
from ..options import Data, Model
from ..tables import show
from ..terminal import say
from .options import Drawing, Seed, load, save, unseen


def mistakes(
    model: Model,
    /,
    *,
    data: Data = None,
    top: Annotated[int, Parameter(help="How many to show.", show_default=True)] = 12,
    figure: Drawing = None,
) -> None:
    """List the test images it gets wrong, those first of which it is most sure."""
    network = load(model, figure)
    images, labels = unseen(data)
    found = lab.mistakes(lab.answers(network, images), labels)
    rows = [
        (i, truth, answer, *(f"{x:.2f}" for x in outputs))
        for i, truth, answer, outputs in zip(found.positions, found.truth, found.answers, found.outputs)
    ]
    title = f"{len(rows):,} of {len(images):,} test images are wrong"
    show(title, ("image", "class", "answer", *map(str, range(network.classes))), rows[: max(top, 0)])
    by_class = [(i, f"{x:.2%}") for i, x in enumerate(found.accuracy_by_class)]
    show("right answers by class", ("class", "right"), by_class)
    if figure is not None:
        save(lab.figures.mistakes(found, images, max(top, 1)), figure)


def noise(
    model: Model,
    /,
    *,
    data: Data = None,
    others: Annotated[
        Path | None,
        Parameter(help="Folder with another data set like MNIST, of images that are none of the classes."),
    ] = None,
    seed: Seed = 0,
    figure: Drawing = None,
) -> None:
    """Show it noise and changed images: how sure is it, and of what?"""
    network = load(model, figure)
    images, _ = unseen(data)
    kinds = {"test images": images, **lab.strangers(images, seed)}
    if others is not None:
        kinds[others.name or str(others)] = unseen(others)[0]
    found = {name: lab.answers(network, some) for name, some in kinds.items()}
    rows = []
    for name, each in found.items():
        counts = np.bincount(each.classes, minlength=network.classes)
        sure = (f"{each.confidence.mean():.3f}", f"{each.sure(0.5):.1%}", f"{each.sure(0.9):.1%}")
        rows.append((name, *sure, f"{counts.argmax()} ({counts.max() / counts.sum():.0%})"))
    header = ("images", "mean largest output", "above 0.5", "above 0.9", "most called")
    show("how sure it is", header, rows)
    if figure is not None:
        save(lab.figures.confidence(found), figure)


def calibration(model: Model, /, *, data: Data = None, figure: Drawing = None) -> None:
    """Compare how sure it is of test images with how often it is right."""
    network = load(model, figure)
    images, labels = unseen(data)
    found = lab.calibration(lab.answers(network, images), labels)
    columns = zip(found.edges, found.edges[1:], found.counts, found.confidence, found.accuracy)
    rows = [(f"{a:.2f} to {b:.2f}", f"{n:,}", f"{c:.1%}", f"{r:.1%}") for a, b, n, c, r in columns if n]
    show("largest output and right answers", ("largest output", "images", "mean output", "right"), rows)
    say(f"expected calibration error {found.expected_error:.4f}")
    if figure is not None:
        save(lab.figures.calibration(found), figure)


def drawing(
    model: Model,
    /,
    *,
    data: Data = None,
    naturalness: Annotated[
        float,
        Parameter(
            help="Weight of the penalty on rough drawings and on ink, for the second row.", show_default=True
        ),
    ] = 30.0,
    seed: Seed = 0,
    figure: Drawing = None,
) -> None:
    """Let it draw the image of each class that it is surest of, and again with a price on unnatural ones."""
    network = load(model, figure)
    plain, natural = (lab.draw(network, naturalness=x, seed=seed) for x in (0.0, naturalness))
    sure = {"plain": plain.answers.outputs.diagonal(), "natural": natural.answers.outputs.diagonal()}
    rows = [(k, f"{sure['plain'][k]:.3f}", f"{sure['natural'][k]:.3f}") for k in range(network.classes)]
    show("how sure it is of its own drawings", ("class", "plain", f"naturalness {naturalness:g}"), rows)
    if figure is not None:
        images, labels = unseen(data)
        means = lab.mean_images(images, labels, network.classes)
        captions = {name: [f"{x:.3f}" for x in values] for name, values in sure.items()}
        rows_of = {"mean": means, "plain": plain.images, "natural": natural.images}
        save(lab.figures.rows_of_images(rows_of, captions), figure)
