"""A module as a function of its inputs and its parameters, checked."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..nn import Module
from .gradcheck import DEFAULT, Report, Settings, check_rule
from .rules import Taped

__all__ = ["check_module"]


def check_module(
    module: Module, *inputs: Any, order: int = 1, rtol: float = DEFAULT.rtol, atol: float = DEFAULT.atol
) -> Report:
    """Compare a module's derivatives by its inputs and by every parameter with differences, in float64.

    A copy of the module is checked, with its parameters and buffers in float64; the module itself stays
    as it is. Errors call parameters by their names, as in "parameter hidden.0.weight[2, 1]".

    Args:
        module: deterministic; in eval() if it holds layers such as Dropout.
        inputs: what `forward` takes. Float arrays and Tensors are differentiated by and may be float32;
            everything else is passed as it is.
        order, rtol, atol: as for `gradcheck`.

    Raises:
        GradcheckError, KinkError: as `gradcheck`.

    Example:
        check_module(nn.MLP(4, 3, 2, generator=tg.Generator(0)), np.ones((5, 4)), order=2)
    """
    twin = copy.deepcopy(module)
    state = {id(x): x for x in _tensors(twin)}
    for x in state.values():
        if x.dtype == np.float32:
            x.array = x.array.astype(np.float64)
    parameters = dict(twin.named_parameters())
    moved = {
        k: np.array(x.array if isinstance(x, Tensor) else x, np.float64)
        for k, x in enumerate(inputs)
        if isinstance(x, Tensor | np.ndarray) and x.dtype.kind == "f"
    }

    def f(*xs: Tensor) -> Any:
        args = list(inputs)
        for k, x in zip(moved, xs):
            args[k] = x
        with _exchanged(twin, dict(zip(map(id, parameters.values()), xs[len(moved) :]))):
            return twin(*args)

    return check_rule(
        Taped(f),
        f,
        [*moved.values(), *(x.array for x in parameters.values())],
        [*(f"input {k}" for k in moved), *(f"parameter {name}" for name in parameters)],
        order,
        Settings(rtol, atol),
    )


def _tensors(module: Module) -> Iterator[Tensor]:
    """Parameters and buffers."""
    for _, inside in module.named_modules():
        for value in vars(inside).values():
            yield from (x for x in _flat(value) if isinstance(x, Tensor))


def _flat(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple | list) else [value]


@contextmanager
def _exchanged(module: Module, others: dict[int, Tensor]) -> Iterator[None]:
    """Within the block the module and those inside it have other Tensors in the place of some, by id."""

    def exchanged(value: Any) -> Any:
        if isinstance(value, tuple | list):
            return type(value)(map(exchanged, value))
        return others.get(id(value), value)

    attributes = [vars(inside) for _, inside in module.named_modules()]
    before = [dict(own) for own in attributes]
    for own in attributes:
        own.update({name: exchanged(value) for name, value in own.items()})
    try:
        yield
    finally:
        for own, old in zip(attributes, before, strict=True):
            own.update(old)
