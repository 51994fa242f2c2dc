"""It can read, but it cannot draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import figures
from ...ascent import draw, mean_images
from ..networks import Subject
from ..parts import Claim, Picture, Section

_NATURALNESS = 30.0
_SHOWN = 12  # classes, at most
_LOW = 5  # percent of real images that are less like their class than this


def chapter(subject: Subject) -> Section:
    """The images it is surest of, plain and natural, beside mean images of the classes."""
    section = Section("drawing", "It can read; can it draw?")
    said = "it has no idea how to draw what it reads"
    if not subject.has_images:
        section.body = ["The inputs are no pictures, so there is nothing to draw."]
        section.claims = [Claim(said, "the inputs are no pictures", "not measured")]
        return section
    network = subject.network
    means = mean_images(*subject.train, network.classes)
    plain, natural = draw(network), draw(network, naturalness=_NATURALNESS)
    test_images, test_labels = subject.test
    real = _correlation(test_images, means[test_labels])
    threshold = float(np.percentile(real, _LOW))
    alike = {"plain": _correlation(plain.images, means), "natural": _correlation(natural.images, means)}
    below = {name: int((values < threshold).sum()) for name, values in alike.items()}
    sure = {"plain": plain.answers.outputs.diagonal(), "natural": natural.answers.outputs.diagonal()}
    captions = {name: [f"{x:.3f}" for x in values[:_SHOWN]] for name, values in sure.items()}
    rows = {"mean": means[:_SHOWN], "plain": plain.images[:_SHOWN], "natural": natural.images[:_SHOWN]}
    section.body = [
        "Turned round, the gradient changes the image instead of the weights: which image of a class would "
        f"the network be surest of? Those that were found give outputs of {sure['plain'].min():.3f} to "
        f"{sure['plain'].max():.3f}; with a penalty on rough drawings and on ink, "
        f"{sure['natural'].min():.3f} to {sure['natural'].max():.3f}.",
        Picture(
            "drawings",
            figures.rows_of_images(rows, captions),
            "The mean image of each class, the image the network is surest of, and the same with a penalty "
            "on rough drawings and on ink; above each, how sure it is.",
        ),
        f"As a measure, the correlation with the mean image of the class: {real.mean():.2f} on average for "
        f"unseen images, {alike['plain'].mean():.2f} for the plain drawings, {alike['natural'].mean():.2f} "
        f"for the natural ones. Only {_LOW}% of unseen images are below {threshold:.2f}; of the "
        f"{len(means)} drawings {below['plain']} plain and {below['natural']} natural ones are.",
    ]
    section.numbers = {
        "real_correlation": float(real.mean()),
        "threshold": threshold,
        **{
            name: {
                "outputs": sure[name].tolist(),
                "correlation": alike[name].tolist(),
                "below_threshold": below[name],
            }
            for name in alike
        },
    }
    most = len(means) / 2
    section.claims = [
        Claim(
            said,
            f"{below['plain']} of {len(means)} plain drawings and {below['natural']} natural ones are less "
            f"like their class than {100 - _LOW}% of real images",
            "holds" if min(below.values()) > most else "nearly" if below["plain"] > most else "does not hold",
        )
    ]
    return section


def _correlation(images: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """Of each image with the other in its place, over the pixels; 0 for one of a single brightness."""
    rows, columns = (np.asarray(x, np.float64).reshape(len(x), -1) for x in (images, others))
    rows, columns = (x - x.mean(1, keepdims=True) for x in (rows, columns))
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(columns, axis=1)
    return np.divide((rows * columns).sum(1), lengths, out=np.zeros(len(rows)), where=lengths > 0)
