"""Faults planted in the text of every derivative rule: does the suite of gradient checks find each one?

    python tests/core/mutants.py            plant them all, write docs/mutations.md
    python tests/core/mutants.py div tanh   plant those of some primitives and show what became of them

A mutant is a derivative rule, or a private function it calls, with one change in its syntax tree. It is
killed if checking its primitive raises anything, or else a test in test_edges.py. A mutant that lives must
be explained in `EXPLAINED`; otherwise the exit status is 1.
"""

from __future__ import annotations

import ast
import copy
import functools
import sys
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import test_edges

from tinygrad_mnist.primitive import REGISTRY, Primitive
from tinygrad_mnist.testing import check_primitive

PAGE = Path(__file__).parents[2] / "docs" / "mutations.md"
FAULTS = ("sign", "factor", "dropped term", "swapped operands", "constant", "missing reduction")

COMMUTATIVE = {"max", "min", "maximum", "minimum", "add", "mul", "eq", "ne"}
#: Why a mutant is no fault that a gradient check could see: (where, what was changed) -> reason.
EXPLAINED = {
    **{
        (
            f"{name}, operand 0",
            f"`where(lt(abs(x), 0.0), g, 0.0)` becomes `{changed}`",
        ): "zero times anything is zero"
        for name in ("sign", "floor", "round")
        for changed in ("-where(lt(abs(x), 0.0), g, 0.0)", "2.0 * where(lt(abs(x), 0.0), g, 0.0)")
    },
    ("_power_slope", "`where(eq(b, 0), 1.0, a)` becomes `where(eq(b, 0), 2.0, a)`"): (
        "the base that stands for 0 in 0 ** 0 is multiplied by the exponent, which is 0"
    ),
    ("_log_of_base", "`where(ge(b, 0), 0.0, -math.inf)` becomes `2.0 * where(ge(b, 0), 0.0, -math.inf)`"): (
        "twice zero is zero, and twice infinity infinite"
    ),
    **{
        ("linear, operand 0", f"`product(g, w) if g.ndim > 1 else matmul(g, w)` becomes `{changed}`"): (
            "matmul of two matrices is their product"
        )
        for changed in (
            "product(g, w) if 1 > g.ndim else matmul(g, w)",
            "product(g, w) if g.ndim > 2 else matmul(g, w)",
        )
    },
    ("det, operand 0", "`unsqueeze(unsqueeze(g, -1), -1)` becomes `unsqueeze(unsqueeze(g, -1), -2)`"): (
        "the two new axes are alike"
    ),
    ("cofactors, operand 0", "`n = a.shape[-1]` becomes `n = a.shape[-2]`"): "the matrix is square",
    (
        "cofactors, operand 0",
        "`unsqueeze(unsqueeze(s, -2), -2)` becomes `unsqueeze(unsqueeze(s, -2), -3)`",
    ): "the two new axes are alike",
    (
        "cofactors, operand 0",
        "`unsqueeze(unsqueeze(det(stop_gradient(product(u, vh))), -1), -1)` becomes "
        "`unsqueeze(unsqueeze(det(stop_gradient(product(u, vh))), -1), -2)`",
    ): "the two new axes are alike",
    ("cofactors, operand 0", "`product(u, vh)` becomes `product(vh, u)`"): (
        "the determinant of a product is that of its factors in any order"
    ),
    (
        "slogdet, operand 0",
        "`unsqueeze(unsqueeze(getitem(g, (..., 1)), -1), -1)` becomes "
        "`unsqueeze(unsqueeze(getitem(g, (..., 1)), -1), -2)`",
    ): "the two new axes are alike",
    ("_divided", "`gaps.shape[-1]` becomes `gaps.shape[-2]`"): "the matrix is square",
    ("_divided", "`where(away, gaps, 1.0)` becomes `where(away, gaps, 2.0)`"): (
        "a divisor whose quotient is replaced by 0"
    ),
    ("_shifted", "`source = target = 0` becomes `source = target = 1`"): "an empty slice may start anywhere",
    (
        "_rows",
        "`x if x.ndim == 2 else reshape_to(x, (math.prod(x.shape[:-1]), x.shape[-1]))` becomes "
        "`-(x if x.ndim == 2 else reshape_to(x, (math.prod(x.shape[:-1]), x.shape[-1])))`",
    ): "both factors of a product change their sign",
}


