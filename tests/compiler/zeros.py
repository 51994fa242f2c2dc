"""Random programs whose inputs are mostly zeros, and the rule that they follow.

A zero of an input contributes nothing, to a product as to a gradient, also where it meets infinity or NaN.
`python tests/compiler/zeros.py 10000` runs that many, interpreted, and every hundredth compiled.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from random_programs import interpreting

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.compiler import keeping, runner

Array = np.ndarray[Any, Any]


class Case(NamedTuple):
    """A step as a function for `tg.jit`, its arguments for all steps, and what it must give."""

    step: Any
    arguments: list[Array]
    weights: tg.Tensor
    expected: list[Array]
    final: Array
    held: Any  # the array of the inputs, so that their lists cannot be kept; or None


def product(x: Array, w: Array) -> Array:
    """x @ w, where zeros of x contribute nothing."""
    terms = x[:, :, None].astype(np.float64) * w[None].astype(np.float64)
    return np.where(x[:, :, None] != 0, terms, 0).sum(1)


def case(seed: int) -> Case:
    """The case of a seed."""
    rng = np.random.default_rng(seed)
    dtype = np.float32 if rng.random() < 0.7 else np.float64
    steps, count, depth, width = (int(rng.integers(*ends)) for ends in ((1, 4), (1, 8), (64, 90), (8, 20)))
    wild = rng.random() < 0.6
    whole = rng.random() < 0.4
    source = rng.choice(["table", "images", "argument", "captured"])
    size = {"table": 30, "images": 30, "argument": steps * count, "captured": count}[source]
    data = rng.integers(1, 9, (size, depth)) if whole else rng.uniform(-2, 2, (size, depth))
    data = (data * (rng.random((size, depth)) < rng.uniform(0, 0.35))).astype(np.uint8 if whole else dtype)
    weights, slopes = rng.uniform(-1, 1, (depth, width)), rng.uniform(-1, 1, (steps, count, width))
    if wild:
        for x in (weights, slopes, *(() if whole else (data,))):
            at = rng.integers(0, x.size, 3)
            x.reshape(-1)[at] = rng.choice([np.inf, -np.inf, np.nan, -0.0], 3)
    turned, biased, decays, moves = (rng.random() < 0.5 for _ in range(4))
    chain = int(rng.integers(0, 3))
    bias = rng.uniform(-1, 1, width).astype(dtype)
    w = tg.Tensor(np.ascontiguousarray(weights.T if turned else weights).astype(dtype))
    b = tg.Tensor(bias)
    rows = rng.integers(-size, size, (steps, count))
    shaped = data.reshape(size, 1, depth) if source == "images" else data
    table = tg.Tensor(shaped)

    def read(x: Any) -> Any:
        x = x.reshape(count, depth) if source == "images" else x
        x = x.to(w.dtype) if whole else x
        return x if chain == 0 else x / 4 if chain == 1 else (x * 2.0).tanh() * 0.5

    def step(given: Any, slope: Any) -> Any:
        x = read(given if source == "argument" else table if source == "captured" else table[given])
        y = nn.functional.linear(x, w, b if biased else None) if turned else x @ w + (b if biased else 0)
        d = slope.mT @ x if turned else x.mT @ slope
        if moves:
            w.assign_((w * 0.5 if decays else w) - 0.25 * d)
        return y, d

    now, expected = w.numpy().astype(np.float64), []
    now = now.T if turned else now
    for k in range(steps):
        flat = data.astype(dtype)
        x = flat.reshape(steps, count, depth)[k] if source == "argument" else flat
        x = x[rows[k]] if source in ("table", "images") else x
        with np.errstate(all="ignore"):
            x = x if chain == 0 else x / 4 if chain == 1 else np.tanh(x * 2.0) * 0.5
            y = product(x, now) + (bias if biased else 0)
            d = product(x.T, slopes[k])
            expected.append((y, d.T if turned else d))
            if moves:
                now = (now * 0.5 if decays else now) - 0.25 * d
    first = data.reshape(steps, count, depth) if source == "argument" else rows
    parts = [np.array([e[k] for e in expected]) for k in (0, 1)]
    arguments = [first, slopes.astype(dtype)]
    held = table.array if rng.random() < 0.4 else None
    return Case(tg.jit(step), arguments, w, parts, now.T if turned else now, held)


def check(seed: int, interpret: bool) -> None:
    """AssertionError if the program of a seed does not follow the rule, or does not use lists."""
    always = mock.patch.object(runner, "DENSE", 2.0)  # however few zeros there happen to be
    some = mock.patch.multiple(keeping, _TIMES=(1 << 30, 1, -1)[seed % 3], _AT_ONCE=4)
    with interpreting(interpret), np.errstate(all="ignore"), always, some:
        found = case(seed)
        if seed % 3:  # some or all rows have lists then
            start = tg.Tensor(found.weights.numpy().copy())
            found.step.scan(*found.arguments)
            found.weights.assign_(start)
        results = found.step.scan(*found.arguments)
        assert "listed(" in found.step.source, "no zeros were skipped"
        if found.held is not None:
            assert all(x._kept is None for x in found.step._latest._skipping._lists.values())
    for result, expected in zip((*results, found.weights), (*found.expected, found.final), strict=True):
        got = result.numpy()
        bound = 1e-4 if got.dtype == np.float32 else 1e-11
        np.testing.assert_allclose(got, expected, rtol=bound, atol=bound, err_msg=f"seed {seed}")


if __name__ == "__main__":
    for seed in range(int(sys.argv[1])):
        check(seed, interpret=bool(seed % 100))
        if seed % 500 == 499:
            print(f"{seed + 1} programs follow the rule", flush=True)
