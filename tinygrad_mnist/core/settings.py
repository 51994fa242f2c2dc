"""PyTorch's settings for a whole program: how tensors are printed; and those of which only one is here."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import check_dtype
from .device import CPU, Device, check_device
from .printing import PRINTING

__all__ = [
    "are_deterministic_algorithms_enabled", "get_default_device", "get_default_dtype",
    "get_float32_matmul_precision", "set_default_device", "set_default_dtype", "set_float32_matmul_precision",
    "set_printoptions", "use_deterministic_algorithms",
]  # fmt: skip

#: What PyTorch's profiles say, in NumPy's words.
_PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "max_line_width": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "max_line_width": 80},
    "full": {"precision": 4, "threshold": 2**62, "edgeitems": 3, "max_line_width": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors are printed, from here on.

    Args:
        precision: digits after the point.
        threshold: from how many elements on a tensor is shown in part.
        edgeitems: how many elements of each end are shown then.
        linewidth: characters of a line.
        profile: "default", "short" or "full": values for the others; ValueError for any other.
        sci_mode: True for powers of ten everywhere, False for none; None leaves it to the numbers.
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"set_printoptions: profile is 'default', 'short' or 'full', not {profile!r}")
        PRINTING.update(_PROFILES[profile])
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "max_line_width": linewidth,
    }
    PRINTING.update({name: int(min(value, 2**62)) for name, value in given.items() if value is not None})
    PRINTING.pop("formatter", None)
    PRINTING["suppress_small"] = sci_mode is False
    if sci_mode:
        digits = PRINTING.get("precision", 4)
        PRINTING["formatter"] = {"float_kind": lambda x: f"{x:.{digits}e}"}


def get_default_dtype() -> np.dtype[Any]:
    """float32."""
    return np.dtype(np.float32)


def set_default_dtype(d: Any) -> None:
    """Nothing for float32, which is the default; ValueError for any other.

    Args:
        d: a dtype.
    """
    if check_dtype(d) != np.float32:
        raise ValueError(
            f"set_default_dtype: floats are float32 where no dtype is said, not {np.dtype(d)}: write dtype= "
            "where a tensor is made, and model.double()"
        )


def set_default_device(device: Any) -> None:
    """Nothing for the CPU, which is where tensors are; ValueError for any other.

    Args:
        device: "cpu" or None.
    """
    check_device(device)


def get_default_device() -> Device:
    """The CPU."""
    return CPU


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Nothing: the same program on the same machine gives the same bits anyhow.

    Args:
        mode: True or False.
        warn_only: PyTorch's word, which changes nothing.
    """


def are_deterministic_algorithms_enabled() -> bool:
    """True."""
    return True


def set_float32_matmul_precision(precision: str) -> None:
    """Nothing: products of float32 are float32's.

    Args:
        precision: "highest", "high" or "medium"; ValueError for any other.
    """
    if precision not in ("highest", "high", "medium"):
        raise ValueError(f"set_float32_matmul_precision: 'highest', 'high' or 'medium', not {precision!r}")


def get_float32_matmul_precision() -> str:
    """ "highest"."""
    return "highest"
