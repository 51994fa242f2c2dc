"""A recorded program: what goes in, the calls in order, what comes out and what is updated."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..errors import TraceError
from ..kinds import Loop, Part, Repeat
from .trace import Instruction, Symbol
from .viewing import keeps


@dataclasses.dataclass(frozen=True)
class Program:
    """A traced function as straight-line code.

    Attributes:
        arguments: symbols of the function's array arguments, named a0, a1, ...
        captured: symbols of the Tensors and arrays from outside, named c0, c1, ...
        instructions: the calls, each needed and none twice.
        outputs: symbols of the results.
        updates: pairs (captured symbol, symbol of its new value).
    """

    arguments: tuple[Symbol, ...]
    captured: tuple[Symbol, ...]
    instructions: tuple[Instruction, ...]
    outputs: tuple[Symbol, ...]
    updates: tuple[tuple[Symbol, Symbol], ...]

    def __str__(self) -> str:
        lines = [f"argument {s}" for s in self.arguments]
        lines += [f"captured {s}" for s in self.captured]
        lines += map(repr, self.instructions)
        lines += [f"update {target.name} = {value.name}" for target, value in self.updates]
        lines.append(f"return {', '.join(s.name for s in self.outputs)}")
        return "\n".join(lines)

    def uses(self) -> Counter[Symbol]:
        """How many instructions, outputs and updates use each symbol."""
        counts: Counter[Symbol] = Counter(self.outputs)
        counts.update(value for _, value in self.updates)
        for instruction in self.instructions:
            counts.update({*instruction.symbols})
        return counts

    def producers(self) -> dict[Symbol, Instruction]:
        """The instruction that gives each symbol."""
        return {i.result: i for i in self.instructions}


def simplified(
    instructions: Sequence[Instruction],
    arguments: Sequence[Symbol],
    captured: Sequence[Symbol],
    outputs: Sequence[Symbol],
    updates: Sequence[tuple[Symbol, Symbol]],
) -> Program:
    """The program without calls that do nothing, that repeat an earlier one, or that nobody needs."""
    same: dict[Symbol, Symbol] = {}
    seen: dict[tuple[Any, ...], Symbol] = {}
    kept: list[Instruction] = []
    for instruction in instructions:
        args = tuple(same.get(x, x) if isinstance(x, Symbol) else x for x in instruction.args)
        name, result = instruction.primitive.name, instruction.result
        if _does_nothing(Instruction(instruction.primitive, args, result)):
            same[result] = args[0]
            continue
        # of two equal products one may have wider rows
        key = (name, result.shape, *((x if isinstance(x, Symbol) else (type(x), repr(x))) for x in args))
        if key in seen:
            same[result] = seen[key]
            continue
        seen[key] = result
        kept.append(Instruction(instruction.primitive, args, result, instruction.origin))
    outputs = [same.get(x, x) for x in outputs]
    updates = [(target, same.get(value, value)) for target, value in updates]
    updates = [(target, value) for target, value in updates if target is not value]
    needed = {*outputs, *(value for _, value in updates)}
    parts: dict[Symbol, list[int]] = {}  # of loops: which of their results are needed
    for instruction in reversed(kept):
        if instruction.result not in needed:
            continue
        kind, args = instruction.primitive.kind, instruction.args
        if isinstance(kind, Part):
            parts.setdefault(args[0], []).append(args[1])
        if isinstance(kind, Repeat):
            args = tuple(args[k] for k in kind.body.operands(kind, parts[instruction.result]))
        needed.update(x for x in args if isinstance(x, Symbol))
    used = needed | {target for target, _ in updates}
    _check_known(used, [*arguments, *captured, *(i.result for i in kept)])
    return Program(
        tuple(arguments),
        tuple(s for s in captured if s in used),
        tuple(i for i in kept if i.result in needed),
        tuple(outputs),
        tuple(updates),
    )


def _check_known(used: set[Symbol], known: Sequence[Symbol]) -> None:
    """TraceError for a value that the program does not have."""
    strange = used - set(known)
    if strange:
        raise TraceError(
            f"{strange.pop()} was computed in a step of a loop (tg.scan, fori, while_loop or checkpoint) and "
            "is used outside it, where there is no such value: let the function of the step return it"
        )


def _does_nothing(instruction: Instruction) -> bool:
    kind = instruction.primitive.kind
    if isinstance(kind, Loop):
        x = instruction.args[0]
        return kind.formula.is_operand and isinstance(x, Symbol) and x.dtype == instruction.result.dtype
    return keeps(instruction)
