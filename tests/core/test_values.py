"""Values against NumPy, whatever the shapes, layouts and numbers."""

import math

import numpy as np
import pytest
from drawing import MODERATE, axes_of, examples, in_both_dtypes, laid_out, tensors_of
from hypothesis import assume, given, strategies as st
from hypothesis.extra import numpy as arrays_of

import tinygrad_mnist as tg
from tinygrad_mnist import ops
from tinygrad_mnist.testing.strategies import mutually_broadcastable, shapes, shapes_by_signature

BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "pow": np.power,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
UNARY = {
    "neg": np.negative,
    "abs": np.absolute,
    "sign": np.sign,
    "relu": lambda x: np.maximum(x, 0),
    "sqrt": np.sqrt,
    "square": np.square,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sigmoid": lambda x: np.exp(-np.logaddexp(0, -x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "erf": np.vectorize(math.erf, otypes=[np.float64]),
    "silu": lambda x: x * np.exp(-np.logaddexp(0, -x)),
    "gelu": lambda x: x * np.vectorize(math.erfc, otypes=[np.float64])(-x / math.sqrt(2)) / 2,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
}
#: Relative error allowed where the reference is not computed as the operation is.
LOOSE = {"sigmoid": 1e-12, "silu": 1e-12, "gelu": 1e-3, "softplus": 1e-12}
ANY_FLOAT = st.floats(width=32)


def assert_close(found, expected, dtype, rtol=0.0, name="", times=1.0):
    """Equal but for a few units in the last place of `dtype`, NaNs and infinities included.

    Near zero these are steps of the smallest number, as many `times` as what is so small is multiplied by.
    """
    __tracebackhide__ = True
    limits = np.finfo(dtype)
    assert found.shape == np.shape(expected)
    assert found.dtype == dtype
    found = np.asarray(found, np.float64)
    expected = np.asarray(expected).astype(dtype).astype(np.float64)
    near = 4 * limits.smallest_subnormal * times
    close = np.isclose(found, expected, max(rtol, 4 * limits.eps), near, equal_nan=True)
    assert close.all(), (name, found[~close], expected[~close])


@examples(2)
@given(in_both_dtypes(mutually_broadcastable(2), ANY_FLOAT))
def test_operations_of_two(pairs):
    for pair in pairs:
        dtype = pair[0].dtype
        wide = [np.asarray(x, np.float64) for x in pair]
        for name, reference in BINARY.items():
            with np.errstate(all="ignore"):
                found = getattr(ops, name)(*pair)
                expected = reference(*(wide if name == "pow" else map(np.asarray, pair)))
                if expected.dtype == bool:
                    assert np.array_equal(found, expected), name
                    assert found.dtype == np.bool_
                else:
                    assert_close(found, expected, dtype, name=name)


@examples(2)
@given(in_both_dtypes(st.tuples(shapes()), ANY_FLOAT))
def test_functions_of_one(each):
    for (x,) in each:
        wide = np.asarray(x, np.float64)
        for name, reference in UNARY.items():
            counts = np.ones(x.shape, bool)
            if name in ("silu", "gelu"):
                counts = wide != -math.inf  # -inf * 0
            if name == "gelu":  # 1 + erf(x) loses what erfc(-x) keeps
                counts &= ~(wide < -3)
            with np.errstate(all="ignore"):
                found, expected = getattr(ops, name)(x), reference(wide)
                assert found.shape == x.shape
                small = name == "silu" and (wide[counts] < 0)  # x times a sigmoid, which may be that small
                times = np.where(small, np.fmax(1, -wide[counts]), 1.0)
                loose = LOOSE.get(name, 0.0)
                assert_close(found.numpy()[counts], expected[counts], x.dtype, loose, name, times)


@given(tensors_of(mutually_broadcastable(3)))
def test_where(three):
    c, a, b = three
    expected = np.where(np.asarray(c) > 0, a, b)
    assert np.array_equal(tg.where(c > 0, a, b), expected)


@given(tensors_of(shapes_by_signature(max_axes=2)), st.sampled_from([np.float32, np.float64]))
def test_matmul(pair, dtype):
    a, b = (x.to(dtype) for x in pair)
    expected = np.matmul(np.asarray(a, np.float64), np.asarray(b, np.float64))
    found = a @ b
    assert found.dtype == dtype
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=100 * 10 * np.finfo(dtype).eps)


@given(tensors_of(shapes_by_signature("(m?,k),(n,k),(n)->(m?,n)", max_axes=0)))
def test_linear(operands):
    x, w, b = operands
    np.testing.assert_allclose(ops.linear(x, w, b), np.asarray(x) @ np.asarray(w).T + b, atol=1e-12)


# Reductions ---------------------------------------------------------------------------------------

