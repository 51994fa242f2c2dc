"""The other direction of `read_idx`, for the tests only."""

import gzip
import struct
from pathlib import Path

import numpy as np

CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def header(code, *shape):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


def idx_bytes(array):
    big_endian = array.astype(array.dtype.newbyteorder(">"))
    return header(CODES[array.dtype.name], *array.shape) + big_endian.tobytes()


def write(path, array, *, compress=False):
    contents = idx_bytes(np.asarray(array))
    Path(path).write_bytes(gzip.compress(contents, 1, mtime=0) if compress else contents)
    return Path(path)
