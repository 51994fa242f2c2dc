import gzip
import hashlib
import shutil

import numpy as np
import pytest
from idx_writer import write

from tinygrad_mnist.data import digits, mnist
from tinygrad_mnist.errors import DataError

MNIST_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.fixture(autouse=True)
def no_folder_in_the_environment(monkeypatch):
    monkeypatch.delenv("TINYGRAD_MNIST_DATA", raising=False)


@pytest.fixture(scope="module")
def embedded():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TINYGRAD_MNIST_DATA", raising=False)
        return mnist()


def small_set(height=4, width=5):
    images = np.arange(7 * height * width, dtype=np.uint8).reshape(7, height, width)
    return [images, np.arange(7, dtype=np.uint8), images[:3], np.arange(3, dtype=np.uint8)]


def fill(folder, arrays=None, names=MNIST_NAMES):
    for name, array in zip(names, small_set() if arrays is None else arrays, strict=True):
        write(folder / name, array, compress=name.endswith(".gz"))
    return folder


def check_small(loaded):
    for (images, labels), (true_images, true_labels) in zip(
        loaded, [small_set()[:2], small_set()[2:]], strict=True
    ):
        np.testing.assert_array_equal(images, true_images)
        np.testing.assert_array_equal(labels, true_labels)
        assert images.dtype == np.uint8
        assert labels.dtype == np.int64


def complaint(folder):
    with pytest.raises(DataError) as caught:
        mnist(folder)
    return str(caught.value)


# --- the embedded files


