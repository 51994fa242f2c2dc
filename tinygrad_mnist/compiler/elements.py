"""One element of a value as an expression: fusion by asking each value for its element at an index.

A loop nest asks for `value[i, j]`; loops and views answer with an expression over elements of
their operands, down to buffers. So elementwise chains, index maps and gathers join the nest that
needs them without any pattern being recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..formulas import of_arrays
from ..kernels import runtime
from ..kernels.runtime import quotient
from ..kinds import Formula, Function, Gather, Loop, Random, View
from ..primitive import Shape, result_dtype
from .loops import Apply, Const, Expr, Load, Place, Select, Stmt, Store, apply, converted, inside, whole
from .trace import Instruction, Symbol

AXES = (*"ijklmnpqrtuvwxyz", *(f"axis_{k}" for k in range(16, 64)))  # NumPy has no more
_QUOTIENT = Function("quotient", runtime.__name__)
_POSITION = Function("position", runtime.__name__)
Index = tuple[Expr, ...]


class Nest:
    """The inside of one loop nest: its variables, and the statements at each depth.

    Attributes:
        axes: the variables of the loops, outermost first.
        body: per depth (0: before the first loop), the statements there.
        values: what each variable that was made on the way holds.
        rows: (table, argument of positions, their number) of every lookup of whole rows.
    """

    def __init__(self, depth: int) -> None:
        self.axes = [Place(name, (), None, "index") for name in AXES[:depth]]
        self.body: list[list[Stmt]] = [[] for _ in range(depth + 1)]
        self.values: dict[Place, Expr] = {}
        self.rows: dict[tuple[Place, Place, int], None] = {}
        self._depths = {axis: d + 1 for d, axis in enumerate(self.axes)}
        self._locals: dict[Any, Load] = {}

    @property
    def index(self) -> Index:
        """The variables of all loops."""
        return tuple(map(Load, self.axes))

    def depth(self, x: Expr) -> int:
        """In how many loops a value has to be computed."""
        return max(
            (self._depths.get(part.place, 0) for part in inside(x) if isinstance(part, Load)), default=0
        )

    def known(self, key: Any) -> Load | None:
        """The variable for a key, if there is one."""
        return self._locals.get(key)

    def local(self, key: Any, value: Expr, name: str) -> Load:
        """A variable that holds a value, computed once, in as few loops as possible."""
        if key not in self._locals:
            place, depth = Place(name, (), value.dtype, "scalar"), self.depth(value)
            self._locals[key] = Load(place)
            self.values[place] = value
            self._depths[place] = depth
            self.body[depth].append(Store(place, (), value))
        return self._locals[key]

    def holds(self, place: Place, depth: int) -> None:
        """Note that a variable changes in so many loops."""
        self._depths[place] = depth


class Elements:
    """Elements of values as expressions.

    Args:
        producers: the instruction that gives each symbol.
        places: where each symbol is that has been computed; grows.
        flat: values of several axes are walked with one loop; gives a place as one row of elements. Or None.
    """

    def __init__(
        self,
        producers: Mapping[Symbol, Instruction],
        places: Mapping[Symbol, Place],
        flat: Callable[[Place], Place] | None = None,
    ) -> None:
        self.producers, self.places, self.flat = producers, places, flat

    def is_flat(self, x: Any, shape: Shape, moving: bool = False) -> bool:
        """Whether the element at each position depends on elements at that very position only.

        Arrays that lie in another place in every step do not count, unless `moving`.
        """
        if not isinstance(x, Symbol) or x.ndim == 0:
            return True
        if x in self.places:
            return x.shape == shape and (moving or not self.places[x].moves)
        kind, args = self.producers[x].primitive.kind, self.producers[x].args
        if isinstance(kind, View) and kind.at is None:
            return True
        return (
            isinstance(kind, Loop) and x.shape == shape and all(self.is_flat(a, shape, moving) for a in args)
        )

    def cost(self, x: Any) -> int:
        """Work of one element if it is computed where it is needed."""
        if not isinstance(x, Symbol) or x in self.places or x not in self.producers:
            return 0
        instruction = self.producers[x]
        return getattr(instruction.primitive.kind, "work", 1) + sum(map(self.cost, instruction.args))

    def statement(self, x: Symbol, index: Index, nest: Nest) -> Expr:
        """As `at`, for an element that is stored at once and needs no variable of its own."""
        if x in self.places or nest.known((x, index)) is not None:
            return self.at(x, index, nest)
        return self._made(self.producers[x], index, nest)

    def at(self, x: Symbol, index: Index, nest: Nest) -> Expr:
        """The element of x at `index` (one expression per axis of x)."""
        if x in self.places:
            place = self.places[x]
            if len(index) != x.ndim:
                assert self.flat is not None
                place = self.flat(place)
            return Load(place, index)
        known = nest.known((x, index))
        if known is not None:
            return known
        instruction = self.producers[x]
        value = self._made(instruction, index, nest)
        kind = instruction.primitive.kind
        cheap = self.cost(x) <= 1 and not isinstance(kind, Gather)
        if cheap or (isinstance(value, Load) and not value.index):
            return value
        return nest.local((x, index), value, x.name)

    def operand(self, x: Any, dtype: np.dtype[Any] | None, shape: Shape, index: Index, nest: Nest) -> Expr:
        """An operand (symbol or Python number) at the index of a broadcast result, in a dtype or its own."""
        if not isinstance(x, Symbol):
            return Const(x, dtype or np.dtype(np.int64))
        if self.flat:
            value = self.at(x, index if x.ndim else (), nest)
        else:
            own = index[len(shape) - x.ndim :]
            at = tuple(whole(0) if n == 1 else i for n, i in zip(x.shape, own, strict=True))
            value = self.at(x, at, nest)
        return value if dtype is None or x.dtype == dtype else converted(value, dtype)

    def _made(self, instruction: Instruction, index: Index, nest: Nest) -> Expr:
        kind = instruction.primitive.kind
        match kind:
            case Loop():
                return self._loop(kind, instruction, index, nest)
            case View():
                return self._view(kind, instruction, index, nest)
            case Gather():
                return self._gather(instruction, index, nest)
            case Random():
                return self._random(kind, instruction, index, nest)
        raise NotImplementedError(f"no element of a {kind} by itself")

    def _loop(self, kind: Loop, instruction: Instruction, index: Index, nest: Nest) -> Expr:
        args, y = instruction.args, instruction.result
        operands = args[: instruction.primitive.arity]
        dtype = result_dtype(*operands) if y.dtype.kind == "b" else y.dtype
        if y.dtype.kind == "b" and dtype.kind in "iu" and any(_outside(x, dtype) for x in operands):
            some = [0 if isinstance(x, Symbol) else x for x in operands]  # any number of the dtype will do
            return Const(bool(of_arrays(kind.formula, *some)), y.dtype)
        values = [
            self.operand(x, None if k in kind.own else dtype, y.shape, index, nest)
            for k, x in enumerate(args)
            if not isinstance(x, np.dtype)
        ]
        value = kind.of(dtype.kind).build(_Builder(dtype, nest), values)
        computed = not isinstance(value, Load | Const)
        if value.dtype != y.dtype or (y.dtype.kind in "iu" and computed):  # Python's integers would widen
            value = converted(value, y.dtype)
        return value

    def _view(self, kind: View, instruction: Instruction, index: Index, nest: Nest) -> Expr:
        args, dtype = instruction.args, instruction.result.dtype
        if kind.at is None:
            assert kind.outside is not None
            return Const(kind.outside(*args), dtype)
        x, *params = args
        conditions = [] if kind.inside is None else list(kind.inside(index, x.shape, *params))
        if any(isinstance(c, bool) for c in conditions):
            raise TypeError(
                f"{instruction.primitive.name}: conditions on an index that is not known yet cannot be "
                "written with == and !=, which compare here and now; <, <=, > and >= do"
            )
        outside = Const(kind.outside(*params), dtype) if kind.outside else None
        if outside is not None and x.size == 0:
            return outside
        at = tuple(map(whole, kind.at(index, x.shape, *params)))
        if outside is not None and conditions:
            at = tuple(
                # kept inside the operand, so that the element may be read before the condition is known
                i if i in index or isinstance(i, Const) else _limited(i, n)
                for i, n in zip(at, x.shape, strict=True)
            )
        value = self.at(x, at, nest)
        if outside is None or not conditions:
            return value
        condition = conditions[0]
        for other in conditions[1:]:
            condition = apply(Function("and"), condition, other)
        return Select(condition, value, outside)

    def _gather(self, instruction: Instruction, index: Index, nest: Nest) -> Expr:
        x, where, axis = instruction.args
        inner, n = index[axis : axis + where.ndim], x.shape[axis]
        position = Apply(_POSITION, (self.at(where, inner, nest), whole(-n), whole(n)), np.dtype(np.int64))
        at = nest.local((where, inner, n), position, "at")
        table, positions = self.places.get(x), self.places.get(where)
        if axis == 0 and where.ndim == 1 and table and positions and positions.role == "argument":
            nest.rows[table, positions, where.shape[0]] = None
        return self.at(x, (*index[:axis], at, *index[axis + where.ndim :]), nest)

    def _random(self, kind: Random, instruction: Instruction, index: Index, nest: Nest) -> Expr:
        state, shape, dtype = instruction.args
        key, first = (self.at(state, (whole(k),), nest) for k in range(2))
        flat: Any = 0
        for i, n in zip(index, shape, strict=True):
            flat = flat * n + i
        return Apply(kind.draw[dtype.name], (key, first, whole(flat)), dtype)


def _outside(x: Any, dtype: np.dtype[Any]) -> bool:
    """Whether a Python number is none of an integer dtype's."""
    return not isinstance(x, Symbol) and not np.iinfo(dtype).min <= x <= np.iinfo(dtype).max


