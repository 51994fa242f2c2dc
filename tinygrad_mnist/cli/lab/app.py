"""`tinygrad-mnist lab`: a command for each way of looking into a saved model."""

from __future__ import annotations

from cyclopts import App

from .answers import calibration, drawing, mistakes, noise
from .inside import graph, trace
from .surface import between, curvature, slices
from .weights import excite, importance, patterns

lab = App(name="lab", help="Look inside a saved model; `report` does all of it at once.")
for _command in (
    importance,
    patterns,
    excite,
    mistakes,
    noise,
    calibration,
    drawing,
    slices,
    curvature,
    between,
    trace,
    graph,
):
    lab.command(_command)