def test_embedded_shapes_and_values(embedded):
    (train_x, train_y), (test_x, test_y) = embedded
    assert train_x.shape == (60_000, 28, 28)
    assert test_x.shape == (10_000, 28, 28)
    assert train_x.dtype == test_x.dtype == np.uint8
    assert train_y.dtype == test_y.dtype == np.int64
    assert train_y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test_y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(train_y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test_y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert train_x.max() == 255
    assert train_x.mean() == pytest.approx(33.3184, abs=1e-4)


def test_every_load_is_a_fresh_array(embedded):
    again = mnist()
    assert not np.shares_memory(embedded[1][0], again[1][0])
    again[1][0][:] = 0
    assert embedded[1][0].any()


def test_the_licence_page_states_the_sums_of_the_files():
    page = (digits.EMBEDDED / "LICENSE.md").read_text(encoding="utf-8")
    for word in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0"):
        assert word in page
    for name, sha256 in zip(MNIST_NAMES, digits._SUMS, strict=True):
        contents = gzip.decompress((digits.EMBEDDED / f"{name}.gz").read_bytes())
        assert hashlib.sha256(contents).hexdigest() == sha256
        md5 = hashlib.md5(contents, usedforsecurity=False).hexdigest()
        (row,) = [line for line in page.splitlines() if f"{name}.gz" in line]
        assert f"| {md5} | {sha256} |" in row


def test_an_embedded_file_that_was_exchanged(tmp_path, monkeypatch):
    monkeypatch.setattr(digits, "EMBEDDED", fill(tmp_path))
    message = complaint(None)
    assert str(tmp_path / MNIST_NAMES[0]) in message
    assert "SHA-256" in message


def test_an_embedded_file_that_was_left_out(tmp_path, monkeypatch):
    for name in MNIST_NAMES[1:]:
        shutil.copy(digits.EMBEDDED / f"{name}.gz", tmp_path)
    monkeypatch.setattr(digits, "EMBEDDED", tmp_path)
    assert f"{tmp_path} has no train-images-idx3-ubyte" in complaint(None)


# --- another folder


@pytest.mark.parametrize(
    "names",
    [
        MNIST_NAMES,
        [f"{name}.gz" for name in MNIST_NAMES],
        [name.replace("-idx", ".idx") for name in MNIST_NAMES],
        [f"emnist-digits-{name.replace('t10k', 'test')}.gz" for name in MNIST_NAMES],
        [MNIST_NAMES[0], MNIST_NAMES[1] + ".gz", *[n.replace("t10k", "test") for n in MNIST_NAMES[2:]]],
    ],
)
def test_names(tmp_path, names):
    fill(tmp_path, names=names)
    (tmp_path / "README-train-images.txt").write_text("not data")
    (tmp_path / "train-images-idx3-ubyte.gz.part").write_text("not data")
    (tmp_path / "old-train-images-idx3-ubyte").mkdir()
    check_small(mnist(tmp_path))
    check_small(mnist(str(tmp_path)))


def test_the_environment_names_a_folder_and_the_argument_wins(tmp_path, monkeypatch, embedded):
    monkeypatch.setenv("TINYGRAD_MNIST_DATA", str(fill(tmp_path)))
    check_small(mnist())
    other = tmp_path / "other"
    other.mkdir()
    assert str(other) in complaint(other)
    monkeypatch.setenv("TINYGRAD_MNIST_DATA", "")
    assert mnist()[0][0].shape == embedded[0][0].shape


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32"])
def test_labels_of_any_integer_dtype(tmp_path, dtype):
    arrays = small_set()
    arrays[1], arrays[3] = arrays[1].astype(dtype), arrays[3].astype(dtype)
    check_small(mnist(fill(tmp_path, arrays)))


def test_no_such_folder(tmp_path):
    assert f"cannot read the data folder {tmp_path / 'nowhere'}" in complaint(tmp_path / "nowhere")


def test_a_file_for_a_folder(tmp_path):
    fill(tmp_path)
    assert "cannot read the data folder" in complaint(tmp_path / MNIST_NAMES[0])


@pytest.mark.parametrize("missing", MNIST_NAMES)
def test_a_missing_file(tmp_path, missing):
    (fill(tmp_path) / missing).unlink()
    message = complaint(tmp_path)
    assert f"{tmp_path} has no" in message
    assert missing in message


@pytest.mark.parametrize("rival", ["train-images.idx3-ubyte.gz", "emnist-letters-test-labels-idx1-ubyte"])
def test_two_files_for_one_part(tmp_path, rival):
    fill(tmp_path)
    write(tmp_path / rival, np.zeros(1, np.uint8), compress=True)
    message = complaint(tmp_path)
    assert rival in message
    assert MNIST_NAMES[0 if "images" in rival else 3] in message


def test_what_other_programs_leave_in_the_folder(tmp_path):
    """What was fetched lies beside what was unpacked, and macOS puts companions beside files of others."""
    images, labels = mnist(fill(tmp_path))[0]
    for name in MNIST_NAMES:
        (tmp_path / f"._{name}").write_bytes(b"\x00\x05\x16\x07 not data")
        (tmp_path / f"{name}.gz").write_bytes(b"the plain file is taken")
    again = mnist(tmp_path)[0]
    assert (again[0] == images).all()
    assert (again[1] == labels).all()


@pytest.mark.parametrize("name", MNIST_NAMES)
def test_a_damaged_file(tmp_path, name):
    file = fill(tmp_path) / name
    file.write_bytes(file.read_bytes()[:-1])
    assert f"cannot read {file}: it is cut off" in complaint(tmp_path)


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        (0, np.zeros((7, 20), np.uint8)),
        (0, np.zeros((7, 4, 5, 3), np.uint8)),
        (0, np.zeros((7, 4, 5), np.float32)),
        (0, np.zeros((7, 4, 5), np.int8)),
        (2, np.zeros((0, 4, 5), np.uint8)),
        (2, np.zeros((3, 0, 5), np.uint8)),
        (1, np.zeros((7, 1), np.uint8)),
        (1, np.zeros(7, np.float64)),
        (3, np.array([0, -1, 2], np.int8)),
    ],
)
def test_a_file_that_holds_something_else(tmp_path, part, wrong):
    arrays = small_set()
    arrays[part] = wrong
    message = complaint(fill(tmp_path, arrays))
    assert f"{tmp_path / MNIST_NAMES[part]} holds {wrong.dtype} values of shape {wrong.shape}" in message


@pytest.mark.parametrize("part", [1, 3])
def test_counts_that_differ(tmp_path, part):
    arrays = small_set()
    arrays[part] = np.zeros(5, np.uint8)
    message = complaint(fill(tmp_path, arrays))
    assert f"{MNIST_NAMES[part - 1]} has {len(arrays[part - 1])} images" in message
    assert f"{MNIST_NAMES[part]} has 5 labels" in message


def test_training_and_test_images_of_different_sizes(tmp_path):
    arrays = small_set()[:2] + small_set(6, 6)[2:]
    message = complaint(fill(tmp_path, arrays))
    assert f"{MNIST_NAMES[0]} has images of 4 x 5 pixels" in message
    assert f"{MNIST_NAMES[2]} has images of 6 x 6" in message
