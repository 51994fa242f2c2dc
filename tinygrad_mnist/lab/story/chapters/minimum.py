"""What gradient descent found: a minimum, how flat, and how many others there are."""

from __future__ import annotations

import itertools

import numpy as np

from ....core.generator import Generator
from ... import figures
from ...answers import answers, examples
from ...curvature import curvature
from ...slices import along, between, filter_normalised, plane, share_wrong
from ...surface import CostSurface
from ..networks import Subject
from ..parts import Claim, Picture, Section, verdict

_EXAMPLES = 5_000  # of slices
_WORK = 800_000_000  # examples times parameters that curvatures take: all of MNIST for the article's network
_DIRECTIONS = 6
_STEPS = 60
_LINES = 3  # networks joined
_FLAT, _NEARLY = 0.001, 0.05  # share of the cost that may be left to gain within reach
_DESCENT = np.geomspace(1e-3, 1, 13)  # distances tried downhill


def chapter(subject: Subject) -> Section:
    """Slices, curvature, what is left to gain, and straight lines to other minima."""
    network = subject.network
    cost = network.recipe.cost_function
    inputs, targets = examples(network, *subject.train)
    few = (inputs[:_EXAMPLES], targets[:_EXAMPLES])
    surface = CostSurface(network.model, cost, few, dtype=np.float32)
    many = max(_WORK // len(surface.point), _EXAMPLES)
    curved = CostSurface(network.model, cost, (inputs[:many], targets[:many]), dtype=np.float32)
    generator = Generator(1)
    random = [filter_normalised(surface, generator) for _ in range(_DIRECTIONS)]
    spectrum = curvature(curved, count=_STEPS, steps=_STEPS)
    offsets = np.linspace(-1, 1, 41)
    unit = float(np.linalg.norm(random[0]))
    across = np.stack([along(surface, direction, offsets) for direction in random])
    steep = np.stack(
        [along(surface, unit * v.astype(np.float32), offsets) for v in spectrum.vectors[:_DIRECTIONS]]
    )
    whole = CostSurface(network.model, cost, (inputs, targets), dtype=np.float32)
    here = max(whole(whole.point), 1e-30)
    gradient = whole.gradient(whole.point)
    length = float(np.linalg.norm(gradient))
    down = -gradient / max(length, 1e-30)
    bent = spectrum.vectors[-1].astype(np.float32)
    bent = bent if bent @ gradient <= 0 else -bent
    least = float(bent @ whole.hessian_product(whole.point, bent))
    gain = here - min(here, *along(whole, down, _DESCENT), *along(whole, bent, _DESCENT))
    start = CostSurface(
        network.untrained(),
        cost,
        (inputs, targets),
        dtype=np.float32,
    )
    untrained = start(start.point)
    middle = max(surface(surface.point), 1e-30)
    section = Section("minimum", "Is it the bottom of a valley?")
    state = (
        "holds"
        if gain <= _FLAT * here and least >= 0
        else "nearly"
        if gain <= _NEARLY * here
        else "does not hold"
    )
    section.body = [
        f"Training took the average cost from {untrained:.3f} to {here:.4f}. Is that a minimum? Along "
        f"{len(random)} random directions the lowest cost found, at distances up to the length of the "
        f"weights, is {across.min() / middle:.2%} of that in the middle. But most directions of so many "
        "matter little; the cost is steep in a few.",
        Picture(
            "slices",
            figures.slices(offsets, across, steep),
            "The cost along straight lines through the trained network, at 0. A random direction of length "
            "1 changes each neuron by as much as its weights are.",
        ),
    ]
    grid = np.linspace(-1, 1, 25)
    section.body += [
        Picture(
            "plane",
            figures.plane(grid, plane(surface, random[0], random[1], grid)),
            "The cost in a plane through the trained network. Colours are on a logarithmic scale.",
        ),
        "The second derivatives say how the valley curves: the largest curvature is "
        f"{spectrum.values[0]:.3g}, the {_DIRECTIONS}th {spectrum.values[_DIRECTIONS - 1]:.3g}, and along "
        f"the most negative direction that was found it is {least:.2g}. The gradient of all {len(inputs):,} "
        f"examples has length {length:.2g}, not zero. Walking down along either, the cost falls by "
        f"{gain / here:.2%} at most before it rises again.",
        Picture(
            "spectrum",
            figures.spectrum(spectrum),
            f"Curvatures found by {len(spectrum.values)} steps of Lanczos' method on {len(curved):,} "
            "examples; the bars say how far the nearest true one may be.",
        ),
    ]
    section.numbers = {
        "untrained_cost": untrained,
        "cost": here,
        "gradient_length": length,
        "largest_curvatures": spectrum.values[:_DIRECTIONS].tolist(),
        "least_curvature": least,
        "possible_gain": gain / here,
    }
    section.claims = [
        Claim(
            "gradient descent finds a local minimum of the cost",
            f"gradient of length {length:.2g}, least curvature found {least:.2g} (largest "
            f"{spectrum.values[0]:.2g}); at most {gain / here:.2%} of the cost left to gain downhill",
            state,  # type: ignore[arg-type]
        )
    ]
    _others(subject, surface, section)
    return section


def _others(subject: Subject, surface: CostSurface, section: Section) -> None:
    """Add what there is to say about the minima of other seeds."""
    said = "other first weights lead to other minima of about the same cost"
    if len(subject.seeds) < 2:
        section.body.append("Only one network was trained, so there is no other minimum to compare it with.")
        section.claims.append(Claim(said, "only one seed was trained", "not measured"))
        return
    points = [surface.vector([p.numpy() for p in n.model.parameters()]) for n in subject.seeds]
    given = [answers(n, subject.test[0]).classes for n in subject.seeds]
    costs = [max(surface(point), 1e-30) for point in points]
    pairs = list(itertools.combinations(range(len(points)), 2))
    apart = np.array([np.linalg.norm(points[i] - points[j]) for i, j in pairs])
    sizes = np.array([np.linalg.norm(point) for point in points])
    differ = np.array([(given[i] != given[j]).mean() for i, j in pairs])
    unseen = examples(subject.network, subject.test[0][:_EXAMPLES], subject.test[1][:_EXAMPLES])
    wrong = CostSurface(surface.model, share_wrong, unseen, dtype=np.float32)
    shares = np.linspace(-0.2, 1.2, 29)
    lines, errors = {}, {}
    for i, j in itertools.combinations(range(min(_LINES, len(points))), 2):
        name = " and ".join(f"seed {getattr(subject.seeds[k].recipe, 'seed', '?')}" for k in (i, j))
        lines[name] = between(surface, points[i], points[j], shares)
        errors[name] = between(wrong, points[i], points[j], shares)
    middle = min(float(values.max()) for values in (v[(shares >= 0) & (shares <= 1)] for v in lines.values()))
    spread = max(costs) / min(costs)
    section.body += [
        f"Trained from {len(points)} seeds, the networks end at costs of {min(costs):.4f} to "
        f"{max(costs):.4f} (on {len(surface):,} of the examples). They are {apart.mean():.0f} apart on "
        f"average, at {sizes.mean():.0f} from zero, and answer {differ.mean():.1%} of the unseen images "
        f"differently. On the straight line from one to another the cost rises to {middle:.2f} or more.",
        Picture(
            "between",
            figures.between(shares, lines, errors),
            "Cost, and wrong answers on unseen images, on straight lines between networks from different "
            "seeds.",
        ),
    ]
    section.numbers["seeds"] = {
        "costs": costs,
        "mean_distance": float(apart.mean()),
        "mean_length": float(sizes.mean()),
        "mean_disagreement": float(differ.mean()),
        "highest_between": {name: float(values.max()) for name, values in lines.items()},
    }
    section.claims.append(
        Claim(
            said,
            f"costs differ by a factor of {spread:.2f} at most, and rise to {middle:.2f} or more on the way "
            "from one to another",
            verdict(spread < 1.5 and middle > 2 * max(costs)),
        )
    )
