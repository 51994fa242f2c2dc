"""The images a network gets wrong, those first of which it was most sure."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from .answers import Answers

__all__ = ["Mistakes", "mistakes"]


@dataclasses.dataclass(frozen=True)
class Mistakes:
    """What went wrong on some labelled images.

    Attributes:
        positions: (m,), int64, the images with a wrong answer, most confident first.
        truth, answers: (m,), their classes, and what they were taken for.
        outputs: (m, classes), all outputs for them.
        confusion: int64 (classes, classes): how many images of the row's class were taken for the
            column's.
    """

    positions: NDArray[np.int64]
    truth: NDArray[np.int64]
    answers: NDArray[np.int64]
    outputs: NDArray[Any]
    confusion: NDArray[np.int64]

    @property
    def accuracy_by_class(self) -> NDArray[np.float64]:
        """(classes,), share of each class's images that was right; NaN for a class without images."""
        counts = self.confusion.sum(1)
        right = np.diagonal(self.confusion)
        return np.divide(right, counts, out=np.full(len(counts), np.nan), where=counts > 0)

    def worst_pairs(self, count: int) -> list[tuple[int, int, int]]:
        """The most frequent mistakes: (true class, answer, how often), at most `count` of them."""
        wrong = self.confusion - np.diag(np.diagonal(self.confusion))
        order = np.argsort(-wrong, axis=None, kind="stable")[:count]
        places = zip(*np.unravel_index(order, wrong.shape), strict=True)
        return [(int(i), int(j), int(wrong[i, j])) for i, j in places if wrong[i, j]]


def mistakes(found: Answers, labels: NDArray[np.int64]) -> Mistakes:
    """Compare answers with the labels (N,); ShapeError for unequal numbers or a label without output."""
    count, classes = found.outputs.shape
    if len(labels) != count or labels.max(initial=0) >= classes:
        raise ShapeError(
            f"mistakes: {count} answers among {classes} classes do not fit {len(labels)} labels up to "
            f"{labels.max(initial=0)}"
        )
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, found.classes), 1)
    wrong = np.flatnonzero(found.classes != labels)
    order = wrong[np.argsort(-found.confidence[wrong], kind="stable")]
    return Mistakes(order, labels[order], found.classes[order], found.outputs[order], confusion)
