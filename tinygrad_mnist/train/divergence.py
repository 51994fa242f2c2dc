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
    """Name the first layer, in order of computation, with parameters or activations that are not finite.

    Args:
        model: any module; it is run once, and left as it was.
        inputs: what it is run on.

    Returns:
        Such as "the weight of layer 2 (Linear)"; if all is finite, a sentence that says so.
    """
    found: list[str] = []
    watched = list(model.named_modules())
    for name, module in watched:
        vars(module)["forward"] = _watching(name or "the network", module, found)
    try:
        with no_grad(), np.errstate(over="ignore", invalid="ignore"):
            model(inputs)
    finally:
        for _, module in watched:
            del vars(module)["forward"]
    return found[0] if found else "nothing in the network: its outputs are finite, the cost of them is not"


def _watching(name: str, module: Module, found: list[str]) -> Callable[..., Any]:
    forward = module.forward
    layer = f"layer {name} ({type(module).__name__})"

    def watched(*args: Any, **kwargs: Any) -> Any:
        result = forward(*args, **kwargs)
        parts = {f"the {key} of {layer}": x for key, x in vars(module).items() if isinstance(x, Tensor)}
        parts[f"the activations of {layer}"] = result
        found.extend(part for part, x in parts.items() if not np.isfinite(np.asarray(x)).all())
        return result

    return watched