def _limited(i: Expr, n: int) -> Expr:
    return apply(Function(min.__name__), apply(Function(max.__name__), i, whole(0)), whole(n - 1))


class _Builder:
    """Builds formulas of expressions in one dtype."""

    def __init__(self, dtype: np.dtype[Any], nest: Nest) -> None:
        self.dtype, self.nest = dtype, nest

    def constant(self, value: float) -> Expr:
        return Const(value, self.dtype)

    def apply(self, function: Function, args: Sequence[Expr]) -> Expr:
        if function.name == "/":
            inverse = self._inverse(*args)
            if inverse:
                return apply(_QUOTIENT, args[0], *inverse)
        return apply(function, *args)

    def select(self, condition: Expr, yes: Expr, no: Expr) -> Expr:
        return Select(condition, yes, no)

    def _inverse(self, a: Expr, b: Expr) -> tuple[Expr, Expr] | None:
        """1 / b in two parts, if a holds bytes and `quotient` gives the bits of a division for each."""
        if not isinstance(b, Const) or not b.value or a.dtype != np.float32:
            return None
        behind = self.nest.values.get(a.place, a) if isinstance(a, Load) else a
        if not (isinstance(behind, Apply) and behind.function.name == "float32"):
            return None
        source = behind.args[0].dtype
        if source is None or source.kind not in "iub" or source.itemsize > 1:
            return None
        x, divisor = np.arange(-128, 256).astype(np.float32), np.float32(b.value)
        with np.errstate(all="ignore"):
            high = np.float32(1) / divisor
            low = np.float32(1 / np.float64(divisor) - np.float64(high))
            found = np.array([quotient(value, high, low) for value in x], np.float32)
            if found.tobytes() != (x / divisor).tobytes():
                return None
        return Const(high, b.dtype), Const(low, b.dtype)


def combined(formula: Formula, total: Expr, element: Expr) -> Expr:
    """A formula of two values in the total's dtype."""
    assert total.dtype is not None
    return formula.build(_Builder(total.dtype, Nest(0)), [total, element])
