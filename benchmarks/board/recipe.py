"""A recipe of the board: one of the package's, whose network may begin with convolutions."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from tinygrad_mnist import Generator, nn
from tinygrad_mnist.train import Recipe
from tinygrad_mnist.train.choices import ACTIVATIONS

from .ways import KERNEL, SIDE, shapes

_STREAM = 1 << 32  # added to a seed: kernels do not draw the numbers that the layers draw


@dataclasses.dataclass(frozen=True)
class BoardRecipe(Recipe):
    """A training run.

    Attributes:
        filters: how many kernels of 5 x 5 each convolution has; activation and the maxima of 2 x 2 follow
            it. Their first weights are normal with deviation gain / sqrt(what a kernel sees), biases zero.
    """

    filters: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", tuple(self.filters))  # JSON has lists
        super().__post_init__()

    def build_model(self, inputs: int, classes: int) -> nn.Sequential:
        """A new network for rows of pixels (N, 784), with its first weights."""
        if not self.filters:
            return super().build_model(inputs, classes)
        generator = Generator(self.seed + _STREAM)
        layers: list[nn.Module] = [nn.Unflatten(1, (1, SIDE, SIDE))]
        for filters, channels, *_ in self.kernels():
            convolution = nn.Conv2d(channels, filters, KERNEL, generator=generator)
            nn.init.scaled_normal_(convolution.weight, self.gain, generator)
            nn.init.zeros_(convolution.bias)
            layers += [convolution, ACTIVATIONS[self.activation](), nn.MaxPool2d(2)]
        return nn.Sequential(*layers, nn.Flatten(), *super().build_model(self.features(), classes))

    def kernels(self) -> list[tuple[int, ...]]:
        """Shapes of the convolutions' weights."""
        return shapes(self.filters, self.hidden)[: len(self.filters)]

    def features(self) -> int:
        """How many numbers the first layer that is no convolution takes."""
        return shapes(self.filters, self.hidden)[len(self.filters)][1]

    def multiply_adds(self) -> int:
        """For one image once through the network, about."""
        side, count = SIDE, self.parameter_count(self.features(), 10)
        for shape in self.kernels():
            side = side - KERNEL + 1
            count += math.prod(shape) * side**2
            side //= 2
        return count

    def words(self) -> str:
        """The recipe in a line."""
        convolved = "".join(f"{n} filters of {KERNEL} x {KERNEL}, " for n in self.filters)
        layers = "-".join(map(str, (self.features(), *self.hidden, 10)))
        bent = f", images distorted by {self.augment:g}" if self.augment else ""
        return (
            f"{convolved}{layers} {self.activation}, {self.optimiser} {self.rate:g}, "
            f"batch {self.batch_size}, {self.epochs} epoch{'s' * (self.epochs > 1)}{bent}"
        )

    def plain(self) -> dict[str, Any]:
        """The recipe as JSON has it."""
        return {**dataclasses.asdict(self), "hidden": list(self.hidden), "filters": list(self.filters)}
