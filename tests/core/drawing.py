"""What several test files draw: arrays in every layout, and axes of a shape."""

import numpy as np
from hypothesis import settings, strategies as st
from hypothesis.extra import numpy as arrays_of

from tinygrad_mnist.core.tensor import wrap
from tinygrad_mnist.testing.samples import distinct, layouts


def examples(times):
    """So many times as many examples as usual."""
    return settings(max_examples=round(times * settings().max_examples))


MODERATE = st.floats(-10, 10, width=32)


@st.composite
def laid_out(draw, array):
    """`array` as a Tensor: contiguous, strided, reversed or column-major."""
    return wrap(list(layouts(array))[draw(st.integers(0, 3))])


@st.composite
def tensors_of(draw, shapes, dtype=np.float64, elements=MODERATE):
    """A Tensor in any layout for each of the shapes (a strategy of tuples of shapes)."""
    return [draw(laid_out(draw(arrays_of.arrays(dtype, shape, elements=elements)))) for shape in draw(shapes)]


@st.composite
def in_both_dtypes(draw, shapes, elements):
    """float32 Tensors in any layout for each of the shapes, and the same as float64 Tensors."""
    arrays = [draw(arrays_of.arrays(np.float32, shape, elements=elements)) for shape in draw(shapes)]
    which = [draw(st.integers(0, 3)) for _ in arrays]
    return [
        [wrap(list(layouts(x.astype(dtype)))[i]) for x, i in zip(arrays, which, strict=True)]
        for dtype in (np.float32, np.float64)
    ]


@st.composite
def distinct_tensors(draw, shapes, domain=(-3.0, 3.0)):
    """float64 Tensors in any layout, without ties among all their elements."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    return [draw(laid_out(x)) for x in distinct(draw(shapes), domain, rng)]


@st.composite
def axes_of(draw, ndim):
    """None, an axis or a tuple of axes, counted from either end."""
    if ndim == 0 or draw(st.booleans()):
        return None
    axes = draw(st.lists(st.integers(0, ndim - 1), unique=True, max_size=ndim))
    signed = tuple(a - ndim if draw(st.booleans()) else a for a in axes)
    return signed[0] if len(signed) == 1 and draw(st.booleans()) else signed
