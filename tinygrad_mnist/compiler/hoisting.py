"""What a loop computes of its elements alone is computed before it, for all steps at once: so in vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..kinds import Loop, Repeat
from .body import Body
from .trace import Instruction, Symbol

WORTH = 8  # work of one number from which on it is stored for all steps rather than computed in each
MOST = 1 << 20  # numbers that are stored so


class Hoisted(NamedTuple):
    """A loop without what is computed before it.

    Attributes:
        body: a step.
        operands: of the loop, in order.
        before: the calls that give the new ones among them.
        filled: those that are to be in memory.
    """

    body: Body
    operands: tuple[Symbol, ...]
    before: list[Instruction]
    filled: list[Symbol]


def hoisted(kind: Repeat, operands: tuple[Symbol, ...]) -> Hoisted:
    """A loop in which only what depends on its states is computed; one that may stop early stays as it is."""
    body: Body = kind.body
    if kind.counted or body.test is not None:
        return Hoisted(body, operands, [], [])
    given = [*body.states, *body.elements, *body.others]
    outer = dict(zip(given, operands, strict=True))
    moves = _movable(body)
    whole = {x: outer[x] for x in body.elements} | {
        x: Symbol(f"{x.name}_each", (kind.steps, *x.shape), x.dtype) for x in moves
    }
    ends = [x for x in _ends(body, moves) if _work(x, moves) >= WORTH and whole[x].size <= MOST]
    if not ends:
        return Hoisted(body, operands, [], [])
    around = {**outer, **whole}
    before = [
        Instruction(
            i.primitive,
            tuple(around.get(x, x) if isinstance(x, Symbol) else x for x in i.args),
            whole[i.result],
            i.origin,
        )
        for i in moves.values()
    ]
    rest = [i for i in body.instructions if i.result not in ends]
    elements = [*body.elements, *ends]
    new = Body(body.states, elements, rest, body.news, body.kept, None, body.begin)
    found = [outer[x] for x in body.states] + [whole[x] for x in elements] + [outer[x] for x in new.others]
    return Hoisted(new, tuple(found), before, [whole[x] for x in ends])


def _movable(body: Body) -> dict[Symbol, Instruction]:
    """The calls whose results depend on elements, element by element, and on what does not change."""
    moves: dict[Symbol, Instruction] = {}
    elements = {*body.elements}
    fixed = {*body.others}
    for i in body.instructions:
        moving = [x for x in i.symbols if x in elements or x in moves]
        same = all(x.shape == i.result.shape for x in moving)
        known = all(x in fixed or x in elements or x in moves for x in i.symbols)
        if isinstance(i.primitive.kind, Loop) and moving and same and known:
            moves[i.result] = i
    return moves


def _ends(body: Body, moves: Mapping[Symbol, Instruction]) -> list[Symbol]:
    """Those that something else needs."""
    needed = {x for x, _ in (*body.news, *body.kept)}
    for i in body.instructions:
        if i.result not in moves:
            needed |= {*i.symbols}
    return [x for x in moves if x in needed]


def _work(x: Symbol, moves: Mapping[Symbol, Instruction]) -> int:
    """Of one number."""
    if x not in moves:
        return 0
    kind = moves[x].primitive.kind
    return kind.work + sum(_work(a, moves) for a in moves[x].symbols)
