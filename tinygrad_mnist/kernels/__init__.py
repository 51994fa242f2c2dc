"""Numerical kernels: arrays in, arrays out. Nothing in here knows of tensors or gradients."""

import re

import numba

OLDEST_NUMBA = (0, 63, 1)


def refuse_older(version: str) -> None:
    """ImportError that says what to write, for a version of Numba that lacks what kernels are built from."""
    if tuple(int(digits) for digits in re.findall(r"\d+", version)[:3]) < OLDEST_NUMBA:
        oldest = ".".join(map(str, OLDEST_NUMBA))
        raise ImportError(
            f"tinygrad_mnist needs Numba {oldest} or newer, and this is {version}: "
            f'pip install -U "numba>={oldest}"'
        )


refuse_older(numba.__version__)
