"""Looking inside a network: what its weights are worth, look like and do, measured and drawn."""

from ..describing import complete as _complete
from ..page import glass
from . import figures, shown
from .answers import Answers, answers, examples, log_confidence
from .ascent import Drawings, ascend, draw, excite, mean_images, roughness
from .calibration import Calibration, calibration
from .curvature import Spectrum, curvature, lanczos
from .graph import Svg, graph
from .importance import Importance, Nudges, Part, importance, wishes
from .mistakes import Mistakes, mistakes
from .noise import strangers
from .patterns import autocorrelation, edge_filters, edge_likeness, patterns
from .slices import along, between, filter_normalised, plane, share_wrong
from .story import Claim, report
from .surface import Block, CostSurface

__all__ = [
    "Answers",
    "Block",
    "Calibration",
    "Claim",
    "CostSurface",
    "Drawings",
    "Importance",
    "Mistakes",
    "Nudges",
    "Part",
    "Spectrum",
    "Svg",
    "along",
    "answers",
    "ascend",
    "autocorrelation",
    "between",
    "calibration",
    "curvature",
    "draw",
    "edge_filters",
    "edge_likeness",
    "examples",
    "excite",
    "figures",
    "filter_normalised",
    "glass",
    "graph",
    "importance",
    "lanczos",
    "log_confidence",
    "mean_images",
    "mistakes",
    "patterns",
    "plane",
    "report",
    "roughness",
    "share_wrong",
    "shown",
    "strangers",
    "wishes",
]

_complete("lab", __all__, globals())