REDUCTIONS = {
    "sum": np.sum,
    "prod": np.prod,
    "mean": np.mean,
    "amax": np.max,
    "amin": np.min,
    "var": lambda x, axis, keepdims: np.var(x, axis, keepdims=keepdims, ddof=1),
    "std": lambda x, axis, keepdims: np.std(x, axis, keepdims=keepdims, ddof=1),
    "norm": lambda x, axis, keepdims: np.sqrt(np.sum(x * x, axis, keepdims=keepdims)),
    "logsumexp": lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis, keepdims=keepdims)),
}


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@examples(2)
@given(st.data(), in_both_dtypes(st.tuples(shapes()), MODERATE))
def test_reductions(data, each):
    (x,) = each[0]
    axis, keepdims = data.draw(axes_of(x.ndim)), data.draw(st.booleans())
    reduced = np.sum(np.ones(x.shape), axis)  # how many elements go into each result
    for name, reference in REDUCTIONS.items():
        if reduced.size and not reduced.min() and name not in ("sum", "prod", "mean", "var", "norm"):
            continue
        if x.numel() == 0 and name in ("amax", "amin", "logsumexp"):
            continue
        for (x,) in each:
            with np.errstate(all="ignore"):
                found = getattr(x, name)(axis=axis, keepdims=keepdims)
                expected = reference(np.asarray(x, np.float64), axis, keepdims=keepdims)
            assert found.dtype == x.dtype
            assert found.shape == np.shape(expected)
            tolerance = 2000 * np.finfo(x.dtype).eps
            scale = 1 + np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale, err_msg=name)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions_of_extremes(name):
    @given(st.data(), tensors_of(st.tuples(shapes(1, 3, 1)), np.float32, st.sampled_from([0.0, 1.0, 2.0])))
    def check(data, one):
        (x,) = one
        axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
        keepdims = data.draw(st.booleans())
        expected = getattr(np, name)(np.asarray(x), axis, keepdims=keepdims)
        found = getattr(x, name)(axis, keepdims)
        assert found.dtype == np.int64
        assert np.array_equal(found, expected)

    check()


def test_sums_of_integers_and_booleans_are_int64():
    assert tg.tensor([200, 100]).to(np.uint8).sum().item() == 300
    assert tg.tensor([True, True]).sum().dtype == np.int64
    assert tg.tensor([1, 2]).mean().dtype == np.float32


def test_reductions_of_nothing():
    empty = tg.zeros((0, 3))
    assert np.array_equal(empty.sum(0), np.zeros(3))
    assert np.array_equal(empty.prod(0), np.ones(3))
    assert np.isnan(empty.mean(0).numpy()).all()
    assert np.isnan(tg.ones(1).var().numpy())


@given(tensors_of(st.tuples(shapes(1, 3, 1))), st.data())
def test_softmax(one, data):
    (x,) = one
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    e = np.exp(np.asarray(x))
    expected = e / e.sum(axis, keepdims=True)
    np.testing.assert_allclose(x.softmax(axis), expected, rtol=1e-12)
    np.testing.assert_allclose(x.log_softmax(axis), np.log(expected), rtol=1e-12, atol=1e-12)


@given(tensors_of(st.tuples(shapes())), st.sampled_from([1, 2, 3, 0.5, math.inf]))
def test_norm_orders(one, order):
    (x,) = one
    assume(x.numel())
    expected = np.linalg.norm(np.asarray(x).ravel(), order)
    np.testing.assert_allclose(x.norm(order), expected, rtol=1e-10, atol=1e-10)


# Views and joins ----------------------------------------------------------------------------------

ANY = tensors_of(st.tuples(shapes()))


@given(ANY, st.data())
def test_views(one, data):
    (x,) = one
    a = np.asarray(x)
    order = data.draw(st.permutations(range(x.ndim)))
    signed = [i - x.ndim if data.draw(st.booleans()) else i for i in order]
    assert np.array_equal(x.permute(*signed), a.transpose(order))
    assert np.array_equal(x.T, a.T)
    axis = data.draw(axes_of(x.ndim))
    assert np.array_equal(x.flip(axis), np.flip(a, axis))
    ones = tuple(i for i, n in enumerate(a.shape) if n == 1)
    assert np.array_equal(x.squeeze(), np.squeeze(a, ones))
    at = data.draw(st.integers(-x.ndim - 1, x.ndim))
    assert np.array_equal(x.unsqueeze(at), np.expand_dims(a, at))
    assert np.array_equal(x.flatten(), a.reshape(-1))
    widths = [(data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))) for _ in a.shape]
    assert np.array_equal(x.pad(widths, value=1.5), np.pad(a, widths, constant_values=1.5) if x.ndim else a)


