"""The bytes of an IDX file of small integers, for the tests only."""

import struct


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(">u1").tobytes()
