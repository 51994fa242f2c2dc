"""What the hidden neurons look for."""

from __future__ import annotations

import numpy as np

from ....core.generator import Generator
from ....nn import Linear
from ... import figures
from ...ascent import excite
from ...patterns import Pictures, autocorrelation, edge_filters, edge_likeness, patterns
from ..networks import Subject
from ..parts import Claim, Picture, Section, verdict

_RANDOM = 200
_SHOWN_FILTERS = 47  # one of so many is drawn
_HALF = 0.5
_EXCITED = 8


def chapter(subject: Subject) -> Section:
    """The rows of the first weight as pictures, two numbers for them, and what excites deeper layers."""
    section = Section("patterns", "What do the hidden neurons look for?")
    said = (
        "the first layer's weights are loose patterns, not noise",
        "its neurons do not pick up on short edges",
    )
    if not subject.has_images:
        section.body = [
            f"The inputs are rows of {max(subject.network.image_size)} numbers without an above and below, "
            "so the weights of a neuron are no picture, and there are no edges to look for."
        ]
        section.claims = [Claim(text, "the inputs are no pictures", "not measured") for text in said]
        return section
    network = subject.network
    height, width = size = network.image_size
    trained = patterns(network.model, size)
    before = patterns(network.untrained(), size)
    edges = edge_filters(size)[::_SHOWN_FILTERS]
    groups = {
        "random weights": _measured(Generator(1).normal((_RANDOM, height, width)).numpy()),
        "before training": _measured(before),
        "after training": _measured(trained),
        "edge filters": _measured(edges),
    }
    alike, edge = groups["after training"]
    random_alike, random_edge = groups["random weights"]
    mostly = int((edge**2 > _HALF).sum())
    section.body = [
        "Each neuron of the first layer has one weight for each pixel: a picture of what it looks for. The "
        "hope is that these are the short edges that digits are made of.",
        Picture(
            "patterns",
            figures.patterns(before, trained),
            f"The weights from the pixels to {_shown(len(trained))}; red excites, blue inhibits.",
        ),
        "Two numbers say how much structure there is. How alike neighbouring weights are (Moran's I: 0 for "
        f"noise, towards 1 for smooth pictures): {alike.mean():.2f} on average, random weights "
        f"{random_alike.mean():.2f}. And the best correlation with any one of {len(edge_filters(size)):,} "
        "detectors of short edges and strokes, in all places, directions and three widths: "
        f"{edge.mean():.2f} on average (random weights {random_edge.mean():.2f}, a detector itself 1). One "
        f"detector accounts for more than half of the pattern in {mostly} of {len(edge)} neurons.",
        Picture("likeness", figures.likeness(groups), "A dot for each picture of weights."),
    ]
    deeper = [name for name, module in network.model.named_modules() if isinstance(module, Linear)][1:]
    if deeper:
        rows = {}
        for name in deeper:
            found = excite(network.model, name, height * width, white=network.recipe.input_scale)
            rows[f"layer {name}"] = found[:_EXCITED].reshape(-1, height, width)
        section.body += [
            "A neuron of a deeper layer has no picture of its own, but gradient ascent finds an image that "
            "excites it as much as any near it.",
            Picture(
                "exciting",
                figures.rows_of_images(rows),
                f"Images that excite the first {_EXCITED} neurons of each deeper layer most: white is no "
                "ink.",
            ),
        ]
    section.numbers = {
        "autocorrelation": {name: _summary(a) for name, (a, _) in groups.items()},
        "edge_likeness": {name: _summary(e) for name, (_, e) in groups.items()},
        "mostly_one_edge": mostly,
        "neurons": len(edge),
    }
    section.claims = [
        Claim(
            said[0],
            f"neighbouring weights alike by {alike.min():.2f} to {alike.max():.2f}; random ones by at most "
            f"{random_alike.max():.2f}",
            verdict(bool(alike.min() > random_alike.max())),
        ),
        Claim(
            said[1],
            f"one edge or stroke detector accounts for more than half of the pattern in {mostly} of "
            f"{len(edge)} neurons",
            "holds" if mostly == 0 else "nearly" if mostly < _HALF * len(edge) else "does not hold",
        ),
    ]
    return section


def _shown(neurons: int) -> str:
    most = figures.MOST_PATTERNS
    return "each neuron" if neurons <= most else f"the first {most} of {neurons} neurons"


def _measured(pictures: Pictures) -> tuple[np.ndarray, np.ndarray]:
    """Both numbers for each picture; one that is all of one value has no structure: 0."""
    return np.nan_to_num(autocorrelation(pictures)), edge_likeness(pictures)


def _summary(values: np.ndarray) -> dict[str, float]:
    return {"mean": float(values.mean()), "least": float(values.min()), "most": float(values.max())}
