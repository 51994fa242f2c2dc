"""Integers and booleans, at the ends of their ranges, where the result is a float: that of the same numbers
as floats; and results that are integers have the dtype that PyTorch gives them."""

from __future__ import annotations

import inspect
import itertools
import math
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, ops
from tinygrad_mnist.errors import DTypeError
from tinygrad_mnist.kinds import Loop
from tinygrad_mnist.primitive import COMPOSITES, REGISTRY, Composite, result_dtype

sys.path.insert(0, str(Path(__file__).parents[1] / "compiler"))
from random_programs import check, run_compiled

Array = np.ndarray[Any, Any]
DTYPES = [np.dtype(t) for t in "?bBhHiIlL"]
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)

#: What has no meaning for booleans, as in PyTorch.
NOT_FOR_BOOL = {"sub", "neg", "sign", "frac", "fmod", "cross"}
#: Integer arithmetic, which wraps where the numbers leave the range, as in PyTorch.
WRAPPING = {"dot", "outer", "trace", "cumprod", "einsum", "tensordot", "kron", "bmm", "fold", "scatter_add"}
WRAPPING |= {
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "mm",
    "mv",
    "addmv",
    "addr",
    "baddbmm",
    "addbmm",
    "inner",
}
WRAPPING |= {"inner", "cross", "diff", "nansum"}
QUESTIONS = {"any", "all", "isnan", "isinf", "isfinite"}
QUESTIONS |= {"logical_not", "logical_and", "logical_or", "logical_xor", "bitwise_not"}


def numbers(shape: tuple[int, ...], dtype: np.dtype[Any], seed: int, *, ends: bool) -> Array:
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    info = np.iinfo(dtype)
    pool = [info.min, info.min + 1, 0, 1, 2, info.max // 2, info.max - 1, info.max] if ends else [0, 1, 2, 3]
    return np.array(pool, dtype)[rng.integers(0, len(pool), shape)]


def call(composite: Composite, options: dict[str, Any], xs: list[Any]) -> Any:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return composite.function(xs, **options) if composite.sequence else composite.function(*xs, **options)


def as_floats(f: Callable[[list[Any]], Any], xs: list[Array]) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(f([tg.Tensor(x.astype(np.float32)) for x in xs]).numpy())


CASES = [(name, i) for name, composite in COMPOSITES.items() for i in range(len(composite.cases))]


@dtypes
@pytest.mark.parametrize("ends", [False, True])
def test_composites(dtype: np.dtype[Any], ends: bool) -> None:
    for name, i in CASES:
        composite = COMPOSITES[name]
        shapes, options = composite.cases[i]
        xs = [numbers(shape, dtype, k, ends=ends) for k, shape in enumerate(shapes)]
        f = lambda xs, composite=composite, options=options: call(composite, options, xs)
        tensors = [tg.Tensor(x) for x in xs]
        if dtype.kind == "b" and name in NOT_FOR_BOOL:
            with pytest.raises(DTypeError, match="not defined for bool"):
                f(tensors)
            continue
        try:
            right = as_floats(f, xs)
        except (ValueError, IndexError):  # these numbers are no arguments of it, whatever their dtype
            continue
        found = f(tensors)
        if name in WRAPPING | QUESTIONS:
            continue
        if found.dtype.kind == "f":
            assert found.dtype == np.float32, name
            np.testing.assert_allclose(found.numpy(), right, rtol=1e-5, atol=1e-6, err_msg=f"{name} {xs}")
        elif right.dtype.kind == "f":
            assert found.dtype in (dtype, np.dtype(np.int64)), name
            if not ends:
                np.testing.assert_allclose(found.numpy(), right, err_msg=f"{name} {xs}")


@pytest.mark.parametrize("dtype", [np.dtype(t) for t in "?bBL"], ids=str)
def test_composites_in_programs(dtype: np.dtype[Any]) -> None:
    for name, composite in COMPOSITES.items():
        if dtype.kind == "b" and (name in NOT_FOR_BOOL or name in WRAPPING):
            continue
        if name in WRAPPING:  # products of integers are not for programs
            continue
        shapes, options = composite.cases[0]
        xs = [tg.Tensor(numbers(shape, dtype, k, ends=True)) for k, shape in enumerate(shapes)]
        try:
            eager = call(composite, options, xs)
        except (ValueError, IndexError):
            continue
        if eager.dtype.kind == "f":
            f = lambda *xs, c=composite, o=options: call(c, o, list(xs))
            with np.errstate(all="ignore"):
                check(f, xs, interpret=True)


FLOATS = [p for p in REGISTRY.values() if isinstance(p.kind, Loop) and p.name not in ("cast", "positions")]


@dtypes
@pytest.mark.parametrize("ends", [False, True])
def test_elementwise_primitives(dtype: np.dtype[Any], ends: bool) -> None:
    for primitive in FLOATS:
        xs = [numbers((50,), dtype, k, ends=ends) for k in range(primitive.arity)]
        if primitive.name == "where":
            xs[0] = xs[0].astype(bool)
        if (dtype.kind == "b" and primitive.name in NOT_FOR_BOOL) or primitive.name in ("round", "floor"):
            continue
        if primitive.name == "pow" and dtype.kind == "i":
            xs[1] = np.abs(xs[1] % 5)
        with np.errstate(all="ignore"):
            found = primitive.run(*xs)
            shape, expected = primitive.infer(*xs)
            assert (found.shape, found.dtype) == (shape, expected), primitive.name
            if expected.kind == "f":
                right = primitive.run(*(x.astype(np.float32) for x in xs))
                np.testing.assert_array_equal(found, right, err_msg=primitive.name)


#: Methods of one operand whose result is a float, and arguments.
METHODS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        ("mean", "var", "std", "norm", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid"), ()
    ),
    **dict.fromkeys(("sinh", "cosh", "asinh", "acosh", "atanh", "asin", "acos", "atan", "erf", "expm1"), ()),
    **dict.fromkeys(("log1p", "log2", "log10", "exp2", "rsqrt", "reciprocal", "tan", "sigmoid"), ()),
    **dict.fromkeys(("softmax", "log_softmax", "logsumexp", "softplus", "gelu", "silu"), ()),
}


