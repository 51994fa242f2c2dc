"""Where another process finds the images and labels that a task is about: tasks carry no data."""

from __future__ import annotations

import dataclasses
import functools
import io
import os
import socket
import zipfile
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ... import data, writing
from ...data.digits import EMBEDDED
from ...errors import DataError
from ..identity import digest_of

Examples: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]


_IN_PACKAGE = 60_000  # images


@dataclasses.dataclass(frozen=True)
class Source:
    """A place that every node sees, and what must be there.

    Attributes:
        path: a folder of IDX files as `data.mnist` takes it, whose training part is meant, or an .npz file
            with "images" and "labels"; None for the MNIST in the package.
        digest: of the images and labels.
    """

    path: str | None
    digest: str


def read(path: str | os.PathLike[str] | None) -> Examples:
    """The images (N, height, width), uint8, and labels (N,), int64, of a `Source.path`; DataError without."""
    if path is None:
        return data.mnist(EMBEDDED)[0]
    path = Path(path)
    if path.is_dir():
        return data.mnist(path)[0]
    try:
        with path.open("rb") as opened:
            file = np.load(opened, allow_pickle=False)
            if isinstance(file, np.ndarray):
                raise ValueError("it holds one array")
            images, labels = file["images"], file["labels"].astype(np.int64)
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} is neither a folder of IDX files nor an .npz file with images and labels ({error})"
        ) from None
    if images.ndim != 3 or images.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise DataError(
            f"{path} holds images {images.dtype} {images.shape} and labels {labels.shape}, "
            "not uint8 (N, height, width) and (N,)"
        )
    return images, labels


def source_of(examples: Examples, path: str | os.PathLike[str] | None, spool: Path) -> Source:
    """Where these are found: at the path they were read from, in the package, or in a file made in `spool`.

    Raises DataError where that file cannot be written.
    """
    digest = _digest(examples)
    if path is not None:
        return Source(os.path.abspath(path), digest)
    if len(examples[0]) == _IN_PACKAGE and digest == _digest(read(None)):
        return Source(None, digest)
    own = writing.folder(spool) / f"examples-{digest[:16]}.npz"
    file = io.BytesIO()
    np.savez(file, images=examples[0], labels=examples[1])
    writing.write(own, file.getvalue())
    return Source(os.path.abspath(own), digest)


@functools.lru_cache(maxsize=1)
def found(source: Source) -> Examples:
    """What is there, for the process that does a task; DataError if it is something else or nothing."""
    here = f"on {socket.gethostname()}"
    try:
        examples = read(source.path)
    except DataError as error:
        raise DataError(
            f"{here}: {error}; name data at a path that every node sees, or use the MNIST in the package"
        ) from None
    if _digest(examples) != source.digest:
        raise DataError(
            f"{here}: {source.path or 'the package'} holds other images and labels than were meant"
        )
    return examples


def _digest(examples: Examples) -> str:
    return digest_of(np.frombuffer("".join(map(digest_of, examples)).encode(), np.uint8))
