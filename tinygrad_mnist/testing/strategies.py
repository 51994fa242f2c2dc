"""Hypothesis strategies for tensors, for shapes that fit each other, for modules and whole programs.

Examples:
    @given(mutually_broadcastable(2).flatmap(
        lambda shapes: st.tuples(*(tensors(np.float64, shape) for shape in shapes))
    ))
    def test_add_commutes(pair):
        a, b = pair
        assert np.array_equal(a + b, b + a)

    @given(programs(np.float32, smooth=False))
    def test_compiled_is_eager(program):
        np.testing.assert_allclose(tg.jit(program)(*program.inputs), program(*program.inputs), rtol=1e-4)

    @given(modules(3), tensors(np.float64, (4, 3)))
    def test_gradients_of_modules(module, x):
        check_module(module, x)
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import nn
from ..core.generator import Generator
from ..core.tensor import Tensor
from ..errors import MissingExtraError
from ..primitive import Shape, broadcast, check_dtype
from .programs import KINKED, SMOOTH, Program
from .samples import distinct

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as arrays_of
except ImportError as error:
    raise MissingExtraError(
        "tinygrad_mnist.testing.strategies needs Hypothesis: pip install 'tinygrad_mnist[test]'"
    ) from error

__all__ = ["modules", "mutually_broadcastable", "programs", "shapes", "shapes_by_signature", "tensors"]

_LARGEST = 100  # elements of a value in a random program


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


@st.composite
def programs(
    draw: st.DrawFn, dtype: Any = np.float64, smooth: bool = True, max_steps: int = 8, max_inputs: int = 3
) -> Program:
    """Random functions of Tensors, with inputs to call them on: what a compiler should agree on with eager.

    They shrink to few steps of simple operations on few small inputs, and show themselves as source.

    Args:
        dtype: of the inputs, float32 or float64; they have no two elements close to each other.
        smooth: leave out operations with kinks, such as relu.
        max_steps, max_inputs: limits.
    """
    given = draw(st.lists(shapes(0, 3, 1, 3), min_size=1, max_size=max_inputs))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    inputs = [Tensor(x, dtype) for x in distinct(given, (-1.0, 1.0), rng)]
    program, values = Program(inputs, []), list(inputs)
    for template in draw(
        st.lists(st.sampled_from(SMOOTH if smooth else SMOOTH + KINKED), max_size=max_steps)
    ):
        first = len(values) - 1 - draw(st.integers(0, len(values) - 1))
        fitting = [i for i, x in enumerate(values) if _fits(values[first].shape, x.shape)]
        second = draw(st.sampled_from(fitting)) if "{1}" in template else first
        step = template.format(program.values[first], program.values[second])
        longer = Program(inputs, [*program.steps, step])
        try:
            value = longer(*inputs)
        except (ValueError, IndexError, TypeError):  # not for this shape, such as an axis of a scalar
            continue
        if 0 < value.numel() <= _LARGEST:
            program, values = longer, [*values, value]
    return program


def _fits(a: Shape, b: Shape) -> bool:
    try:
        return bool(np.prod(broadcast("", a, b)) <= _LARGEST)
    except ValueError:
        return False


@st.composite
def modules(
    draw: st.DrawFn, n_in: int, smooth: bool = True, max_layers: int = 4, max_width: int = 4
) -> nn.Sequential:
    """Small networks with an input of shape (..., n_in), their weights drawn; Sequential may hold another.

    Args:
        n_in: length of the input's last axis.
        smooth: leave out activations with kinks.
        max_layers, max_width: limits.
    """
    generator = Generator(draw(st.integers(0, 99)))
    smooth_ones: list[Any] = [nn.Tanh, nn.Sigmoid, nn.SiLU, nn.GELU, partial(nn.Softmax, dim=-1)]
    kinds: list[Any] = [nn.Linear, *smooth_ones, *([] if smooth else [nn.ReLU, nn.ELU])]
    layers: list[nn.Module] = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=max_layers)):
        if kind is nn.Linear:
            n_out = draw(st.integers(1, max_width))
            layers.append(nn.Linear(n_in, n_out, bias=draw(st.booleans()), generator=generator))
            n_in = n_out
        else:
            layers.append(kind())
        if len(layers) > 1 and draw(st.booleans()):
            layers = [nn.Sequential(*layers)]
    return nn.Sequential(*layers)


_any_shape = shapes


def _elements(dtype: np.dtype[Any]) -> st.SearchStrategy[Any]:
    if dtype.kind == "f":
        return st.floats(-10, 10, width=32 if dtype.itemsize == 4 else 64)
    if dtype.kind == "b":
        return st.booleans()
    return st.integers(0 if dtype.kind == "u" else -10, 10)
