"""Model files: a trained network in one safetensors file.

The tensors are the model's parameters, float32, under their `state_dict` names. The metadata has
one entry, "tinygrad_mnist", a JSON object:

    key          meaning
    version      of the package that wrote the file
    image_size   [height, width] of the images the network reads
    classes      number of outputs
    recipe       the fields of `train.Recipe`: layers, activations, input scale, seed...
    history      what `train.History.to_dict` gives, without times; the last 27,962 epochs

Nothing in it tells when or how fast it was trained: same recipe, same data, same bytes.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save as to_bytes

from . import __version__, saving, writing
from .describing import complete
from .errors import DataError
from .nn import Module
from .primitive import Array
from .train import History, Recipe, RecipeError, TrainedNetwork
from .train.given import network_of

_KEY = "tinygrad_mnist"
_WEIGHT_BYTES = 4
_EPOCH_BYTES = 300  # of the history, at most

#: Limits of a file, which `load` looks at before it allocates anything.
MOST_BYTES = 1 << 30
MOST_DESCRIPTION_BYTES = 16 << 20
MOST_LAYERS = 1000

_MOST_EPOCHS = MOST_DESCRIPTION_BYTES // (2 * _EPOCH_BYTES)


def save(network: TrainedNetwork, path: str | os.PathLike[str]) -> None:
    """Write a network to `path`, in place of a file that is there, whole or not at all.

    Raises DataError, naming the path, where that is not possible.
    """
    if not isinstance(network.recipe, Recipe):
        saving.save(network.model, path)
        return
    contents = {
        "version": __version__,
        "image_size": network.image_size,
        "classes": network.classes,
        "recipe": dataclasses.asdict(network.recipe),
        "history": _end(network.history).to_dict(times=False),
    }
    weights = {name: x.numpy().astype(np.float32) for name, x in network.model.state_dict().items()}
    writing.write(path, to_bytes(weights, metadata={_KEY: json.dumps(contents, allow_nan=False)}))


def check_place(path: str | os.PathLike[str], parameters: int, epochs: int) -> None:
    """DataError if a model of this size cannot be written there: better known before the training."""
    size = parameters * _WEIGHT_BYTES + min(epochs, _MOST_EPOCHS) * _EPOCH_BYTES
    if size > MOST_BYTES:
        raise DataError(
            f"{parameters:,} weights and biases do not fit into a model file of {MOST_BYTES:,} bytes"
        )
    writing.check_place(path, size)


def _end(history: History) -> History:
    """As many of the last epochs as a description can hold."""
    return dataclasses.replace(history, epochs=history.epochs[-_MOST_EPOCHS:])


def load(path: str | os.PathLike[str]) -> TrainedNetwork:
    """Read a network that `save` wrote, or a module that `tg.save` wrote; nothing in the file is run.

    A module has no recipe and no history: how it reads images is found out by `train.given.network_of`, which
    runs it on two blank images, and that costs what its layers ask for.

    A file takes at most about four times its own size in memory, and is refused above 1 GiB, 16 MiB of
    description, or 1,000 hidden layers.

    Raises DataError, naming the path, for a file that is missing, damaged, too large, no model of this
    package, or whose weights do not fit its description.
    """
    path = Path(path)
    try:
        weights, text = _read(path)
        return network_of(_module(path)) if text is None else _network(weights, text)
    except (DataError, RecipeError) as error:
        raise DataError(f"cannot load {path}: {' '.join(str(error).split())}") from None


def _module(path: Path) -> Module:
    found = saving.load(path)
    modules = [found] if isinstance(found, Module) else []
    if isinstance(found, dict):
        modules = [x for x in found.values() if isinstance(x, Module)]
    if len(modules) != 1:
        raise DataError(
            "it holds numbers, but no layers; save the module itself, as in tg.save(model, path)"
            if not modules
            else f"it holds {len(modules)} modules; save the one to look at by itself"
        )
    return modules[0]


def _read(path: Path) -> tuple[dict[str, Array], str | None]:
    if not path.is_file():
        raise DataError("it is missing or not a regular file")
    try:
        _check_size(path)
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            text = metadata.get(_KEY)
            if text is None and saving.KEY not in metadata:
                raise DataError("it is a safetensors file, but not a model of this package")
            if text is None:
                return {}, None
            return {name: file.get_tensor(name) for name in file.keys()}, text  # noqa: SIM118
    except OSError as error:
        raise DataError(error.strerror or str(error)) from None
    except DataError:
        raise
    except Exception as error:  # SafetensorError, and others for dtypes that NumPy does not have
        raise DataError(f"it is damaged or no model file ({error})") from None


def _check_size(path: Path) -> None:
    with path.open("rb") as file:
        size, head = os.fstat(file.fileno()).st_size, int.from_bytes(file.read(8), "little")
    if size > MOST_BYTES:
        raise DataError(f"it has {size:,} bytes, a model at most {MOST_BYTES:,}")
    if min(head, size) > MOST_DESCRIPTION_BYTES:
        raise DataError(f"its description has {head:,} bytes, at most {MOST_DESCRIPTION_BYTES:,} are read")


def _network(weights: dict[str, Array], text: str) -> TrainedNetwork:
    try:
        contents = json.loads(text)
        recipe = _recipe(contents["recipe"])
        height, width = map(_positive, contents["image_size"])
        classes = _positive(contents["classes"])
        history = History.from_dict(contents["history"])
    except (DataError, RecipeError):
        raise
    except (RecursionError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"its description is damaged ({type(error).__name__}: {error})") from None
    if len(recipe.hidden) > MOST_LAYERS:
        raise DataError(f"it describes {len(recipe.hidden):,} hidden layers, the most is {MOST_LAYERS:,}")
    sizes = [height * width, *recipe.hidden, classes]
    described = recipe.parameter_count(height * width, classes)
    found = sum(x.size for x in weights.values())
    if described != found:  # known before anything of the described size is made
        raise DataError(
            f"it describes a network {'-'.join(map(str, sizes))} with {described:,} weights and biases, "
            f"but holds {found:,}"
        )
    if not all(np.isfinite(x).all() for x in weights.values()):
        raise DataError("some of its weights or biases are not finite")
    model = recipe.build_model(height * width, classes)
    model.load_state_dict(weights)
    return TrainedNetwork(model.eval(), recipe, (height, width), classes, history)


def _recipe(values: Mapping[str, Any]) -> Recipe:
    return Recipe(**{**values, "hidden": tuple(values["hidden"])})


def _positive(value: Any) -> int:
    if not isinstance(value, int) or not 1 <= value < 2**31:
        raise ValueError(f"{value!r} is no number of pixels or classes")
    return value


complete("files", ("load", "save", "to_bytes"), globals())
