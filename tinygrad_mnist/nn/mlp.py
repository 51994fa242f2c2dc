"""The multilayer perceptron: the network of the article, and its relatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..core.generator import Generator, chosen
from ..errors import ShapeError
from . import init as inits
from .activations import Sigmoid
from .containers import Sequential
from .dropout import Dropout
from .linear import Linear
from .module import Module

__all__ = ["MLP"]


class MLP(Sequential):
    """Linear layers with an activation after each but the last.

    `MLP(784, 16, 16, 10, output=Sigmoid, generator=tg.Generator(0))` is the article's network:
    784 inputs, two hidden layers of 16 neurons and 10 outputs, 13,002 weights and biases.

    Args:
        sizes: number of inputs, neurons of each layer in turn.
        activation: Module class (or function giving a Module) after each layer but the last.
        output: the same after the last layer; None leaves its weighted sums (logits) as they are.
        dropout: the share that `Dropout` leaves out after each activation but the last; 0 for none.
        generator: where first weights and what is dropped come from; by default the default generator.
        init: (weight, generator=...), which fills the first weights, or a sequence of such, one per layer.

    Raises:
        ShapeError: for fewer than two sizes, or sizes below 1.
        ValueError: for a sequence of inits that is not one per layer, or a share beyond 0 to 1.
        TypeError: where `activation` or `output` gives no Module.
    """

    def __init__(
        self,
        *sizes: int,
        activation: Callable[[], Module] = Sigmoid,
        output: Callable[[], Module] | None = None,
        dropout: float = 0.0,
        generator: Generator | None = None,
        init: inits.Init | Sequence[inits.Init] = inits.xavier_uniform_,
    ) -> None:
        if len(sizes) < 2 or min(sizes) < 1:
            raise ShapeError(f"MLP: needs the number of inputs and of neurons in each layer, not {sizes}")
        generator = chosen(generator)
        count = len(sizes) - 1
        each = [init] * count if callable(init) else list(init)
        if len(each) != count:
            raise ValueError(f"MLP: sizes {sizes} make {count} layers, but init has {len(each)} entries")
        layers: list[Module] = []
        for i in range(count):
            layers.append(Linear(sizes[i], sizes[i + 1], generator=generator, init=each[i]))
            follows = activation if i < count - 1 else output
            if follows is not None:
                layers.append(_made(follows))
            if dropout and i < count - 1:
                layers.append(Dropout(dropout, generator=generator))
        super().__init__(*layers)


def _made(make: Callable[[], Module]) -> Module:
    module = make() if callable(make) and not isinstance(make, Module) else None
    if not isinstance(module, Module):
        raise TypeError(
            "MLP: activation and output are Module classes, such as nn.Sigmoid without (), or functions "
            f"giving a Module; not {make!r}"
        )
    return module
