"""Every operation and its gradient against PyTorch and JAX, on the same ordinary and special operands.

    pip install -e ".[oracle]"
    python tests/oracle/compare.py              compare them all
    python tests/oracle/compare.py div tanh     compare some anew

Special operands are zeros of both signs, infinities, NaN, subnormal numbers, ties and large numbers, for
elementwise operations in all pairs; for inverses and determinants singular matrices.
What was found is kept in docs/oracle.json, which the operation table reads; docs/oracle.md lists the
disagreements, and after them the samples of PyTorch's that do not work (see samples.py). The exit
status is 1 if one is not justified in justified.py. A primitive and a composite of one name are told
apart as "pad" and "pad composite".
"""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import page
from counterparts import MATRICES, PAIRS, RUN, SPECIAL, SUBNORMAL, VERSIONS, counterpart

from tinygrad_mnist.core.autodiff import vjp
from tinygrad_mnist.core.tensor import wrap
from tinygrad_mnist.kinds import Loop
from tinygrad_mnist.primitive import COMPOSITES, REGISTRY
from tinygrad_mnist.testing.calls import Call, composite_call, draw, primitive_call
from tinygrad_mnist.testing.samples import elementwise_shapes

RTOL = {np.dtype(np.float32): 2e-5, np.dtype(np.float64): 1e-11}


class Disagreement(NamedTuple):
    """Where a library gives something else: the part of the result, and an example."""

    part: str
    example: str


def calls() -> Iterator[tuple[str, Call, Any]]:
    """(name, the operation as a call of ours, the function that calls the library's in the same way)."""
    for name, p in REGISTRY.items():
        for case in p.cases or elementwise_shapes(p.arity):
            rest = case[p.arity :]
            yield name, primitive_call(p, case), lambda f, *xs, rest=rest: f(*xs, *rest)
    for name, c in COMPOSITES.items():
        label = f"{name} composite" if name in REGISTRY else name
        for case in c.cases:
            keywords = case[1]
            if c.sequence:
                yield (
                    label,
                    composite_call(c, case),
                    lambda f, *xs, keywords=keywords: f(list(xs), **keywords),
                )
            else:
                yield label, composite_call(c, case), lambda f, *xs, keywords=keywords: f(*xs, **keywords)


def operands_of(name: str, call: Call, library: str, first: bool) -> Iterator[tuple[bool, list[Any]]]:
    """(whether special, operands) of a case; all pairs of special numbers only with the first."""
    rng = np.random.default_rng(0)
    ordinary = draw(call, rng)
    special: list[list[Any]] = []
    if name in REGISTRY and not REGISTRY[name].compiles:
        if name in MATRICES:
            matrix = MATRICES[name]
            ordinary = [matrix.T if matrix.T.shape == call.shapes[0] else matrix]
        if name not in ("eigh", "qr", "svd"):  # whose vectors are then anybody's choice
            special = [[make(x) for x in ordinary] for make in (np.zeros_like, np.ones_like, _identity)]
    elif name in PAIRS or (name in REGISTRY and isinstance(REGISTRY[name].kind, Loop)):
        special = [_all_pairs(ordinary, library, rng)] if first else []
    else:
        numbers = SPECIAL + SUBNORMAL[library]
        for shift in range(0, len(numbers), 3):
            values = np.roll(numbers, shift)
            special.append([np.resize(values, x.shape) if x.dtype.kind == "f" else x for x in ordinary])
    for k, operands in enumerate([ordinary, *special]):
        for dtype in RTOL:
            yield k > 0, [np.asarray(x, dtype) if x.dtype.kind == "f" else x for x in operands]


def _all_pairs(ordinary: list[Any], library: str, rng: np.random.Generator) -> list[Any]:
    """Special numbers in the place of the float operands, in all combinations."""
    numbers = SPECIAL + SUBNORMAL[library]
    count = sum(x.dtype.kind == "f" for x in ordinary)
    grid = iter(np.array(list(itertools.product(numbers, repeat=count))).T)
    flags = rng.random(len(numbers) ** count) < 0.5
    return [next(grid) if x.dtype.kind == "f" else flags if x.dtype.kind == "b" else x for x in ordinary]


def _identity(x: Any) -> Any:
    return np.broadcast_to(np.eye(*x.shape[-2:]), x.shape)


