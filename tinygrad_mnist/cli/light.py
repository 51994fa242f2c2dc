"""The light on a photograph of a digit: how bright the paper is at each pixel."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

_Numbers = NDArray[np.float64]

_EVEN = 0.1  # of the strongest ink: paper that varies less along the border has one brightness
_UNEVEN = 0.12  # of it: a surface that misses the border by so much has not found it (tests/cli/lamps.py)
_LEAST_SIDE = 12  # pixels: what is smaller is no photograph
_RIM = 0.04  # of the shorter side
_MOST_POINTS = 20_000
_ROUNDS = 12
_STROKE = 0.25  # of the shorter side: no stroke is as wide
_BLACK = 0.01  # of the brightest
_MOST_SIDE = 256  # pixels that strokes are looked for in


class UnevenLightWarning(UserWarning):
    """The paper of a picture is lit in a way that was not understood."""


def paper_of(picture: _Numbers) -> _Numbers | np.float64:
    """The brightness of the paper: one number, or one for each pixel where the light is uneven.

    The border is taken for paper, all but the few places where ink crosses it. If it is not of one brightness
    a polynomial of degree 2 in x and y is laid through it, and then through all of the picture that is near
    it, by iteratively reweighted least absolute deviations (P. Bloomfield and W. Steiger, 1983), which ink
    hardly moves. Where the border is far from that surface, as under a near lamp or at the edge of a
    shadow, the paper at each pixel is what is left when all strokes are wiped out by a morphological
    closing (J. Serra, 1982). Warns where the border is far from that, too.
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
    if _misses(picture - surface, on_rim):
        surface = _without_strokes(picture)
        if (surface == picture).all():  # no stroke is thinner than the paper between them
            return middle
    if _misses(picture - surface, on_rim):
        warnings.warn(
            "the light on it is uneven in a way that was not understood, so the answer may be wrong: "
            "photograph it without shadows",
            UnevenLightWarning,
            stacklevel=2,
        )
    return surface


def _misses(differences: _Numbers, on_rim: NDArray[np.bool_]) -> bool:
    return _spread(differences[on_rim]) > _UNEVEN * abs(differences).max()


def _without_strokes(picture: _Numbers) -> _Numbers:
    """The picture with everything that is narrower than a stroke may be replaced by what is around it."""
    small, back = _thinned(picture, _MOST_SIDE)
    window = 2 * round(min(small.shape) * _STROKE / 2) + 1
    paper = -_opened(-small, window) if _is_dark(picture) else _opened(small, window)
    return np.asarray(paper[back])


def _is_dark(picture: _Numbers) -> bool:
    """Whether ink is darker than its paper: it differs most from the middle of what is around it."""
    small, _ = _thinned(picture, _MOST_SIDE // 4)
    reach = round(min(small.shape) * _STROKE)
    around = _windows(np.pad(small, reach, mode="edge"), 2 * reach + 1, (0, 1))
    middle = np.median(around, axis=(2, 3))
    differs = small - middle
    if middle.min() > 0:  # as ratios, which are the same in the shadow
        differs = np.log(np.maximum(small, _BLACK * small.max()) / middle)
    return bool(-differs.min() > differs.max())


def _thinned(picture: _Numbers, side: int) -> tuple[_Numbers, tuple[NDArray[np.intp], ...]]:
    """At most so many pixels a side, and the place in them of each pixel of the picture."""
    chosen = [np.linspace(0, n - 1, min(n, side)).round().astype(int) for n in picture.shape]
    nearest = [abs(np.arange(n)[:, None] - c).argmin(1) for n, c in zip(picture.shape, chosen, strict=True)]
    return picture[np.ix_(*chosen)], np.ix_(*nearest)


def _opened(picture: _Numbers, window: int) -> _Numbers:
    """The greatest of the least brightnesses of all the squares that hold each pixel."""
    picture = np.pad(picture, window - 1, mode="edge")
    for axis in (0, 1):
        picture = _windows(picture, window, axis).min(-1)
    for axis in (0, 1):
        picture = _windows(picture, window, axis).max(-1)
    return picture


def _windows(picture: _Numbers, window: int, axis: int | tuple[int, int]) -> _Numbers:
    return np.lib.stride_tricks.sliding_window_view(picture, np.broadcast_to(window, np.shape(axis)), axis)


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
        weighted = (terms * weights[:, None]).T
        solution = np.linalg.solve(weighted @ terms, weighted @ values)
        missed = abs(values - terms @ solution)
        weights = 1 / np.maximum(missed, 1e-3 * (missed.max() or 1.0))
    return sum(c * term for c, term in zip(solution, np.moveaxis(_terms(x, y), -1, 0), strict=True))


def _terms(x: _Numbers, y: _Numbers) -> _Numbers:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
