"""One element of a value as an expression: fusion by asking each value for its element at an index.

A loop nest asks for `value[i, j]`; loops and views answer with an expression over elements of
their operands, down to buffers. So elementwise chains, index maps and gathers join the nest that
needs them without any pattern being recognised.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kernels.runtime import quotient
from ..primitive import Shape, result_dtype
from .trace import Instruction, Symbol

_TOKEN = re.compile(r"\b(?:[abc]\b|\d+(?:\.\d+)?)")
_QUESTIONS = {"eq", "ne", "lt", "le", "gt", "ge", "signbit"}  # bools, of operands that are none
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")
}
_LOGICAL = {"add": "a | b", "mul": "a & b", "maximum": "a | b", "minimum": "a & b"}

#: Work of one element, in units of an addition; what is not listed costs one.
_COST = {
    **dict.fromkeys(
        ("exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sigmoid", "softplus", "erf", "atan"), 12
    ),
    "pow": 40,
    "uniform": 30,
    "normal": 60,
    "div": 4,
    "remainder": 12,
    "floor_divide": 12,
    "sqrt": 4,
    "take": 2,
    "pad": 2,
}


class Nest:
    """The inside of one loop nest: statements at each depth, and the reads they make.

    Attributes:
        lines: per depth (0: before the first loop), the statements there.
        reads: (buffer name, index texts) of every element read.
        rows: (table, argument of positions, their number) of every lookup of whole rows.
        flat: the buffers that are read as if they had one axis, by name.
    """

    def __init__(self, depth: int) -> None:
        self.lines: list[list[str]] = [[] for _ in range(depth + 1)]
        self.reads: list[tuple[str, tuple[str, ...]]] = []
        self.rows: set[tuple[str, str, int]] = set()
        self.flat: dict[str, Symbol] = {}
        self.locals: dict[Any, str] = {}

    def local(self, key: Any, text: str, depth: int, stem: str) -> str:
        """A local variable that holds `text`, computed once at the shallowest depth possible."""
        if key not in self.locals:
            name = f"{stem}_{len(self.locals)}"
            self.locals[key] = name
            self.lines[depth].append(f"{name} = {text}")
        return self.locals[key]


class Expressions:
    """Elements of values as Python text.

    Args:
        producers: the instruction that gives each symbol.
        buffers: name of the variable that holds each symbol computed so far; grows.
        axes: names of the loop variables, outermost first.
        flat: values of several axes are walked with one loop variable.
    """

    def __init__(
        self,
        producers: dict[Symbol, Instruction],
        buffers: dict[Symbol, str],
        axes: Sequence[str],
        flat: bool = False,
    ) -> None:
        self.producers, self.buffers, self.axes, self.flat = producers, buffers, axes, flat

    def is_flat(self, x: Any, shape: Shape, moving: bool = False) -> bool:
        """Whether the element at each position depends on elements at that very position only.

        Arrays that lie in another place in every step do not count, unless `moving`.
        """
        if not isinstance(x, Symbol) or x.ndim == 0:
            return True
        if x in self.buffers:
            return x.shape == shape and (moving or not self.buffers[x].endswith("_s"))
        instruction = self.producers[x]
        if instruction.primitive.name == "fill":
            return True
        return (
            instruction.primitive.kind == "loop"
            and x.shape == shape
            and all(self.is_flat(a, shape, moving) for a in instruction.args)
        )

    def cost(self, x: Any) -> int:
        """Work of one element if it is computed where it is needed."""
        if not isinstance(x, Symbol) or x in self.buffers or x not in self.producers:
            return 0
        instruction = self.producers[x]
        return _COST.get(instruction.primitive.name, 1) + sum(map(self.cost, instruction.args))

    def depth(self, texts: Sequence[str]) -> int:
        """The loop depth at which an expression in these texts can be computed."""
        words = set(re.findall(r"\w+", " ".join(texts)))
        return max((d + 1 for d, axis in enumerate(self.axes) if axis in words), default=0)

    def statement(self, x: Symbol, index: tuple[str, ...], nest: Nest) -> str:
        """As `at`, for an element that is stored at once and needs no variable of its own."""
        if x in self.buffers or (x, index) in nest.locals:
            return self.at(x, index, nest)
        instruction = self.producers[x]
        return unwrapped(_RULES[instruction.primitive.kind](self, instruction, index, nest)[0])

    def at(self, x: Symbol, index: tuple[str, ...], nest: Nest) -> str:
        """The element of x at `index` (one text per axis of x)."""
        if x in self.buffers:
            name = self.buffers[x]
            nest.reads.append((name, index))
            if len(index) != x.ndim:
                nest.flat[name] = x
                name = flat_name(name)
            return f"{name}[{', '.join(index)}]" if index else name
        key = (x, index)
        if key in nest.locals:
            return nest.locals[key]
        instruction = self.producers[x]
        text, depends = _RULES[instruction.primitive.kind](self, instruction, index, nest)
        cheap = self.cost(x) <= 1 and instruction.primitive.kind != "gather"
        if cheap or text.isidentifier():
            return text
        return nest.local(key, unwrapped(text), self._local_depth(depends, nest), x.name)

    def _local_depth(self, texts: Sequence[str], nest: Nest) -> int:
        """As `depth`, and not before the local variables that the texts use."""
        depth = self.depth(texts)
        words = set(re.findall(r"\w+", " ".join(texts)))
        for d in range(len(nest.lines) - 1, depth, -1):
            if any(line.split(" = ")[0] in words for line in nest.lines[d]):
                return d
        return depth

    def scalar(self, x: Any, dtype: np.dtype[Any], shape: Shape, index: tuple[str, ...], nest: Nest) -> str:
        """An operand (symbol or Python number) at the index of a broadcast result, in a dtype."""
        if not isinstance(x, Symbol):
            return literal(x, dtype)
        if self.flat:
            own = index if x.ndim else ()
            text = self.at(x, own, nest)
            return text if x.dtype == dtype else converted(text, x.dtype, dtype)
        own = index[len(shape) - x.ndim :]
        text = self.at(x, tuple("0" if n == 1 else i for n, i in zip(x.shape, own, strict=True)), nest)
        return text if x.dtype == dtype else converted(text, x.dtype, dtype)


def flat_name(name: str) -> str:
    """The name of a buffer's elements in one row."""
    return f"{name}_flat"


