"""Calls of a compiled function in the straight way: a generated Python function around one of machine code.

Whoever calls with arguments of another kind, or where anything has changed since, is sent the long way.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..core.inplace import leave_memory
from ..core.tape import clock
from ..core.tensor import Tensor
from ..kernels import calling
from ..kinds import Repeat
from ..primitive import Array
from .derivative import Differentiable
from .guards import Guard
from .memory import SIGNS, Bound, signs
from .numbers import Numbers
from .overlaps import Overlaps
from .program import Program
from .runner import NOWHERE, Runner
from .structure import LEAF, NUMBER, Again, Constant, spelled

#: What a straight call gives where the long way has to be gone.
MISSED: Any = type("Missed", (), {"__repr__": lambda self: "missed"})()

#: A call in the straight way: (arguments, those by name) -> value, or `MISSED`.
Straight = Callable[[tuple[Any, ...], dict[str, Any]], Any]

#: So many calls go the long way first: making the machine code takes longer than many of them.
PATIENCE = 16
_FEW = 4  # Tensors up to which each is compared with each
_LONG = 1_000_000  # work of a step, about 0.1 ms, from which on other threads may run meanwhile
_NOTHING = np.zeros(0, np.int64)
_SHUT = np.ones(calling.HEAD, np.int64), _NOTHING, _NOTHING, _NOTHING  # it is always running elsewhere


class Plan:
    """What machine code is told of a program: see `kernels.calling`.

    Attributes:
        state: what it is given at each call.
        long: whether other threads run meanwhile, so that who calls it must keep others out.
    """

    def __init__(self, program: Program, runner: Runner, address: int, updated: Sequence[int]) -> None:
        loops = any(isinstance(i.primitive.kind, Repeat) for i in program.instructions)
        self._updated, self.long = updated, loops or runner.form.loops.work >= _LONG
        first = int(runner.shared)  # behind the address of where workers meet
        targets = first + len(program.arguments) + len(program.captured)
        self._captured = slice(first + len(program.arguments), targets)
        head = [0] * calling.HEAD
        head[calling.PROGRAM], head[calling.RELEASES] = address, int(self.long)
        head[calling.NDARRAY], head[calling.ALONE] = id(np.ndarray), SIGNS * len(updated)
        head[calling.ARGUMENTS], head[calling.OUTPUTS] = len(program.arguments), len(program.outputs)
        head[calling.SOURCES], head[calling.TARGETS] = first, targets
        for s in program.arguments:
            head += [id(s.dtype), len(s.shape), *s.shape]
        for s in program.outputs:
            head += [s.dtype.num, len(s.shape), *s.shape]
        self._plan = np.array([*head, *[0] * 2 * SIGNS * len(updated)], np.int64)
        self._alone = slice(len(head), None)
        places = [NOWHERE.ctypes.data] * first + [0] * (targets - first + len(program.outputs))
        self._table = np.array([*places, *(x.ctypes.data for x in runner.buffers)], np.int64)
        self._kept = runner, program  # whose addresses these are
        self.state: tuple[Array, ...] = _SHUT

    def hold(self, bound: Bound, guard: Guard) -> None:
        """From now on these arrays are what is captured; `guard` has them as well."""
        self._table[self._captured] = [x.ctypes.data for x in bound]
        self._plan[self._alone] = [word for k in self._updated for word in signs(bound, k)]
        if guard.headers is not None:
            self.state = self._plan, self._table, guard.rows, guard.headers

    def let_go(self) -> None:
        """No straight calls until `hold`: arrays are about to be exchanged."""
        self.state = _SHUT

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Within the block the program runs, or what it has changes, elsewhere: no straight calls."""
        self._plan[calling.BUSY] = 1
        try:
            yield
        finally:
            self._plan[calling.BUSY] = 0


