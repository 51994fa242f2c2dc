"""The light on a photograph of a digit: how bright the paper is at each pixel."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

_Numbers = NDArray[np.float64]

_EVEN = 0.1  # of the strongest ink: paper that varies less along the border has one brightness
_UNEVEN = 0.12  # of it: a surface that misses the border by so much has not found the light
_LEAST_SIDE = 12  # pixels: what is smaller is no photograph
_RIM = 0.04  # of the shorter side
_MOST_POINTS = 20_000
_ROUNDS = 12


class UnevenLightWarning(UserWarning):
    """The paper of a picture is lit in a way that was not understood."""


def paper_of(picture: _Numbers) -> _Numbers | np.float64:
    """The brightness of the paper: one number, or one for each pixel where the light is uneven.

    The border is taken for paper, all but the few places where ink crosses it. If it is not of one brightness
    a polynomial of degree 2 in x and y is laid through it, and then through all of the picture that is near
    it, by iteratively reweighted least absolute deviations (P. Bloomfield and W. Steiger, 1983), which ink
    hardly moves. Warns where the border is far from that surface.
    """
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    middle = np.median(border)
    contrast = max(picture.max() - middle, middle - picture.min())
    if min(picture.shape) < _LEAST_SIDE or _spread(border - middle) <= _EVEN * contrast:
        return middle
    height, width = picture.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    rim = max(1, round(min(height, width) * _RIM))
    on_rim = np.ones(picture.shape, bool)
    on_rim[rim : height - rim, rim : width - rim] = False
    surface = _surface(x, y, picture, on_rim)
    for _ in range(3):
        near = abs(picture - surface) < _EVEN * 2 * contrast
        surface = _surface(x, y, picture, on_rim | near)
    left = (picture - surface)[on_rim]
    contrast = abs(picture - surface).max()
    if _spread(left) > _UNEVEN * contrast:
        warnings.warn(
            "the light on it is uneven in a way that was not understood, so the answer may be wrong: "
            "photograph it without shadows",
            UnevenLightWarning,
            stacklevel=2,
        )
    return surface


def _spread(differences: _Numbers) -> float:
    """What nine tenths of the border stay below: ink may cross the rest."""
    return float(np.quantile(abs(differences), 0.9))


def _surface(x: _Numbers, y: _Numbers, picture: _Numbers, where: NDArray[np.bool_]) -> _Numbers:
    """The polynomial through the pixels of `where`, at every pixel."""
    places = np.flatnonzero(where)
    places = places[:: -(-len(places) // _MOST_POINTS)]
    terms = _terms(x.flat[places], y.flat[places])
    values = picture.flat[places]
    weights = np.ones(len(places))
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)
        solution = np.linalg.lstsq(terms * root[:, None], values * root, rcond=None)[0]
        missed = abs(values - terms @ solution)
        weights = 1 / np.maximum(missed, 1e-3 * (missed.max() or 1.0))
    return sum(c * term for c, term in zip(solution, np.moveaxis(_terms(x, y), -1, 0), strict=True))


def _terms(x: _Numbers, y: _Numbers) -> _Numbers:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
