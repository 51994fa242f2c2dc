"""What becomes of a gradient in `grad`: added to and zeroed in place, so that whoever holds it sees it."""

from __future__ import annotations

from typing import Any

from ..errors import GraphError
from .interpreter import interpreter
from .tape import Node


def as_inputs(given: Any) -> list[Node]:
    """What `backward` is told to leave gradients in. GraphError for nothing, or what requires none."""
    inputs = [given] if isinstance(given, Node) else list(given)
    if not inputs:
        raise GraphError("backward: `inputs` argument to `backward()` cannot be empty")
    for x in inputs:
        if not isinstance(x, Node) or not x.requires_grad:
            raise GraphError("backward: one of `inputs` does not require a gradient")
    return inputs


def with_added(grad: Any, g: Any, recorded: bool) -> Any:
    """The gradient with another added: the same Tensor, unless the sum is `recorded`, as in PyTorch."""
    if recorded or grad.is_view:
        return grad + g
    return grad.assign_(grad + g) if grad.primitive is None else grad.add_(g)


def zeroed(x: Any, set_to_none: bool) -> Any:
    """What `zero_grad` leaves as the gradient of x."""
    grad = x.grad
    if set_to_none or grad is None:
        return None
    current = interpreter.get()
    zeros = grad.wrapped(current.fill(0.0, grad.shape, grad.dtype))
    if current.symbolic or grad.is_view or grad.primitive is not None:
        return zeros
    return grad.assign_(zeros)
