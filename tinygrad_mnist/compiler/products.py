"""Sections that are matrix products and convolutions: what they take and what they give is in memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

from ..kernels import narrow, runtime
from ..kinds import Contract, Function, Gather, Images, Loop, Matrices, View
from .elements import Nest
from .loops import Access, Array, Call, Expr, Load, Place, Share, Stmt, apply, whole
from .nesting import SUM, Nesting, closed, filled_nest
from .program import Program
from .share import FIRST, LAST, MOST_WORKERS
from .trace import Instruction, Symbol
from .tuning import MULTIPLY_ADDS, WIDE, WORTH_COLUMNS, WORTH_PARTS
from .updating import Update
from .viewing import turns

_BY_COLUMNS, _PART, _ONTO, _COLUMNS_ONTO = (
    Function(name, runtime.__name__)
    for name in ("matmul_columns", "matmul_part", "accumulate", "accumulate_columns")
)
_NARROW, _NARROW_LAYER = (Function(name, narrow.__name__) for name in ("narrow", "narrow_layer"))


def product(to: Nesting, kind: Contract, form: Matrices, instruction: Instruction) -> None:
    """A product of matrices, in the way that suits its shape."""
    x, y = instruction.args[0], instruction.result
    if form.biased and x.ndim != 2:
        _rows_joined(to, kind, form, instruction)
    elif form.biased and x in to.inputs:
        _in_parts(to, form, instruction)
    elif y.ndim > 2:
        _batch(to, kind, form, instruction)
    else:
        _matrix(to, kind, form, instruction)


def _batch(to: Nesting, kind: Contract, form: Matrices, instruction: Instruction) -> None:
    """As many products as the axes in front say."""
    (a, b), y = instruction.args, instruction.result
    batch = y.ndim - 2
    left, right = matrix(to, a, batch), matrix(to, b, batch, form.turned)
    place, nest, m = to.new(y), Nest(batch), y.shape[-2]
    args = left.array(nest), right.array(nest), Array(place, nest.index), whole(0), whole(m)
    nest.body[-1].append(Call(kind.call, args))
    body = closed(nest, [Share(n) if not d else n for d, n in enumerate(y.shape[:-2])])
    reads, rows = [(left.place, 0), (right.place, 0)], y.shape[0]
    title = f"{y.name} = {instruction.primitive.name}"
    to.add(title, body, reads, [(place, rows)], rows, y.size * a.shape[-1] / MULTIPLY_ADDS)
    to.places[y] = place


def _matrix(to: Nesting, kind: Contract, form: Matrices, instruction: Instruction) -> None:
    """One product, to each row of which a bias may be added."""
    a, b, *biases = instruction.args
    y = instruction.result
    (m, n), depth = y.shape, a.shape[1]
    left, right = matrix(to, a), matrix(to, b, turned=form.turned)
    bias = [in_memory(to, x) for x in biases]
    title, cost = instruction.primitive.name, y.size * depth / MULTIPLY_ADDS
    by_columns = not bias and not right.turned and to.columns.get(right.place) == n
    if by_columns or (n > m and m * n * depth >= WORTH_COLUMNS):
        total = Symbol(f"{y.name}_product", y.shape, y.dtype) if bias else y
        place, own = to.new(total), -n if by_columns else 0
        call = Call(_BY_COLUMNS, (left.array(), right.array(), Array(place), Share(n)))
        title = f"{total.name} = {title}{' without its bias' if bias else ''}"
        to.add(title, [call], [(left.place, 0), (right.place, own)], [(place, own)], n, cost)
        to.places[total] = place
        if by_columns:
            to.columns[place] = n
        for x in biases:
            add_to(to, total, x, y)
        return
    place = to.new(y)
    sizes = _narrow(left, right, n, depth)
    if sizes:
        arrays = (Array(x) for x in (left.place, right.place, *bias, place))
        body: list[Stmt] = [Call(_NARROW_LAYER if bias else _NARROW, (*arrays, Share(m), *sizes))]
    else:
        body = [Call(kind.call, (left.array(), right.array(), Array(place), Share(m)))]
        for row in bias:
            body += bias_added(place, row, Share(m), n)
    reads = [left.rows(m), (right.place, 0), *((row, 0) for row in bias)]
    to.add(f"{y.name} = {title}", body, reads, [(place, m)], m, cost)
    to.places[y] = place


def _narrow(left: Matrix, right: Matrix, n: int, depth: int) -> tuple[Expr, ...]:
    """The sizes for a product whose right matrix is small: n, depth, whether it is turned; else nothing."""
    dtype = right.place.dtype
    if (
        n == 1
        or left.turned
        or dtype is None
        or dtype.kind != "f"
        or not narrow.is_narrow(n, depth, dtype.itemsize)
    ):
        return ()
    return whole(n), whole(depth), whole(int(right.turned))


def _in_parts(to: Nesting, form: Matrices, instruction: Instruction) -> None:
    """A layer whose inner axis the workers share out, see `inputs_by_columns`."""
    x, weight, bias = instruction.args
    y = instruction.result
    (m, n), depth = y.shape, x.shape[1]
    left, right = matrix(to, x), matrix(to, weight, turned=form.turned)
    row = in_memory(to, bias)
    parts = [Symbol(f"{y.name}_{word}", y.shape, y.dtype) for word in ("first", "second")]
    for k, (part, by) in enumerate(zip(parts, (FIRST, LAST), strict=True)):
        place = to.new(part)
        args = (left.array(), right.array(), Array(place), whole(k), whole(MOST_WORKERS))
        body: list[Stmt] = [Call(_PART, args)]
        reads = [(left.place, -depth), (right.place, -depth)]
        if k == 0:
            body += bias_added(place, row, m, n)
            reads.append((row, 0))
        title = f"{part.name} = part of {instruction.primitive.name}"
        cost = y.size * depth / MULTIPLY_ADDS / MOST_WORKERS
        to.add(title, body, reads, [(place, 0)], cost=cost, by=by)
        to.places[part] = place
    add_to(to, parts[0], parts[1], y)


def _rows_joined(to: Nesting, kind: Contract, form: Matrices, instruction: Instruction) -> None:
    """As `_matrix`, for an input whose rows are joined into a matrix, or that is one row."""
    x, weight, bias = instruction.args
    y, rows = instruction.result, math.prod(x.shape[:-1])
    joined, out = (Symbol(f"{s.name}_rows", (rows, s.shape[-1]), s.dtype) for s in (x, y))
    to.places[joined] = to.alias(in_memory(to, x), joined.name, joined.shape)
    _matrix(to, kind, form, Instruction(instruction.primitive, (joined, weight, bias), out))
    to.places[y] = to.alias(in_memory(to, out), y.name, y.shape)


def images(to: Nesting, kind: Contract, split: Images, instruction: Instruction) -> None:
    """A convolution or one of its derivatives; workers share out the images."""
    y, (a, b) = instruction.result, instruction.args[:2]
    values = instruction.args[len(instruction.args) - split.params :]
    geometry = [whole(n) for n in chain.from_iterable(v if isinstance(v, tuple) else (v,) for v in values)]
    places = [in_memory(to, a), in_memory(to, b)]
    n = a.shape[0]
    w, result = ((a, b, y)[k] for k in split.order[1:])
    work = math.prod(result.shape) * math.prod(w.shape[1:])
    name = instruction.primitive.name
    if not split.total:
        place = to.new(y)
        operands = [Array((*places, place)[k]) for k in split.order]
        call = Call(kind.call, (*operands, Share(n), *geometry))
        reads = [(places[0], n), (places[1], 0)]
        to.add(f"{y.name} = {name}", [call], reads, [(place, n)], n, work / MULTIPLY_ADDS)
        to.places[y] = place
        return
    # the gradient of kernels is a sum over images: of as many parts as there may be workers
    parts = [y]
    if n >= MOST_WORKERS and work >= WORTH_PARTS:
        parts = [Symbol(f"{y.name}_{word}", y.shape, y.dtype) for word in ("first", "second")]
    for k, part in enumerate(parts):
        place = to.new(part)
        operands = [Array((*places, place)[k]) for k in split.order]
        first, last = (n * end // len(parts) for end in (k, k + 1))
        call = Call(kind.call, (*operands, whole(first), whole(last), *geometry))
        by = (FIRST, LAST)[k] if len(parts) > 1 else ""
        title = f"{part.name} = {'part of ' if len(parts) > 1 else ''}{name}"
        cost = work / MULTIPLY_ADDS / len(parts)
        to.add(title, [call], [(p, 0) for p in places], [(place, 0)], cost=cost, by=by)
        to.places[part] = place
    if len(parts) > 1:
        add_to(to, parts[0], parts[1], y)


def add_to(to: Nesting, product: Symbol, other: Symbol, y: Symbol) -> None:
    """Adding the bias, or another part, to a product in memory joins whatever uses the result."""
    to.producers[y] = Instruction(SUM, (product, other), y)
    if to.deserves_place(y):
        to.fill(y)


class Matrix(NamedTuple):
    """An operand of a product: its place, the axes of its batch, and whether it is turned there."""

    place: Place
    batch: tuple[int | None, ...]
    turned: bool

    def array(self, nest: Nest | None = None) -> Array:
        """As an argument of a routine."""
        index = tuple(whole(0) if d is None else nest.index[d] for d in self.batch) if nest else ()
        return Array(self.place, index, self.turned)

    def rows(self, m: int) -> Access:
        """What a worker reads that computes its share of m rows of the product."""
        return self.place, 0 if self.turned else m


def matrix(to: Nesting, x: Symbol, batch: int = 0, turned: bool = False) -> Matrix:
    """An operand of a product: a place, or a transposed one, at the batch's index."""
    producer = to.producers.get(x)
    transposed = x not in to.places and producer is not None and turns(producer)
    stored = producer.args[0] if transposed and producer else x
    lead = max(x.ndim - 2, 0)
    own = tuple(None if n == 1 else batch - lead + d for d, n in enumerate(x.shape[:lead]))
    return Matrix(in_memory(to, stored), own if batch else (), transposed != turned)


