"""How tensors are printed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array

#: Options of NumPy's array2string, which `tg.set_printoptions` changes.
PRINTING: dict[str, Any] = {"precision": 4}


def printed(array: Array, prefix: str) -> str:
    """The numbers as text, as far as they are shown; further lines begin below the end of `prefix`."""
    return np.array2string(array, separator=", ", prefix=prefix, **PRINTING)
