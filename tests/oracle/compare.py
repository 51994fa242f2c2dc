"""Every operation and its gradient against PyTorch and JAX, on the same ordinary and special operands.

    pip install -e ".[oracle]" && python tests/oracle/compare.py

Special operands are zeros of both signs, infinities, NaN, subnormal numbers, ties and large numbers, for
elementwise operations in all pairs. Writes docs/oracle.json, which the operation table reads, and
docs/oracle.md, the list of disagreements. The exit status is 1 if one is not justified in `JUSTIFIED`.
"""

from __future__ import annotations

import itertools
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from counterparts import RUN, SPECIAL, SUBNORMAL, VERSIONS, counterpart
from justified import JUSTIFIED

from tinygrad_mnist.autodiff import vjp
from tinygrad_mnist.primitive import COMPOSITES, REGISTRY
from tinygrad_mnist.tensor import wrap
from tinygrad_mnist.testing.calls import Call, composite_call, draw, primitive_call
from tinygrad_mnist.testing.samples import elementwise_shapes

DOCS = Path(__file__).parents[2] / "docs"
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
        for case in c.cases:
            keywords = case[1]
            if c.sequence:
                yield name, composite_call(c, case), lambda f, *xs, keywords=keywords: f(list(xs), **keywords)
            else:
                yield name, composite_call(c, case), lambda f, *xs, keywords=keywords: f(*xs, **keywords)


def operands_of(name: str, call: Call, library: str) -> Iterator[list[Any]]:
    """Ordinary operands, then special ones."""
    numbers = SPECIAL + SUBNORMAL[library]
    rng = np.random.default_rng(0)
    ordinary = draw(call, rng)
    elementwise = name in REGISTRY and REGISTRY[name].kind == "loop"
    count = sum(x.dtype.kind == "f" for x in ordinary)
    special: list[list[Any]] = []
    if elementwise and count:
        grid = iter(np.array(list(itertools.product(numbers, repeat=count))).T)
        flags = rng.random(len(numbers) ** count) < 0.5
        special = [[next(grid) if x.dtype.kind == "f" else flags for x in ordinary]]
    else:
        for shift in range(0, len(numbers), 3):
            values = np.roll(numbers, shift)
            special.append([np.resize(values, x.shape) if x.dtype.kind == "f" else x for x in ordinary])
    for operands in [ordinary, *special]:
        for dtype in RTOL:
            yield [np.asarray(x, dtype) if x.dtype.kind == "f" else x for x in operands]


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


def compared(library: str, name: str, call: Call, as_theirs: Any) -> Iterator[Disagreement]:
    """The disagreements on one case."""
    f = counterpart(library, name)
    for operands in operands_of(name, call, library):
        mine, cotangent = ours(call, operands)
        theirs = RUN[library](lambda *xs: as_theirs(f, *xs), operands, cotangent)
        dtypes = [x.dtype for x in operands if x.dtype.kind == "f"]
        dtype = dtypes[0] if dtypes else np.dtype(np.float64)
        for k, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            wrong = differing(a, b, dtype)
            if wrong.any():
                at = tuple(int(i[0]) for i in np.nonzero(wrong))
                shown = [
                    f"{x[at]:.3g}" if x.shape == a.shape and x.dtype.kind == "f" else str(x.tolist())
                    for x in operands
                ]
                there = b[at] if a.shape == b.shape else f"shape {b.shape}"
                yield Disagreement(
                    f"gradient {k - 1}" if k else "value",
                    f"{name}({', '.join(shown)}): here {a[at]:.6g}, there {there:.6g}",
                )


def main() -> int:
    found: dict[str, dict[str, Any]] = {name: {} for name in (*REGISTRY, *COMPOSITES)}
    for library in RUN:
        for name, call, as_theirs in calls():
            before = found[name].setdefault(library, {})
            if counterpart(library, name) is None:
                found[name][library] = None
                continue
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    for disagreement in compared(library, name, call, as_theirs):
                        before.setdefault(disagreement.part, disagreement.example)
                except Exception as error:
                    before.setdefault("call", f"{call.name}: {type(error).__name__}: {error}".split("\n")[0])
    rows = [
        (name, library, part, example, JUSTIFIED.get((name, library, part)))
        for name, libraries in found.items()
        for library, parts in libraries.items()
        for part, example in (parts or {}).items()
    ]
    DOCS.mkdir(exist_ok=True)
    (DOCS / "oracle.json").write_text(
        json.dumps({"versions": VERSIONS, "operations": summary(found)}, indent=1)
    )
    (DOCS / "oracle.md").write_text(page(rows))
    for name, library, part, example, reason in rows:
        print(f"{library:5} {name:12} {part:10} {example}" + ("" if reason else "   NOT JUSTIFIED"))
    print(f"{len(found)} operations, {len(rows)} disagreements")
    return int(any(row[-1] is None for row in rows))


def summary(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Per operation and library: agrees, differs where listed, or has no counterpart."""
    words = {name: {} for name in found}
    for name, libraries in found.items():
        for library, parts in libraries.items():
            words[name][library] = "no counterpart" if parts is None else "differs" if parts else "agrees"
    return words


def page(rows: list[tuple[Any, ...]]) -> str:
    """The text of docs/oracle.md."""
    versions = " and ".join(f"{name} {version}" for name, version in VERSIONS.items())
    lines = [
        "# Where other libraries give something else",
        "",
        f"Written by `python tests/oracle/compare.py`, not by hand. Compared with {versions} in float32 and",
        "float64, on ordinary operands and on zeros of both signs, infinities, NaN, subnormal numbers, ties",
        "and large numbers. What is not listed agrees up to rounding.",
        "",
        "| operation | library | of the | example | why |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {n} | {library} | {p} | `{e}` | {why or 'not justified'} |" for n, library, p, e, why in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
