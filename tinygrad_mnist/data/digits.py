"""Load MNIST, or any data set stored the same way, as arrays."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .folder import Four, find
from .idx import MOST_BYTES, read_idx

FOLDER_VARIABLE = "TINYGRAD_MNIST_DATA"

Examples = tuple[NDArray[np.uint8], NDArray[np.int64]]

_MOST_LABELS = MOST_BYTES // 8  # bytes in a file: they become int64

#: The folder of the MNIST in this package.
EMBEDDED = Path(__file__).parent / "files"

# SHA-256 of the uncompressed contents, in the order of `Four`.
_SUMS = (
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)


def mnist(folder: str | os.PathLike[str] | None = None) -> tuple[Examples, Examples]:
    """Return `((train_x, train_y), (test_x, test_y))`, by default the MNIST in this package.

    Images are uint8 of shape (N, height, width), 0 the background; labels are int64 of shape
    (N,). MNIST has 60,000 training and 10,000 test images of 28 x 28, and its sums are checked.

    `folder`, or else the environment variable TINYGRAD_MNIST_DATA, names a folder with the
    four IDX files of another data set, plain or gzip, each up to 1 GiB unpacked: Fashion-MNIST,
    KMNIST, one of EMNIST (whose images lie on their side: swap their last two axes to look at them).

    Raises DataError, naming the files, if one is missing, damaged, has a rival in the folder,
    or does not fit the others.
    """
    if folder is None:
        folder = os.environ.get(FOLDER_VARIABLE) or None
    if folder is None:
        return _load(find(EMBEDDED), _SUMS)
    return _load(find(Path(folder)), (None, None, None, None))


def _load(paths: Four, sums: Sequence[str | None]) -> tuple[Examples, Examples]:
    limits = (MOST_BYTES, _MOST_LABELS) * 2
    arrays = [
        read_idx(path, sha256=sha256, limit=limit)
        for path, sha256, limit in zip(paths, sums, limits, strict=True)
    ]
    train_images, train_labels, test_images, test_labels = arrays
    train = _examples(paths.train_images, train_images, paths.train_labels, train_labels)
    test = _examples(paths.test_images, test_images, paths.test_labels, test_labels)
    if train[0].shape[1:] != test[0].shape[1:]:
        raise DataError(
            f"{paths.train_images} has images of {_size(train[0])} pixels, "
            f"{paths.test_images} has images of {_size(test[0])}"
        )
    return train, test


def _examples(images_path: Path, images: NDArray[Any], labels_path: Path, labels: NDArray[Any]) -> Examples:
    if images.ndim != 3 or images.dtype != np.uint8 or not images.size:
        raise DataError(
            f"{images_path} holds {images.dtype} values of shape {images.shape}; "
            "images are uint8 of shape (N, height, width), at least one pixel"
        )
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or (labels < 0).any():
        raise DataError(
            f"{labels_path} holds {labels.dtype} values of shape {labels.shape}; "
            "labels are integers of shape (N,), none below zero"
        )
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} has {len(images):,} images, but {labels_path} has {len(labels):,} labels"
        )
    return images, labels.astype(np.int64)


def _size(images: NDArray[np.uint8]) -> str:
    return " x ".join(map(str, images.shape[1:]))
