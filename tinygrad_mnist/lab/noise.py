"""Images that are no digits, or digits as no one writes them: what does the network say to those?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.generator import Generator

__all__ = ["strangers"]

_SHIFT = 6 / 28  # of the image's height or width


def strangers(images: NDArray[Any], seed: int = 0) -> dict[str, NDArray[np.uint8]]:
    """Images that a network was not trained on, made from (N, height, width) of 0 to 255.

    Returns:
        By name, each of the images' shape and uint8:
        "noise", every pixel drawn from 0 to 255 by itself;
        "shuffled", the pixels of each image in random order: as much ink, no shape;
        "inverted", 255 minus the image;
        "shifted", moved by up to 6/28 of its size up or down, left or right;
        "rotated", a quarter turn (upside down where it is not square);
        "blank", zeros.
    """
    generator = Generator(seed)
    images = np.asarray(images, np.uint8)
    count, height, width = images.shape
    order = np.argsort(generator.uniform((count, height * width)).numpy(), axis=1)
    shuffled = np.take_along_axis(images.reshape(count, -1), order, 1).reshape(images.shape)
    reach = [round(_SHIFT * n) for n in (height, width)]
    moves = np.stack([generator.integers(-r, r + 1, (count,)).numpy() for r in reach], 1)
    shifted = np.stack([_moved(image, *move) for image, move in zip(images, moves.tolist(), strict=True)])
    return {
        "noise": generator.integers(0, 256, images.shape).numpy().astype(np.uint8),
        "shuffled": shuffled,
        "inverted": 255 - images,
        "shifted": shifted,
        "rotated": np.rot90(images, 1 if height == width else 2, (1, 2)).copy(),
        "blank": np.zeros_like(images),
    }


def _moved(image: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """The image elsewhere in its frame; what leaves it is lost, what comes in is zero."""
    height, width = image.shape
    moved = np.zeros_like(image)
    moved[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = image[
        max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    return moved
