"""Outcomes kept in a folder: what has been trained once is not trained again."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__, writing
from ..train import Recipe, RecipeError
from .outcome import Outcome

_MOST_BYTES = 1 << 20  # of a file; it has some hundred


class Shelf:
    """A folder with a file for each outcome, written whole or not at all.

    A file is named after all that decides its outcome: the recipe, the examples, the version of
    this package. It holds the outcome's fields as JSON, for other programs to read as well.

    Args:
        folder: made if it is not there; DataError where that is not possible.
        images, labels: the examples.
    """

    def __init__(
        self, folder: str | os.PathLike[str], images: NDArray[np.uint8], labels: NDArray[np.int64]
    ) -> None:
        self._folder = writing.folder(folder)
        digest = hashlib.sha256(repr((__version__, images.shape)).encode())
        digest.update(np.ascontiguousarray(images).data)
        digest.update(np.ascontiguousarray(labels).data)
        self._examples = digest.digest()

    def find(self, recipe: Recipe) -> Outcome | None:
        """The outcome of a recipe, if it is there, whole, and one that there can be."""
        path = self._path(recipe)
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError, RecipeError):
            if path.stat().st_size > _MOST_BYTES:
                return None
            values = json.loads(path.read_text(encoding="utf-8"))
            outcome = _outcome(values)
            if outcome.recipe == recipe and outcome.possible():
                return outcome
        return None

    def put(self, outcome: Outcome) -> None:
        """Keep an outcome; DataError, naming the file, where that is not possible."""
        text = json.dumps(dataclasses.asdict(outcome), indent=2, allow_nan=False)
        writing.write(self._path(outcome.recipe), text + "\n")

    def _path(self, recipe: Recipe) -> Path:
        settings = json.dumps(dataclasses.asdict(recipe), sort_keys=True)
        digest = hashlib.sha256(self._examples + settings.encode()).hexdigest()[:12]
        hidden = "-".join(map(str, recipe.hidden)) or "none"
        words = (hidden, recipe.activation, recipe.cost, recipe.optimiser, f"seed{recipe.seed}", digest)
        return self._folder / f"{'_'.join(words)}.json"


def _outcome(values: dict[str, Any]) -> Outcome:
    recipe, curve = Recipe.from_dict(values["recipe"]), tuple(values.get("curve", ()))
    return Outcome(**{**values, "recipe": recipe, "curve": curve})