def unturned(to: Nesting, x: Symbol) -> Place:
    """Where the matrix is whose turn x is, which may have a place of its own besides."""
    return in_memory(to, to.producers[x].args[0])


def as_it_is(to: Nesting, x: Symbol) -> Place:
    """Where a matrix is that is not turned there."""
    if matrix(to, x).turned:
        to.fill(x)
    return to.places[x]


def in_memory(to: Nesting, x: Symbol) -> Place:
    """Give an operand a place; what it is a view in order of is filled instead, without divisions."""
    if x not in to.places:
        producer = to.producers.get(x)
        kind = producer.primitive.kind if producer else None
        if producer is None or not (isinstance(kind, View) and kind.in_order and producer.args[0].ndim):
            to.fill(x)
        else:
            if producer.args[0] not in to.places:
                to.fill(producer.args[0])
            to.same_memory(producer)
    return to.places[x]


def accumulate(to: Nesting, update: Update) -> None:
    """Add a product onto the captured array it updates, without memory in between.

    The factor of the product goes to its left operand, which is the smaller one.
    """
    a, b = unturned(to, update.left), as_it_is(to, update.right)
    target, (m, n) = to.places[update.target], update.target.shape
    left, scalars = scaled(to, update, a, "left")
    by_columns = to.columns.get(b) == n
    shared = -n if by_columns else m
    body: list[Stmt] = []
    shrunk = update.shrunk(to.places, target)
    if shrunk is not None:
        body += filled_nest(target, shrunk, (m, Share(n, 1, True)) if by_columns else (Share(m), n))
    call = _COLUMNS_ONTO if by_columns else _ONTO
    body.append(Call(call, (Array(left), Array(b), Array(target), Share(abs(shared)))))
    reads = [(left, 0), (b, shared if by_columns else 0), (target, shared), *scalars]
    title = f"{target.name} = {update.title}"
    to.add(title, body, reads, [(target, shared)], abs(shared), m * n * a.shape[0] / MULTIPLY_ADDS)