def unwrapped(text: str) -> str:
    """An expression without the parentheses around all of it."""
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if i == len(text) - 1 and text[0] == "(" else text
    return text


def literal(x: Any, dtype: np.dtype[Any]) -> str:
    """A Python number as text of one dtype."""
    if dtype.kind == "b":
        return str(bool(x))
    if dtype.kind in "iu":
        return f"{dtype.name}({int(x)})"
    value = float(x)
    if math.isnan(value):
        return f"{dtype.name}(nan)"
    if math.isinf(value):
        return f"{dtype.name}({'' if value > 0 else '-'}inf)"
    return f"{dtype.name}({value!r})"


def converted(text: str, source: np.dtype[Any], target: np.dtype[Any]) -> str:
    """A scalar expression cast as NumPy casts."""
    return f"({text} != 0)" if target.kind == "b" else f"{target.name}({text})"


def _loop(
    e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest
) -> tuple[str, tuple[str, ...]]:
    name, args, y = instruction.primitive.name, instruction.args, instruction.result
    if name == "cast":
        text = e.at(args[0], index, nest)
        return converted(text, args[0].dtype, y.dtype), (text,)
    if name == "where":
        condition = e.scalar(args[0], np.dtype(bool), y.shape, index, nest)
        values = (condition, *(e.scalar(x, y.dtype, y.shape, index, nest) for x in args[1:]))
        dtype = y.dtype
    else:
        dtype = result_dtype(*args) if name in _QUESTIONS else y.dtype
        values = tuple(e.scalar(x, dtype, y.shape, index, nest) for x in args)
        if dtype.kind in "iu" and name in _COMPARISONS and any(_outside(x, dtype) for x in args):
            some = (0 if isinstance(x, Symbol) else x for x in args)  # any number of the dtype will do
            return str(bool(_COMPARISONS[name](*some))), ()
    formula = instruction.primitive.formula
    if dtype.kind == "b":
        formula = _LOGICAL.get(name, formula)
    if name == "pow" and dtype.kind != "f":
        formula = "a ** b"
    inverse = _inverse(e, *args) if name == "div" else None
    if inverse:
        high, low = (literal(part, dtype) for part in inverse)
        return f"quotient({values[0]}, {high}, {low})", values
    text = _TOKEN.sub(lambda m: _place(m.group(), values, dtype), formula)
    if y.dtype.kind in "iu":
        text = f"{y.dtype.name}({text})"  # Python integers would widen
    return (text if re.fullmatch(r"\w+\([^()]*\)", text) else f"({text})"), values


