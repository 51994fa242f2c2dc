"""The curvature of the cost: eigenvalues of its second derivatives, without ever forming the matrix."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from ..core.generator import Generator
from .surface import CostSurface, Vector

__all__ = ["Spectrum", "curvature", "lanczos"]


@dataclasses.dataclass(frozen=True)
class Spectrum:
    """Approximate eigenvalues and eigenvectors of a symmetric matrix.

    Attributes:
        values: (m,), largest first. Each is the curvature along its vector; those at both ends
            come close to true eigenvalues first.
        vectors: (m, n), unit length.
        residuals: (m,), how far the matrix times the vector is from the value times the vector:
            there is a true eigenvalue no farther than that from the value.
    """

    values: Vector
    vectors: Vector
    residuals: Vector


def lanczos(
    product: Callable[[Vector], Vector],
    size: int,
    *,
    count: int = 8,
    steps: int = 100,
    tolerance: float = 1e-3,
    seed: int = 0,
) -> Spectrum:
    """The eigenvalues at the ends of a symmetric matrix that is known by its products with vectors.

    Lanczos' method (1950) with full reorthogonalisation, from a random vector. An eigenvalue that
    the matrix has several times is found once.

    Args:
        product: vector (n,) -> the matrix times it.
        size: n.
        count: stop as soon as so many of the largest are found...
        steps: ... or after so many products.
        tolerance: found means a residual of at most this, relative to the eigenvalue of largest
            magnitude.
        seed: of the first vector.
    """
    basis = np.empty((min(steps, size), size))
    diagonal: list[float] = []
    beside: list[float] = []
    vector = Generator(seed).normal((size,), dtype=np.float64).numpy()
    vector = vector / np.linalg.norm(vector)
    while True:
        basis[len(diagonal)] = vector
        image = np.asarray(product(vector), np.float64)
        diagonal.append(float(vector @ image))
        known = basis[: len(diagonal)]
        for _ in range(2):  # once leaves rounding errors that grow
            image = image - known.T @ (known @ image)
        left = float(np.linalg.norm(image))
        inner = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        values, small = np.linalg.eigh(inner)
        residuals = left * np.abs(small[-1])
        scale = np.abs(values).max()
        exhausted = left <= 1e-10 * scale or len(diagonal) == len(basis)
        if exhausted or (len(values) > count and (residuals[-count:] <= tolerance * scale).all()):
            return Spectrum(values[::-1], (known.T @ small).T[::-1], residuals[::-1])
        beside.append(left)
        vector = image / left


def curvature(surface: CostSurface, *, count: int = 8, steps: int = 100, seed: int = 0) -> Spectrum:
    """The leading eigenvalues of the cost's Hessian at the present parameters; see `lanczos`.

    At a local minimum none is negative. A negative value is a direction, its vector, in which the
    cost falls away from a flat point; that none was found does not prove that there is none.
    """
    size = len(surface.point)
    return lanczos(
        lambda v: surface.hessian_product(surface.point, v), size, count=count, steps=steps, seed=seed
    )
