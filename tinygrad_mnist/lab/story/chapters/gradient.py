"""The gradient as importance."""

from __future__ import annotations

import numpy as np

from ....core.generator import Generator
from ... import figures
from ...answers import examples
from ...importance import importance, wishes
from ..networks import Subject
from ..parts import Claim, Picture, Section, Table, verdict

_EXAMPLES = 20_000  # the average is over so many
_NUDGED = 12
_SHOWN = 10  # weights
_ALONE = 8  # examples that say what they want
_AGREES = 0.01


def chapter(subject: Subject) -> Section:
    """The ranking, nudges predicted and measured, and what single examples want."""
    network = subject.network
    cost = network.recipe.cost_function
    images, labels = subject.first(_EXAMPLES)
    inputs, targets = examples(network, images, labels)
    found = importance(network.model, cost, (inputs, targets))
    section = Section("gradient", "Which knobs matter?")
    said = "an entry of the gradient says how much its weight matters"
    moving = found.measurable()
    count = min(_NUDGED, len(moving))
    if not count:
        section.body = ["No single weight or bias changes the cost measurably: there is nothing to rank."]
        section.claims = [Claim(said, "the gradient is zero", "not measured")]
        return section
    random = moving[Generator(1).permutation(len(moving)).numpy()[:count]]
    top, others = found.nudged(moving[:count]), found.nudged(random)
    error = max(top.largest_error, others.largest_error)
    first, last = top.measured[0], others.measured[np.abs(others.measured).argmin()]
    rows = [
        [found.surface.name(i), f"{found.gradient[i]:+.2e}", f"{p:+.3e}", f"{m:+.3e}"]
        for i, p, m in zip(top.positions[:6].tolist(), top.predicted, top.measured)
    ]
    untrained = network.untrained()
    alone = wishes(untrained, cost, (inputs[:_ALONE], targets[:_ALONE]))
    most = np.argsort(-np.abs(alone).sum(0), kind="stable")[:_SHOWN]
    section.body = [
        f"The gradient of the average cost over {len(inputs):,} images is a number for each weight and "
        "bias: how fast the cost rises when that one is turned. An entry three times as large is a knob "
        f"that matters three times as much. It was tested: {count} weights with the largest entries and "
        f"{count} random ones were each changed by {top.size:g}, and the cost measured again. The largest "
        f"difference from what the gradient predicts is {100 * error:.2g}%; the first of the ranking "
        f"changes the cost {abs(first / last):,.0f} times as much as the least of the random ones.",
        Picture(
            "importance",
            figures.importance(found, top, others),
            "Left: the gradient's entries by size, in each parameter. Right: the change of the cost that "
            "the gradient predicts, and the change that was measured, one weight at a time.",
        ),
        Table(("weight or bias", "gradient", "predicted change", "measured change"), rows),
        "Each example by itself wants other changes; the step of gradient descent is their average. Before "
        f"training the wishes of {len(alone)} examples for the {len(most)} weights they care about most "
        "look like this:",
        Picture(
            "wishes",
            figures.wishes(
                alone[:, most],
                [found.surface.name(i) for i in most],
                [str(label) for label in labels[:_ALONE]],
            ),
            "What single examples want of the untrained network: red up, blue down. The last column is "
            "their mean.",
        ),
    ]
    section.numbers = {
        "cost": found.cost,
        "gradient_length": float(np.linalg.norm(found.gradient)),
        "share_of_squared_length": {part.name: part.share for part in found.parameters()},
        "top": [found.surface.name(i) for i in top.positions],
        "top_predicted": top.predicted.tolist(),
        "top_measured": top.measured.tolist(),
        "random_predicted": others.predicted.tolist(),
        "random_measured": others.measured.tolist(),
        "largest_relative_error": error,
    }
    section.claims = [
        Claim(
            said,
            f"{2 * count} single weights nudged: the cost changes as predicted, to {100 * error:.2g}% at "
            "worst",
            verdict(error <= _AGREES),
        )
    ]
    return section
