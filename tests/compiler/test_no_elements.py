"""Programs over axes of length 0 look at no element: read line by line, where Python checks each index."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from random_programs import interpreting

import tinygrad_mnist as tg
from tinygrad_mnist.nn import functional

NOWHERE = tg.zeros(0, dtype=tg.int64)
WORDS: list[Callable[[Any], Any]] = [
    lambda x: x.exp().sum(),
    lambda x: x.sum(0) + x.mean(0),
    lambda x: x.sum(-1) * 2,
    lambda x: x.prod(0) + x.prod(-1).sum(),
    lambda x: x.softmax(-1),
    lambda x: x.log_softmax(0),
    lambda x: x.cumsum(-1).cumprod(0),
    lambda x: functional.layer_norm(x, (x.shape[-1],)),
    lambda x: functional.linear(x, tg.ones(5, x.shape[1]), tg.ones(5)),
    lambda x: functional.linear(x, tg.ones(0, x.shape[1]), tg.ones(0)),
    lambda x: x @ x.T,
    lambda x: x.T @ x,
    lambda x: tg.cat([x, x.exp()], -1).flip(-1).roll(1, -1),
    lambda x: tg.stack([x, x + 1]).transpose(0, 2),
    lambda x: functional.pad(x, (1, 1)) * 2,
    lambda x: x[:, NOWHERE].exp(),
    lambda x: x[:, tg.zeros(0, dtype=tg.int64)],
    lambda x: x.gather(1, NOWHERE.expand(x.shape[0], 0)) * 2,
    lambda x: x[NOWHERE] + 1,
    lambda x: x.repeat(2, 3).tril(),
    lambda x: tg.where(x > 0, x, -x).unsqueeze(0).expand(3, *x.shape).relu(),
    lambda x: functional.one_hot(tg.zeros(x.shape[0], dtype=tg.int64), 4).float().sum(0),
]


@pytest.mark.parametrize("shape", [(3, 0), (0, 3), (0, 0)])
def test_axes_without_elements(shape: tuple[int, int]) -> None:
    def slope(word: Callable[[Any], Any], x: Any) -> Any:
        x = x.detach().requires_grad_()
        y = word(x)
        return tg.autograd.grad(y.sum(), [x])[0] if y.requires_grad else y

    with interpreting():
        for word in WORDS:
            for function in (word, partial(slope, word)):
                expected, found = function(tg.zeros(shape)), tg.jit(function)(tg.zeros(shape))
                assert (found.shape, str(found.tolist())) == (expected.shape, str(expected.tolist()))
