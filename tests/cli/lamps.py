"""Digits photographed under lamps and shadows: how many can still be read, and what is said about the rest.

`python tests/cli/lamps.py 500` makes so many photographs of test images for each light and a line each:
the share answered correctly with the light evened out, with one brightness of the paper instead, the share of
photographs that are warned about, of the wrong answers that are, and of the right ones.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinygrad_mnist import data
from tinygrad_mnist.cli import light, pictures

Numbers = NDArray[np.float64]
SIDE = 112  # pixels of a photograph
INK = 0.12  # of the light that ink gives back
NOISE = 0.01  # of the paper's brightness


def even(x: Numbers, y: Numbers, random: np.random.Generator) -> Numbers:
    """The same light everywhere."""
    return np.ones_like(x)


def gradient(x: Numbers, y: Numbers, random: np.random.Generator) -> Numbers:
    """A window at one side: at the other side a fourth of the light is left."""
    angle = random.uniform(0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    return np.asarray(1 - 0.75 * (along - along.min()) / np.ptp(along))


def lamp(x: Numbers, y: Numbers, random: np.random.Generator) -> Numbers:
    """A strong lamp near the paper: its light goes down with the square of the distance, to about a tenth."""
    a, b = random.uniform(-1, 1, 2)
    return np.asarray(1 / (1 + 1.5 * ((x - a) ** 2 + (y - b) ** 2)))


def vignette(x: Numbers, y: Numbers, random: np.random.Generator) -> Numbers:
    """A lens that is darker in the corners."""
    return np.asarray(1 - 0.35 * (x * x + y * y))


def soft_shadow(x: Numbers, y: Numbers, random: np.random.Generator) -> Numbers:
    """The edge of a shadow of half the light, a sixth of the picture wide."""
    return _edge(x, y, random, 0.15)


def hard_shadow(x: Numbers, y: Numbers, random: np.random.Generator) -> Numbers:
    """The same, sharp."""
    return _edge(x, y, random, 0.01)


def hand(x: Numbers, y: Numbers, random: np.random.Generator) -> Numbers:
    """A round shadow that comes in from one side."""
    angle = random.uniform(0, 2 * np.pi)
    distance = np.hypot(x - np.cos(angle), y - np.sin(angle))
    return np.asarray(1 - 0.6 / (1 + np.exp((distance - 0.8) / 0.05)))


def blind(x: Numbers, y: Numbers, random: np.random.Generator) -> Numbers:
    """Stripes of shadow as wide as strokes, which nothing tells from ink."""
    return np.asarray(np.where(np.sin(40 * x + random.uniform(0, 6)) > 0, 1.0, 0.3))


def _edge(x: Numbers, y: Numbers, random: np.random.Generator, width: float) -> Numbers:
    angle, at = random.uniform(0, 2 * np.pi), random.uniform(-0.5, 0.5)
    return np.asarray(1 - 0.5 / (1 + np.exp((x * np.cos(angle) + y * np.sin(angle) - at) / width)))


LIGHTS: tuple[Callable[..., Numbers], ...] = (
    even,
    gradient,
    lamp,
    vignette,
    soft_shadow,
    hard_shadow,
    hand,
    blind,
)


class Read(NamedTuple):
    """Images made of photographs, (count, 28, 28), and which of them were warned about."""

    images: NDArray[np.uint8]
    warned: NDArray[np.bool_]


def photograph(
    image: NDArray[np.uint8],
    shine: Callable[..., Numbers],
    random: np.random.Generator,
    *,
    chalk: bool = False,
) -> Numbers:
    """Dark ink on white paper in 8 bits, or chalk on a board, the digit somewhere on it."""
    ink = np.zeros((SIDE, SIDE))
    large = np.kron(image / 255, np.ones((3, 3)))
    top, left = random.integers(4, SIDE - len(large) - 4, 2)
    ink[top : top + len(large), left : left + len(large)] = large
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    ink = 1 - ink if chalk else ink
    seen = 230 * shine(x, y, random) * (1 - (1 - INK) * ink) + 230 * NOISE * random.normal(size=ink.shape)
    return np.asarray(seen.clip(0, 255).round())


def read(
    images: NDArray[np.uint8], shine: Callable[..., Numbers], seed: int = 0, *, chalk: bool = False
) -> Read:
    """What becomes of photographs of these images under this light."""
    made, warned = [], []
    for k, image in enumerate(images):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            seen = photograph(image, shine, np.random.default_rng((seed, k)), chalk=chalk)
            made.append(pictures.as_mnist(seen, (28, 28)))
        warned.append(any(issubclass(w.category, light.UnevenLightWarning) for w in caught))
    return Read(np.stack(made), np.array(warned))


def answers(images: NDArray[np.uint8], examples: int = 20_000) -> Any:
    """The digits of the nearest of MNIST's training images: no training, and 95% of the test images right."""
    (known, labels), _ = data.mnist()
    x, y = (i.reshape(len(i), -1).astype(np.float32) / 255 for i in (known[:examples], images))
    return labels[((x * x).sum(1) - 2 * y @ x.T).argmin(1)]


def main(count: int) -> None:
    """A line for each light."""
    _, (images, labels) = data.mnist()
    images, labels = images[:count], labels[:count]
    print(f"{count} photographs each; the images themselves {(answers(images) == labels).mean():.1%}")
    for shine in LIGHTS:
        found = read(images, shine)
        right = answers(found.images) == labels
        paper_of, light.paper_of = light.paper_of, middle
        try:
            plain = answers(read(images, shine).images) == labels
        finally:
            light.paper_of = paper_of
        wrong = ~right
        print(
            f"{shine.__name__:12} right {right.mean():6.1%}, with one brightness {plain.mean():6.1%}; warned "
            f"{found.warned.mean():6.1%}, {found.warned[wrong].sum()} of {wrong.sum()} wrong answers, "
            f"{found.warned[right].sum()} of {right.sum()} right ones",
            flush=True,
        )


def middle(picture: Numbers) -> np.float64:
    """The middle brightness of the border, all that there is where the light is even."""
    return np.float64(np.median(np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
