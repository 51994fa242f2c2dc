"""Random steps of loops, and the loops that have them: by `tg.scan`, and written out."""

from __future__ import annotations

import numpy as np

import tinygrad_mnist as tg

UNARY = [
    tg.tanh,
    tg.sin,
    tg.sigmoid,
    lambda x: x * 0.5,
    lambda x: (x * x + 1).sqrt(),
    lambda x: x.clamp(-1, 1),
    tg.neg,
]
BINARY = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    tg.maximum,
    lambda a, b: tg.where(a > 0, a, b),
]


class RandomLoop:
    """A step over two states and an element, made of random operations, and what it is given."""

    def __init__(self, seed: int, most: int = 12) -> None:
        rng = np.random.default_rng(seed)
        self.steps = int(most ** rng.random())  # mostly few: a long loop written out takes long to compile
        self.reverse = bool(rng.integers(2))
        n, m = (int(k) for k in rng.integers(1, 4, 2))
        shapes = [[(n, m), (n, m)], [(), ()], [(m,), (n, m)]][rng.integers(3)]
        given = [shapes[0], shapes[1], (self.steps, *shapes[1]), (m, m), shapes[0]]
        self.given = tuple(tg.tensor((rng.normal(size=s) * 0.7).astype(np.float32)) for s in given)
        self.plan = [
            (int(rng.integers(4)), *map(int, rng.integers(0, 100, 3))) for _ in range(rng.integers(1, 9))
        ]
        self.ends = [int(k) for k in rng.integers(0, 100, 4)]

    def step(self, w: tg.Tensor, v: tg.Tensor, state: tuple[tg.Tensor, tg.Tensor], x: tg.Tensor) -> tuple:
        """(new states, what is kept)."""
        values = [*state, x, v]
        for kind, a, b, c in self.plan:
            p, q = values[a % len(values)], values[b % len(values)]
            if kind == 0:
                values.append(UNARY[c % len(UNARY)](p))
            elif kind == 1 and p.ndim == 2:
                values.append((p @ w).tanh())
            elif kind == 2 and p.ndim:
                values.append(p - p.mean(-1, keepdim=True))
            else:
                values.append(BINARY[c % len(BINARY)](p, q))
        own = values[4:] or [state[0].tanh()]  # what is only handed on is added up elsewhere than in a loop
        ends = [own[-1 - k % len(own)] for k in self.ends[:2]]
        ends[1] = ends[1] * 0.5 if ends[1] is ends[0] else ends[1]
        new = [self._like(s, y) for s, y in zip(state, ends, strict=True)]
        return tuple(new), [new[self.ends[2] % 2], (*own, x)[self.ends[3] % (len(own) + 1)]]

    def _like(self, s: tg.Tensor, value: tg.Tensor) -> tg.Tensor:
        if value.shape == s.shape:
            return value
        return value.sum(0) if value.ndim > s.ndim else value + s * 0.5

    def scan(self, h: tg.Tensor, k: tg.Tensor, xs: tg.Tensor, w: tg.Tensor, v: tg.Tensor) -> tuple:
        """As one loop."""
        return tg.scan(lambda s, x: self.step(w, v, s, x), (h, k), xs, reverse=self.reverse)

    def again(self, h: tg.Tensor, k: tg.Tensor, xs: tg.Tensor, w: tg.Tensor, v: tg.Tensor) -> tuple:
        """As one loop that keeps little."""
        return tg.scan(lambda s, x: self.step(w, v, s, x), (h, k), xs, reverse=self.reverse, keep="sqrt")

    def written_out(self, h: tg.Tensor, k: tg.Tensor, xs: tg.Tensor, w: tg.Tensor, v: tg.Tensor) -> tuple:
        """Step by step."""
        state, kept = (h, k), [[]] * self.steps
        for t in reversed(range(self.steps)) if self.reverse else range(self.steps):
            state, kept[t] = self.step(w, v, state, xs[t])
        return state, [tg.stack(column) for column in zip(*kept, strict=True)]


def results(run, given):
    """What a loop gives and the derivatives of a number made of it, as arrays."""

    def number(*given):
        (h, k), (a, b) = run(*given)
        return (a * a).sum() + b.sum() + (h.sin() * 0.5).sum() + k.sum()

    def everything(*given):
        (h, k), (a, b) = run(*given)
        return h, k, a, b, *tg.grad(number, tuple(range(len(given))))(*given)

    return everything
