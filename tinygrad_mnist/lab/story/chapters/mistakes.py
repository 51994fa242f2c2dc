"""What it gets wrong."""

from __future__ import annotations

import numpy as np

from ... import figures
from ...answers import answers
from ...mistakes import mistakes
from ..networks import Subject
from ..parts import Picture, Section


def chapter(subject: Subject) -> Section:
    """The most confident mistakes, the confusion matrix, accuracy by class."""
    images, labels = subject.test
    found = mistakes(answers(subject.network, images), labels)
    by_class = found.accuracy_by_class
    worst, best = int(np.nanargmin(by_class)), int(np.nanargmax(by_class))
    pairs = ", ".join(f"{i} for {j} ({n} times)" for i, j, n in found.worst_pairs(3))
    section = Section("mistakes", "What does it get wrong?")
    section.body = [
        f"Of {len(images):,} unseen images it gets {len(found.positions):,} wrong. It reads class {best} "
        f"best ({by_class[best]:.1%}) and class {worst} worst ({by_class[worst]:.1%})."
        + (f" Most often it takes {pairs}." if pairs else "")
    ]
    if len(found.positions):
        caption = "The mistakes it was most sure of: the true class, the answer (orange) and all outputs."
        section.body.append(Picture("mistakes", figures.mistakes(found, images), caption))
    section.body.append(
        Picture(
            "confusion",
            figures.confusion(found),
            "Which classes are taken for which, and how many are right.",
        )
    )
    section.numbers = {
        "wrong": len(found.positions),
        "confusion": found.confusion.tolist(),
        "accuracy_by_class": by_class.tolist(),
    }
    return section
