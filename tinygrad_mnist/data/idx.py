"""Read IDX, the file format of MNIST.

    bytes       meaning
    2           zero
    1           what a value is (`DTYPES`)
    1           number of axes
    4 each      length of each axis
    the rest    the values, last axis fastest

All numbers are big-endian.
"""

import hashlib
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from . import gunzip

DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}

#: What the values of a file may take, unless the caller says otherwise.
MOST_BYTES = 1 << 30

_PIECE_BYTES = 1 << 18


def read_idx(
    path: str | os.PathLike[str], *, sha256: str | None = None, limit: int = MOST_BYTES
) -> NDArray[Any]:
    """Return the array in the IDX file at `path`, plain or gzip (its first bytes say which).

    The result has any number of axes and is writable; its dtype is the file's, in native
    byte order. Memory grows with the data really found, never with what the header claims.

    `sha256` is the sum (hexadecimal) the uncompressed contents must have. `limit` is the most
    bytes the values may take, 1 GiB; a header that claims more, or more than a file of its length
    can hold, is refused before anything is allocated.

    Raises DataError, naming the file and what is wrong with it, if it is missing, unreadable,
    cut off, longer than its header says, damaged, not IDX, or too large.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise ValueError("it is missing or not a regular file")
        with path.open("rb") as file:
            compressed = file.read(2) == gunzip.MAGIC
            file.seek(0)
            capacity = os.fstat(file.fileno()).st_size * (gunzip.MOST_EXPANSION if compressed else 1)
            contents = _Summed(gunzip.Gunzip(file) if compressed else file, sha256)
            return _parse(contents, capacity, limit)
    except MemoryError as error:
        raise DataError(f"cannot read {path}: its values do not fit in memory") from error
    except zlib.error as error:
        raise DataError(f"cannot read {path}: its gzip stream is damaged ({error})") from error
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}") from error


class _Source(Protocol):
    def read(self, most: int, /) -> bytes: ...


class _Summed:
    """A source that knows the sum of all it has handed out, where one is expected."""

    def __init__(self, source: _Source, expected: str | None) -> None:
        self._source = source
        self._expected = expected
        self._sum = hashlib.sha256()

    def read(self, most: int, /) -> bytes:
        piece = self._source.read(most)
        if self._expected is not None:
            self._sum.update(piece)
        return piece

    def check(self) -> None:
        if self._expected is not None and self._sum.hexdigest() != self._expected:
            raise ValueError(f"the SHA-256 of its contents is {self._sum.hexdigest()}, not {self._expected}")


def _parse(contents: _Summed, capacity: int, limit: int) -> NDArray[Any]:
    dtype, axes = _parse_magic(_take(contents, 4, "magic number"))
    shape = struct.unpack(f">{axes}I", _take(contents, 4 * axes, "axis lengths"))
    size = math.prod(shape) * dtype.itemsize
    claim = f"its header claims {dtype.name} values of shape {shape}, {size:,} bytes"
    if size > limit:
        raise ValueError(f"{claim}, above the limit of {limit:,}")
    if size > capacity:
        raise ValueError(f"{claim}, more than a file this short can hold")
    values = _take(contents, size, "values")
    if contents.read(1):
        raise ValueError(f"{claim}, but more follow")
    contents.check()
    array: NDArray[Any] = np.ndarray(shape, dtype, buffer=values)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _parse_magic(magic: bytearray) -> tuple[np.dtype[Any], int]:
    zeros, code, axes = magic[:2], magic[2], magic[3]
    if any(zeros) or code not in DTYPES:
        raise ValueError(f"it is not IDX or gzip: it starts with the bytes {magic.hex(' ')}")
    return DTYPES[code], axes


def _take(source: _Source, size: int, what: str) -> bytearray:
    taken = bytearray()
    while len(taken) < size:
        piece = source.read(min(size - len(taken), _PIECE_BYTES))
        if not piece:
            raise ValueError(f"it is cut off after {len(taken):,} of the {size:,} bytes of its {what}")
        taken += piece
    return taken
