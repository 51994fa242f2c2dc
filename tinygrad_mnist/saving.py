"""`tg.save` and `tg.load`: state dicts, modules, Tensors, nested dicts and lists of them, in safetensors.

The file is safetensors whatever its name ends in, so that reading it runs nothing. Its tensors are named by
where they belong: "model.0.weight". One entry of the metadata, "tinygrad_mnist_tree", says in JSON how they
are nested.
A file without it, from another program, is a dict of Tensors by name.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from . import objects, writing
from .core.device import check_device
from .core.tensor import Tensor
from .errors import DataError, TinygradMnistError
from .train.state_tree import packed, unpacked

File = str | os.PathLike[str] | BinaryIO | io.BytesIO

KEY = "tinygrad_mnist_tree"
_DAMAGE = (AttributeError, TypeError, ValueError, KeyError, RecursionError)
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def save(obj: Any, f: File, **_: Any) -> None:
    """Write Tensors, arrays, numbers, text, modules, and dicts, lists and tuples of them, nested, to a file.

    Args:
        obj: such as `model.state_dict()`, or {"model": model, "optimizer": optimizer, "epoch": 3}. Modules of
            the layers of `nn`, optimisers of `optim` and Generators come back as they are, with what they
            share: an optimiser changes the parameters of the model beside it.
        f: a path, in place of a file that is there, whole or not at all; or a binary file.

    Raises DTypeError, naming the place, for anything else, as a module of a class of your own, whose code no
    file can hold: save its `state_dict()`. DataError where the path cannot be written.
    """
    import safetensors.numpy  # here: importing the package does not load it

    plain = isinstance(obj, Mapping) and all(
        isinstance(k, str) and isinstance(x, Tensor | np.ndarray) for k, x in obj.items()
    )
    described, arrays = packed(objects.described(obj, "value"), "value")
    if plain:  # named as everybody names them
        names = {f"value.{name}": name for name in obj}
        arrays = {names[name]: x for name, x in arrays.items()}
        described = {"dict": [[name, {"array": name}] for name in obj]}
    data = safetensors.numpy.save(arrays, metadata={KEY: json.dumps(described, allow_nan=False)})
    if isinstance(f, str | os.PathLike):
        writing.write(f, data)
    else:
        f.write(data)


def load(f: File, map_location: Any = None, *, weights_only: bool = True, mmap: bool | None = None) -> Any:
    """Read what `save` wrote, or any safetensors file; Tensors and arrays come back as Tensors.

    Modules, optimisers and Generators are made of the package's own classes; nothing in a file is run.

    Args:
        f: a path, or a binary file.
        map_location: "cpu"; ValueError for another device.
        weights_only: reading runs nothing, whatever this says.
        mmap: changes nothing.

    Raises DataError, naming the file, if it is missing, damaged or a pickle, with how to convert that.
    """
    import safetensors.numpy

    if map_location is not None and not callable(map_location):
        check_device(map_location)
    name = str(f) if isinstance(f, str | os.PathLike) else "the file"
    if isinstance(f, str | os.PathLike):
        try:
            contents = Path(f).read_bytes()
        except OSError as error:
            raise DataError(f"cannot load {name}: {error.strerror or error}") from None
    else:
        contents = f.read()
    try:
        arrays = safetensors.numpy.load(contents)
        length = int.from_bytes(contents[:8], "little")
        text = json.loads(contents[8 : 8 + length]).get("__metadata__", {}).get(KEY)
        tree = dict(arrays) if text is None else unpacked(json.loads(text), arrays, objects=True)
        return objects.rebuilt(tree)
    except (safetensors.SafetensorError, TinygradMnistError, *_DAMAGE) as error:
        if contents.startswith(_PICKLES):
            raise DataError(
                f"cannot load {name}: it is a pickle (PyTorch's torch.save writes them), and reading one "
                f"would run what it "
                "says. Convert it where PyTorch is: "
                'safetensors.torch.save_file(torch.load(path, weights_only=True), "model.safetensors")'
            ) from None
        raise DataError(f"cannot load {name}: it is damaged or no safetensors file ({error})") from None
