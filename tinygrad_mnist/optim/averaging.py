"""Averages of the weights along the way, which often read unseen data better than the last ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.tape import set_recording
from ..core.tensor import Tensor
from ..errors import DataError
from ..primitive import Array

__all__ = ["EMA"]


class EMA:
    """Exponential moving averages of parameters: `decay` of the old average and 1 - decay of the new value.

    Call `update` after each step of the optimiser, in a compiled function too, and evaluate
    inside `with ema.applied():`.

    Args:
        params: Tensors of any shape and a float dtype (a generator will do), as for an optimiser.
        decay: from 0 up to 1; about 1 - 1 / (steps to average over).

    Attributes:
        averages: the averages as Tensors, in the order of the parameters; at first copies of them.

    Raises ValueError for a decay outside 0 .. 1, or no parameters.
    """

    def __init__(self, params: Iterable[Tensor], decay: float = 0.999) -> None:
        if not 0 <= decay <= 1:
            raise ValueError(f"EMA: decay must be from 0 to 1, not {decay}")
        self.params, self.decay = list(params), decay
        if not self.params:
            raise ValueError("EMA: there are no parameters (a generator of them can be used only once)")
        self.averages = [Tensor(p) for p in self.params]

    def update(self) -> None:
        """Let the averages follow the parameters by one step."""
        with set_recording(False):
            for average, p in zip(self.averages, self.params, strict=True):
                average.assign_(average + (p - average) * (1 - self.decay))

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block the parameters are the averages; afterwards they are themselves again."""
        own = [Tensor(p) for p in self.params]
        for p, average in zip(self.params, self.averages, strict=True):
            p.assign_(average)
        try:
            yield
        finally:
            for p, value in zip(self.params, own, strict=True):
                p.assign_(value)

    def state_dict(self) -> dict[str, Array]:
        """Copies of the averages, by the place of their parameter: "0", "1", ..."""
        return {str(i): np.array(average.numpy()) for i, average in enumerate(self.averages)}

    def load_state_dict(self, values: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`; DataError, before any change, if it does not fit."""
        shapes = {str(i): average.shape for i, average in enumerate(self.averages)}
        given = {name: np.shape(value) for name, value in values.items()}
        if given != shapes:
            raise DataError(f"load_state_dict: averages of shapes {given} do not fit this EMA's {shapes}")
        for name, average in zip(shapes, self.averages, strict=True):
            average.assign_(np.asarray(values[name]))
