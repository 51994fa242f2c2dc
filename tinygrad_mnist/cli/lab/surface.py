"""The commands about the cost surface: `lab slices`, `lab curvature`, `lab between`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from ... import lab
from ...core.generator import Generator
from ...errors import DataError
from ..options import Data, Model
from ..tables import show
from ..terminal import say
from .options import Count, Drawing, Seed, load, save, surface_of

_OFFSETS = np.linspace(-1, 1, 41)
_SHOWN = slice(0, 41, 8)


def slices(
    model: Model,
    /,
    *,
    data: Data = None,
    examples: Count = 5_000,
    directions: Annotated[int, Parameter(help="How many of each kind.", show_default=True)] = 6,
    seed: Seed = 0,
    figure: Drawing = None,
) -> None:
    """Cut the cost along random directions and along those of largest curvature."""
    network = load(model, figure)
    surface = surface_of(network, data, examples)
    generator = Generator(seed)
    random = [lab.filter_normalised(surface, generator) for _ in range(directions)]
    unit = float(np.linalg.norm(random[0]))
    curved = unit * lab.curvature(surface, count=directions, seed=seed).vectors[:directions].astype(
        np.float32
    )
    rows = {"random": random, "curved": list(curved)}
    costs = {name: np.stack([lab.along(surface, d, _OFFSETS) for d in some]) for name, some in rows.items()}
    show(
        "cost along straight lines (1: a change as large as the weights)",
        ("direction", *(f"{x:+.2f}" for x in _OFFSETS[_SHOWN])),
        [
            (f"{name} {i}", *(f"{x:.3f}" for x in row[_SHOWN]))
            for name, table in costs.items()
            for i, row in enumerate(table)
        ],
    )
    if figure is not None:
        save(lab.figures.slices(_OFFSETS, costs["random"], costs["curved"]), figure)


def curvature(
    model: Model,
    /,
    *,
    data: Data = None,
    examples: Count = 10_000,
    steps: Annotated[int, Parameter(help="Products of the Hessian with a vector.", show_default=True)] = 60,
    top: Annotated[int, Parameter(help="How many curvatures to show of each end.", show_default=True)] = 8,
    seed: Seed = 0,
    figure: Drawing = None,
) -> None:
    """Find the leading eigenvalues of the cost's second derivatives (Lanczos): is this a minimum?"""
    network = load(model, figure)
    surface = surface_of(network, data, examples)
    found = lab.curvature(surface, count=steps, steps=steps, seed=seed)
    count = len(found.values)
    places = [i for i in range(count) if i < top or i >= count - top]
    show(
        f"curvatures over {len(surface):,} images; a true one is within the residual",
        ("rank", "curvature", "residual"),
        [(i + 1, f"{found.values[i]:+.4e}", f"{found.residuals[i]:.1e}") for i in places],
    )
    say(f"length of the gradient {np.linalg.norm(surface.gradient(surface.point)):.3g}")
    if figure is not None:
        save(lab.figures.spectrum(found), figure)


def between(
    first: Model,
    second: Annotated[Path, Parameter(help="Another, with the same layers.")],
    /,
    *,
    data: Data = None,
    examples: Count = 5_000,
    figure: Drawing = None,
) -> None:
    """Walk in a straight line from one network to another, and measure the cost on the way."""
    network, other = load(first, figure), load(second, None)
    surface = surface_of(network, data, examples)
    if [p.shape for p in network.model.parameters()] != [p.shape for p in other.model.parameters()]:
        raise DataError(f"{first} and {second} do not have the same layers: there is no line between them")
    wrong = lab.CostSurface(network.model, lab.share_wrong, surface.data, dtype=np.float32)
    end = surface.vector([p.numpy() for p in other.model.parameters()])
    shares = np.linspace(0, 1, 21)
    costs = lab.between(surface, surface.point, end, shares)
    errors = lab.between(wrong, surface.point, end, shares)
    rows = [(f"{t:.2f}", f"{c:.4f}", f"{e:.1%}") for t, c, e in zip(shares, costs, errors)]
    show(f"from {first} to {second}", ("share of the way", "cost", "wrong"), rows)
    if figure is not None:
        save(lab.figures.between(shares, {"line": costs}, {"line": errors}), figure)