class Mutant(NamedTuple):
    """A function with one change.

    Attributes:
        fault: one of `FAULTS`.
        where: the primitive and operand of a rule, or the name of the function it calls.
        what: the change, as source text.
        plant: puts the mutant in the place of the function; the function it gives takes it out again.
    """

    fault: str
    where: str
    what: str
    plant: Callable[[], Callable[[], None]]


# The functions to change ------------------------------------------------------------------------------


def rules(primitive: Primitive) -> Iterator[tuple[int, Callable[..., Any]]]:
    return ((k, rule) for k, rule in enumerate(primitive.vjps) if rule)


def helpers(function: Callable[..., Any], seen: set[str]) -> Iterator[types.FunctionType]:
    """The private functions of this package that a function calls, directly or not."""
    for name in function.__code__.co_names:
        found = function.__globals__.get(name)
        if isinstance(found, types.FunctionType) and name.startswith("_") and name not in seen:
            seen.add(name)
            yield found
            yield from helpers(found, seen)


@functools.cache
def tree_of(path: str) -> ast.Module:
    return ast.parse(Path(path).read_text())


def node_of(function: Callable[..., Any]) -> ast.Lambda | ast.FunctionDef:
    """The syntax of a function: among those that start on its line, the one its instructions lie in."""
    code = function.__code__
    places = [p for p in code.co_positions() if None not in p and p[3]]
    start, end = min((p[0], p[2]) for p in places), max((p[1], p[3]) for p in places)
    for node in ast.walk(tree_of(code.co_filename)):
        if isinstance(node, ast.FunctionDef) and node.lineno == code.co_firstlineno:
            return node
        if isinstance(node, ast.Lambda):
            body = node.body
            inside = (body.lineno, body.col_offset) <= start and end <= (body.end_lineno, body.end_col_offset)
            if inside and [a.arg for a in node.args.args] == list(code.co_varnames[: code.co_argcount]):
                return node
    raise LookupError(f"no source for {function}")


def compiled(function: Callable[..., Any], node: ast.Lambda | ast.FunctionDef) -> Callable[..., Any]:
    """The function with other syntax, in its own globals and closure."""
    free = function.__code__.co_freevars
    outer = ast.parse(f"def outer({', '.join(free)}): pass").body[0]
    if isinstance(node, ast.Lambda):
        outer.body = [ast.Return(node)]
    else:
        plain = copy.deepcopy(node)
        plain.decorator_list, plain.returns = [], None
        outer.body = [plain, ast.Return(ast.Name(node.name, ast.Load()))]
    module = ast.fix_missing_locations(ast.Module([outer], []))
    names = dict(function.__globals__)
    exec(compile(module, function.__code__.co_filename, "exec"), names)
    cells = {name: cell.cell_contents for name, cell in zip(free, function.__closure__ or (), strict=True)}
    made = names["outer"](**cells)
    return types.FunctionType(
        made.__code__, function.__globals__, function.__name__, function.__defaults__, made.__closure__
    )


# The changes ------------------------------------------------------------------------------------------


def changes(node: ast.Lambda | ast.FunctionDef) -> Iterator[tuple[str, str, ast.AST]]:
    """(fault, what was changed, the whole function with that change)."""
    returns = [x.value for x in ast.walk(node) if isinstance(x, ast.Return)]
    whole = [node.body] if isinstance(node, ast.Lambda) else returns
    for fault, old, new in [
        *(("sign", x, ast.UnaryOp(ast.USub(), x)) for x in whole),
        *(("factor", x, ast.BinOp(ast.Constant(2.0), ast.Mult(), x)) for x in whole),
        *(change for x in inside(node) for change in changes_of(x)),
    ]:
        around = surroundings(node, old)
        what = f"`{ast.unparse(around)}` becomes `{ast.unparse(Exchange(old, new).visit(around))}`"
        yield fault, what, Exchange(old, new).visit(node)


