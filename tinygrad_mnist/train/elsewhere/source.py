"""Where another process finds the images and labels that a task is about: tasks carry no data."""

from __future__ import annotations

import dataclasses
import functools
import io
import math
import os
import socket
import zipfile
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ... import data, writing
from ...data.digits import EMBEDDED
from ...data.gunzip import MOST_EXPANSION
from ...data.idx import MOST_BYTES
from ...errors import DataError
from ...primitive import Array
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
        with zipfile.ZipFile(path) as archive:
            images, labels = _array(archive, "images"), _array(archive, "labels")
    except Exception as error:  # of many kinds: the headers in it are Python's syntax
        raise DataError(
            f"{path} is neither a folder of IDX files nor an .npz file with images and labels ({error})"
        ) from None
    fit = images.ndim == 3 and images.dtype == np.uint8 and labels.dtype.kind in "iu"
    if not fit or labels.shape != images.shape[:1]:
        raise DataError(
            f"{path} holds images {images.dtype} {images.shape} and labels {labels.dtype} {labels.shape}, "
            "not uint8 (N, height, width) and integers (N,)"
        )
    return images, labels.astype(np.int64)


def _array(archive: zipfile.ZipFile, name: str) -> Array:
    """An array in an .npz file, which may not claim to be larger than what is there of it could become."""
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed in an unusual way")
    most = min(info.file_size, info.compress_size * MOST_EXPANSION, MOST_BYTES)
    with archive.open(info) as member:
        header = _HEADERS.get(np.lib.format.read_magic(member))
        if header is None:
            raise ValueError(f"{name} is of another version of the format")
        shape, _, dtype = header(member)
    if math.prod(shape) * dtype.itemsize > most:
        raise ValueError(f"{name} is said to be {dtype} {shape}, and there are at most {most:,} bytes")
    with archive.open(info) as member:
        found: Array = np.lib.format.read_array(member, allow_pickle=False)
    return found


_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


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
