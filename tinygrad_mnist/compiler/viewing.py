"""What is known of a view without its elements, by asking it for the element at an index of variables."""

from __future__ import annotations

from ..kinds import View
from .loops import Expr, Load, Place, whole
from .trace import Instruction, Symbol


def turns(instruction: Instruction) -> bool:
    """Whether it exchanges the last two axes and does nothing else."""
    found = _read(instruction)
    if found is None or len(found[0]) < 2 or found[1] != (*found[0][:-2], found[0][-1], found[0][-2]):
        return False
    return bool(instruction.args[0].shape[-2:] == instruction.result.shape[:-3:-1])


def keeps(instruction: Instruction) -> bool:
    """Whether it gives its operand as it is."""
    x, y = instruction.args[0] if instruction.args else None, instruction.result
    if not isinstance(x, Symbol) or x.shape != y.shape:
        return False
    kind = instruction.primitive.kind
    if isinstance(kind, View) and kind.in_order:
        return True
    found = _read(instruction)
    return found is not None and all(n == 1 or i == j for n, i, j in zip(x.shape, *found, strict=True))


def _read(instruction: Instruction) -> tuple[tuple[Expr, ...], tuple[Expr, ...]] | None:
    """An index of the result, and that of the operand's element which is there."""
    kind = instruction.primitive.kind
    if not isinstance(kind, View) or kind.at is None or kind.inside:
        return None
    x, *params = instruction.args
    index = tuple(Load(Place("", (), None, "index")) for _ in range(instruction.result.ndim))
    return index, tuple(map(whole, kind.at(index, x.shape, *params)))