def surroundings(node: ast.AST, part: ast.AST) -> ast.AST:
    """The smallest expression or statement around a part that can be recognised in the source."""
    kinds = ast.expr | ast.Assign | ast.Return
    around = [x for x in ast.walk(node) if isinstance(x, kinds) and any(y is part for y in ast.walk(x))]
    sizes = {len(ast.unparse(x)): x for x in around}
    return min(((size, x) for size, x in sizes.items() if size > 12), default=(0, part))[1]


def inside(node: ast.Lambda | ast.FunctionDef) -> Iterator[ast.AST]:
    """The expressions of a function, without annotations and defaults."""
    statements = [node.body] if isinstance(node, ast.Lambda) else node.body
    for statement in statements:
        yield from ast.walk(statement)


def changes_of(x: ast.AST) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    """Faults at one place of a syntax tree."""
    if isinstance(x, ast.BinOp):
        yield "dropped term", x, x.left
        yield (
            "dropped term",
            x,
            x.right if not isinstance(x.op, ast.Sub) else ast.UnaryOp(ast.USub(), x.right),
        )
        if isinstance(x.op, ast.Sub | ast.Div | ast.Pow | ast.MatMult):
            yield "swapped operands", x, ast.BinOp(x.right, x.op, x.left)
    if isinstance(x, ast.UnaryOp) and isinstance(x.op, ast.USub) and not isinstance(x.operand, ast.Constant):
        yield "sign", x, x.operand
    if isinstance(x, ast.Call) and len(x.args) > 1:
        name = ast.unparse(x.func).split(".")[-1]
        first, second, *rest = x.args
        if name == "where":
            yield "swapped operands", x, ast.Call(x.func, [first, *rest, second], x.keywords)
        elif name not in COMMUTATIVE:
            yield "swapped operands", x, ast.Call(x.func, [second, first, *rest], x.keywords)
    if isinstance(x, ast.Compare) and isinstance(x.ops[0], ast.Gt | ast.Lt):
        yield "swapped operands", x, ast.Compare(x.comparators[0], x.ops, [x.left])
    if isinstance(x, ast.Constant) and type(x.value) in (int, float):
        yield "constant", x, ast.Constant(x.value + 1)


class Exchange(ast.NodeTransformer):
    """A copy of a tree with one node in another's place."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        if node is self.old:
            return copy.deepcopy(self.new)
        fields = {name: self._field(value) for name, value in ast.iter_fields(node)}
        return ast.copy_location(type(node)(**fields), node)

    def _field(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._field(x) for x in value]
        return self.visit(value) if isinstance(value, ast.AST) else value


def without_reduction(rule: Callable[..., Any], k: int) -> Callable[..., Any]:
    """The rule where its cotangent is not summed over broadcast axes: the first element counts alone."""

    def mutant(g: Any, y: Any, *args: Any) -> Any:
        x, found = args[k], rule(g, y, *args)
        if not hasattr(x, "shape") or found.shape == x.shape:
            return found
        found = found[(0,) * (found.ndim - x.ndim)]
        return found[tuple(slice(0, n) for n in x.shape)]

    return mutant


# Planting them ----------------------------------------------------------------------------------------


def mutants(primitive: Primitive, seen: set[str]) -> Iterator[Mutant]:
    """Every mutant of a primitive's rules and of the private functions these call, but for those `seen`."""
    for k, rule in rules(primitive):
        where = f"{primitive.name}, operand {k}"
        for fault, what, node in changes(node_of(rule)):
            yield Mutant(fault, where, what, functools.partial(_as_rule, primitive, k, rule, node))
        if reduces(primitive, k):
            plant = functools.partial(_install_rule, primitive, k, without_reduction(rule, k))
            yield Mutant("missing reduction", where, "not summed over broadcast axes", plant)
        for helper in helpers(rule, seen):
            for fault, what, node in changes(node_of(helper)):
                yield Mutant(fault, helper.__name__, what, functools.partial(_as_helper, helper, node))


