"""Philox: the published vectors, the layout of streams, and that each number stands alone."""

import math

import numpy as np
import pytest

from tinygrad_mnist.kernels import philox
from tinygrad_mnist.kernels.policy import kernel

ONES = 0xFFFFFFFF
# kat_vectors of the Random123 distribution, philox4x32 with 10 rounds
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
FUNCTIONS = [
    (philox.uniform, np.float32, philox.uniform_at_float32, 4),
    (philox.uniform, np.float64, philox.uniform_at_float64, 2),
    (philox.normal, np.float32, philox.normal_at_float32, 4),
    (philox.normal, np.float64, philox.normal_at_float64, 2),
]
cases = pytest.mark.parametrize(("fill", "dtype", "at", "lanes"), FUNCTIONS)


@kernel
def compiled_block(counter, key):
    return philox.philox4x32(counter[0], counter[1], counter[2], counter[3], key[0], key[1])


def draw(fill, dtype, key, offset, size):
    out = np.full(size, np.nan, dtype)
    fill(key, offset, out)
    return out


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_published_vectors(counter, key, words):
    counter, key = tuple(map(np.uint64, counter)), tuple(map(np.uint64, key))
    assert philox.philox4x32(*counter, *key) == words
    assert compiled_block(counter, key) == words


def test_where_the_words_of_a_stream_come_from():
    key, number = np.uint64(0x299F31D0_A4093822), np.uint64(0x85A308D3_243F6A88)
    expected = philox.philox4x32(*map(np.uint64, (0x243F6A88, 0x85A308D3, 0, 0, 0xA4093822, 0x299F31D0)))
    assert philox.block(key, number) == expected
    w0, w1, w2, w3 = map(int, expected)
    single = draw(philox.uniform, np.float32, key, number, 4)
    double = draw(philox.uniform, np.float64, key, number, 2)
    assert [*single] == [(w >> 8) * 2.0**-24 for w in (w0, w1, w2, w3)]
    assert [*double] == [((w0 << 32 | w1) >> 11) * 2.0**-53, ((w2 << 32 | w3) >> 11) * 2.0**-53]
    r, t = math.sqrt(-2 * math.log((w2 + 1) * 2.0**-32)), 2 * math.pi * (w3 >> 8) * 2.0**-24
    np.testing.assert_allclose(
        draw(philox.normal, np.float32, key, number, 4)[2:], [r * math.cos(t), r * math.sin(t)], rtol=1e-5
    )
    r = math.sqrt(-2 * math.log((((w0 << 32 | w1) >> 11) + 1) * 2.0**-53))
    t = 2 * math.pi * double[1]
    np.testing.assert_allclose(
        draw(philox.normal, np.float64, key, number, 2), [r * math.cos(t), r * math.sin(t)]
    )


@cases
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 31, 64, 67, 1001])
def test_each_number_stands_alone(fill, dtype, at, lanes, size):
    key, offset = np.uint64(2**63 + 11), np.uint64(2**32 - 3)
    out = draw(fill, dtype, key, offset, size)
    for i in {*range(min(size, 9)), *range(max(0, size - 5), size)}:
        assert at(key, offset, i) == out[i]
        assert at(key, offset, np.int64(i)) == out[i]


@cases
def test_compiled_single_numbers(fill, dtype, at, lanes):
    @kernel
    def one_by_one(key, offset, out):
        for i in range(out.size):
            out[i] = at(key, offset, i)

    out = np.empty(101, dtype)
    one_by_one(np.uint64(3), np.uint64(5), out)
    np.testing.assert_array_equal(out, draw(fill, dtype, 3, 5, 101))


@cases
def test_a_stream_goes_on_at_the_next_block(fill, dtype, at, lanes):
    whole = draw(fill, dtype, 9, 2**64 - 2, 40 * lanes)
    for blocks in (1, 2, 3, 17):
        rest = draw(fill, dtype, 9, (2**64 - 2 + blocks) % 2**64, (40 - blocks) * lanes)
        np.testing.assert_array_equal(whole[blocks * lanes :], rest)


@cases
def test_keys_give_different_streams(fill, dtype, at, lanes):
    drawn = [draw(fill, dtype, key, 0, 8) for key in (0, 1, 2**32, 2**63)]
    assert len({out.tobytes() for out in drawn}) == 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_numbers_are_uniform(dtype):
    x = np.sort(draw(philox.uniform, dtype, 1, 0, 200_001))
    assert x[0] >= 0
    assert x[-1] < 1
    largest_gap = np.abs(x - np.linspace(0, 1, x.size)).max()  # Kolmogorov and Smirnov
    assert largest_gap * math.sqrt(x.size) < 1.95  # exceeded once in a thousand streams


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normal_numbers_are_normal(dtype):
    drawn = draw(philox.normal, dtype, 2, 0, 200_001).astype(np.float64)
    assert np.isfinite(drawn).all()
    x = np.sort(drawn)
    expected = np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in x])
    assert np.abs(expected - np.linspace(0, 1, x.size)).max() * math.sqrt(x.size) < 1.95
    correlations = [np.corrcoef(drawn[:-lag], drawn[lag:])[0, 1] for lag in (1, 2, 3, 4)]
    assert np.abs(correlations).max() * math.sqrt(x.size) < 4


@pytest.mark.parametrize("out", [np.zeros(3, np.float16), np.zeros(6, np.float32)[::2], np.zeros(3, ">f8")])
def test_other_arrays_are_refused(out):
    with pytest.raises(TypeError, match="contiguous arrays of float32 or float64"):
        philox.uniform(0, 0, out)
