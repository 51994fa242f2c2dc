"""`tinygrad-mnist export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from .. import model_file
from ..interop.onnx import export_onnx
from .options import Model


def export(
    model: Model,
    /,
    *,
    onnx: Annotated[Path, Parameter(help="File to write, for ONNX Runtime and others (extra: onnx).")],
) -> None:
    """Write a saved model in another format.

    The ONNX graph takes pixels (N, height * width), bytes from 0 to 255, and gives the network's outputs.
    It is compared with the network before it is written.
    """
    network = model_file.load(model)
    height, width = network.image_size
    pixels = np.random.default_rng(0).integers(0, 256, (4, height * width)).astype(np.uint8)
    export_onnx(network.model, onnx, pixels, names=["pixels"])
    print(f"{onnx} takes pixels (N, {height * width}) as bytes and gives {network.classes} outputs")
