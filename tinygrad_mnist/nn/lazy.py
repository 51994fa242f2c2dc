"""Layers that count their inputs when they first see some, and are ordinary layers from then on.

Their parameters are there from the beginning, without elements, so that an optimiser that is given them holds
the same objects afterwards.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..core.interpreter import interpreter
from ..errors import ShapeError
from ..primitive import Value
from .convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .linear import Linear
from .module import Module
from .normalisation import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)

__all__ = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d",
    "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d", "LazyInstanceNorm1d",
    "LazyInstanceNorm2d", "LazyInstanceNorm3d", "LazyLinear",
]  # fmt: skip


class _Lazy(Module):
    """The layer before it is one: `_becomes` says of which class, `_axis` which axis is counted."""

    _becomes: ClassVar[Any]
    _axis: ClassVar[int] = -1

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(0, *args, **keywords)  # type: ignore[call-arg]
        vars(self)["arguments"] = args, keywords
        for p in self.parameters():
            p.waiting = []

    def forward(self, input: Value, *more: Any, **words: Any) -> Value:
        """The layer's result for an input, by which its parameters get their shapes and first values.

        TraceError in a function that is being compiled.
        """
        name = type(self).__name__
        interpreter.get().refuse(
            f"{name}: call the model on one batch before compiling a function that uses it"
        )
        if not -input.ndim <= self._axis < input.ndim:
            raise ShapeError(f"{name}: an input of shape {tuple(input.shape)} has no axis {self._axis}")
        args, keywords = vars(self).pop("arguments")
        made = self._becomes(input.shape[self._axis], *args, **keywords)
        dtype = next((p.dtype for p in self.parameters()), None)
        made = made if dtype is None else made.to(dtype)
        for kind in ("_parameters", "_buffers"):
            for key, own in getattr(self, kind).items():
                if own is not None:
                    own.array = getattr(made, key).array
        for p in self.parameters():
            for begin in vars(p).pop("waiting", ()):
                begin()
        members = {key for kind in ("_parameters", "_buffers", "_modules") for key in getattr(self, kind)}
        skipped = {"training", "_members", "_hooks"} | members
        vars(self).update({key: value for key, value in vars(made).items() if key not in skipped})
        object.__setattr__(self, "__class__", self._becomes)
        return self.forward(input, *more, **words)


class LazyLinear(_Lazy, Linear):
    """A `Linear` whose in_features are those of the first input; arguments from out_features on as there."""

    _becomes = Linear


class LazyConv1d(_Lazy, Conv1d):
    """A `Conv1d` whose in_channels are those of the first input; arguments from out_channels on as there."""

    _becomes, _axis = Conv1d, -2


class LazyConv2d(_Lazy, Conv2d):
    """A `Conv2d` whose in_channels are those of the first input; arguments from out_channels on as there."""

    _becomes, _axis = Conv2d, -3


class LazyConv3d(_Lazy, Conv3d):
    """A `Conv3d` whose in_channels are those of the first input; arguments from out_channels on as there."""

    _becomes, _axis = Conv3d, -4


class LazyConvTranspose1d(_Lazy, ConvTranspose1d):
    """A `ConvTranspose1d` whose in_channels are those of the first input; the other arguments as there."""

    _becomes, _axis = ConvTranspose1d, -2


class LazyConvTranspose2d(_Lazy, ConvTranspose2d):
    """A `ConvTranspose2d` whose in_channels are those of the first input; the other arguments as there."""

    _becomes, _axis = ConvTranspose2d, -3


class LazyConvTranspose3d(_Lazy, ConvTranspose3d):
    """A `ConvTranspose3d` whose in_channels are those of the first input; the other arguments as there."""

    _becomes, _axis = ConvTranspose3d, -4


class LazyBatchNorm1d(_Lazy, BatchNorm1d):
    """A `BatchNorm1d` whose num_features are those of the first input; the other arguments as there."""

    _becomes, _axis = BatchNorm1d, 1


class LazyBatchNorm2d(_Lazy, BatchNorm2d):
    """A `BatchNorm2d` whose num_features are those of the first input; the other arguments as there."""

    _becomes, _axis = BatchNorm2d, 1


class LazyBatchNorm3d(_Lazy, BatchNorm3d):
    """A `BatchNorm3d` whose num_features are those of the first input; the other arguments as there."""

    _becomes, _axis = BatchNorm3d, 1


class LazyInstanceNorm1d(_Lazy, InstanceNorm1d):
    """An `InstanceNorm1d` whose num_features are those of the first input; the other arguments as there."""

    _becomes, _axis = InstanceNorm1d, -2


class LazyInstanceNorm2d(_Lazy, InstanceNorm2d):
    """An `InstanceNorm2d` whose num_features are those of the first input; the other arguments as there."""

    _becomes, _axis = InstanceNorm2d, -3


class LazyInstanceNorm3d(_Lazy, InstanceNorm3d):
    """An `InstanceNorm3d` whose num_features are those of the first input; the other arguments as there."""

    _becomes, _axis = InstanceNorm3d, -4