def _outside(x: Any, dtype: np.dtype[Any]) -> bool:
    """Whether a Python number is none of an integer dtype's."""
    return not isinstance(x, Symbol) and not np.iinfo(dtype).min <= x <= np.iinfo(dtype).max


def _inverse(e: Expressions, a: Any, b: Any) -> tuple[Any, Any] | None:
    """1 / b in two parts, if a holds bytes and `quotient` gives the bits of a division for all of them."""
    producer = e.producers.get(a) if isinstance(a, Symbol) else None
    if isinstance(b, Symbol) or not b or producer is None or producer.primitive.name != "cast":
        return None
    source = producer.args[0].dtype
    if source.kind not in "iub" or source.itemsize > 1 or a.dtype != np.float32:
        return None
    x, divisor = np.arange(-128, 256).astype(np.float32), np.float32(b)
    with np.errstate(all="ignore"):
        high = np.float32(1) / divisor
        low = np.float32(1 / np.float64(divisor) - np.float64(high))
        found = np.array([quotient(value, high, low) for value in x], np.float32)
        return (high, low) if found.tobytes() == (x / divisor).tobytes() else None


def _place(token: str, values: tuple[str, ...], dtype: np.dtype[Any]) -> str:
    return values["abc".index(token)] if token in "abc" else literal(float(token), dtype)


def _view(
    e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest
) -> tuple[str, tuple[str, ...]]:
    text, depends = _VIEWS[instruction.primitive.name](e, instruction, index, nest)
    return text, (text, *depends)


def _fill(e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest) -> tuple[str, Any]:
    return literal(instruction.args[0], instruction.result.dtype), ()


def _reshape(e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest) -> tuple[str, Any]:
    x = instruction.args[0]
    return e.at(x, reshaped_index(index, instruction.result.shape, x.shape), nest), ()


def _permute(e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest) -> tuple[str, Any]:
    x, axes = instruction.args
    return e.at(x, tuple(index[axes.index(i)] for i in range(x.ndim)), nest), ()


def _expand(e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest) -> tuple[str, Any]:
    x, shape = instruction.args
    return e.scalar(x, x.dtype, shape, index, nest), ()


def _slice(e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest) -> tuple[str, Any]:
    x, ranges = instruction.args
    return e.at(
        x, tuple(_linear(i, step, start) for i, (start, _, step) in zip(index, ranges, strict=True)), nest
    ), ()


def _flip(e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest) -> tuple[str, Any]:
    x, axes = instruction.args
    return e.at(
        x, tuple(f"({x.shape[d] - 1} - {i})" if d in axes else i for d, i in enumerate(index)), nest
    ), ()


def _windows(e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest) -> tuple[str, Any]:
    x, axis, _, step, dilation = instruction.args
    start, within = _linear(index[axis], step, 0), _linear(index[-1], dilation, 0)
    at = start if within == "0" else within if start == "0" else f"({start} + {within})"
    return e.at(x, (*index[:axis], at, *index[axis + 1 : -1]), nest), ()


