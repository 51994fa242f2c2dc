"""The accuracy of the kernels as tables, measured: python tests/kernels/accuracy.py > docs/accuracy.md

float32 functions on every float32 there is (see `exhaustive`), float64 functions on a sample,
products against products in a wider format. Takes some minutes; `--quick` tries every 4099th float32.
"""

import functools
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from exhaustive import EVERY, NAMES, largest_error
from ulp import WIDE, ulp_errors

from tinygrad_mnist.kernels import elementwise
from tinygrad_mnist.kernels.matmul import matmul

PART = 1 << 24
SAMPLE = 1_000_000
REFERENCES = {
    **{name: getattr(np, name) for name in NAMES if name not in ("sigmoid", "erf")},
    "sigmoid": lambda x: np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))),
}
PRODUCTS = ((64, 64, 64), (32, 784, 16), (128, 1024, 1024), (16, 100_000, 16))


def float32_rows(quick: bool) -> Iterator[str]:
    for name in NAMES:
        if quick:
            worst, x = largest_error(name, count=EVERY // 4099, step=4099)
        else:
            largest_error(name, count=1)
            with ThreadPoolExecutor() as pool:
                search = functools.partial(largest_error, name, count=PART)
                worst, x = max(pool.map(search, range(0, EVERY, PART)))
        yield f"| {name} | {worst:.3f} | {x!s} |"


def sample() -> np.ndarray:
    """float64 numbers of every size, and many where the functions are neither 0 nor 1 nor infinite."""
    rng = np.random.default_rng(0)
    return np.concatenate(
        [
            rng.integers(0, 2**64, SAMPLE // 4, dtype=np.uint64).view(np.float64),
            rng.standard_normal(SAMPLE // 4),
            rng.uniform(-40, 40, SAMPLE // 4),
            rng.uniform(-750, 750, SAMPLE // 4),
        ]
    )


def float64_rows() -> Iterator[str]:
    x = sample()
    for name, reference in REFERENCES.items():
        with np.errstate(all="ignore"):
            exact = reference(x.astype(WIDE))
        errors = ulp_errors(getattr(elementwise, name)(x), exact)
        worst = np.argmax(errors)
        yield f"| {name} | {errors[worst]:.3f} | {x[worst]!s} |"


def product_rows() -> Iterator[str]:
    for dtype in (np.float32, np.float64):
        for m, depth, n in PRODUCTS:
            rng = np.random.default_rng(m + depth + n)
            a, b = (
                rng.standard_normal((m, depth)).astype(dtype),
                rng.standard_normal((depth, n)).astype(dtype),
            )
            wide = np.float64 if dtype == np.float32 else WIDE
            error = np.abs(matmul(a, b) - a.astype(wide) @ b.astype(wide))
            u = np.finfo(dtype).eps / 2
            bound = depth * u / (1 - depth * u) * (np.abs(a).astype(wide) @ np.abs(b).astype(wide))
            share = (error / bound).max()
            yield f"| {dtype.__name__} | {m} x {depth} times {depth} x {n} | {float(share):.1e} |"


def main() -> None:
    quick = "--quick" in sys.argv
    print("# Accuracy\n")
    command = "python tests/kernels/accuracy.py" + " --quick" * quick
    print(f"Written by `{command}`. Errors are in units in the last place (ulp) of the")
    print("exact result; half an ulp is what rounding alone costs.\n")
    tried = "every 4099th float32" if quick else "every float32 there is"
    print(f"## float32 functions: the largest error over {tried}\n")
    print("The reference is the same formula in float64.\n")
    print("| function | ulp | at |\n|---|---:|---|")
    for row in float32_rows(quick):
        print(row, flush=True)
    print(f"\n## float64 functions: the largest error over a sample of {SAMPLE:,} numbers\n")
    print("The reference is NumPy's long double, which has no erf; the kernel's is the C library's.\n")
    print("| function | ulp | at |\n|---|---:|---|")
    for row in float64_rows():
        print(row, flush=True)
    print("\n## Matrix products: the largest error as a share of the classical bound\n")
    print("The bound is d u / (1 - d u) |A| |B| for sums of d products, u half an ulp of 1 (N. Higham,")
    print('"Accuracy and Stability of Numerical Algorithms", 2002, section 3.5).\n')
    print("| dtype | product | error / bound |\n|---|---|---:|")
    for row in product_rows():
        print(row)


if __name__ == "__main__":
    main()
