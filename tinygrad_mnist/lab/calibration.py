"""Whether a network is right as often as it is sure."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from .answers import Answers

__all__ = ["Calibration", "calibration"]


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Confidence and accuracy side by side, in bins of confidence of equal width from 0 to 1.

    Attributes:
        edges: (bins + 1,), floats: where the bins begin and end.
        counts: (bins,), int64: how many images have a confidence in each.
        confidence, accuracy: (bins,), floats: their mean confidence and the share that was right; NaN in a
            bin without images.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def expected_error(self) -> float:
        """Expected calibration error: the mean over all images of their bin's |accuracy - confidence|.

        Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian
        binning".
        """
        used = self.counts > 0
        gaps = np.abs(self.accuracy - self.confidence)[used]
        return float((self.counts[used] * gaps).sum() / self.counts.sum())


def calibration(found: Answers, labels: NDArray[np.int64], bins: int = 15) -> Calibration:
    """Compare how sure a network is with how often it is right.

    Args:
        found: its answers; confidences outside 0 to 1, as some output functions give, count as the
            nearer end.
        labels: (N,), the true classes; ShapeError for another number, or none.
        bins: how many; an image on the border of two belongs to the lower.
    """
    if not 0 < len(labels) == len(found.outputs):
        raise ShapeError(
            f"calibration: {len(found.outputs)} answers and {len(labels)} labels; need as many, and any"
        )
    confidence = found.confidence.astype(np.float64).clip(0, 1)
    right = found.classes == labels
    edges = np.linspace(0, 1, bins + 1)
    bin_of = np.searchsorted(edges[1:-1], confidence)
    counts = np.bincount(bin_of, minlength=bins)
    nothing = np.full(bins, np.nan)
    means = [
        np.divide(np.bincount(bin_of, x, bins), counts, out=nothing.copy(), where=counts > 0)
        for x in (confidence, right)
    ]
    return Calibration(edges, counts, *means)
