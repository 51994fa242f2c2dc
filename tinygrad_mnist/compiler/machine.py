"""A scheduled program as instructions of LLVM: the other printer, whose output is for the processor.

What `text` prints is Python that means the same. Here arrays are addresses with fixed shapes, and indices
are known to be inside. Numba is asked only what an operator or a function is for numbers of given types: so
a program is compiled in a fraction of the time that its text would take.
"""

from __future__ import annotations

import functools
import importlib
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from llvmlite import ir

from ..kernels import runtime
from ..kernels.numba_door import cgutils, numpy_support, types
from ..kinds import Function
from ..primitive import Shape
from .loops import (
    INT64,
    LAST,
    STEP,
    Apply,
    Array,
    Between,
    Call,
    Const,
    Expr,
    For,
    Let,
    Load,
    Place,
    Section,
    Select,
    Share,
    Stmt,
    Stop,
    Store,
    statements,
)
from .rolled import stay_rolled, suits
from .share import EVERYONE, FIRST, Schedule

I64 = ir.IntType(64)
_OPERATORS: dict[tuple[str, int], Callable[..., Any]] = {
    ("-", 1): operator.neg, ("~", 1): operator.invert, ("not", 1): operator.not_,
    ("+", 2): operator.add, ("-", 2): operator.sub, ("*", 2): operator.mul, ("/", 2): operator.truediv,
    ("//", 2): operator.floordiv, ("%", 2): operator.mod, ("**", 2): operator.pow,
    ("==", 2): operator.eq, ("!=", 2): operator.ne, ("<", 2): operator.lt, ("<=", 2): operator.le,
    (">", 2): operator.gt, (">=", 2): operator.ge, ("&", 2): operator.and_, ("|", 2): operator.or_,
    ("^", 2): operator.xor, ("<<", 2): operator.lshift, (">>", 2): operator.rshift,
}  # fmt: skip


class Value(NamedTuple):
    """A number, or an array for a routine: its type in Numba, and what LLVM knows it by."""

    type: Any
    code: Any


class Frame(NamedTuple):
    """What a function that runs some of a step has from its caller, as LLVM knows it.

    Attributes:
        addresses: where each array begins, and what workers meet by.
        variables: where those variables are that several functions share.
        step, last: the present step, and the one after the last.
        worker, workers: who it is, and how many there are.
    """

    addresses: Mapping[Place, Any]
    variables: Mapping[Place, Any]
    step: Any
    last: Any
    worker: Any
    workers: Any


#: What workers meet by.
MEETING = Place("meeting", (1,), INT64)