class Around(NamedTuple):
    """What there is to do in Python around a call.

    Attributes:
        arguments: the structure of all, those by name last.
        floats, given: the numbers that the program is given, and the list of those among the arguments.
        require: which Tensors among them require a gradient, if somebody records.
        rivals: for each of them the captured Tensors that it may not be, nor may it be another of them; None:
            it does not matter.
        overlaps, changes_arguments: which must not be views of which, and whether some are changed.
        outputs: how many results the program has.
        result: the structure of the function's value.
        left: what makes the value of Tensors and the arguments; None: there is only the structure.
        updated: leaves that the program gives new values.
        gradients: Tensors, and what their gradient is afterwards.
        derivative: what puts results on the tape, if anything does.
        failed: what to raise in place of an error.
        lock: held during a call that others could disturb.
    """

    arguments: Any
    floats: Numbers
    given: list[float]
    require: tuple[bool, ...] | None
    rivals: Sequence[Sequence[Tensor]] | None
    overlaps: Overlaps
    changes_arguments: bool
    outputs: int
    result: Any
    left: Callable[[list[Tensor], tuple[Any, ...]], Any] | None
    updated: Sequence[Tensor]
    gradients: Sequence[tuple[Tensor, Any]]
    derivative: Differentiable | None
    failed: Callable[[Exception], Exception]
    lock: Any


def straight(plan: Plan, guard: Guard, around: Around) -> Straight:
    """The straight way of a program."""
    names: dict[str, Any] = {
        "plan": plan,
        "run": calling.calling(),
        "missed": MISSED,
        "others": guard.others_hold,
        "ndarray": np.ndarray,
        "Tensor": Tensor,
        "new": Tensor.__new__,
        "clock": clock,
        "leave_memory": leave_memory,
        "derivative": around.derivative,
        "failed": around.failed,
        "left": around.left,
        "lock": around.lock,
        "given": around.given,
        "change": around.floats.change,
        "with_updated": around.overlaps.with_updated,
        "refuse": around.overlaps.refuse,
    }
    copies = around.derivative is not None and around.derivative.copies
    alone = not (plan.long or copies or around.left or around.floats)
    later = around.overlaps.later if around.updated else ()
    matching = _Matching(around.arguments, around.require, around.rivals, later, names)
    if around.changes_arguments:
        matching.lines.append(f"refuse({matching.given()})")
    lines = [*matching.lines, *_call(around, names, matching, guard.has_others)]
    lines += _value(around, names, matching.given())
    body = "".join(f"  {line}\n" for line in lines)
    exec(f"def call(args, kwargs):\n {'if True' if alone else 'with lock'}:\n{body}", names)
    found: Straight = names["call"]
    return found


def can_go_straight(structure: Any) -> bool:
    """Whether arguments are Tensors, arrays, floats, constants known by themselves, and what holds such."""
    if structure is LEAF or structure is NUMBER or isinstance(structure, Again):
        return True
    if isinstance(structure, Constant):
        return structure.is_itself
    kind, content = structure[:2]
    if kind is dict:
        return all(type(k) is str and can_go_straight(x) for k, x in content)
    return (kind is tuple or kind is list) and all(map(can_go_straight, content))


