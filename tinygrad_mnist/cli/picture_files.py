"""Reading pictures: .npy by NumPy, anything else by Pillow."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, MissingExtraError
from .pictures import Picture

_NUMBERS = "buif"


def read_picture(path: Path) -> Picture:
    """Read the brightness of a picture, (height, width).

    Raises DataError for a file that is missing or no picture, and
    MissingExtraError if it takes Pillow and that is not installed.
    """
    if not path.is_file():
        raise DataError("it is missing or not a regular file")
    return _read_array(path) if path.suffix == ".npy" else _read_image(path)


def _read_array(path: Path) -> Picture:
    try:
        # Mapped, not read: a header that claims more than the file has then allocates nothing.
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"it is no .npy file of numbers ({error})") from None
    if array.ndim != 2 or not array.size or array.dtype.kind not in _NUMBERS:
        raise DataError(
            f"it holds {array.dtype} of shape {array.shape}, a picture is numbers of shape (height, width)"
        )
    if not np.isfinite(array).all():
        raise DataError("some of its numbers are not finite")
    return array.astype(np.float64)


def _read_image(path: Path) -> Picture:
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise MissingExtraError(
            f'reading {path} needs Pillow: pip install "tinygrad_mnist[image]", or give a .npy file'
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on large or slightly odd files; errors are raised all the same
            with Image.open(path) as image:
                upright = ImageOps.exif_transpose(image)
                if upright.mode[0] in "IF":  # more than 8 bits, which convert would cut off
                    return np.asarray(upright, np.float64)
                pixels = np.asarray(upright.convert("LA"), np.float64)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"it is no picture that Pillow can read ({error})") from None
    return _on_paper(pixels[..., 0], pixels[..., 1] / 255)


def _on_paper(brightness: Picture, opacity: Picture) -> Picture:
    """A partly transparent picture put on paper that its ink stands out from."""
    visible = opacity.sum()
    ink = (brightness * opacity).sum() / visible if visible else 0.0
    paper = 255.0 if ink < 128 else 0.0
    return brightness * opacity + paper * (1 - opacity)
