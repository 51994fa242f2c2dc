"""How well it reads images that it has not seen."""

from __future__ import annotations

import numpy as np

from ....train import Recipe
from ... import figures
from ..networks import Subject
from ..parts import Claim, Picture, Section, verdict

_ABOUT, _GIVE = 0.96, 0.01  # "about 96%": within one point
_TWEAKED = 0.98


def chapter(subject: Subject) -> Section:
    """Accuracy of all seeds and of the tweaked network on the test images."""
    accuracies = [network.evaluate(*subject.test).accuracy for network in subject.seeds]
    tweaked = subject.tweaked.evaluate(*subject.test).accuracy
    mean, low, high = float(np.mean(accuracies)), min(accuracies), max(accuracies)
    several = len(accuracies) > 1
    count = len(subject.test[0])
    hidden, other = getattr(subject.network.recipe, "hidden", None), subject.tweaked.recipe
    assert isinstance(other, Recipe)
    name = "not known" if hidden is None else "-".join(map(str, hidden)) or "none"
    measured = (
        f"{mean:.2%}, mean of {len(accuracies)} seeds ({low:.2%} to {high:.2%})" if several else f"{mean:.2%}"
    )
    section = Section("accuracy", "Does it read images it has never seen?")
    section.body = [
        f"Trained on {len(subject.train[0]):,} images, it is shown {count:,} others. Of those it reads "
        f"{measured}. Each seed gives other first weights and another order of the images.",
        f"A network with hidden layers {'-'.join(map(str, other.hidden))}, {other.activation}, {other.cost} "
        f"and {other.optimiser}, trained for {other.epochs} epochs, reads {tweaked:.2%}: this is what "
        f"tweaking the hidden layers (here: {name}) and the way of training is worth.",
        Picture(
            "training",
            figures.training(
                [[record.cost for record in n.history.epochs] for n in subject.seeds],
                {"this network": accuracies, "tweaked": [tweaked]},
                (100 * _ABOUT, 100 * _TWEAKED),
            ),
            "Left: the average cost while training, a line per seed. Right: accuracy on unseen images, a "
            "dot per network; the dashed lines are the story's 96% and 98%.",
        ),
    ]
    section.numbers = {
        "test_images": count,
        "accuracies": accuracies,
        "mean": mean,
        "tweaked": tweaked,
        "tweaked_hidden": list(other.hidden),
    }
    section.claims = [
        Claim("it reads about 96% of unseen images", measured, verdict(abs(mean - _ABOUT) <= _GIVE)),
        Claim("with tweaks, 98%", f"{tweaked:.2%}", verdict(round(tweaked, 3) >= _TWEAKED)),
    ]
    return section