def scaled(to: Nesting, update: Update, place: Place, word: str) -> tuple[Place, list[Access]]:
    """A matrix times the factor of an update, and the scalars of the update."""
    rows, n = place.shape
    result = to.new(Symbol(f"{update.target.name}_{word}", place.shape, place.dtype))
    factor = update.factor.expression(to.places, place.dtype)
    scalars: list[Access] = [(to.places[x], 0) for c in (update.factor, update.shrink) for x in c.symbols]
    flat = to.flat(place)
    body = filled_nest(
        to.flat(result),
        lambda index: apply(Function("*"), factor, Load(flat, index)),
        (Share(rows, n, True),),
    )
    to.add(f"{result.name} = scaled", body, [(place, rows), *scalars], [(result, rows)], rows, rows * n)
    return result, scalars


def inputs_by_columns(program: Program, producers: Mapping[Symbol, Instruction]) -> set[Symbol]:
    """Inputs of layers whose inner axis workers should share out.

    Such an input is computed in each step, wide, and used for the layer and its gradient only: then
    each worker computes, reads and updates its own columns of input and weights, which stay in its
    cache, and all that they exchange are the parts of a small sum.
    """
    found = set()
    for instruction in program.instructions:
        form = instruction.matrices
        if not (form and form.biased) or instruction.args[0] not in producers:
            continue
        x, y = instruction.args[0], instruction.result
        n, depth = y.shape[-1], x.shape[-1]
        enough = depth >= WIDE >= n and y.size * depth >= WORTH_PARTS
        kind = producers[x].primitive.kind
        computed = isinstance(kind, Loop | View | Gather) and not (isinstance(kind, View) and kind.in_order)
        computed = computed and not (isinstance(kind, Gather) and kind.add)
        if x.ndim != 2 or not enough or not computed:
            continue
        users = [i for i in program.instructions if any(a is x for a in i.args) and i is not instruction]
        if all(i.matrices == Matrices() and i.args[1] is x and i.args[0] is not x for i in users):
            found.add(x)
    return found - set(program.outputs) - {value for _, value in program.updates}


def bias_added(place: Place, bias: Place, rows: int | Share, n: int) -> tuple[Stmt, ...]:
    """Loops that add a bias to each row of a place."""
    return filled_nest(
        place, lambda index: apply(Function("+"), Load(place, index), Load(bias, index[1:])), (rows, n)
    )
