"""Weights as a length times a direction (Salimans and Kingma 2016, "Weight normalization")."""

from __future__ import annotations

from typing import Any, TypeVar

from ... import ops
from ...core.tensor import Tensor
from ..module import Module
from ..parameter import Parameter

M = TypeVar("M", bound=Module)


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Replace a parameter w by `name`_g and `name`_v with w = g v / |v|; returns the module.

    The norm is over all axes but `dim` (None: over all). ValueError if there is no such parameter.
    """
    w = module._parameters.get(name)
    if w is None:
        raise ValueError(f"weight_norm: {type(module).__name__} has no parameter {name!r}")
    if hasattr(module, f"{name}_g"):
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(_norm(w, dim)))
    module.register_parameter(f"{name}_v", Parameter(w))
    plain = type(module)

    def weight(self: Any) -> Any:
        g, v = vars(self)[f"{name}_g"], vars(self)[f"{name}_v"]
        return v * (g / _norm(v, dim))

    module.__class__ = type(plain.__name__, (plain,), {name: property(weight), "_plain": (plain, name)})
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make a weight of `weight_norm` an ordinary parameter again; returns the module."""
    plain, normed = getattr(type(module), "_plain", (None, None))
    if normed != name:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    w = Parameter(getattr(module, name))
    delattr(module, f"{name}_g")
    delattr(module, f"{name}_v")
    module.__class__ = plain  # type: ignore[assignment]
    module.register_parameter(name, w)
    return module


def _norm(v: Tensor, dim: int | None) -> Tensor:
    axes = tuple(i for i in range(v.ndim) if dim is None or i != dim % v.ndim)
    norm: Tensor = ops.sqrt(ops.sum(v * v, axes, dim is not None))
    return norm
