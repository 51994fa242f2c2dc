"""PyTorch's checks of derivatives: by plain differences, and for NaN on the way back.

`tg.testing.gradcheck` estimates the error of its differences, and says a likely cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.interpreter import anomaly
from ..core.tape import set_recording
from ..core.tensor import Tensor, wrap
from ..errors import GraphError
from ..primitive import Array
from .derivatives import grad

__all__ = ["detect_anomaly", "gradcheck", "gradgradcheck", "set_detect_anomaly"]

Inputs = Tensor | Sequence[Any]


def gradcheck(
    func: Callable[..., Any],
    inputs: Inputs,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **others: Any,
) -> bool:
    """Whether derivatives agree with central differences, up to atol + rtol |difference|.

    Args:
        func: gives a Tensor or several of the inputs.
        inputs: its arguments, of which the Tensors that require a gradient are looked at; float64, any shape.
        eps: half the width of the differences.
        atol, rtol: what may be wrong with a derivative.
        raise_exception: GraphError where one is wrong, instead of False.
        others: PyTorch's further words, which change nothing.

    Raises:
        ValueError: if no input requires a gradient.
        GraphError: for a derivative that is wrong.
    """
    given = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    checked = [i for i, x in enumerate(given) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them do"
        )
    outputs = _several(func(*given))
    for at, output in enumerate(outputs):
        if not output.requires_grad:
            continue
        for i in checked:
            own = _rows(output, given[i])
            measured = _differences(func, given, i, at, eps)
            if not np.all(np.abs(own - measured) <= atol + rtol * np.abs(measured)):
                if not raise_exception:
                    return False
                raise GraphError(
                    f"Jacobian mismatch for output {at} with respect to input {i},\nnumerical:{measured.T}\n"
                    f"analytical:{own.T}\n"
                )
    return True


def gradgradcheck(func: Callable[..., Any], inputs: Inputs, grad_outputs: Any = None, **options: Any) -> bool:
    """`gradcheck` of the derivatives of `func`, as functions of its inputs and of the cotangents.

    Args:
        func: gives a Tensor or several of the inputs.
        inputs: as in `gradcheck`.
        grad_outputs: cotangents, of the shapes of what `func` gives; random ones if None.
        options: those of `gradcheck`.
    """
    given = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    count = len(given)
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        shapes = [y.shape for y in _several(func(*given))]
        seeds = [wrap(np.asarray(rng.standard_normal(shape))).requires_grad_() for shape in shapes]
    else:
        seeds = _several(grad_outputs)

    def derivatives(*values: Any) -> tuple[Any, ...]:
        sources = [x for x in values[:count] if isinstance(x, Tensor) and x.requires_grad]
        outputs = _several(func(*values[:count]))
        return grad(outputs, sources, list(values[count:]), create_graph=True, materialize_grads=True)

    return gradcheck(derivatives, [*given, *seeds], **options)


def _several(x: Any) -> list[Any]:
    return list(x) if isinstance(x, tuple | list) else [x]


def _rows(output: Tensor, x: Tensor) -> Array:
    """The Jacobian: a row for each element of the output."""
    rows = []
    for k in range(output.numel()):
        seed = np.zeros(output.shape, output.dtype)
        seed.reshape(-1)[k] = 1
        (g,) = grad(output, x, wrap(seed), retain_graph=True, allow_unused=True)
        rows.append(np.zeros(x.numel()) if g is None else g.numpy().reshape(-1))
    return np.array(rows).reshape(output.numel(), x.numel())


def _differences(func: Callable[..., Any], given: list[Any], i: int, at: int, eps: float) -> Array:
    """The Jacobian measured."""
    x, columns = given[i], []
    for k in range(x.numel()):
        ends = []
        for step in (eps, -eps):
            moved = x.numpy().copy()
            moved.reshape(-1)[k] += step
            values = [wrap(moved).requires_grad_() if j == i else y for j, y in enumerate(given)]
            with set_recording(True):  # a function may ask for derivatives itself
                ends.append(_several(func(*values))[at].detach().numpy().reshape(-1).astype(np.float64))
        columns.append((ends[0] - ends[1]) / (2 * eps))
    return np.array(columns).T.reshape(-1, x.numel())


class set_detect_anomaly:
    """From here on, or within the block, a derivative that is NaN raises GraphError, naming the operation.

    Args:
        mode: whether.
        check_nan: PyTorch's word; False for not.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = anomaly.get()
        anomaly.set(mode and check_nan)

    def __enter__(self) -> None:
        """Nothing more."""

    def __exit__(self, *_: Any) -> None:
        anomaly.set(self._before)


@contextmanager
def detect_anomaly(check_nan: bool = True) -> Iterator[None]:
    """Within the block, a derivative that is NaN raises GraphError, naming the operation.

    Args:
        check_nan: whether.
    """
    with set_detect_anomaly(True, check_nan):
        yield