def reduces(primitive: Primitive, k: int) -> bool:
    """Whether the cotangent that a rule gives is ever summed over axes of its operand that were broadcast."""
    found = []

    def watched(g: Any, y: Any, *args: Any) -> Any:
        result = rule(g, y, *args)
        found.append(result.shape != getattr(args[k], "shape", ()))
        return result

    rule = primitive.vjps[k]
    remove = _install_rule(primitive, k, watched)
    check_primitive(primitive, order=1)
    remove()
    return any(found)


def _as_rule(primitive: Primitive, k: int, rule: Callable[..., Any], node: Any) -> Callable[[], None]:
    return _install_rule(primitive, k, compiled(rule, node))


def _install_rule(primitive: Primitive, k: int, rule: Callable[..., Any]) -> Callable[[], None]:
    before = primitive.vjps
    primitive.vjps = (*before[:k], rule, *before[k + 1 :])
    return lambda: setattr(primitive, "vjps", before)


def _as_helper(helper: types.FunctionType, node: Any) -> Callable[[], None]:
    names, name = helper.__globals__, helper.__name__
    names[name] = compiled(helper, node)
    return lambda: names.__setitem__(name, helper)


def killed(mutant: Mutant, primitive: Primitive) -> bool:
    """Whether the primitive's own check, or else a test of edges, notices a mutant."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        remove = mutant.plant()
        try:
            check_primitive(primitive)
            for name, test in vars(test_edges).items():
                if name.startswith("test_"):
                    test()
            return False
        except Exception:  # whatever a faulty rule leads to is noticed
            return True
        finally:
            remove()


def main(names: list[str]) -> int:
    """Plant the mutants, say what became of them, and without names write the page."""
    planted: Counter[tuple[str, str]] = Counter()
    dead: Counter[tuple[str, str]] = Counter()
    alive: list[Mutant] = []
    seen: set[str] = set()
    chosen = [p for p in REGISTRY.values() if p.differentiable and (not names or p.name in names)]
    for primitive in chosen:
        for mutant in mutants(primitive, seen):
            key = primitive.name, mutant.fault
            planted[key] += 1
            if killed(mutant, primitive):
                dead[key] += 1
            else:
                alive.append(mutant)
                print(f"alive: {mutant.where}: {mutant.what}", flush=True)
        count = sum(n for (name, _), n in planted.items() if name == primitive.name)
        print(f"{primitive.name}: {count} mutants", flush=True)
    print(f"{sum(dead.values())} of {sum(planted.values())} killed")
    if not names:
        PAGE.write_text(page([p.name for p in chosen], planted, dead, alive))
    return int(any((m.where, m.what) not in EXPLAINED for m in alive))


def page(names: list[str], planted: Counter[Any], dead: Counter[Any], alive: list[Mutant]) -> str:
    """The text of docs/mutations.md."""
    total, found = sum(planted.values()), sum(dead.values())
    lines = [
        "# Mutation proof of the gradient checks",
        "",
        "Written by `python tests/core/mutants.py`, not by hand. Each fault is one change in the source of",
        "a derivative rule or of a function it calls; it is killed if `tinygrad-mnist gradcheck` of the",
        "primitive then fails, or the tests of ties, kinks and powers of zero in `tests/core/test_edges.py`.",
        "",
        f"**{found} of {total} killed ({found / total:.1%}).** "
        + (f"The {len(alive)} that live are explained below." if alive else "None lives."),
        "",
        f"| primitive | {' | '.join(FAULTS)} |",
        f"|---|{'---|' * len(FAULTS)}",
    ]
    for name in names:
        cells = [f"{dead[name, f]}/{planted[name, f]}" if planted[name, f] else "" for f in FAULTS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    if alive:
        lines += ["", "## Those that live", "", "| where | change | why |", "|---|---|---|"]
        lines += [
            f"| {m.where} | {m.what} | {EXPLAINED.get((m.where, m.what), 'not explained')} |" for m in alive
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
