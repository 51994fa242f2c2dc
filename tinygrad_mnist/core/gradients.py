"""What becomes of a gradient in `grad`: added to and zeroed in place, so that whoever holds it sees it."""

from __future__ import annotations

from typing import Any

from .interpreter import interpreter


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
