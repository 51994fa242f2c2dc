"""Random programs of which some parts are compiled and some are not: derivatives as if none were.

`python tests/compiler/split_programs.py 2000` compares that many, interpreted, and every hundredth compiled.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from random_programs import _step, interpreting

import tinygrad_mnist as tg


class Split:
    """A chain of functions from lists of Tensors to longer ones; each also sees Tensors it is not given."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.inputs = [self._leaf(rng) for _ in range(rng.integers(1, 3))]
        self.seen = [self._leaf(rng) for _ in range(rng.integers(1, 3))]
        self.order = int(rng.integers(1, 3))
        self.parts: list[tuple[Any, bool]] = []
        for _ in range(rng.integers(1, 5)):
            part = self._part(rng.integers(0, 2**31, 60), int(rng.integers(1, 4)), int(rng.integers(0, 5)))
            self.parts.append((part, bool(rng.random() < 0.7)))

    def _leaf(self, rng: np.random.Generator) -> tg.Tensor:
        shape = tuple(int(n) for n in rng.integers(1, 4, rng.integers(0, 3)))
        return tg.Tensor(rng.uniform(-1, 1, shape), requires_grad=bool(rng.random() < 0.8))

    def _part(self, choices: Any, steps: int, kind: int) -> Any:
        def part(values: list[Any]) -> Any:
            values = list(values)
            draw = iter(choices)
            values.append(self.seen[next(draw) % len(self.seen)])
            for _ in range(steps):
                values.append(_step(values, draw))
            if kind == 0:  # what does not require a gradient, among what does
                values.append(values[-1].detach() * 0.5)
            if kind == 1 and values[-1].ndim:
                values.append(values[-1].argmax().double())
            if kind == 2:
                with tg.no_grad():
                    scale = values[-1].mean()
                values.append(values[-1] * scale)
            if kind == 3:
                values = values[1:] + values[:1]
            return values

        return part

    def cost(self, compiled: bool) -> Any:
        """The whole as a function of the inputs to one number."""
        parts = [tg.jit(part) if compiled and chosen else part for part, chosen in self.parts]

        def cost(*inputs: Any) -> Any:
            values = list(inputs)
            for part in parts:
                values = part(values)
            y = values[-1] * 1.0 + sum(x.sum() for x in values[-3:])
            return (y * y).mean()

        return cost

    def gradients(self, compiled: bool) -> list[Any]:
        """By `backward` to every leaf, and by `tg.grad` to the inputs; of the first or second order."""
        cost = self.cost(compiled)
        f = cost
        if self.order == 2:
            first = tg.grad(cost, tuple(range(len(self.inputs))))
            f = lambda *xs: sum((g * g).sum() for g in first(*xs))
        leaves = [*self.inputs, *self.seen]
        for x in leaves:
            x.grad = None
        y = f(*self.inputs)
        if y.requires_grad:
            y.backward()
        by_backward = [x.grad for x in leaves]
        by_grad = tg.grad(f, tuple(range(len(self.inputs))))(*self.inputs)
        return [y.detach(), *by_backward, *by_grad]


def check(seed: int, interpret: bool) -> None:
    """The derivatives of a split program are those of the same program run eagerly."""
    split = Split(seed)
    with np.errstate(all="ignore"), interpreting(interpret):
        expected, found = split.gradients(False), split.gradients(True)
    for a, b in zip(expected, found, strict=True):
        assert (a is None) == (b is None), (a, b)
        if a is not None:
            scale = np.abs(a.numpy()[np.isfinite(a.numpy())]).max(initial=1.0)
            np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-9, atol=1e-9 * scale)


if __name__ == "__main__":
    count = int(sys.argv[1])
    for number in range(count):
        try:
            check(number, interpret=number % 100 > 0)
        except Exception as error:
            raise SystemExit(f"program {number}: {type(error).__name__}: {error}") from error
    print(f"{count} programs agree")
