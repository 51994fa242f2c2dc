"""Positions at the ends of every integer type: the right element, or an IndexError, eager and compiled."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn

N = 10
TABLE = tg.Tensor(np.arange(2 * N, dtype=np.float32).reshape(N, 2))
ROW = tg.Tensor(np.arange(N, dtype=np.float32) + 1)
SCORES = tg.Tensor(np.random.default_rng(0).normal(size=(3, N)).astype(np.float32))
INTEGERS = [np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)]
COMPILED = ("int8", "uint8", "int64", "uint64")  # of the others there is nothing new to compile

#: Ways of reading and writing at positions, and whether negative ones count from the end.
USES = {
    "x[i]": (lambda i: TABLE[i], True),
    "x[:, i]": (lambda i: SCORES[:, i], True),
    "computed[i]": (lambda i: ROW.reshape(N, 1)[i], True),
    "x[i, i]": (lambda i: TABLE.repeat(1, 5)[i, i], True),
    "take": (lambda i: ROW.take(i), True),
    "gather": (lambda i: ROW.gather(0, i), True),
    "take_along_axis": (lambda i: ROW.take_along_axis(i, 0), True),
    "index_select": (lambda i: TABLE.index_select(0, i), True),
    "embedding": (lambda i: nn.functional.embedding(i, TABLE), False),
    "cross_entropy": (lambda i: nn.cross_entropy(SCORES, i), False),
    "scatter": (lambda i: ROW.scatter(0, i, 7.0), True),
    "scatter of tensors": (lambda i: ROW.scatter(0, i, ROW[:3]), True),
    "scatter_add": (lambda i: ROW.scatter_add(0, i, ROW[:3]), True),
}


def outcome(f, i):
    try:
        return f(i).numpy()
    except IndexError:
        return None


@pytest.mark.parametrize("name", USES)
def test_ends(name):
    use, from_the_end = USES[name]
    compiled = tg.jit(use)
    for dtype in INTEGERS:
        ends = np.iinfo(dtype)
        for k in {int(ends.min), int(ends.max), N - 1, N, *((-1, -N, -N - 1) if ends.min else ())}:
            i = np.array([0, k, 3], dtype)
            want = outcome(use, np.array([0, k % N, 3])) if -N * from_the_end <= k < N else None
            for f in (use, compiled):
                got = outcome(f, tg.tensor(i))
                assert (got is None) == (want is None), (dtype, k)
                if want is not None:
                    np.testing.assert_allclose(got, want, rtol=1e-6)