@given(arrays_of.arrays(np.float64, shapes(1, 3, 1)), st.data())
def test_reshape(array, data):
    x = data.draw(laid_out(array))
    sizes = data.draw(st.permutations(x.shape))
    assert np.array_equal(x.reshape(*sizes), array.reshape(sizes), equal_nan=True)
    i = data.draw(st.integers(0, x.ndim - 1))
    assert x.reshape([*sizes[:i], -1, *sizes[i + 1 :]]).shape == tuple(sizes)


@given(mutually_broadcastable(2), st.data())
def test_expand(pair, data):
    shape = np.broadcast_shapes(*pair)
    (x,) = data.draw(tensors_of(st.just(pair[:1])))
    assert np.array_equal(x.expand(shape), np.broadcast_to(np.asarray(x), shape))


@given(shapes(1, 3), st.integers(1, 5), st.data())
def test_joining_and_splitting(shape, count, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    others = [data.draw(st.integers(0, 3)) for _ in range(count)]
    parts = [tuple(n if i == axis % len(shape) else m for i, m in enumerate(shape)) for n in others]
    xs = data.draw(tensors_of(st.just(tuple(parts)), elements=ANY_FLOAT))
    arrays = [np.asarray(x) for x in xs]
    joined = tg.concatenate(xs, axis)
    assert np.array_equal(joined, np.concatenate(arrays, axis), equal_nan=True)
    assert np.array_equal(np.signbit(joined.numpy()), np.signbit(np.concatenate(arrays, axis)))
    for found, original in zip(joined.split(others, axis), arrays, strict=True):
        assert np.array_equal(found, original, equal_nan=True)
    at = data.draw(st.integers(-len(shape) - 1, len(shape)))
    same = [xs[0], xs[0], xs[0]]
    assert np.array_equal(tg.stack(same, at), np.stack([arrays[0]] * 3, at), equal_nan=True)


def test_split_into_equal_pieces():
    pieces = tg.arange(7).split(3)
    assert [p.tolist() for p in pieces] == [[0, 1, 2], [3, 4, 5], [6]]


@given(tensors_of(st.tuples(shapes(2, 3))), st.integers(-4, 4))
def test_triangles(one, diagonal):
    (x,) = one
    assert np.array_equal(x.tril(diagonal), np.tril(np.asarray(x), diagonal))
    assert np.array_equal(x.triu(diagonal), np.triu(np.asarray(x), diagonal))


def test_triangles_of_integers_stay_integers():
    assert tg.arange(9).reshape(3, 3).tril().dtype == np.int64


@given(tensors_of(st.tuples(shapes()), elements=ANY_FLOAT), st.floats(-1, 0), st.floats(0, 1))
def test_clamp(one, low, high):
    (x,) = one
    a = np.asarray(x)
    assert np.array_equal(x.clamp(low, high), np.clip(a, low, high), equal_nan=True)
    assert np.array_equal(x.clamp(min=low), np.clip(a, low, None), equal_nan=True)
    assert np.array_equal(x.clamp(max=high), np.clip(a, None, high), equal_nan=True)


def test_vectors():
    a, b = tg.tensor([1.0, 2.0, 3.0]), tg.tensor([4.0, 5.0, 6.0])
    assert a.dot(b).item() == 32
    assert np.array_equal(a.outer(b), np.outer(a, b))


def test_one_hot():
    assert np.array_equal(tg.one_hot(tg.tensor([[2, 0]]), 3), [[[0, 0, 1], [1, 0, 0]]])
    assert tg.one_hot(np.array([], np.int64), 3).shape == (0, 3)


def test_dropout_keeps_the_mean():
    x = tg.ones((200, 200))
    y = ops.dropout(x, 0.25, tg.Generator(0)).numpy()
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.75)}
    assert y.mean() == pytest.approx(1, abs=0.01)


def test_operators_and_their_reflections():
    x, a = tg.tensor([1.0, 2.0]), np.array([1.0, 2.0], np.float32)
    for found, expected in [
        (3 + x, 3 + a),
        (3 - x, 3 - a),
        (3 * x, 3 * a),
        (3 / x, 3 / a),
        (3**x, 3**a),
        (x**3, a**3),
        (x**2, a**2),
        (x - 3, a - 3),
        (x / 4, a / 4),
        (-x, -a),
        (+x, a),
        (abs(-x), a),
        (a + x, a + a),
        (a - x, a - a),
        (a * x, a * a),
        (a / x, a / a),
        (a @ x, a @ a),
        (x @ a, a @ a),
        (x > 1, a > 1),
        (x <= 1, a <= 1),
        (x == 2, a == 2),
        (a != x, a != a),
    ]:
        assert isinstance(found, tg.Tensor)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert found.dtype == expected.dtype
