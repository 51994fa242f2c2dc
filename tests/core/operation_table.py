"""The table of operations in docs/operations.md, measured on the operations themselves.

python tests/core/operation_table.py    write the page
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist.compiler import build, specialization
from tinygrad_mnist.core.tensor import wrap
from tinygrad_mnist.kinds import name_of
from tinygrad_mnist.primitive import COMPOSITES, REGISTRY
from tinygrad_mnist.testing.calls import Call, composite_call, draw, primitive_call
from tinygrad_mnist.testing.flat import gradient_of_weighted_sum
from tinygrad_mnist.testing.samples import elementwise_shapes

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "operations.md"
LIBRARIES = {"torch": "PyTorch", "jax": "JAX"}


def calls() -> Iterator[tuple[str, str, Call]]:
    """(name, kind, the operation on the first of its cases)."""
    for name, p in REGISTRY.items():
        yield name, name_of(p.kind), primitive_call(p, (*p.cases, *elementwise_shapes(p.arity))[0])
    for name, c in COMPOSITES.items():
        yield name, "composite", composite_call(c, c.cases[0])


def works(attempt: Callable[[], Any]) -> str:
    """Whether what an operation promises holds."""
    try:
        return "yes" if attempt() else "no"
    except (tg.errors.TinygradMnistError, NotImplementedError):
        return "no"


def same(a: Any, b: Any) -> bool:
    return all(np.allclose(x, y, rtol=1e-9, atol=1e-11) for x, y in zip(a, b, strict=True))


def row(name: str, kind: str, call: Call, oracle: dict[str, Any]) -> list[str]:
    """The cells of an operation."""
    rng = np.random.default_rng(0)
    operands = draw(call, rng)
    if kind == "random":
        operands = [x.astype(np.uint64) for x in operands]  # a generator's state
    xs = [wrap(x) for x in operands if x.dtype.kind == "f"]

    def f(*xs: Any) -> Any:
        rest = iter(xs)
        return call.function(*(next(rest) if x.dtype.kind == "f" else wrap(x) for x in operands))

    y = f(*xs)
    outputs, functions = [y], [f]

    def compiles() -> bool:
        with mock.patch.object(specialization, "compiled", build.interpreted):
            return all(same(_tuple(g(*xs)), _tuple(tg.jit(g)(*xs))) for g in functions)

    cells = [name, kind, "", "", ""]
    if call.differentiable and xs:
        u, v = rng.standard_normal(y.shape), [rng.standard_normal(x.shape) for x in xs]
        _, pull = tg.vjp(f, *xs)
        by_vjp = sum(float(np.vdot(g, t)) for g, t in zip(pull(wrap(u)), v, strict=True))
        first = gradient_of_weighted_sum(f, [u], len(xs))
        outputs = [rng.standard_normal(x.shape) for x in xs]
        second = gradient_of_weighted_sum(first, outputs, len(xs))
        functions += [first, second]
        cells[2:] = [
            works(lambda: np.isfinite(by_vjp)),
            works(lambda: np.isclose(np.vdot(tg.jvp(f, xs, [wrap(t) for t in v])[1], u), by_vjp, rtol=1e-9)),
            works(lambda: all(np.isfinite(g.numpy()).all() for g in second(*xs))),
        ]
    compared = oracle.get(f"{name} composite" if kind == "composite" and name in REGISTRY else name, {})
    return [*cells, works(compiles), *(agreement(compared, library) for library in LIBRARIES)]


def agreement(compared: dict[str, Any], library: str) -> str:
    """What came of comparing an operation with a library."""
    if library not in compared:
        return "not compared"
    if compared[library] is None:
        return "no counterpart"
    return "[differs where listed](oracle.md)" if compared[library] else "agrees"


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def page() -> str:
    """The text of docs/operations.md."""
    results = json.loads((DOCS / "oracle.json").read_text())
    versions = [f"{title} {results['versions'][library]}" for library, title in LIBRARIES.items()]
    head = ["operation", "kind", "vjp", "jvp", "second order", "jit", *versions]
    rows = [row(*call, results["operations"]) for call in calls()]
    lines = [
        "# Operations",
        "",
        "Written by `python tests/core/operation_table.py`, not by hand, from the registry: the primitives,",
        "then the composites. An operation without a derivative has empty cells. `tinygrad-mnist gradcheck`",
        "checks the derivatives against differences. Under jit: recorded with its first and second",
        "derivatives, and the printed programs give the same numbers. `python tests/oracle/compare.py`",
        "compares values and gradients with other libraries, special operands included;",
        "[oracle.md](oracle.md) lists what differs and says why.",
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(cells)} |" for cells in rows),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
