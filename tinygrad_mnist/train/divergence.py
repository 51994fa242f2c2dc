"""Finding where the numbers of a network stop being finite."""

from __future__ import annotations

import numpy as np

from ..core.modes import no_grad
from ..core.tensor import Tensor
from ..errors import TinygradMnistError
from ..nn import Module

__all__ = ["DivergenceError", "first_not_finite"]


class DivergenceError(TinygradMnistError, ArithmeticError):
    """The cost of training became infinite or not a number."""


def first_not_finite(model: Module, inputs: Tensor) -> str:
    """Say which layer, in order of computation, is the first with numbers that are not finite.

    Args:
        model: any module; it is run once, and left as it was.
        inputs: what it is run on, of the shape and dtype that the module takes.

    Returns:
        Such as "the weight of layer 2 (Linear) is not finite". If all is finite, so that only the
        cost of the outputs is not, where the activations are largest.
    """
    modules = dict(model.named_modules())
    with no_grad(), np.errstate(over="ignore", invalid="ignore"):
        results = model.trace(inputs)
    largest: dict[str, float] = {}
    for key, result in results.items():
        name = key.partition("#")[0]
        module = modules[name]
        layer = f"layer {name} ({type(module).__name__})" if name else "the network"
        parts = {f"the {part} of {layer}": x for part, x in vars(module).items() if isinstance(x, Tensor)}
        parts[f"the output of {layer}"] = result
        for part, x in parts.items():
            if not np.isfinite(np.asarray(x)).all():
                return f"{part} is not finite"
        largest[layer] = float(np.abs(np.asarray(result)).max())
    layer = max(largest, key=lambda name: largest[name])
    return f"all layers are still finite, with numbers up to {largest[layer]:.2g} from {layer}"
