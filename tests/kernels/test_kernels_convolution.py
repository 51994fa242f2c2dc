"""Convolutions and their derivatives: the sums they stand for, any geometry, same bits for any threads."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tinygrad_mnist.kernels import convolution, threads

dtypes = st.sampled_from([np.float32, np.float64])
GUARD = 100


def guarded(shape, dtype, seed=None):
    """A contiguous array of random numbers (without a seed: of NaN) with NaN before and behind it."""
    size = int(np.prod(shape))
    memory = np.full(size + 2 * GUARD, np.nan, dtype)
    x = memory[GUARD : GUARD + size].reshape(shape)
    if seed is not None:
        x[...] = np.random.default_rng(seed).standard_normal(shape)
    return x, memory


def patches(x, taps, stride, dilation):
    """(N, C, kh, kw, h, w): the element that each tap sees, in each place."""
    reach = [d * (k - 1) + 1 for k, d in zip(taps, dilation)]
    seen = np.lib.stride_tricks.sliding_window_view(x, reach, (2, 3))
    seen = seen[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    return seen.transpose(0, 1, 4, 5, 2, 3)


def expected(x, w, y, stride, dilation, groups):
    """What convolution, convolution_weight and convolution_input give, in float64."""
    x, w, y = (a.astype(np.float64) for a in (x, w, y))
    seen = patches(x, w.shape[2:], stride, dilation)
    seen = seen.reshape(len(x), groups, w.shape[1], *seen.shape[2:])
    w_g = w.reshape(groups, len(w) // groups, *w.shape[1:])
    y_g = y.reshape(len(x), groups, len(w) // groups, *y.shape[2:])
    forward = np.einsum("ngcijpq,gocij->ngopq", seen, w_g).reshape(y.shape)
    weight = np.einsum("ngcijpq,ngopq->gocij", seen, y_g).reshape(w.shape)
    spread = np.einsum("gocij,ngopq->ngcijpq", w_g, y_g).reshape(*x.shape[:2], *w.shape[2:], *y.shape[2:])
    back = np.zeros(x.shape)
    for i, j in np.ndindex(w.shape[2:]):
        rows, columns = (
            slice(k * d, k * d + (n - 1) * s + 1, s)
            for k, d, s, n in zip((i, j), dilation, stride, y.shape[2:])
        )
        back[:, :, rows, columns] += spread[:, :, i, j]
    return forward, weight, back


def check(found, wanted, dtype):
    assert found.dtype == dtype
    scale = max(1.0, np.abs(wanted).max(initial=0))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=200 * np.finfo(dtype).eps * scale)


@st.composite
def geometries(draw):
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    taps = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    stride, dilation, groups = draw(pairs), draw(pairs), draw(st.sampled_from([1, 1, 2, 3]))
    size = [d * (k - 1) + 1 + draw(st.integers(0, 20)) for k, d in zip(taps, dilation)]
    channels, outs = draw(st.integers(1, 5)), draw(st.integers(1, 18))
    return (
        (draw(st.integers(0, 3)), channels * groups, *size),
        (outs * groups, channels, *taps),
        (
            stride,
            dilation,
            groups,
        ),
    )


def compute(x, w, y, geometry):
    yield convolution.convolution(x, w, *geometry)
    yield convolution.convolution_weight(y, x, w.shape[2:], *geometry)
    yield convolution.convolution_input(y, w, x.shape[2:], *geometry)


@settings(deadline=None, max_examples=100)
@given(geometries(), dtypes)
def test_any_geometry_and_nothing_outside_is_touched(shapes, dtype):
    x_shape, w_shape, (stride, dilation, groups) = shapes
    y_shape = convolution.convolution(np.zeros(x_shape), np.zeros(w_shape), *shapes[2]).shape
    arrays = [guarded(shape, dtype, seed) for seed, shape in enumerate((x_shape, w_shape, y_shape))]
    wanted = expected(*(x for x, _ in arrays), stride, dilation, groups)
    kind = "single" if dtype == np.float32 else "double"
    for what, changed, right in ((0, 2, wanted[0]), (1, 1, wanted[1]), (2, 0, wanted[2])):
        operands = list(arrays)
        operands[changed] = guarded(right.shape, dtype)
        x, w, y = (a for a, _ in operands)
        assert getattr(convolution._part, kind)(what, x, w, y, 0, len(x), *stride, *dilation, groups) == 1
        check(operands[changed][0], right, dtype)
        memory = operands[changed][1]
        assert np.isnan(memory[:GUARD]).all()
        assert np.isnan(memory[-GUARD:]).all()


SHAPES = [((7, 8, 20, 21), (9, 8, 3, 3)), ((5, 9, 60, 61), (12, 9, 3, 3))]  # the second in blocks of rows


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("x_shape", "w_shape"), SHAPES)
def test_the_bits_do_not_depend_on_the_number_of_threads(x_shape, w_shape, dtype, monkeypatch):
    geometry = ((1, 1), (1, 1), 1)
    x, w = guarded(x_shape, dtype, 0)[0], guarded(w_shape, dtype, 1)[0]
    y = guarded((x_shape[0], w_shape[0], x_shape[2] - 2, x_shape[3] - 2), dtype, 2)[0]
    results = []
    for count in (1, 2, 3):
        monkeypatch.setattr(threads, "_most", count)
        results.append(list(compute(x, w, y, geometry)))
        for first, again in zip(results[0], results[-1]):
            np.testing.assert_array_equal(first, again)
    for found, wanted in zip(results[0], expected(x, w, y, *geometry)):
        check(found, wanted, dtype)


def test_any_layout():
    x, w = guarded((2, 3, 6, 7), np.float32, 0)[0], guarded((4, 3, 2, 2), np.float32, 1)[0]
    y = convolution.convolution(x, w, (1, 1), (1, 1), 1)
    turned = [a.T.copy().T for a in (x, w, y)]
    geometry = ((1, 1), (1, 1), 1)
    for a, b in zip(compute(x, w, y, geometry), compute(*turned, geometry), strict=True):
        np.testing.assert_array_equal(a, b)
