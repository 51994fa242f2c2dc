"""The module: a function with parameters, and modules inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from ..core.tensor import Tensor
from ..primitive import Array
from .inputs import with_bytes_scaled
from .parameter import Parameter
from .state import load
from .table import table

Self = TypeVar("Self", bound="Module")


class Module:
    """Base of everything with parameters: subclass it, set attributes, define `forward`.

    What belongs to a module is read off its attributes, in the order in which they were set: a
    `Parameter` is a parameter, any other Tensor is a buffer (state that is saved but not
    trained), a Module is a child. Items of lists and tuples count like attributes, named
    `name.0`, `name.1`, ... Names inside children are joined with dots: `hidden.0.weight`.

    Attributes:
        training: whether layers such as Dropout behave as in training; set by `train`, `eval`.
        input_scale: factor on inputs that are bytes (uint8), which the module was trained with; set by
            `train.fit`. None: they are taken as they are. Inputs of other dtypes are never scaled.
    """

    training: bool = True
    input_scale: float | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; each subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, x)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward`, of inputs times `input_scale` if there is one and they are bytes."""
        if self.input_scale is not None:
            args = with_bytes_scaled(args, self.input_scale)
        return self.forward(*args, **kwargs)

    def __repr__(self) -> str:
        layers = []
        for name, module in self.named_modules():
            own = {key: x for key, x in module._items() if isinstance(x, Tensor)}
            if own or not any(isinstance(x, Module) for _, x in module._items()):
                layers.append((name, type(module).__name__, own))
        return table(layers)

    def trace(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run the module, and give what it and each module inside computed on the way.

        Returns:
            Results by the names of `named_modules`, in the order in which they were finished, so
            that the module's own, named "", comes last. A module that ran more than once has all
            its results, named `name`, `name#2`, ... They are on the tape as in an ordinary call.
        """
        results: dict[str, Any] = {}
        watched = list(self.named_modules())
        for name, module in watched:
            vars(module)["forward"] = _recorded(name, module.forward, results)
        try:
            self(*args, **kwargs)
        finally:
            for _, module in watched:
                del vars(module)["forward"]
        return results

    # What belongs to it -----------------------------------------------------------------------

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module (named "") and all those inside it, each once, outer before inner."""
        return _each_once(self._modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their names; one that is used in two places comes once."""
        return _each_once((name, x) for name, x in self._state() if isinstance(x, Parameter))

    def parameters(self) -> Iterator[Parameter]:
        """All parameters, each once, in the order of `named_parameters`."""
        return (x for _, x in self.named_parameters())

    def _items(self) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            if isinstance(value, list | tuple):
                yield from ((f"{name}.{i}", item) for i, item in enumerate(value))
            else:
                yield name, value

    def _modules(self) -> Iterator[tuple[str, Module]]:
        yield "", self
        for name, child in self._items():
            if isinstance(child, Module):
                yield from ((f"{name}.{rest}" if rest else name, x) for rest, x in child._modules())

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        """Parameters and buffers under every name they have."""
        for name, value in self._items():
            if isinstance(value, Tensor):
                yield name, value
            elif isinstance(value, Module):
                yield from ((f"{name}.{rest}", x) for rest, x in value._state())

    # Saving and loading -----------------------------------------------------------------------

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers by name; the names and shapes are PyTorch's."""
        return {name: np.array(x.numpy()) for name, x in self._state()}

    def load_state_dict(self, values: Mapping[str, Any]) -> None:
        """Put numbers in all parameters and buffers, cast to their dtypes.

        Args:
            values: by the names of `state_dict`: arrays, Tensors, whatever `np.asarray` takes.

        Raises:
            DataError: naming every entry that is missing, unexpected, of another shape or not of
                numbers; then nothing has been changed.
        """
        load(dict(self._state()), values, type(self).__name__)

    # Modes ------------------------------------------------------------------------------------

    def train(self: Self, mode: bool = True) -> Self:
        """Set `training` here and in all modules inside; returns self."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """Behave as in use, not as in training: `train(False)`; returns self."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None


def _recorded(name: str, forward: Callable[..., Any], results: dict[str, Any]) -> Callable[..., Any]:
    def recorded(*args: Any, **kwargs: Any) -> Any:
        result = forward(*args, **kwargs)
        key, again = name, 1
        while key in results:
            again += 1
            key = f"{name}#{again}"
        results[key] = result
        return result

    return recorded


_T = TypeVar("_T")


def _each_once(named: Iterator[tuple[str, _T]]) -> Iterator[tuple[str, _T]]:
    seen: set[int] = set()
    for name, x in named:
        if id(x) not in seen:
            seen.add(id(x))
            yield name, x
