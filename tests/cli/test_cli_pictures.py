import tracemalloc

import numpy as np
import pytest
from PIL import Image

from tinygrad_mnist.cli.picture_files import read_picture
from tinygrad_mnist.cli.pictures import as_mnist
from tinygrad_mnist.errors import DataError

SIZE = (28, 28)


@pytest.fixture(scope="module")
def images(digits):
    return digits[1][0][:100].astype(float)


def test_images_of_mnist_stay_as_they_are(images):
    made = np.stack([as_mnist(image, SIZE) for image in images])
    assert np.mean([(a == b).all() for a, b in zip(made, images, strict=True)]) > 0.6
    assert abs(made - images).mean() < 0.2


def test_dark_on_light_is_the_same(images):
    for image in images:
        assert (as_mnist(255 - image, SIZE) == as_mnist(image, SIZE)).all()


def test_brightness_may_be_on_any_scale(images):
    for image in images:
        for other in (image / 255, image * 100 - 7000, 40 + image / 8):
            assert abs(as_mnist(other, SIZE).astype(int) - as_mnist(image, SIZE)).max() <= 1


def test_place_and_margin_do_not_matter(images):
    for i, image in enumerate(images):
        canvas = np.zeros((60, 100))
        canvas[i % 32 : i % 32 + 28, i % 70 : i % 70 + 28] = image
        assert (as_mnist(canvas, SIZE) == as_mnist(image, SIZE)).all()


@pytest.mark.parametrize("factor", [2, 3, 10])
def test_size_hardly_matters(images, factor):
    for image in images:
        large = as_mnist(np.kron(image, np.ones((factor, factor))), SIZE).astype(int)
        assert abs(large - as_mnist(image, SIZE)).mean() < 7


def test_proportions_are_kept():
    bar = np.zeros((200, 200))
    bar[20:180, 90:110] = 1
    rows, columns = np.nonzero(as_mnist(bar, SIZE) > 127)
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 in (2, 3)


def test_the_centre_of_mass_is_put_in_the_middle():
    wedge = np.tri(50)
    made = as_mnist(np.pad(wedge, 5), SIZE).astype(float)
    centre = [(made.sum(axis) * np.arange(28)).sum() / made.sum() for axis in (0, 1)]
    assert centre == pytest.approx([14, 14], abs=0.51)


def test_faint_specks_do_not_count():
    image = np.zeros((100, 100))
    image[40:60, 45:55] = 255
    clean = as_mnist(image, SIZE)
    image[2, 3] = 20
    assert (as_mnist(image, SIZE) == clean).all()


def test_paper_that_varies_a_little():
    image = np.full((100, 100), 200.0) + np.random.default_rng(0).normal(0, 2, (100, 100))
    image[40:60, 45:55] = 30
    rows, columns = np.nonzero(as_mnist(image, SIZE) > 127)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 10)


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (1, 1000), (3, 500), (28, 28), (5, 4)])
@pytest.mark.parametrize("size", [(28, 28), (8, 8), (1, 1), (2, 5), (16, 28)])
def test_any_shape(shape, size):
    picture = np.zeros(shape)
    picture.flat[0] = 1
    made = as_mnist(picture, size)
    assert made.shape == size
    assert made.dtype == np.uint8
    assert made.any()


@pytest.mark.parametrize("shape", [(1, 1), (28, 28)])
def test_blank_pictures(shape):
    with pytest.raises(DataError, match="all of one brightness"):
        as_mnist(np.full(shape, 7.0), SIZE)


# Files ---------------------------------------------------------------------------------------------


def disk(size=40):
    y, x = np.mgrid[:size, :size]
    return (np.hypot(x - size / 2, y - size / 2) < size / 4) * 255.0


def inked(picture):
    """Where the ink is, after reading."""
    return as_mnist(picture, SIZE) > 127


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_kinds_of_pixels(tmp_path, mode, suffix):
    if suffix == "png" and mode in ("CMYK", "I", "F"):
        pytest.skip("PNG has no such pixels")
    values = disk()
    image = {
        "I;16": lambda: Image.fromarray((values * 257).astype(np.uint16)),
        "I": lambda: Image.fromarray((values * 257).astype(np.int32)),
        "F": lambda: Image.fromarray(values.astype(np.float32)),
    }.get(mode, lambda: Image.fromarray(values.astype(np.uint8)).convert(mode))()
    image.save(tmp_path / f"image.{suffix}")
    assert (inked(read_picture(tmp_path / f"image.{suffix}")) == inked(values)).all()


@pytest.mark.parametrize("ink", [0, 255])
def test_ink_on_nothing(tmp_path, ink):
    values = disk()
    pixels = np.full((40, 40, 2), ink, np.uint8)
    pixels[..., 1] = values
    Image.fromarray(pixels).save(tmp_path / "image.png")
    assert (inked(read_picture(tmp_path / "image.png")) == inked(values)).all()


def test_nothing_on_nothing(tmp_path):
    Image.new("LA", (9, 9)).save(tmp_path / "image.png")
    with pytest.raises(DataError, match="all of one brightness"):
        as_mnist(read_picture(tmp_path / "image.png"), SIZE)


def test_a_photograph_lying_on_its_side(tmp_path):
    values = np.zeros((40, 60), np.uint8)
    values[10:30, 10:15] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(np.rot90(values)).save(tmp_path / "image.png", exif=exif)
    assert (read_picture(tmp_path / "image.png") == values).all()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, ">f8"])
def test_kinds_of_arrays(tmp_path, dtype):
    np.save(tmp_path / "image.npy", np.asfortranarray(disk().astype(dtype)))
    assert (inked(read_picture(tmp_path / "image.npy")) == inked(disk())).all()


def test_a_description_longer_than_the_file_makes_no_room_for_itself(tmp_path):
    path = tmp_path / "long.npy"
    path.write_bytes(b"\x93NUMPY\x02\x00" + (662_377_785).to_bytes(4, "little") + b"{'descr': '<f4'")
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="longer than the file"):
            read_picture(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
