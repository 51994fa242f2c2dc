import gzip
import hashlib
import io
import os
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from idx_writer import CODES, header, idx_bytes, write

from tinygrad_mnist.data import read_idx
from tinygrad_mnist.data.gunzip import Gunzip
from tinygrad_mnist.errors import DataError

SMALL = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)

arrays = st.sampled_from(sorted(CODES)).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=6, min_side=0, max_side=5))
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "some-file"


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def refused(path, contents, match, **options):
    path.write_bytes(contents)
    with pytest.raises(DataError, match=match) as caught:
        read_idx(path, **options)
    assert str(path) in str(caught.value)


def read_or_none(path):
    try:
        return read_idx(path)
    except DataError:
        return None


# --- what is right is read


@settings(deadline=None)
@given(array=arrays, compress=st.booleans())
def test_what_was_written_is_read_back(path, array, compress):
    back = read_idx(write(path, array, compress=compress))
    assert same(back, array)
    assert back.dtype.isnative
    assert back.flags.writeable
    assert back.flags.c_contiguous


@pytest.mark.parametrize("compress", [False, True])
def test_more_than_one_piece(path, compress):
    array = np.random.Generator(np.random.Philox(1)).integers(0, 256, (1000, 999), dtype=np.uint8)
    assert same(read_idx(str(write(path, array, compress=compress))), array)


def test_the_sum_is_checked(path):
    contents = idx_bytes(SMALL)
    path.write_bytes(gzip.compress(contents))
    assert same(read_idx(path, sha256=hashlib.sha256(contents).hexdigest()), SMALL)
    refused(path, gzip.compress(contents), "SHA-256 of its contents is .*, not 00", sha256="00")


# --- what is wrong is refused, with the reason


def test_missing(tmp_path):
    with pytest.raises(DataError, match="nothing-here: it is missing"):
        read_idx(tmp_path / "nothing-here")


def test_directory(tmp_path):
    with pytest.raises(DataError, match="not a regular file"):
        read_idx(tmp_path)


def test_unreadable(path, monkeypatch):
    def forbid(*_):
        raise PermissionError(13, "Permission denied")

    path.write_bytes(idx_bytes(SMALL))
    monkeypatch.setattr(type(path), "open", forbid)
    with pytest.raises(DataError, match=r"some-file: .*Permission denied"):
        read_idx(path)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"", "cut off after 0 of the 4 bytes of its magic number"),
        (b"\0\0\x08", "cut off after 3 of the 4 bytes of its magic number"),
        (b"\x89PNG\r\n\x1a\n", "not IDX or gzip: it starts with the bytes 89 50 4e 47"),
        (b"\0\1\x08\1" + bytes(9), "not IDX"),
        (header(0x0A, 1) + b"\0", "not IDX"),
        (header(0x08, 2, 3)[:-1], "cut off after 7 of the 8 bytes of its axis lengths"),
        (header(0x08, 5) + bytes(4), r"cut off after 4 of the 5 bytes of its values"),
        (header(0x08, 5) + bytes(6), r"claims uint8 values of shape \(5,\), 5 bytes, but more follow"),
        (header(0x08, *[1] * 65) + bytes(1), "maximum supported dimension"),
    ],
)
def test_reasons(path, contents, reason):
    refused(path, contents, reason)
    refused(path, gzip.compress(contents), reason)


def test_more_values_than_the_file_has_bytes(path):
    refused(path, header(0x0E, 5) + bytes(6), "40 bytes, more than a file this short can hold")


def test_an_empty_array_with_impossible_axes(path):
    contents = header(0x08, 0, *[2**32 - 1] * 3)
    refused(path, contents, "array is too big|Maximum allowed")


GZ = gzip.compress(idx_bytes(SMALL), mtime=0)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (GZ[:5], "gzip stream is cut off"),
        (GZ[:-9], "gzip stream is cut off"),
        (GZ[:-1], "gzip stream is cut off"),
        (GZ + b"\0", "bytes follow the end of its gzip stream"),
        (GZ + GZ, "bytes follow the end of its gzip stream"),
        (GZ[:-8] + bytes(4) + GZ[-4:], "damaged .*incorrect data check"),
        (GZ[:-4] + bytes(4), "damaged .*incorrect length check"),
        (GZ[:2] + b"\x07" + GZ[3:], "damaged .*unknown compression method"),
        (GZ[:3] + b"\xe0" + GZ[4:], "damaged .*unknown header flags"),
        (GZ[:10] + b"\xff" + GZ[11:], "damaged .*invalid block type"),
    ],
)
def test_damaged_gzip(path, contents, reason):
    refused(path, contents, reason)


def test_the_trailing_check_reaches_a_file_that_ends_on_an_input_piece(path):
    noise = np.random.Generator(np.random.Philox(2)).bytes(1 << 16)
    contents = header(0x08, 65536 - 8 - 23) + noise[: 65536 - 8 - 23]
    stream = gzip.compress(contents, 0)
    assert len(stream) == 1 << 16
    path.write_bytes(stream)
    assert read_idx(path).tobytes() == contents[8:]
    refused(path, stream + b"x", "bytes follow")


