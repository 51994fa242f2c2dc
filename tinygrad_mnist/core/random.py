"""Random tensors: each draws from the generator given, or from the default one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..errors import ShapeError
from ..primitive import check_dtype
from .creation import made, sizes
from .generator import Generator, chosen
from .interpreter import interpreter
from .tensor import Tensor

__all__ = [
    "bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randint_like", "randn",
    "randn_like", "randperm",
]  # fmt: skip

_FLOAT32 = np.dtype(np.float32)


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers from 0 (included) to 1 (excluded); sizes one by one or in a tuple."""
    values = chosen(generator).uniform(sizes(size, "rand"), dtype=dtype or _FLOAT32)
    return made(values, device, requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normally distributed numbers, of mean 0 and variance 1; sizes one by one or in a tuple."""
    values = chosen(generator).normal(sizes(size, "randn"), dtype=dtype or _FLOAT32)
    return made(values, device, requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Integers from low (0 if left out) up to, not including, high; int64."""
    if size is None or not hasattr(high, "__index__"):
        low, high, size = (0, low, high) if size is None else (0, low, size)
    values = chosen(generator).integers(int(low), int(high), sizes((size,), "randint"))
    return made(values if dtype is None else values.to(check_dtype(dtype)), device, requires_grad)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None, device: Any = None) -> Tensor:
    """The numbers 0 .. n - 1 in random order, int64."""
    order = chosen(generator).permutation(n)
    return made(order if dtype is None else order.to(check_dtype(dtype)), device, False)


def rand_like(input: Tensor, *, generator: Generator | None = None, dtype: Any = None, **more: Any) -> Tensor:
    """`rand` in the shape and dtype of another tensor."""
    return rand(input.shape, generator=generator, dtype=dtype or input.dtype, **more)


def randn_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, **more: Any
) -> Tensor:
    """`randn` in the shape and dtype of another tensor."""
    return randn(input.shape, generator=generator, dtype=dtype or input.dtype, **more)


def randint_like(
    input: Tensor,
    low: int,
    high: int | None = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    **more: Any,
) -> Tensor:
    """`randint` in the shape and dtype of another tensor."""
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, input.shape, generator=generator, dtype=dtype or input.dtype, **more)


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normally distributed numbers; mean and std are numbers (then give `size`), or tensors."""
    given = [x for x in (mean, std) if isinstance(x, Tensor)]
    if size is None and not given:
        raise ShapeError("normal: give size=, or a tensor for mean or std")
    shape = np.broadcast_shapes(*(x.shape for x in given)) if size is None else sizes((size,), "normal")
    found = dtype or (given[0].dtype if given else _FLOAT32)
    if not given:
        return made(chosen(generator).normal(shape, float(mean), float(std), found), device, requires_grad)
    return made(chosen(generator).normal(shape, dtype=found) * std + mean, device, requires_grad)


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element says (or p), else 0; of the same dtype."""
    drawn = chosen(generator).uniform(input.shape, dtype=input.dtype if input.dtype.kind == "f" else _FLOAT32)
    return (drawn < (input if p is None else p)).to(input.dtype).detach()


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Positions in each row, drawn with the weights of its elements: (num_samples,) or (rows, num_samples).

    Without replacement by the order of -log(u) / weight (Efraimidis and Spirakis 2006); with, by where
    uniform numbers fall among the running sums.
    """
    weights = input.detach()
    if weights.ndim not in (1, 2) or weights.dtype.kind != "f":
        raise ShapeError(
            f"multinomial: takes one or two axes of float weights, not {weights.dtype} {weights.shape}"
        )
    n = weights.shape[-1]
    if n > 2**24:
        raise ValueError(f"multinomial: number of categories cannot exceed 2^24, not {n}")
    if num_samples < 1 or (not replacement and num_samples > n):
        raise ValueError(
            f"multinomial: cannot draw {num_samples} of {n} without replacement; pass replacement=True"
            if num_samples > 0
            else f"multinomial: cannot draw {num_samples} samples"
        )
    numbers = interpreter.get().known(weights)
    if numbers is not None:
        if not np.isfinite(numbers).all() or (numbers < 0).any() or (numbers.sum(-1) <= 0).any():
            raise ValueError("multinomial: weights must be finite, not negative, and not all zero")
        if not replacement and (np.count_nonzero(numbers, -1) < num_samples).any():
            raise ValueError(
                f"multinomial: fewer than {num_samples} weights are not zero; pass replacement=True"
            )
    if not replacement:
        u = chosen(generator).uniform(weights.shape, dtype=np.float64)
        waiting = -ops.log(1 - u) / weights.to(np.float64)
        return ops.argsort(waiting, -1)[..., :num_samples]
    lead = weights.shape[:-1]
    u = chosen(generator).uniform((*lead, num_samples), dtype=np.float64)
    totals = weights.to(np.float64).cumsum(-1)
    return ops.searchsorted(totals, u * totals[..., -1:], right=True).clamp(max=n - 1)


# In place ---------------------------------------------------------------------------------------


def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Normally distributed numbers in place of these; returns self."""
    if std < 0:
        raise ValueError(f"normal_: std must not be negative, not {std}")
    return self._drawn("normal_", chosen(generator).normal(self.shape, mean, std, self.dtype))


def uniform_(
    self: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None, **more: Any
) -> Tensor:
    """Uniform numbers from a (`from=`) to b (`to=`) in place of these; returns self."""
    low, high = more.pop("from", a), more.pop("to", b)
    if more:
        raise TypeError(f"uniform_: there is no argument {sorted(more)[0]}=; it has from, to and generator")
    return self._drawn("uniform_", chosen(generator).uniform(self.shape, low, high, self.dtype))


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """1 with probability p, else 0, in place of these; returns self."""
    drawn = chosen(generator).uniform(self.shape) < p
    return self._drawn("bernoulli_", drawn.to(self.dtype))


def random_(
    self: Tensor, low: int = 0, high: int | None = None, *, generator: Generator | None = None
) -> Tensor:
    """Integers from low up to, not including, high, in place of these; returns self."""
    low, high = (0, low) if high is None and low else (low, high or 2**24)
    return self._drawn("random_", chosen(generator).integers(low, high, self.shape).to(self.dtype))


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Exponentially distributed numbers of rate lambd in place of these; returns self."""
    u = chosen(generator).uniform(self.shape, dtype=self.dtype)
    return self._drawn("exponential_", -ops.log(1 - u) * (1 / lambd))


_word: Callable[..., Tensor]
for _word in (bernoulli, multinomial, normal_, uniform_, bernoulli_, random_, exponential_):
    setattr(Tensor, _word.__name__, _word)
