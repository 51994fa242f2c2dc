"""Hypothesis strategies for tensors and for shapes that fit each other.

Example:
    @given(mutually_broadcastable(2).flatmap(
        lambda shapes: st.tuples(*(tensors(np.float64, shape) for shape in shapes))
    ))
    def test_add_commutes(pair):
        a, b = pair
        assert np.array_equal(a + b, b + a)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import MissingExtraError
from ..primitive import Shape, check_dtype
from ..tensor import Tensor

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as arrays_of
except ImportError as error:
    raise MissingExtraError(
        "tinygrad_mnist.testing.strategies needs Hypothesis: pip install 'tinygrad_mnist[test]'"
    ) from error

__all__ = ["mutually_broadcastable", "shapes", "shapes_by_signature", "tensors"]


def shapes(
    min_axes: int = 0, max_axes: int = 3, min_length: int = 0, max_length: int = 4
) -> st.SearchStrategy[Shape]:
    """Shapes; axes of length 0 and 1 among them."""
    return arrays_of.array_shapes(
        min_dims=min_axes, max_dims=max_axes, min_side=min_length, max_side=max_length
    )


def mutually_broadcastable(
    count: int, max_axes: int = 3, min_length: int = 0, max_length: int = 4
) -> st.SearchStrategy[tuple[Shape, ...]]:
    """`count` shapes that broadcast with one another."""
    return arrays_of.mutually_broadcastable_shapes(
        num_shapes=count, max_dims=max_axes, min_side=min_length, max_side=max_length
    ).map(lambda found: found.input_shapes)


def shapes_by_signature(
    signature: str = "(n?,k),(k,m?)->(n?,m?)", max_axes: int = 2, min_length: int = 0, max_length: int = 4
) -> st.SearchStrategy[tuple[Shape, ...]]:
    """Operand shapes for a signature, with up to `max_axes` more axes in front that broadcast.

    In a signature equal letters are equal lengths, and an axis with a question mark may be
    missing. The default is that of matmul.
    """
    return arrays_of.mutually_broadcastable_shapes(
        signature=signature, max_dims=max_axes, min_side=min_length, max_side=max_length
    ).map(lambda found: found.input_shapes)


def tensors(
    dtype: Any = np.float32,
    shapes: Shape | st.SearchStrategy[Shape] | None = None,
    elements: st.SearchStrategy[Any] | None = None,
    requires_grad: bool = False,
) -> st.SearchStrategy[Tensor]:
    """Tensors.

    Args:
        dtype: of the elements.
        shapes: a shape or a strategy of them; None for `shapes()`.
        elements: a strategy of numbers; None for numbers from -10 to 10 (0 to 10 if unsigned), or bools.
        requires_grad: whether they ask for gradients.
    """
    chosen = check_dtype(dtype)
    arrays = arrays_of.arrays(
        chosen,
        _any_shape() if shapes is None else shapes,
        elements=_elements(chosen) if elements is None else elements,
    )
    return arrays.map(lambda array: Tensor(array, requires_grad=requires_grad))


_any_shape = shapes


def _elements(dtype: np.dtype[Any]) -> st.SearchStrategy[Any]:
    if dtype.kind == "f":
        return st.floats(-10, 10, width=32 if dtype.itemsize == 4 else 64)
    if dtype.kind == "b":
        return st.booleans()
    return st.integers(0 if dtype.kind == "u" else -10, 10)