def _pad(e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest) -> tuple[str, Any]:
    x, shape, ranges, value = instruction.args
    conditions, inside = [], []
    for i, n, (start, length, step) in zip(index, shape, ranges, strict=True):
        if (start, length, step) == (0, n, 1):
            inside.append(i)
            continue
        from_start = f"({i} - {start})" if start else i
        conditions.append(f"{start} <= {i} < {start + (length - 1) * step + 1 if length else start}")
        if step > 1:
            conditions.append(f"{from_start} % {step} == 0")
            from_start = f"{from_start} // {step}"
        # kept inside the operand, so that the element may be read before the condition is known
        inside.append(f"min(max({from_start}, 0), {length - 1})")
    outside = literal(value, x.dtype)
    if x.size == 0:
        return outside, ()
    text = e.at(x, tuple(inside), nest)
    return (f"({text} if {' and '.join(conditions)} else {outside})" if conditions else text), tuple(
        conditions
    )


def _gather(
    e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest
) -> tuple[str, tuple[str, ...]]:
    if instruction.primitive.name == "positions":
        x, low, size = instruction.args
        text = e.at(x, index, nest)
        return f"position({text}, {low}, {size})", (text,)
    x, where, axis = instruction.args
    inner = index[axis : axis + where.ndim]
    text = e.at(where, inner, nest)
    n = x.shape[axis]
    at = nest.local(
        (where, inner, n), f"position({text}, {-n}, {n})", e._local_depth((text, *inner), nest), "at"
    )
    positions = e.buffers.get(where, "")
    if axis == 0 and where.ndim == 1 and re.fullmatch(r"a\d+_s", positions) and x.name in e.buffers.values():
        nest.rows.add((x.name, positions.removesuffix("_s"), where.shape[0]))
    found = e.at(x, (*index[:axis], at, *index[axis + where.ndim :]), nest)
    return found, (found,)


def _random(
    e: Expressions, instruction: Instruction, index: tuple[str, ...], nest: Nest
) -> tuple[str, tuple[str, ...]]:
    state, shape, dtype = instruction.args
    name = f"{instruction.primitive.name}_at_{dtype.name}"
    key, offset = e.at(state, ("0",), nest), e.at(state, ("1",), nest)
    flat = flat_index(index, shape)
    return f"{name}({key}, {offset}, {flat})", (key, offset, flat)


def flat_index(index: Sequence[str], shape: Sequence[int]) -> str:
    """The row-major position of an index."""
    text = "0"
    for i, n in zip(index, shape, strict=True):
        text = i if text == "0" else f"({text} * {n} + {i})"
    return text


def _linear(i: str, step: int, start: int) -> str:
    text = i if step == 1 else f"{i} * {step}"
    return text if start == 0 else f"({text} + {start})" if i != "0" else str(start)


def reshaped_index(index: tuple[str, ...], shape: Shape, target: Shape) -> tuple[str, ...]:
    """The index into `target` of the element at `index` of `shape`: axes of equal size go straight."""
    result: list[str] = []
    a = b = 0
    while b < len(target) or a < len(shape):
        first_a, first_b = a, b
        size_a = size_b = 1
        while True:  # the shortest runs of axes that hold the same number of elements
            if size_a == size_b and (a > first_a or b > first_b):
                break
            if (size_a <= size_b and a < len(shape)) or b >= len(target):
                size_a *= shape[a]
                a += 1
            else:
                size_b *= target[b]
                b += 1
        run, lengths = index[first_a:a], target[first_b:b]
        flat = flat_index(
            [i for i, n in zip(run, shape[first_a:a], strict=True) if n != 1],
            [n for n in shape[first_a:a] if n != 1],
        )
        rest = math.prod(lengths)
        for n in lengths:
            rest //= max(n, 1)
            if n == 1:
                result.append("0")
            elif rest == 1:
                result.append(flat if n == size_b else f"{flat} % {n}")
            else:
                result.append(f"{flat} // {rest}" if n * rest == size_b else f"{flat} // {rest} % {n}")
    return tuple(result)


_VIEWS: dict[str, Callable[..., tuple[str, Any]]] = {
    "fill": _fill,
    "reshape": _reshape,
    "permute": _permute,
    "expand": _expand,
    "slice": _slice,
    "flip": _flip,
    "pad": _pad,
    "windows": _windows,
}
_RULES: dict[str, Callable[..., tuple[str, tuple[str, ...]]]] = {
    "loop": _loop,
    "view": _view,
    "gather": _gather,
    "random": _random,
}
