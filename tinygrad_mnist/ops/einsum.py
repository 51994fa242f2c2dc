"""Products over named axes: einsum, tensordot, Kronecker products, batches of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import ShapeError
from ..primitive import Value, composite, normalize_axis
from .arranging import diagonal
from .contract import product
from .reduce import sum
from .views import permute_axes, reshape_to

__all__ = ["bmm", "kron", "tensordot"]


@composite(
    (((2, 3), (3, 2)), {"equation": "ij,jk->ki"}),
    (((2, 2), (3, 2)), {"equation": "ii,...i"}),
    (((2, 2), (2, 2, 1)), {"equation": "bi,bij->bj"}),
    call=lambda einsum, a, b, equation: einsum(equation, a, b),
)
def einsum(equation: str, *operands: Value) -> Value:
    """The sum of products that the letters describe: `einsum("ij,jk->ik", a, b)` is a @ b.

    Each operand has a letter per axis; axes with the same letter go along together, letters that
    are missing in the result are summed over. Without `->` the result has the letters that occur
    once, in alphabetical order. `...` stands for leading axes that broadcast; a letter twice in
    one operand takes its diagonal. Operands are combined from the left, two at a time, each
    pair by one (batched) matrix product.

    Raises ShapeError for an equation that does not fit the operands.
    """
    inputs, output = _parsed(equation, operands)
    terms = [_diagonals(x, letters) for x, letters in zip(operands, inputs, strict=True)]
    x, letters = terms[0]
    for i, (other, theirs) in enumerate(terms[1:], 2):
        later = {*output, *(c for _, names in terms[i:] for c in names)}
        x, letters = _combined(x, letters, other, theirs, later)
    gone = tuple(i for i, c in enumerate(letters) if c not in output)
    if gone:
        x, letters = sum(x, gone), [c for c in letters if c in output]
    return permute_axes(x, tuple(letters.index(c) for c in output))


@composite((((2, 3), (3, 2)), {"axes": 1}), (((2, 3, 2), (3, 2)), {"axes": ((1, 0), (0, 1))}))
def tensordot(a: Value, b: Value, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Value:
    """The sum of products over pairs of axes; what is left are the other axes of a, then those of b.

    `axes` is two sequences, or how many last axes of a meet the first of b. ShapeError where the
    lengths differ.
    """
    if isinstance(axes, int):
        left, right = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        left = [normalize_axis("tensordot", i, a.ndim) for i in axes[0]]
        right = [normalize_axis("tensordot", i, b.ndim) for i in axes[1]]
    pairs = list(zip(left, right))
    if (
        len(left) == len(right) and min(left, default=0) >= 0
    ):  # an axis of length 1 meets a longer one by its sum
        over_a = tuple(i for i, j in pairs if b.shape[j] == 1 and a.shape[i] != 1)
        over_b = tuple(j for i, j in pairs if a.shape[i] == 1 and b.shape[j] != 1)
        a, b = (sum(x, over, True) if over else x for x, over in ((a, over_a), (b, over_b)))
    if [a.shape[i] for i in left] != [b.shape[i] for i in right] or min(left, default=0) < 0:
        raise ShapeError(
            f"tensordot: axes {axes} of shapes {a.shape} and {b.shape} have not the same lengths"
        )
    free_a, free_b = ([i for i in range(x.ndim) if i not in used] for x, used in ((a, left), (b, right)))
    n = math.prod(a.shape[i] for i in left)
    rows, columns = [a.shape[i] for i in free_a], [b.shape[i] for i in free_b]
    matrix_a = reshape_to(permute_axes(a, (*free_a, *left)), (math.prod(rows), n))
    matrix_b = reshape_to(permute_axes(b, (*right, *free_b)), (n, math.prod(columns)))
    return reshape_to(product(matrix_a, matrix_b), (*rows, *columns))


@composite((((2, 3), (2, 2)), {}), (((2,), (2, 3)), {}))
def kron(a: Value, b: Value) -> Value:
    """The Kronecker product: b times each element of a, laid out as a is."""
    n = max(a.ndim, b.ndim)
    shape_a, shape_b = ((1,) * (n - x.ndim) + x.shape for x in (a, b))
    wide_a = reshape_to(a, tuple(k for length in shape_a for k in (length, 1)))
    wide_b = reshape_to(b, tuple(k for length in shape_b for k in (1, length)))
    return reshape_to(wide_a * wide_b, tuple(p * q for p, q in zip(shape_a, shape_b, strict=True)))


@composite((((2, 2, 3), (2, 3, 1)), {}))
def bmm(a: Value, b: Value) -> Value:
    """Matrix products (N, m, k) @ (N, k, n) -> (N, m, n), nothing broadcast; `matmul` does more."""
    if a.ndim != 3 or b.ndim != 3 or a.shape[0] != b.shape[0]:
        raise ShapeError(
            "bmm: takes two batches of as many matrices, (N, m, k) and (N, k, n), "
            f"not {a.shape} and {b.shape}; matmul broadcasts"
        )
    return product(a, b)


def _parsed(equation: str, operands: Sequence[Value]) -> tuple[list[list[str]], list[str]]:
    """The letters of every operand and of the result; the axes of `...` are 0, 1, ... from the back."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ShapeError(f"einsum: {equation!r} describes {len(terms)} operands, {len(operands)} were given")
    inputs, dots = [], 0
    for term, x in zip(terms, operands, strict=True):
        before, ellipsis, after = term.partition("...")
        extra = x.ndim - len(before) - len(after)
        if (extra if not ellipsis else min(extra, 0)) or not (before + after + "a").isalpha():
            raise ShapeError(
                f"einsum: {term!r} in {equation!r} does not describe an operand of shape {x.shape}"
            )
        dots = max(dots, extra)
        inputs.append([*before, *(str(i) for i in reversed(range(extra))), *after])
    names = [c for letters in inputs for c in letters]
    if arrow:
        before, ellipsis, after = right.partition("...")
        output = [*before, *(str(i) for i in reversed(range(dots if ellipsis else 0))), *after]
        unknown = [c for c in output if c not in names]
        if unknown or len(set(output)) != len(output):
            raise ShapeError(
                f"einsum: the result of {equation!r} must name letters of the operands, each once"
            )
    else:
        once = sorted(c for c in set(names) if c.isalpha() and names.count(c) == 1)
        output = [*(str(i) for i in reversed(range(dots))), *once]
    lengths: dict[str, int] = {}
    for letters, x in zip(inputs, operands, strict=True):
        for c, n in zip(letters, x.shape, strict=True):
            if lengths.setdefault(c, n) != n and 1 not in (lengths[c], n):
                shapes = ", ".join(str(x.shape) for x in operands)
                raise ShapeError(
                    f"einsum: {c!r} in {equation!r} is {lengths[c]} and {n} long, in shapes {shapes}"
                )
            lengths[c] = max(lengths[c], n)
    return inputs, output


