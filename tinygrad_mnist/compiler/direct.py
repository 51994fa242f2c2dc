"""Calls of a compiled function in the straight way: a generated Python function around one of machine code.

Whoever calls with arguments of another kind, or where anything has changed since, is sent the long way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from .memory import ALONE, objects
from .native import NOWHERE
from .program import Program
from .runner import Runner
from .structure import LEAF, Constant, spelled

#: What a straight call gives where the long way has to be gone.
MISSED: Any = type("Missed", (), {"__repr__": lambda self: "missed"})()

#: So many calls go the long way first: making the machine code takes longer than many of them.
PATIENCE = 16
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
        head[calling.NDARRAY], head[calling.ALONE] = id(np.ndarray), 2 * len(updated)
        head[calling.ARGUMENTS], head[calling.OUTPUTS] = len(program.arguments), len(program.outputs)
        head[calling.SOURCES], head[calling.TARGETS] = first, targets
        for s in program.arguments:
            head += [id(s.dtype), len(s.shape), *s.shape]
        for s in program.outputs:
            head += [s.dtype.num, len(s.shape), *s.shape]
        self._plan = np.array([*head, *[0] * 4 * len(updated)], np.int64)
        self._alone = slice(len(head), None)
        places = [NOWHERE.ctypes.data] * first + [0] * (targets - first + len(program.outputs))
        self._table = np.array([*places, *(x.ctypes.data for x in runner.buffers)], np.int64)
        self._kept = runner, program  # whose addresses these are
        self.state: tuple[Array, ...] = _SHUT

    def hold(self, bound: list[Array], guard: Guard) -> None:
        """From now on these arrays are what is captured; `guard` has them as well."""
        self._table[self._captured] = [x.ctypes.data for x in bound]
        pairs = [zip(objects(bound, k), ALONE, strict=True) for k in self._updated]
        self._plan[self._alone] = [word for pair in pairs for words in pair for word in words]
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
        arguments: the structures of each: of a Tensor or array, or a constant.
        require: which Tensors among them require a gradient, if somebody records.
        outputs: how many results the program has.
        result: the structure of the function's value.
        left: what makes the value of Tensors and the arguments; None: there is only the structure.
        updated: leaves that the program gives new values.
        gradients: Tensors, and what their gradient is afterwards.
        derivative: what puts results on the tape, if anything does.
        failed: what to raise in place of an error.
        lock: held during a call that others could disturb.
    """

    arguments: Sequence[Any]
    require: tuple[bool, ...] | None
    outputs: int
    result: Any
    left: Callable[[list[Tensor], tuple[Any, ...]], Any] | None
    updated: Sequence[Tensor]
    gradients: Sequence[tuple[Tensor, Any]]
    derivative: Differentiable | None
    failed: Callable[[Exception], Exception]
    lock: Any


def straight(plan: Plan, guard: Guard, around: Around) -> Callable[[tuple[Any, ...]], Any]:
    """A function of the arguments, in a tuple: the value of a call, or `MISSED`."""
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
    }
    copies = around.derivative is not None and around.derivative.copies
    alone = not (plan.long or copies or around.left)
    lines = [*_arguments(around, names), *_call(around, names, guard.has_others), *_value(around, names)]
    body = "".join(f"  {line}\n" for line in lines)
    exec(f"def call(args):\n {'if True' if alone else 'with lock'}:\n{body}", names)
    found: Callable[[tuple[Any, ...]], Any] = names["call"]
    return found


def can_go_straight(structure: Any) -> bool:
    """Whether arguments of this structure are Tensors, arrays, and constants that are known by themselves."""
    (_, parts), (_, keywords) = structure[1]
    return not keywords and all(x is LEAF or (isinstance(x, Constant) and x.is_itself) for x in parts)


def _arguments(around: Around, names: dict[str, Any]) -> Iterator[str]:
    """Their arrays as a0, a1 ..., if they are arrays or Tensors that require a gradient as they did."""
    yield f"if len(args) != {len(around.arguments)}: return missed"
    k = 0
    for at, part in enumerate(around.arguments):
        if part is not LEAF:
            names[f"c{at}"] = part.value
            yield f"if args[{at}] is not c{at}: return missed"
            continue
        yield f"a{k} = args[{at}]"
        yield f"if a{k}.__class__ is not ndarray:"
        yield f"  if a{k}.__class__ is not Tensor and not isinstance(a{k}, Tensor): return missed"
        if around.require is not None:
            yield f"  if a{k}.requires_grad is not {around.require[k]}: return missed"
        yield f"  a{k} = a{k}.array"
        if around.require is not None and around.require[k]:
            yield "else: return missed"
        k += 1


def _given(around: Around) -> str:
    """The Tensors and arrays among the arguments."""
    found = [f"args[{at}], " for at, part in enumerate(around.arguments) if part is LEAF]
    return "args" if len(found) == len(around.arguments) else f"({''.join(found)})"


def _call(around: Around, names: dict[str, Any], asks: bool) -> Iterator[str]:
    """The call, and what it changes besides arrays."""
    if asks:
        yield "if not others(): return missed"
    if around.derivative:
        yield "before = derivative.before()"
    arrays = "".join(f"a{k}, " for k in range(around.arguments.count(LEAF)))
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


def _value(around: Around, names: dict[str, Any]) -> Iterator[str]:
    """The arrays as Tensors, on the tape, and in the structure of the value."""
    results = [f"y{k}" for k in range(around.outputs)]
    for k, y in enumerate(results):
        yield f"{y} = new(Tensor)"
        yield f"{y}.array = found[{k}]"
    everything = f"[{', '.join(results)}]"
    if around.derivative:
        yield f"derivative.attach({everything}, before, {_given(around)})"
    if around.left is not None:
        yield f"return left({everything}, {_given(around)})"
    else:
        yield f"return {spelled(around.result, iter(results), names)}"