class Emitter:
    """Emits parts of a step.

    Args:
        schedule: the program.
        context, builder: of the function that they go into.
        frame: what there is for them.
        done: where to go if another worker failed.
    """

    def __init__(self, schedule: Schedule, context: Any, builder: Any, frame: Frame, done: Any) -> None:
        self.schedule, self.context, self.builder, self.frame = schedule, context, builder, frame
        self._done = done
        self._resolved: dict[Any, tuple[Any, Callable[..., Any]]] = {}
        self._variables: dict[Place, Any] = {**frame.variables}
        self._indices: dict[Place, Any] = {STEP.place: frame.step, LAST.place: frame.last}
        self._addresses: dict[Place, Any] = {**frame.addresses}
        self._shares: dict[int, tuple[Any, Any]] = {}
        self._scopes: dict[Place, Any] = {}
        self._past: list[Any] = []
        for place in (*schedule.loops.arguments, *schedule.loops.outputs):
            past = builder.mul(frame.step, number(math.prod(place.shape)))
            self._addresses[place] = builder.gep(frame.addresses[place], [past])

    def parts(self, parts: Sequence[tuple[str, Section | None]]) -> None:
        """Sections, and where workers meet between them."""
        self._share_out([section for _, section in parts if section is not None])
        for by, section in parts:
            self._part(by, section)

    def _share_out(self, sections: Iterable[Section]) -> None:
        """A worker's part of each axis that is shared out."""
        for section in sections if self.schedule.shared else ():
            for statement in statements(section.body):
                counts = [statement.count] if isinstance(statement, For) else getattr(statement, "args", ())
                for count in counts:
                    if isinstance(count, Share) and section.rows > 1 and count.n not in self._shares:
                        given = (number(count.n), self.frame.worker, self.frame.workers)
                        kind, pair = self._call(runtime.share, *(Value(types.int64, x) for x in given))
                        ends = cgutils.unpack_tuple(self.builder, pair)
                        first, last = (self._as(types.int64, Value(kind.dtype, x)) for x in ends)
                        self._shares[count.n] = first, last

    def _part(self, by: str, section: Section | None) -> None:
        if section is None:
            self._meet()
            return
        self._scopes = self._domain(section)
        if by == EVERYONE:
            self._statements(section.body, self.schedule.shared and section.rows > 1)
            return
        last = self.builder.sub(self.frame.workers, number(1))
        rank = number(0) if by == FIRST else last
        with self.builder.if_then(self.builder.icmp_signed("==", self.frame.worker, rank)):
            self._statements(section.body, self.schedule.shared and section.rows > 1)

    def _domain(self, section: Section) -> dict[Place, Any]:
        """A word of LLVM for the memory of each array in a section: what is written is nobody else's."""
        touched = [place for place, _ in (*section.reads, *section.writes) if place.role != "scalar"]
        roots = dict.fromkeys(map(self.schedule.memory, touched))
        module = self.builder.module
        name = f"section {len(module.metadata)}"
        domain = module.add_metadata([ir.MetaDataString(module, name)])
        return {
            root: module.add_metadata([ir.MetaDataString(module, f"{name}: {k}"), domain])
            for k, root in enumerate(roots)
        }

    def _meet(self) -> None:
        """Wait for the other workers, and stop if one of them failed."""
        meeting = self._array(MEETING.dtype, self._addresses[MEETING], [1], [1])
        together = self._call(runtime.meet, meeting, Value(types.int64, self.frame.workers))
        go_on = self.builder.append_basic_block("together")
        self.builder.cbranch(self._as(types.boolean, together), go_on, self._done)
        self.builder.position_at_end(go_on)

    # Statements -----------------------------------------------------------------------------------

    def _statements(self, body: Iterable[Stmt], shared: bool) -> None:
        for statement in body:
            match statement:
                case Store(place=place, index=index, value=value):
                    self._store(place, index, self.value(value))
                case For(index=index, count=count):
                    self._for(index, count, statement.body, shared)
                case Call(function=function, args=args):
                    given = [x for arg in args for x in self._given(arg, shared)]
                    self._call(_named(function), *given)
                case Let():
                    pass  # where it is is computed at each access
                case Stop(condition=condition):
                    go_on = self.builder.append_basic_block("on")
                    test = self._as(types.boolean, self.value(condition))
                    self.builder.cbranch(test, self._past[-1], go_on)
                    self.builder.position_at_end(go_on)

    def _store(self, place: Place, index: Sequence[Expr], value: Value) -> None:
        kind = type_of(place.dtype)
        code = self._as(kind, value)
        if place.role == "scalar":
            self.builder.store(code, self._variable(place))
        else:
            model = self.context.data_model_manager[kind]
            self._apart(
                self.builder.store(model.as_data(self.builder, code), self._element(place, index)), place
            )

    def _for(self, index: Place, count: Any, body: tuple[Stmt, ...], shared: bool) -> None:
        def inside(at: Any) -> None:
            self._indices[index] = at
            self._statements(body, shared)

        if count == 1 and not any(isinstance(x, Stop) for x in body):
            inside(number(0))
            return
        match count:
            case int():
                ends = number(0), number(count)
            case Share():
                ends = self._bounds(count, shared)
            case Between(first=first, last=last):
                ends = self._index(first), self._index(last)
            case _:
                ends = number(0), self._index(count)
        back = loop(self.builder, *ends, inside, self._past)
        if suits(count, body):
            stay_rolled(self.builder.module, back)

    def _bounds(self, share: Share, shared: bool) -> tuple[Any, Any]:
        if not shared:
            return number(0), number(share.count)
        first, last = self._shares[share.n]
        if share.times == 1:
            return first, last
        times = number(share.times)
        return self.builder.mul(first, times), self.builder.mul(last, times)

    # Arrays ---------------------------------------------------------------------------------------

    def _given(self, x: Array | Share | Expr, shared: bool) -> list[Value]:
        """An argument of a routine, or two: the ends of a share."""
        if isinstance(x, Share):
            return [Value(types.int64, end) for end in self._bounds(x, shared)]
        if not isinstance(x, Array):
            return [self.value(x)]
        if x.all_steps:
            start, shape = self.frame.addresses[x.place], [*x.place.shape]
            return [
                self._array(
                    x.place.dtype, start, [self.frame.last, *shape], [math.prod(shape), *_steps(shape)]
                )
            ]
        address, shape, steps = self._address(x.place), [*x.place.shape], _steps(x.place.shape)
        for index, step in zip(x.index, steps, strict=False):
            if index is not None:
                address = self.builder.gep(address, [self.builder.mul(self._index(index), number(step))])
        kept = [d for d in range(len(shape)) if d >= len(x.index) or x.index[d] is None]
        shape, steps = [shape[d] for d in kept], [steps[d] for d in kept]
        if x.shape is not None:
            shape, steps = [*x.shape], _steps(x.shape)
        if x.turned:
            shape, steps = shape[::-1], steps[::-1]
        return [self._array(x.place.dtype, address, shape, steps)]

    def _array(self, dtype: Any, address: Any, shape: Sequence[Any], steps: Sequence[int]) -> Value:
        """An array as Numba passes it."""
        rows = [1, *shape[1:]]  # the first length does not matter
        layout = "C" if list(steps) == _steps(rows)[: len(steps)] else "A"
        kind, size = types.Array(type_of(dtype), len(shape), layout), dtype.itemsize
        array = self.context.make_array(kind)(self.context, self.builder)
        lengths = [number(n) if isinstance(n, int) else n for n in shape]
        array.data = self.builder.bitcast(address, array.data.type)
        array.shape = cgutils.pack_array(self.builder, lengths, ty=I64)
        array.strides = cgutils.pack_array(self.builder, [number(step * size) for step in steps], ty=I64)
        array.itemsize = number(size)
        array.nitems = functools.reduce(self.builder.mul, lengths, number(1))
        array.meminfo, array.parent = (ir.Constant(x.type, None) for x in (array.meminfo, array.parent))
        return Value(kind, array._getvalue())

    def _address(self, place: Place) -> Any:
        """Of the first element."""
        if place.at is not None and place.home is not None:
            past = self.builder.mul(self._index(place.at), number(math.prod(place.shape)))
            return self.builder.gep(self._address(place.home), [past])
        return self._address(place.home) if place.home else self._addresses[self.schedule.memory(place)]

    def _element(self, place: Place, index: Sequence[Expr]) -> Any:
        at = [self._index(i) for i in index]
        kind = self.context.get_data_type(type_of(place.dtype))
        for n in reversed(place.shape):
            kind = ir.ArrayType(kind, n)
        address = self.builder.bitcast(self._address(place), kind.as_pointer())
        return self.builder.gep(address, [number(0), *at], inbounds=True)

    # Numbers --------------------------------------------------------------------------------------

    def value(self, x: Expr) -> Value:
        """The number that an expression is."""
        match x:
            case Load(place=place, index=index):
                return self._load(place, index)
            case Const(value=value, dtype=dtype):
                kind = type_of(dtype)
                return Value(
                    kind, self.context.get_constant_generic(self.builder, kind, _plain(value, dtype))
                )
            case Select(condition=condition, yes=yes, no=no):
                return self._select(condition, yes, no, type_of(x.dtype))
            case Apply(function=function, args=(a, b)) if function.name in ("and", "or"):
                return self._joined(function.name == "and", a, b, x.dtype)
            case Apply(function=Function(module="numpy"), args=(a,), dtype=dtype) if dtype is not None and (
                x.function.name == dtype.name
            ):
                return Value(type_of(dtype), self._as(type_of(dtype), self.value(a)))
            case Apply(function=function, args=args):
                values = [self.value(arg) for arg in args]
                if function.is_operator:
                    return self._call(_OPERATORS[function.name, len(args)], *values)
                return self._call(_named(function), *values)
        raise TypeError(f"{x!r} is no expression")

    def _joined(self, both: bool, a: Expr, b: Expr, dtype: Any) -> Value:
        """`a and b` or `a or b`: of numbers one of the two, as in Python."""
        if dtype is not None and dtype.kind != "b":
            return self._select(a, *((b, a) if both else (a, b)), type_of(dtype))
        join = self.builder.and_ if both else self.builder.or_
        return Value(types.boolean, join(*(self._as(types.boolean, self.value(x)) for x in (a, b))))

    def _load(self, place: Place, index: Sequence[Expr]) -> Value:
        kind = type_of(place.dtype)
        if place.role == "index":
            return Value(kind, self._indices[place])
        if place.role == "scalar":
            return Value(kind, self.builder.load(self._variable(place)))
        number = self.builder.load(self._element(place, index))
        self._apart(number, place)
        return Value(kind, self.context.data_model_manager[kind].from_data(self.builder, number))

    def _apart(self, access: Any, place: Place) -> None:
        """Say that arrays share no memory: else a loop over several is made twice, in case they do."""
        scopes, own = self._scopes, self.schedule.memory(place)
        if own not in scopes:
            return
        others = [scope for root, scope in scopes.items() if root is not own]
        module = self.builder.module
        access.set_metadata("alias.scope", module.add_metadata([scopes[own]]))
        if others:
            access.set_metadata("noalias", module.add_metadata(others))

    def _variable(self, place: Place) -> Any:
        if place not in self._variables:
            kind = self.context.get_value_type(type_of(place.dtype))
            self._variables[place] = cgutils.alloca_once(self.builder, kind)
        return self._variables[place]

    def _select(self, condition: Expr, yes: Expr, no: Expr, kind: Any) -> Value:
        test = self._as(types.boolean, self.value(condition))
        result = cgutils.alloca_once(self.builder, self.context.get_value_type(kind))
        with self.builder.if_else(test) as (then, otherwise):
            for branch, x in ((then, yes), (otherwise, no)):
                with branch:
                    self.builder.store(self._as(kind, self.value(x)), result)
        return Value(kind, self.builder.load(result))

    def _index(self, x: Expr) -> Any:
        return self._as(types.int64, self.value(x))

    def _as(self, kind: Any, value: Value) -> Any:
        return self.context.cast(self.builder, value.code, value.type, kind)

    def _call(self, function: Callable[..., Any], *values: Value) -> Value:
        """What a function gives for numbers or arrays of these types: Numba knows it."""
        given = tuple(x.type for x in values)
        key = function, given
        if key not in self._resolved:
            typing = self.context.typing_context
            kind = typing.resolve_value_type(function)
            signature = typing.resolve_function_type(kind, given, {})
            self._resolved[key] = signature, self.context.get_function(kind, signature)
        signature, code = self._resolved[key]
        kinds, rest = list(signature.args), []
        if isinstance(kinds[-1], types.StarArgTuple | types.StarArgUniTuple):
            rest = list(kinds.pop())
        codes = [self._as(kind, x) for kind, x in zip([*kinds, *rest], values, strict=True)]
        args = codes[: len(kinds)]
        if rest:
            args.append(self.context.make_tuple(self.builder, signature.args[-1], codes[len(kinds) :]))
        return Value(signature.return_type, code(self.builder, args))


