"""The pieces of `pieces_*.py` by name, and their results as plain values."""

import importlib
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RECORDED = HERE / "recorded.json"


def pieces():
    sys.path.insert(0, str(HERE))
    found = {}
    for path in sorted(HERE.glob("pieces_*.py")):
        module = importlib.import_module(path.stem)
        family = path.stem.removeprefix("pieces_")
        for name, value in vars(module).items():
            if callable(value) and not name.startswith("_") and value.__module__ == path.stem:
                found[f"{family}.{name}"] = value
    return found


def plain(value):
    """A result as nested lists of numbers, tensors with their dtype."""
    if hasattr(value, "detach"):
        array = value.detach().numpy()
        return {"dtype": str(array.dtype), "shape": list(array.shape), "values": array.reshape(-1).tolist()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(x) for x in value]
    return value