def ours(call: Call, operands: list[Any]) -> tuple[list[Any], Any]:
    """The value and the cotangents of the float operands, and the cotangent they are for."""
    free = [wrap(x) for x in operands if x.dtype.kind == "f"]

    def f(*xs: Any) -> Any:
        rest = iter(xs)
        return call.function(*(next(rest) if x.dtype.kind == "f" else wrap(x) for x in operands))

    y, pull = vjp(f, *free)
    cotangent = np.resize(np.array([1.0, -2.0, 0.5]), y.shape)
    if y.dtype.kind != "f":
        return [y.numpy(), *(np.zeros(x.shape) for x in free)], cotangent
    cotangent = cotangent.astype(y.dtype)
    return [y.numpy(), *(g.numpy() for g in pull(wrap(cotangent)))], cotangent


def differing(a: Any, b: Any, dtype: Any) -> Any:
    """Where two results differ by more than rounding; everywhere if their shapes do."""
    if a.shape != b.shape:
        return np.ones(a.shape, bool)
    wide_a, wide_b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    equal = (wide_a == wide_b) | (np.isnan(wide_a) & np.isnan(wide_b))
    small = RTOL[dtype] * np.maximum(np.abs(wide_a), np.abs(wide_b)) + 4 * np.finfo(dtype).smallest_subnormal
    return ~(equal | (np.abs(wide_a - wide_b) <= small))


def compared(library: str, name: str, call: Call, as_theirs: Any, first: bool) -> Iterator[Disagreement]:
    """The disagreements on one case."""
    f = counterpart(library, name)
    for special, operands in operands_of(name, call, library, first):
        mine = attempted(ours, call, operands)
        cotangent = None if isinstance(mine, Exception) else mine[1]
        theirs = attempted(RUN[library], lambda *xs: as_theirs(f, *xs), operands, cotangent)
        if isinstance(mine, Exception) or isinstance(theirs, Exception):
            if not (special and isinstance(mine, Exception) and isinstance(theirs, Exception)):
                there, here = outcome(theirs), outcome(mine)
                yield Disagreement("call", f"{name}{shown(operands, ())}: here {here}, there {there}")
            continue
        dtypes = [x.dtype for x in operands if x.dtype.kind == "f"]
        dtype = dtypes[0] if dtypes else np.dtype(np.float64)
        for k, (a, b) in enumerate(zip(mine[0], theirs, strict=True)):
            wrong = differing(a, b, dtype)
            if wrong.any():
                at = tuple(int(i[0]) for i in np.nonzero(wrong))
                alike = all(x.shape == a.shape for x in operands)
                place = "" if alike or not at else f" at {list(at)}"
                there = f"{b[at]:.6g}" if a.shape == b.shape else f"shape {b.shape}"
                yield Disagreement(
                    f"gradient {k - 1}" if k else "value",
                    f"{name}{shown(operands, at if alike else ())}{place}: here {a[at]:.6g}, there {there}",
                )


def attempted(f: Any, *args: Any) -> Any:
    """The result, or the exception."""
    try:
        return f(*args)
    except Exception as error:
        return error


def outcome(result: Any) -> str:
    """What became of a call, in a few words."""
    if not isinstance(result, Exception):
        return "a result"
    return f"{type(result).__name__}: {result}".split("\n")[0][:120].replace("|", "/")


def shown(operands: list[Any], at: tuple[int, ...]) -> str:
    """The operands, or their elements at one place; of large ones the beginning."""
    texts = []
    for x in operands:
        if at or x.ndim == 0:
            texts.append(f"{x[at]:.3g}")
        else:
            numbers = [f"{v:.3g}" for v in x.ravel()[:9].astype(float)]
            texts.append(f"[{' '.join(numbers)}{' ...' * (x.size > 9)}]")
    return f"({', '.join(texts)})"


def results(names: list[str]) -> dict[str, dict[str, dict[str, str] | None]]:
    """name -> library -> part -> example of a disagreement; None for a library without a counterpart."""
    chosen = [call for call in calls() if not names or call[0] in names]
    found: dict[str, dict[str, dict[str, str] | None]] = {name: {} for name, _, _ in chosen}
    for library in RUN:
        for name, call, as_theirs in chosen:
            if counterpart(library, name) is None:
                found[name][library] = None
                continue
            first = library not in found[name]
            before = found[name].setdefault(library, {})
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                for part, example in compared(library, name, call, as_theirs, first):
                    before.setdefault(part, example)
    return found


def main(names: list[str]) -> int:
    found, kept = results(names), page.read()
    kept["operations"] = kept["operations"] | found if names else found
    kept["versions"] = VERSIONS
    page.write(kept)
    rows = page.disagreements(kept)
    missing = [row for row in rows if row[-1] is None]
    for row in missing:
        print("not justified:", *row[:-1])
    print(f"{len(kept['operations'])} operations, {len(rows)} disagreements")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
