"""The instructions of a code object, as the watcher of a recording needs them."""

from __future__ import annotations

import dis
import types
from functools import lru_cache
from typing import Any

from .strangers import is_ours
from .values import UNKNOWN

#: Instructions that leave the stack higher or lower when they jump.
BRANCHES = {"FOR_ITER": 1, "JUMP_IF_FALSE_OR_POP": -1, "JUMP_IF_TRUE_OR_POP": -1, "SEND": 0}


class Step:
    """An instruction.

    Attributes:
        name, arg, value: what `dis` says of it.
        following: the offset of the next one.
        effect: by how much the stack gets higher, if it does not jump.
        jump: the same if it jumps.
    """

    __slots__ = ("arg", "effect", "following", "jump", "name", "value")

    def __init__(self, found: dis.Instruction, following: int, iterator_stays: bool) -> None:
        self.name, self.arg, self.value = found.opname, found.arg or 0, found.argval
        self.following = following
        argument = found.arg if found.opcode >= dis.HAVE_ARGUMENT else None
        self.effect, self.jump = (_effect(found.opcode, argument, jump) for jump in (False, True))
        if self.name == "FOR_ITER":
            self.jump = 0 if iterator_stays else -1


def _effect(opcode: int, argument: int | None, jump: bool) -> int:
    try:
        return dis.stack_effect(opcode, argument, jump=jump)
    except ValueError:
        return 0


@lru_cache(2000)
def steps_of(code: types.CodeType) -> dict[int, Step]:
    """The instructions by their offsets; a prefix stands for the one it belongs to."""
    found = list(dis.get_instructions(code))
    starts = {i.offset: i for i in found}
    steps: dict[int, Step] = {}
    following = -1
    step: Step | None = None
    for instruction in reversed(found):
        if instruction.opname != "EXTENDED_ARG":
            target = starts.get(instruction.argval) if instruction.opname == "FOR_ITER" else None
            step = Step(instruction, following, target is not None and target.opname == "POP_ITER")
        assert step is not None
        steps[instruction.offset] = step
        following = instruction.offset
    return steps


class Shadow:
    """What is known of a frame: its stack, and the instruction under way.

    Attributes:
        function: what it runs, if that was there before the recording.
        fills: whether the value that a Python function returns to this frame is the stack's top.
        ours: the code belongs to this package.
        stored: the variable whose value, just stored, is the stack's top.
        seen: whether Python told of any instruction.
    """

    def __init__(self, frame: types.FrameType, function: types.FunctionType | None) -> None:
        self.frame, self.function = frame, function
        self.steps = steps_of(frame.f_code)
        self.stack: list[Any] = []
        self.fills = False
        self.stored: str | None = None
        self.last: Step | None = None
        self.seen = False
        self.ours = is_ours(frame.f_globals.get("__name__"))
        self.keywords: tuple[str, ...] = ()

    def pop(self, count: int = 1) -> list[Any]:
        """The top of the stack, deepest first; what is not known to be there is UNKNOWN."""
        if count <= 0:
            return []
        taken = self.stack[-count:]
        del self.stack[-count:]
        return [UNKNOWN] * (count - len(taken)) + taken

    def push(self, *values: Any) -> None:
        """Put values on top."""
        self.stack += values

    def height(self, change: int) -> None:
        """Make the stack higher, by unknown values, or lower."""
        if change > 0:
            self.stack += [UNKNOWN] * change
        else:
            self.pop(-change)
