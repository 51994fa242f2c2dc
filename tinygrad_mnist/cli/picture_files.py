"""Reading pictures that may come from anybody: .npy by NumPy, a few formats by Pillow, up to a size."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, MissingExtraError
from .pictures import Picture

#: What is opened, whatever a file is called. Pillow knows many more, some of which start other programs.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")

MOST_PIXELS = 64_000_000
_MOST_BYTES = 1 << 28  # of a file
_SIDE = 2048  # pixels: larger pictures are made smaller before they become floating-point numbers
_NUMBERS = "buif"


def read_picture(path: Path) -> Picture:
    """Read the brightness of a picture, (height, width), in float64.

    One with more than 2048 pixels a side is made smaller. A file costs at most about 1.3 GB and some
    seconds, whatever it holds.

    Raises DataError for a file that is missing, no picture, or larger than 64 million pixels, and
    MissingExtraError if it takes Pillow and that is not installed.
    """
    if not path.is_file():
        raise DataError("it is missing or not a regular file")
    with np.errstate(all="ignore"):  # what is not a number is found below
        picture = _read_array(path) if path.suffix == ".npy" else _read_image(path)
    if not np.isfinite(picture).all():
        raise DataError("some of its numbers are not finite")
    return picture


def _check_size(height: int, width: int) -> None:
    if height * width > MOST_PIXELS:
        raise DataError(f"it has {width:,} x {height:,} pixels; at most {MOST_PIXELS:,} are read")


def _read_array(path: Path) -> Picture:
    try:
        _check_header(path)
        # Mapped, not read: a header that claims more than the file has then allocates nothing.
        array: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # of many kinds: the header is Python's syntax
        raise DataError(f"it is no .npy file of numbers ({error})") from None
    if array.ndim != 2 or not array.size or array.dtype.kind not in _NUMBERS:
        raise DataError(
            f"it holds {array.dtype} of shape {array.shape}, a picture is numbers of shape (height, width)"
        )
    _check_size(*array.shape)
    return _smaller(array)


def _check_header(path: Path) -> None:
    """ValueError where the description is said to be longer than the file: NumPy would make room for it."""
    with path.open("rb") as file:
        start = file.read(12)
    length = int.from_bytes(start[8 : 10 if start[6:7] < b"\2" else 12], "little")
    if length > path.stat().st_size:
        raise ValueError(f"its description would be {length:,} bytes long, longer than the file")


def _read_image(path: Path) -> Picture:
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise MissingExtraError(
            f'reading {path} needs Pillow: pip install "tinygrad_mnist[image]", or give a .npy file'
        ) from None
    if path.stat().st_size > _MOST_BYTES:
        raise DataError(f"it is larger than {_MOST_BYTES:,} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on large or slightly odd files; errors are raised all the same
            # From memory: from a file, a decoder may ask for as much as a damaged length says.
            with Image.open(io.BytesIO(path.read_bytes()), formats=FORMATS) as image:
                _check_size(image.height, image.width)  # known before anything is decoded
                upright = ImageOps.exif_transpose(image)
                if upright.mode[0] in "IF":  # more than 8 bits, which convert would cut off
                    return _smaller(np.asarray(upright))
                pixels = np.asarray(upright.convert("LA"))
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(f"it is none of {', '.join(FORMATS)}, or damaged") from None
    except MemoryError:
        raise DataError("it does not fit into memory") from None
    except Exception as error:  # Pillow lets through whatever its decoders meet in a damaged file
        raise DataError(f"it is none of {', '.join(FORMATS)}, or damaged ({error})") from None
    brightness, opacity = _smaller(pixels[..., 0]), _smaller(pixels[..., 1]) / 255
    return _on_paper(brightness, opacity)


def _smaller(pixels: NDArray[Any]) -> Picture:
    """The pixels in float64; of a large picture the means of squares, so that no side is above `_SIDE`."""
    factor = -(-max(pixels.shape) // _SIDE)
    if factor == 1:
        return pixels.astype(np.float64)
    rows, columns = (np.arange(0, n, factor) for n in pixels.shape)
    thin = np.stack([pixels[i : i + factor].mean(0, dtype=np.float64) for i in rows])
    widths = np.diff([*columns, pixels.shape[1]])
    return np.add.reduceat(thin, columns, axis=1) / widths


def _on_paper(brightness: Picture, opacity: Picture) -> Picture:
    """A partly transparent picture put on paper that its ink stands out from."""
    visible = opacity.sum()
    ink = (brightness * opacity).sum() / visible if visible else 0.0
    paper = 255.0 if ink < 128 else 0.0
    return brightness * opacity + paper * (1 - opacity)
