"""What it says to images that are none of the classes."""

from __future__ import annotations

import numpy as np

from ... import figures
from ...answers import answers
from ...calibration import calibration
from ...noise import strangers
from ..networks import Subject
from ..parts import Claim, Picture, Section, verdict

_COUNT = 5_000  # images of each kind
_SURE = 0.5
_WITHOUT_SPACE = ("noise", "shuffled", "inverted", "blank")  # what inputs that are no pictures can become


def chapter(subject: Subject) -> Section:
    """Confidence on noise and on changed images beside that on real ones; calibration."""
    images, labels = subject.test
    real = answers(subject.network, images)
    kinds = strangers(images[:_COUNT])
    if not subject.has_images:
        kinds = {name: kinds[name] for name in _WITHOUT_SPACE}
    groups = {"real images": real, **{name: answers(subject.network, x) for name, x in kinds.items()}}
    noise = groups["noise"]
    each = [answers(n, kinds["noise"]) for n in subject.seeds]
    half, most = (_spread([found.sure(t) for found in each]) for t in (_SURE, 0.9))
    counts = np.bincount(noise.classes, minlength=subject.network.classes)
    favourite = int(counts.argmax())
    reliability = calibration(real, labels)
    section = Section("noise", "What does it say to noise?")
    section.body = [
        "Nothing in training told it that most images show none of the classes. Shown "
        f"{len(noise.outputs):,} images of uniform noise, its largest output is above 0.5 for "
        f"{noise.sure(0.5):.1%} of them and above 0.9 for {noise.sure(0.9):.1%} (real images: "
        f"{real.sure(0.5):.1%} and {real.sure(0.9):.1%}). {counts[favourite] / counts.sum():.1%} of the "
        f"noise is called {favourite}."
        + (f" Networks differ: above 0.9 are {most}." if len(each) > 1 else ""),
        Picture(
            "noise",
            figures.distributions({name: groups[name] for name in ("real images", "noise", "shuffled")}),
            "How sure it is of real images, of noise, and of real images with their pixels in random order.",
        ),
        Picture(
            "strangers",
            figures.confidence(groups),
            "Left: how often it is sure of images of each kind. Right: what it takes them for.",
        ),
        "Is it right as often as it is sure, on real images? The mean difference, over bins of "
        f"confidence, is {reliability.expected_error:.3f} (expected calibration error; 0 is perfect).",
        Picture(
            "calibration",
            figures.calibration(reliability),
            "Share of right answers among unseen images, by how sure it was of them.",
        ),
    ]
    section.numbers = {
        "groups": {
            name: {
                "mean_confidence": float(found.confidence.mean()),
                "above_0.5": found.sure(0.5),
                "above_0.9": found.sure(0.9),
                "answers": np.bincount(found.classes, minlength=subject.network.classes).tolist(),
            }
            for name, found in groups.items()
        },
        "noise_above_0.5_by_seed": [found.sure(0.5) for found in each],
        "noise_above_0.9_by_seed": [found.sure(0.9) for found in each],
        "expected_calibration_error": reliability.expected_error,
    }
    section.claims = [
        Claim(
            "it gives noise a confident answer",
            f"largest output above 0.5 for {half} of noise images, above 0.9 for {most}",
            verdict(float(np.mean([found.sure(_SURE) for found in each])) > _SURE),
        )
    ]
    return section


def _spread(shares: list[float]) -> str:
    """In words: the mean, and the range where there are several."""
    mean = f"{np.mean(shares):.1%}"
    if len(shares) == 1:
        return mean
    return f"{mean} (mean of {len(shares)} seeds; {min(shares):.1%} to {max(shares):.1%})"
