"""A short run of `fuzz_changes.py`; an hour of it is a command."""

import os
import warnings

import numpy as np
import pytest
from fuzz_changes import one, threads

_FUNCTIONS = int(os.environ.get("FUZZ_FUNCTIONS", "6"))


@pytest.mark.parametrize("seed", range(_FUNCTIONS))
def test_changes_between_calls(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's own: of setting strides and dtypes
        one(np.random.default_rng((0, seed)), rounds=4)


def test_positions_and_labels_that_another_thread_changes() -> None:
    assert threads(0.3) > 0
