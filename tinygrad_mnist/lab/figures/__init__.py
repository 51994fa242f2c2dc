"""Figures of what the lab finds. They need matplotlib (extra: plot), and give its Figure objects."""

from .answers import activations, calibration, confidence, confusion, distributions, mistakes
from .canvas import check_ending, inline_svg, require_matplotlib, save
from .importance import importance, wishes
from .patterns import MOST_PATTERNS, likeness, patterns, rows_of_images
from .surface import between, plane, slices, spectrum, training

__all__ = [
    "MOST_PATTERNS",
    "activations",
    "between",
    "calibration",
    "check_ending",
    "confidence",
    "confusion",
    "distributions",
    "importance",
    "inline_svg",
    "likeness",
    "mistakes",
    "patterns",
    "plane",
    "require_matplotlib",
    "rows_of_images",
    "save",
    "slices",
    "spectrum",
    "training",
    "wishes",
]
