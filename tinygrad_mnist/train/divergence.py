"""Finding where the numbers of a network stop being finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autodiff import no_grad
from ..errors import TinygradMnistError
from ..nn import Module
from ..tensor import Tensor


class DivergenceError(TinygradMnistError, ArithmeticError):
    """The cost of training became infinite or not a number."""


def first_not_finite(model: Module, inputs: Tensor) -> str:
    """Say which layer, in order of computation, is the first with numbers that are not finite.

    Args:
        model: any module; it is run once, and left as it was.
        inputs: what it is run on.

    Returns:
        Such as "the weight of layer 2 (Linear) is not finite". If all is finite, so that only the
        cost of the outputs is not, where the activations are largest.
    """
    found: list[str] = []
    largest: dict[str, float] = {}
    watched = list(model.named_modules())
    for name, module in watched:
        vars(module)["forward"] = _watching(name, module, found, largest)
    try:
        with no_grad(), np.errstate(over="ignore", invalid="ignore"):
            model(inputs)
    finally:
        for _, module in watched:
            del vars(module)["forward"]
    if found:
        return f"{found[0]} is not finite"
    layer = max(largest, key=lambda name: largest[name])
    return f"all layers are still finite, with numbers up to {largest[layer]:.2g} from {layer}"


def _watching(name: str, module: Module, found: list[str], largest: dict[str, float]) -> Callable[..., Any]:
    forward = module.forward
    layer = f"layer {name} ({type(module).__name__})" if name else "the network"

    def watched(*args: Any, **kwargs: Any) -> Any:
        result = forward(*args, **kwargs)
        parts = {f"the {key} of {layer}": x for key, x in vars(module).items() if isinstance(x, Tensor)}
        parts[f"the output of {layer}"] = result
        found.extend(part for part, x in parts.items() if not np.isfinite(np.asarray(x)).all())
        largest[layer] = float(np.abs(np.asarray(result)).max())
        return result

    return watched
