"""TINYGRAD_MNIST_CHECK=1: calls of programs, whose arrays are compared with what was compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import OutOfBoundsError
from ..kernels.checking import OUTSIDE

_BY_NUMBA = "index is out of bounds"


def checked(run: Callable[..., Any], signature: Sequence[Any]) -> Callable[..., Any]:
    """A program that raises OutOfBoundsError where it, or who calls it, would leave an array.

    `signature` holds Numba's types: of integers, and of contiguous, aligned arrays.
    """

    def call(*args: Any) -> Any:
        if len(args) != len(signature):
            raise OutOfBoundsError(f"a program of {len(signature)} arguments was called with {len(args)}")
        for at, (x, kind) in enumerate(zip(args, signature, strict=True)):
            if hasattr(kind, "ndim"):
                _check_array(at, x, kind)
        try:
            return run(*args)
        except IndexError as error:
            if str(error) in (_BY_NUMBA, OUTSIDE):
                raise OutOfBoundsError(f"a program was about to leave an array: {error}") from None
            raise

    return call


def _check_array(at: int, x: Any, kind: Any) -> None:
    fits = isinstance(x, np.ndarray) and x.ndim == kind.ndim and str(x.dtype) == str(kind.dtype)
    if not fits or not (x.flags.c_contiguous and x.flags.aligned):
        raise OutOfBoundsError(f"argument {at} of a program is no contiguous, aligned {kind}: {x!r}")