@dtypes
@pytest.mark.parametrize("ends", [False, True])
def test_methods(dtype: np.dtype[Any], ends: bool) -> None:
    x = numbers((4, 5), dtype, 3, ends=ends)
    for name, args in METHODS.items():
        if not hasattr(tg.Tensor, name):
            continue
        needs_axis = {"softmax", "log_softmax", "logsumexp"}
        args = (-1,) if name in needs_axis else args
        f = lambda xs, name=name, args=args: getattr(xs[0], name)(*args)
        with np.errstate(all="ignore"):
            found = f([tg.Tensor(x)])
        assert found.dtype == np.float32, name
        np.testing.assert_allclose(found.numpy(), as_floats(f, [x]), rtol=1e-5, atol=1e-6, err_msg=name)


COSTS = {
    name: f
    for name, f in vars(nn.functional).items()
    if callable(f) and "target" in inspect.signature(f).parameters and "loss" in name
}


@dtypes
@pytest.mark.parametrize("target", ["floats", "same", "int64"])
def test_costs(dtype: np.dtype[Any], target: str) -> None:
    """Outputs that are integers are floats to a cost, and targets are not cut to them."""
    for name, cost in COSTS.items():
        names = list(inspect.signature(cost).parameters)
        before = names[: names.index("target")]
        if name in ("nll_loss", "multi_margin_loss", "multilabel_margin_loss", "ctc_loss"):
            continue  # targets are classes
        shape = (4,) if name == "cosine_embedding_loss" else (4, 3)
        xs = [numbers((4, 3), dtype, k, ends=True) for k in range(len(before))]
        t: Any = np.linspace(0.1, 0.9, math.prod(shape)).reshape(shape).astype(np.float32)
        t = t if target == "floats" else (t > 0.4).astype(dtype if target == "same" else np.int64)
        extra = {"var": tg.Tensor(np.full((4, 3), 0.5, np.float32))} if name == "gaussian_nll_loss" else {}
        f = lambda xs, cost=cost, t=t, extra=extra: cost(*xs, target=tg.Tensor(t), **extra)
        with np.errstate(all="ignore"):
            found = f([tg.Tensor(x) for x in xs])
            right = cost(
                *(tg.Tensor(x.astype(np.float32)) for x in xs),
                target=tg.Tensor(t.astype(np.float32)),
                **extra,
            )
        assert found.dtype == np.float32, name
        np.testing.assert_allclose(found.numpy(), right.numpy(), rtol=1e-5, err_msg=name)


@dtypes
def test_questions_in_programs(dtype: np.dtype[Any]) -> None:
    """Numbers outside the range of a dtype are smaller or larger than all in it, compiled too."""
    x = tg.Tensor(numbers((20,), dtype, 0, ends=True))
    if dtype.kind == "b":
        x = x.long()
    for limit in (-1, 0, 3, 255, 2**31, 2**63, -(2**63), 2**64 - 1):
        f = lambda x, limit=limit: (x > limit, x >= limit, x < limit, x <= limit, x == limit, x != limit)
        for eager, interpreted in zip(f(x), run_compiled(f, [x], True), strict=True):
            assert eager.tolist() == interpreted.tolist(), limit


def test_questions_compiled() -> None:
    for dtype in "BhlL":
        x = tg.Tensor(numbers((20,), np.dtype(dtype), 0, ends=True))
        f = lambda x: [q for n in (-1, 2**31, 2**63) for q in (x > n, x <= n, x == n)]
        for eager, compiled in zip(f(x), tg.jit(f)(x), strict=True):
            assert eager.tolist() == compiled.tolist()


def test_snippets() -> None:
    byte = tg.tensor([200, 200], dtype="uint8")
    assert byte.norm().item() == pytest.approx(282.8427)
    assert nn.mse_loss(tg.tensor([1, 0]), [0.6, 0.6]).item() == pytest.approx(0.26)
    assert tg.tensor([1], dtype="uint8").sinh().item() == pytest.approx(math.sinh(1))
    square = tg.tensor([[True, True], [True, True]])
    assert square.tril().dtype == square.triu().dtype == np.bool_
    assert square.tril().tolist() == [[True, False], [True, True]]


@dtypes
def test_what_floats_win(dtype: np.dtype[Any]) -> None:
    """Beside a float64 operand integers are float64; beside a float32 one float32."""
    x = numbers((2, 3), dtype, 0, ends=False)
    for other in (np.float32, np.float64):
        y = tg.Tensor(np.full((2, 3), 0.3, other))
        for f in (ops.lerp, nn.functional.cosine_similarity, nn.mse_loss):
            args = (y, 0.5) if f is ops.lerp else (y,)
            assert f(tg.Tensor(x), *args).dtype == other
        assert result_dtype(tg.Tensor(x), y) == other


def test_products_of_the_ends_are_exact_in_floats() -> None:
    """The mean of a thousand bytes, of numbers near 2^63, and of large negative ones."""
    for dtype, value in itertools.product("bBhHiIlL", ("min", "max")):
        end = getattr(np.iinfo(dtype), value)
        x = tg.Tensor(np.full(1000, end, dtype))
        assert x.mean().item() == pytest.approx(float(end), rel=1e-6)
        assert x.var().item() == pytest.approx(0, abs=abs(float(end)) * 1e-5)
