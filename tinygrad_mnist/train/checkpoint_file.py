"""Checkpoint files: one moment of a training in one safetensors file, which any damage makes unreadable.

The tensors are named by where they belong: "model.0.weight". The metadata has two entries:

    key                          meaning
    tinygrad_mnist_checkpoint    a JSON object: format (1), step, about (what the training is), and parts
                                 (the rest of the state, see `state_tree`)
    sha256                       of that text, and of every tensor's name, dtype, shape and bytes

Reading computes arrays and JSON, and runs nothing that the file says.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DataError, DTypeError
from ..primitive import Array
from .state_tree import packed, unpacked

_KEY = "tinygrad_mnist_checkpoint"
_SUM = "sha256"
_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Moment:
    """What a checkpoint holds.

    Attributes:
        step: how many steps were done.
        about: what the training is: a training that differs in it cannot go on from here.
        parts: the state of each part by its name: nested dicts, lists, tuples, numbers, text, arrays.
    """

    step: int
    about: dict[str, Any]
    parts: dict[str, Any]


def to_bytes(moment: Moment) -> bytes:
    """The file for a moment; DTypeError, naming it, for state that cannot be saved."""
    import safetensors.numpy  # here: importing the package does not load it

    described: dict[str, Any] = {}
    arrays: dict[str, Array] = {}
    for name, tree in moment.parts.items():
        described[name], own = packed(tree, name)
        twice = own.keys() & arrays.keys()
        if twice:
            raise DTypeError(f"two arrays of the state have the name {twice.pop()}")
        arrays |= own
    about, _ = packed(moment.about, "about")
    contents = {
        "format": _FORMAT,
        "step": moment.step,
        "about": about,
        "parts": described,
    }
    text = json.dumps(contents, allow_nan=False)
    return safetensors.numpy.save(arrays, metadata={_KEY: text, _SUM: _digest(text, arrays)})


def from_bytes(contents: bytes) -> Moment:
    """The moment a file holds; DataError, saying what is wrong, for bytes that `to_bytes` did not make."""
    import safetensors.numpy

    try:
        arrays = safetensors.numpy.load(contents)
        metadata = _header(contents).get("__metadata__", {})
    except (
        safetensors.SafetensorError,
        TypeError,
        ValueError,
        KeyError,
        RecursionError,
    ) as error:
        raise DataError(f"it is damaged or no checkpoint ({error})") from None
    text = metadata.get(_KEY)
    if text is None:
        raise DataError("it is a safetensors file, but not a checkpoint of this package")
    if metadata.get(_SUM) != _digest(text, arrays):
        raise DataError("it is damaged: its contents do not have the SHA-256 it states")
    return described(text, arrays)


def described(text: str, arrays: Mapping[str, Array]) -> Moment:
    """The moment that the JSON and the arrays of a file describe; DataError if they describe none."""
    try:
        values = json.loads(text)
        kind, step = values["format"], values["step"]
        about, parts = values["about"], values["parts"]
    except (RecursionError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"its description is damaged ({type(error).__name__}: {error})") from None
    if kind != _FORMAT:
        raise DataError(f"it is a checkpoint of format {str(kind)[:20]}; this version reads format {_FORMAT}")
    if not (isinstance(step, int) and 0 <= step < 2**63 and isinstance(parts, dict)):
        raise DataError("its description is damaged")
    about = unpacked(about, {})
    if not isinstance(about, dict):
        raise DataError("its description is damaged")
    return Moment(step, about, {name: unpacked(tree, arrays) for name, tree in parts.items()})


def _header(contents: bytes) -> dict[str, Any]:
    """The JSON at the head of a safetensors file that the library has read."""
    (length,) = struct.unpack("<Q", contents[:8])
    header: dict[str, Any] = json.loads(contents[8 : 8 + length])
    return header


def _digest(text: str, arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
