"""What a notebook shows of the lab's results: their figure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import MissingExtraError
from . import figures
from .answers import Answers
from .calibration import Calibration
from .curvature import Spectrum
from .mistakes import Mistakes

_FIGURES: dict[type, tuple[Callable[[Any], Any], str]] = {
    Answers: (lambda found: figures.distributions({"images": found}), "how sure the answers are"),
    Calibration: (figures.calibration, "confidence and accuracy"),
    Mistakes: (figures.confusion, "which classes were taken for which"),
    Spectrum: (figures.spectrum, "the curvature of the cost"),
}


def html_of(found: Any) -> str | None:
    """The figure of a result as HTML; None, for its text instead, without matplotlib (extra: plot)."""
    draw, description = _FIGURES[type(found)]
    try:
        return figures.inline_svg(draw(found), description)
    except MissingExtraError:
        return None


for _kind in _FIGURES:  # the results are made on a floor below their figures
    _kind._repr_html_ = html_of  # type: ignore[attr-defined]
