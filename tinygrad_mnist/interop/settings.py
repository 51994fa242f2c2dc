"""Of which kind the settings of an estimator are: scikit-learn's own estimators refuse the same."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np

_WHOLE = ("max_iter", "max_fun")
_FINITE = (
    "learning_rate_init", "epsilon", "alpha", "tol", "power_t", "momentum", "beta_1", "beta_2", "dropout",
    "validation_fraction",
)  # fmt: skip
_SWITCHES = ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping")


def is_whole(x: Any) -> bool:
    """Whether something is an integer, and not True or False."""
    return isinstance(x, Integral) and not isinstance(x, bool)


def check_kinds(estimator: Any) -> None:
    """ValueError, naming the setting, for one not of its kind; True counts as 1, as in scikit-learn."""
    for name in _WHOLE:
        _refuse(estimator, name, isinstance(getattr(estimator, name), Integral), "an integer > 0")
    for name in _FINITE:
        x = getattr(estimator, name)
        _refuse(estimator, name, isinstance(x, Real) and math.isfinite(x), "a finite number")
    for name in _SWITCHES:
        _refuse(estimator, name, isinstance(getattr(estimator, name), bool | np.bool_), "True or False")
    patience, size, verbose = estimator.n_iter_no_change, estimator.batch_size, estimator.verbose
    forever = isinstance(patience, float) and patience == math.inf
    _refuse(
        estimator,
        "n_iter_no_change",
        isinstance(patience, Integral) or forever,
        "an integer > 0, or infinity",
    )
    named = isinstance(size, str) and size == "auto"
    _refuse(estimator, "batch_size", named or isinstance(size, Integral), "'auto' or an integer >= 1")
    known = isinstance(verbose, np.bool_) or (isinstance(verbose, Integral) and int(verbose) >= 0)
    _refuse(estimator, "verbose", known, "True, False or an integer >= 0")


def _refuse(estimator: Any, name: str, fits: bool, what: str) -> None:
    if not fits:
        raise ValueError(f"{name} must be {what}, got {getattr(estimator, name)!r}")
