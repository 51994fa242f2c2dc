"""How far apart, or how alike, vectors are."""

from __future__ import annotations

from ..errors import ShapeError
from ..primitive import Value, broadcast, composite
from .elementwise import maximum
from .floats import in_floats
from .reduce import sum
from .statistics import norm
from .views import expand, unsqueeze

__all__ = ["cdist", "cosine_similarity"]


@composite((((2, 3), (2, 3)), {}), (((3, 2), (2,)), {"axis": -1}))
@in_floats
def cosine_similarity(a: Value, b: Value, axis: int = 1, eps: float = 1e-8) -> Value:
    """The cosine of the angle between a and b along `axis`; norms below `eps` count as eps."""
    shape = broadcast("cosine_similarity", a.shape, b.shape)
    a, b = expand(a, shape), expand(b, shape)
    lengths = maximum(norm(a, 2, axis), eps) * maximum(norm(b, 2, axis), eps)
    return sum(a * b, axis) / lengths


@composite((((2, 3), (3,)), {}))
@in_floats
def pairwise_distance(a: Value, b: Value, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False) -> Value:
    """The p-norm of a - b + eps over the last axis; eps keeps the gradient of equal vectors finite."""
    return norm(a - b + eps, p, -1, keepdims)


@composite((((2, 2), (3, 2)), {}), (((1, 2, 3), (2, 3)), {"p": 1.0}))
@in_floats
def cdist(a: Value, b: Value, p: float = 2.0, compute_mode: str | None = None) -> Value:
    """The p-norm distance of each row of a (..., P, M) from each row of b (..., R, M): (..., P, R).

    The gradient of a distance zero is taken as zero. `compute_mode`, PyTorch's choice of a routine, changes
    nothing here. ShapeError unless the rows are of one length.
    """
    if p < 0:
        raise ValueError(f"cdist: p must not be negative, not {p}")
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-1]:
        raise ShapeError(
            f"cdist: needs rows of one length, (..., P, M) and (..., R, M), not {a.shape} and {b.shape}"
        )
    return norm(unsqueeze(a, -2) - unsqueeze(b, -3), p, -1)
