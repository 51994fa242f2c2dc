"""The chapters of the report, in the order of the story."""

from . import accuracy, drawing, gradient, minimum, mistakes, network, noise, patterns

CHAPTERS = (
    network.chapter,
    gradient.chapter,
    accuracy.chapter,
    patterns.chapter,
    mistakes.chapter,
    noise.chapter,
    drawing.chapter,
    minimum.chapter,
)

__all__ = ["CHAPTERS"]