class _Matching:
    """Lines that find arrays and numbers in arguments of a structure, or miss if they are others.

    Attributes:
        lines: see above; arrays are then a0, a1 ..., of Tensors that require a gradient as they did, the
            Tensors themselves x0, x1 ..., and numbers n0, n1 ...
        arrays, numbers: how many there are.
    """

    def __init__(
        self,
        structure: Any,
        require: tuple[bool, ...] | None,
        rivals: Sequence[Sequence[Tensor]] | None,
        later: Collection[int],
        names: dict[str, Any],
    ) -> None:
        self.lines: list[str] = []
        self.arrays = self.numbers = self._parts = 0
        self._require, self._later, self._names = require, later, names
        (_, positional), (_, named) = structure[1]
        self._are_plain = not named and all(x is LEAF for x in positional)
        self._holder("args", tuple, positional)
        if named:
            self._holder("kwargs", dict, named)
        else:
            self.lines.append("if kwargs: return missed")
        if rivals is not None:
            self.lines += self._own_each(rivals)

    def _own_each(self, rivals: Sequence[Sequence[Tensor]]) -> Iterator[str]:
        """Lines that miss where a Tensor is one of the others, or one that is captured."""
        if self.arrays > _FEW:
            ids = ", ".join(f"id(x{k})" for k in range(self.arrays))
            yield f"if len({{{ids}}}) != {self.arrays}: return missed"
        elif self.arrays > 1:
            pairs = itertools.combinations(range(self.arrays), 2)
            yield f"if {' or '.join(f'x{i} is x{k}' for i, k in pairs)}: return missed"
        for k, captured in enumerate(rivals):
            if captured:
                self._names[f"rivals{k}"] = frozenset(map(id, captured))
                yield f"if id(x{k}) in rivals{k}: return missed"

    def given(self) -> str:
        """The Tensors and arrays among the arguments."""
        return "args" if self._are_plain else f"({''.join(f'x{k}, ' for k in range(self.arrays))})"

    def _part(self, part: Any, value: str) -> None:
        if part is LEAF:
            self._array(value)
        elif isinstance(part, Again):
            self.lines.append(f"if {value} is not x{part.first}: return missed")
        elif part is NUMBER:
            self.lines.append(f"n{self.numbers} = {value}")
            self.lines.append(f"if n{self.numbers}.__class__ is not float: return missed")
            self.numbers += 1
        elif isinstance(part, Constant):
            self._names[name := f"c{len(self._names)}"] = part.value
            others = f" and ({value}.__class__ is not {name}.__class__ or {value} != {name})"
            is_plain = type(part.value) in (int, str)
            self.lines.append(f"if {value} is not {name}{others if is_plain else ''}: return missed")
        else:
            name, self._parts = f"p{self._parts}", self._parts + 1
            self.lines.append(f"{name} = {value}")
            self.lines.append(f"if {name}.__class__ is not {part[0].__name__}: return missed")
            self._holder(name, *part)

    def _holder(self, name: str, kind: type, content: Any) -> None:
        if kind is dict:
            self.lines.append(f"if tuple({name}) != {tuple(k for k, _ in content)!r}: return missed")
            for k, x in content:
                self._part(x, f"{name}[{k!r}]")
        else:
            self.lines.append(f"if len({name}) != {len(content)}: return missed")
            for k, x in enumerate(content):
                self._part(x, f"{name}[{k}]")

    def _array(self, value: str) -> None:
        k, require = self.arrays, self._require
        self.arrays += 1
        self.lines += [
            f"x{k} = a{k} = {value}",
            f"if a{k}.__class__ is not ndarray:",
            f"  if a{k}.__class__ is not Tensor and not isinstance(a{k}, Tensor): return missed",
            f"  a{k} = a{k}.array",
        ]
        if k in self._later:
            self.lines.insert(-1, f"  if a{k}.memory is not None and with_updated(a{k}): return missed")
        if require is not None:
            self.lines.insert(-1, f"  if a{k}.requires_grad is not {require[k]}: return missed")
            if require[k]:
                self.lines.append("else: return missed")


def _call(around: Around, names: dict[str, Any], given: _Matching, asks: bool) -> Iterator[str]:
    """The call, and what it changes besides arrays."""
    if given.numbers:
        yield f"given[:] = {', '.join(f'n{k}' for k in range(given.numbers))},"
    if around.floats:
        yield "if change() is not None: return missed"
    if asks:
        yield "if not others(): return missed"
    if around.derivative:
        yield "before = derivative.before()"
    arrays = "".join(f"a{k}, " for k in range(given.arrays))
    after = [*_after(around, names)]
    yield f"try: found = run(plan.state, ({arrays}))"
    yield "except (IndexError, RuntimeError) as error:"
    yield from (f"  {line}" for line in after)
    yield "  raise failed(error) from None"
    if after:
        yield "except BaseException:"
        yield from (f"  {line}" for line in after)
        yield "  raise"
    yield "if found is None: return missed"
    yield from after


def _after(around: Around, names: dict[str, Any]) -> Iterator[str]:
    if around.updated:
        yield "now = next(clock)"
    for k, leaf in enumerate(around.updated):
        names[f"u{k}"] = leaf
        yield f"if u{k}.memory is not None: leave_memory(u{k}, u{k}.array)"
        yield f"u{k}.assigned = now"
    for k, (leaf, gradient) in enumerate(around.gradients):
        names[f"g{k}"], names[f"h{k}"] = leaf, gradient
        yield f"g{k}._grad = h{k}"


def _value(around: Around, names: dict[str, Any], given: str) -> Iterator[str]:
    """The arrays as Tensors, on the tape, and in the structure of the value."""
    results = [f"y{k}" for k in range(around.outputs)]
    for k, y in enumerate(results):
        yield f"{y} = new(Tensor)"
        yield f"{y}.array = found[{k}]"
    everything = f"[{', '.join(results)}]"
    if around.derivative:
        yield f"derivative.attach({everything}, before, {given})"
    if around.left is not None:
        yield f"return left({everything}, {given})"
    else:
        yield f"return {spelled(around.result, iter(results), names)}"