# --- damage anywhere


small_arrays = st.sampled_from(sorted(CODES)).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, max_side=4))
)


@settings(deadline=None)
@given(array=small_arrays, compress=st.booleans(), data=st.data())
def test_any_truncation_is_refused(path, array, compress, data):
    contents = write(path, array, compress=compress).read_bytes()
    kept = data.draw(st.integers(0, len(contents) - 1))
    refused(path, contents[:kept], "cut off|short")


@settings(deadline=None)
@given(array=small_arrays, compress=st.booleans(), tail=st.binary(min_size=1, max_size=9))
def test_anything_appended_is_refused(path, array, compress, tail):
    contents = write(path, array, compress=compress).read_bytes()
    refused(path, contents + tail, "follow")


@settings(deadline=None, max_examples=300)
@given(array=small_arrays, compress=st.booleans(), data=st.data())
def test_any_changed_byte_is_refused_or_harmless(path, array, compress, data):
    contents = bytearray(write(path, array, compress=compress).read_bytes())
    contents[data.draw(st.integers(0, len(contents) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(contents)
    back = read_or_none(path)
    if back is not None:
        # A gzip stream that is accepted differs in its time stamp or the like; a plain file
        # has no sum, so other values of the same extent cannot be told from the right ones.
        # A changed number of dimensions turns numbers into lengths, within the same file.
        extent = 4 * back.ndim + back.nbytes
        assert same(back, array) if compress else extent == 4 * array.ndim + array.nbytes


@settings(deadline=None, max_examples=300)
@given(
    start=st.sampled_from([b"", b"\0\0", b"\0\0\x08\1\0\0\0", b"\x1f\x8b\x08\0"]),
    rest=st.binary(max_size=64),
)
def test_arbitrary_bytes_are_refused_or_read(path, start, rest):
    path.write_bytes(start + rest)
    back = read_or_none(path)
    assert back is None or back.nbytes <= len(rest)


# --- sizes that are not true, or not bearable


def peak_of_refusal(path, match, **options):
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=match):
            read_idx(path, **options)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((1 << 20, 1 << 10, 1 << 10), "above the limit of 1,073,741,824"),
        (((1 << 32) - 1,) * 200, "above the limit"),
        ((1_000_000_000,), "more than a file this short can hold"),
    ],
)
def test_a_header_claiming_terabytes_allocates_nothing(path, compress, shape, reason):
    contents = header(0x08, *shape) + bytes(1000)
    path.write_bytes(gzip.compress(contents) if compress else contents)
    assert peak_of_refusal(path, reason) < 400_000


def test_a_believable_claim_costs_what_the_data_proves(path):
    noise = np.random.Generator(np.random.Philox(3)).bytes(1 << 20)
    path.write_bytes(gzip.compress(header(0x08, 1 << 30) + noise))
    assert peak_of_refusal(path, "cut off after 1,048,576 of") < 4_000_000


def test_a_gzip_bomb_is_not_expanded_beyond_the_claim(path):
    path.write_bytes(gzip.compress(header(0x08, 1000) + bytes(1 << 26), 1))
    assert peak_of_refusal(path, "but more follow") < 1_000_000


def test_a_bomb_in_the_names_of_the_gzip_header(path):
    path.write_bytes(b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * (1 << 24))
    assert peak_of_refusal(path, "cut off") < 1_000_000


def test_an_honest_file_above_the_limit(path):
    write(path, SMALL)
    assert same(read_idx(path, limit=24), SMALL)
    refused(path, idx_bytes(SMALL), r"of shape \(2, 3, 4\), 24 bytes, above the limit of 23", limit=23)


def test_a_sparse_file_of_terabytes(path):
    path.write_bytes(header(0x08, 1 << 20, 1 << 20))
    try:
        os.truncate(path, (1 << 40) + 12)
    except OSError:
        pytest.skip("this file system has no files of that size")
    assert peak_of_refusal(path, "above the limit") < 400_000
    path.unlink()


def test_running_out_of_memory(path, monkeypatch):
    def exhaust(*_):
        raise MemoryError

    monkeypatch.setattr(Gunzip, "read", exhaust)
    refused(path, GZ, "do not fit in memory")


# --- the decompressor


@settings(deadline=None)
@given(contents=st.binary(max_size=300), repeat=st.integers(1, 2000), most=st.integers(1, 5000))
def test_gunzip_gives_at_most_what_was_asked(contents, repeat, most):
    whole = contents * repeat
    source = Gunzip(io.BytesIO(gzip.compress(whole)))
    pieces = list(iter(lambda: source.read(most), b""))
    assert b"".join(pieces) == whole
    assert all(len(piece) <= most for piece in pieces)
    assert source.read(most) == b""


def test_gunzip_errors():
    with pytest.raises(EOFError):
        Gunzip(io.BytesIO(b"")).read(1)
    with pytest.raises(zlib.error):
        Gunzip(io.BytesIO(struct.pack(">Q", 1))).read(1)