def loop(
    builder: Any, first: Any, last: Any, body: Callable[[Any], None], leaving: list[Any] | None = None
) -> Any:
    """A body for each index from the first one up to the last one; `leaving` ends with where the end is."""
    head, turn, past = map(builder.append_basic_block, ("head", "turn", "past"))
    before = builder.block
    builder.branch(head)
    builder.position_at_end(head)
    at = builder.phi(I64)
    at.add_incoming(first, before)
    builder.cbranch(builder.icmp_signed("<", at, last), turn, past)
    builder.position_at_end(turn)
    leaving = [] if leaving is None else leaving
    leaving.append(past)
    body(at)
    leaving.pop()
    at.add_incoming(builder.add(at, number(1), flags=("nsw",)), builder.block)
    back = builder.branch(head)
    builder.position_at_end(past)
    return back


def _named(function: Function) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(importlib.import_module(function.module or "builtins"), function.name)
    return found


def type_of(dtype: Any) -> Any:
    """Numba's type of a dtype; of an index, if there is none."""
    return types.int64 if dtype is None else numpy_support.from_dtype(dtype)


def _plain(value: Any, dtype: Any) -> Any:
    """A constant as Python has it."""
    if dtype is None or dtype.kind in "iu":
        return int(value)
    return bool(value) if dtype.kind == "b" else float(value)


def _steps(shape: Shape | Sequence[int]) -> list[int]:
    """How many elements lie between neighbours along each axis, row-major."""
    return [math.prod(shape[d + 1 :]) for d in range(len(shape))]


def number(value: int) -> Any:
    """A whole number as LLVM has it."""
    return ir.Constant(I64, value)