def _diagonals(x: Value, letters: list[str]) -> tuple[Value, list[str]]:
    """An operand with a letter for each axis: where one came twice, its diagonal."""
    for c in dict.fromkeys(letters):
        while letters.count(c) > 1:
            i = letters.index(c)
            j = letters.index(c, i + 1)
            if x.shape[i] != x.shape[j]:
                raise ShapeError(f"einsum: {c!r} is {x.shape[i]} and {x.shape[j]} long in one operand")
            x = diagonal(x, 0, i, j)
            letters = [d for k, d in enumerate(letters) if k not in (i, j)] + [c]
    return x, letters


def _combined(
    a: Value, names_a: list[str], b: Value, names_b: list[str], needed: set[str]
) -> tuple[Value, list[str]]:
    """Two operands as one, summed over the letters that nobody needs any more."""
    a, names_a = _without_lonely(a, names_a, {*names_b, *needed})
    b, names_b = _without_lonely(b, names_b, {*names_a, *needed})
    shared = [c for c in names_a if c in names_b]
    both = {c: (a.shape[names_a.index(c)], b.shape[names_b.index(c)]) for c in shared}
    summed = [c for c in shared if c not in needed and both[c][0] == both[c][1]]
    batch = [c for c in shared if c not in summed]
    own_a, own_b = ([c for c in names if c not in shared] for names in (names_a, names_b))
    size = {**dict(zip(names_a, a.shape, strict=True)), **dict(zip(names_b, b.shape, strict=True))}
    shape = [size[c] for c in (*own_a, *own_b)]
    rows, columns, depth = (math.prod(size[c] for c in names) for names in (own_a, own_b, summed))
    a = permute_axes(a, tuple(names_a.index(c) for c in (*batch, *own_a, *summed)))
    b = permute_axes(b, tuple(names_b.index(c) for c in (*batch, *summed, *own_b)))
    a = reshape_to(a, (*[both[c][0] for c in batch], rows, depth))
    b = reshape_to(b, (*[both[c][1] for c in batch], depth, columns))
    y = product(a, b)
    x = reshape_to(y, (*y.shape[:-2], *shape))
    names = [*batch, *own_a, *own_b]
    return _without_lonely(x, names, needed)


def _without_lonely(x: Value, names: list[str], needed: set[str]) -> tuple[Value, list[str]]:
    """An operand summed over the letters that occur nowhere else."""
    gone = tuple(i for i, c in enumerate(names) if c not in needed)
    return (sum(x, gone), [c for c in names if c in needed]) if gone else (x, names)
