"""Random programs over the operations, and the three ways to run one: eager, interpreted, compiled.

`python tests/compiler/random_programs.py 10000` runs that many interpreted, and every hundredth compiled.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import ops
from tinygrad_mnist.compiler import build, native, specialization
from tinygrad_mnist.compiler.share import Schedule
from tinygrad_mnist.compiler.text import Printer

UNARY = (
    ops.exp, ops.sigmoid, ops.tanh, ops.sin, ops.cos, ops.relu, ops.abs, ops.neg, ops.square, ops.erf,
    ops.softplus, ops.silu, ops.elu, lambda x: ops.log(x * x + 1.5), lambda x: ops.sqrt(ops.abs(x) + 0.5),
    lambda x: x * 0.5 - 1, lambda x: 1 / (x * x + 2), ops.stop_gradient,
)  # fmt: skip
BINARY = (ops.add, ops.sub, ops.mul, ops.maximum, ops.minimum, lambda a, b: ops.where(a > b, a, b * 0.5))
REDUCTIONS = (ops.sum, ops.mean, ops.amax, ops.amin, ops.logsumexp)


def random_program(seed: int) -> tuple[Callable[..., Any], list[tg.Tensor]]:
    """A function of Tensors to a Tensor, and arguments for it; the same for the same seed."""
    rng = np.random.default_rng(seed)
    dtype = np.float32 if rng.random() < 0.7 else np.float64
    count = rng.integers(1, 4)
    shapes = [tuple(int(n) for n in rng.integers(1, 5, rng.integers(0, 4))) for _ in range(count)]
    inputs = [tg.Tensor(rng.uniform(-1, 1, shape).astype(dtype)) for shape in shapes]
    choices = rng.integers(0, 2**31, 200)
    steps = int(rng.integers(1, 12))
    order = int(rng.integers(0, 3))

    def run(*args: Any) -> Any:
        values = list(args)
        draw = iter(choices)
        for _ in range(steps):
            values.append(_step(values, draw))
        return values[-1]

    def cost(*args: Any) -> Any:
        y = run(*args)
        return (y * y).mean() if y.numel() else y.sum()

    if order == 0:
        return run, inputs
    gradient = tg.grad(cost)
    if order == 1:
        return gradient, inputs
    return tg.grad(lambda *args: (gradient(*args) ** 2).sum()), inputs


def _step(values: list[Any], draw: Any) -> Any:
    x = values[next(draw) % len(values)]
    kind = next(draw) % 9
    if kind <= 1:
        return UNARY[next(draw) % len(UNARY)](x)
    if kind <= 3:
        fitting = [y for y in values if _broadcast(x.shape, y.shape)]
        return BINARY[next(draw) % len(BINARY)](x, fitting[next(draw) % len(fitting)])
    if kind == 4:
        axis = next(draw) % x.ndim if x.ndim and next(draw) % 3 else None
        y = REDUCTIONS[next(draw) % len(REDUCTIONS)](x, axis, keepdims=bool(next(draw) % 2))
        return getattr(y, "values", y)  # of max and min along an axis
    if kind == 5 and x.ndim >= 1:
        right = x if x.ndim == 1 else ops.transpose(x)
        return x @ right
    if kind == 6 and x.ndim >= 1:
        n = x.shape[0]
        at = np.arange(next(draw) % 4) * 7 % n
        return ops.take(x, at, 0) if len(at) else x[:1]
    if kind == 7 and x.ndim >= 1:
        return ops.softmax(x, -1)
    return _view(x, draw)


def _view(x: Any, draw: Any) -> Any:
    which = next(draw) % 6
    if which == 0:
        return ops.flatten(x)
    if which == 1:
        return ops.permute(x, tuple(reversed(range(x.ndim))))
    if which == 2 and x.ndim:
        return x[:: 1 + next(draw) % 2]
    if which == 3 and x.ndim:
        return ops.pad(x, [(1, 0)] * x.ndim, value=0.5)
    if which == 4 and x.ndim:
        return ops.flip(x, 0)
    return ops.unsqueeze(x, next(draw) % (x.ndim + 1))


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    shape = np.broadcast_shapes(a, b) if _compatible(a, b) else (1000,)
    return int(np.prod(shape)) <= 300


def _compatible(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1]))


def run_compiled(f: Callable[..., Any], args: list[tg.Tensor], interpret: bool) -> Any:
    """f(*args) through `tg.jit`; interpreted by Python instead of compiled by Numba if asked."""
    with interpreting(interpret):
        return tg.jit(f)(*args)


def _as_shown(source: str, arguments: Any, schedule: Schedule | None = None) -> Any:
    if schedule is not None and not schedule.shared:
        source = Printer(schedule, "a program", short=True).module()
    return build.interpreted(source, arguments)


@contextmanager
def interpreting(interpret: bool = True) -> Iterator[None]:
    """Within the block, programs are interpreted by Python, as `source` shows them, and not compiled."""
    with pytest.MonkeyPatch.context() as patch:
        if interpret:
            for module in (specialization, native):
                patch.setattr(module, "compiled", _as_shown)
        yield


def check(f: Callable[..., Any], args: list[tg.Tensor], interpret: bool, exact: bool = False) -> None:
    """Compiled and eager results agree: bit for bit, or up to the rounding of sums in another order."""
    expected, result = f(*args).numpy(), run_compiled(f, args, interpret).numpy()
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    if exact:
        np.testing.assert_array_equal(result, expected)
        return
    with np.errstate(invalid="ignore"):
        scale = np.abs(expected[np.isfinite(expected)]).max(initial=1.0)
    tolerance = 2e-4 if expected.dtype == np.float32 else 1e-11
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance * scale)


if __name__ == "__main__":
    count = int(sys.argv[1])
    with np.errstate(all="ignore"):
        for number in range(count):
            try:
                check(*random_program(number), interpret=True)
                if number % 100 == 0:
                    check(*random_program(number), interpret=False)
            except Exception as error:
                raise SystemExit(f"program {number}: {type(error).__name__}: {error}") from error
    print(f"{count} programs agree")
