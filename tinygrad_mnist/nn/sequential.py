"""Modules one after another."""

from __future__ import annotations

from collections.abc import Iterator

from ..primitive import Value
from .module import Module


class Sequential(Module):
    """Modules applied one after another; they are its children "0", "1", ...

    `len`, iteration and indexing give the modules. TypeError for anything that is no Module.
    """

    def __init__(self, *layers: Module) -> None:
        for i, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise TypeError(
                    f"Sequential: takes modules as separate arguments, but argument {i} is {layer!r}; "
                    "write Sequential(a, b), with instances such as Sigmoid() and not the class Sigmoid"
                )
            setattr(self, str(i), layer)

    def __iter__(self) -> Iterator[Module]:
        return (x for x in vars(self).values() if isinstance(x, Module))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, index: int) -> Module:
        return list(self)[index]

    def forward(self, x: Value) -> Value:
        """The last module's result."""
        for layer in self:
            x = layer(x)
        return x
