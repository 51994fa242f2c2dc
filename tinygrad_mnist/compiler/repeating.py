"""Sections that are loops of a recorded step: in each round its own sections, one after the other."""

from __future__ import annotations

from collections.abc import Collection

from ..kernels import runtime
from ..kinds import Function, Repeat
from .body import parts_of
from .elements import Nest
from .hoisting import hoisted
from .loops import Call, Expr, For, Let, Load, Place, Stmt, Stop, Store, apply, loads, stores, whole
from .nesting import Nesting, closed, touched
from .products import in_memory
from .program import simplified
from .trace import Instruction, Symbol

_AT_END = Function("at_end", runtime.__name__)


class Repeated:
    """A loop on its way into a section.

    Args:
        to: the program that it is part of.
        kind, instruction: the loop there.

    Attributes:
        inside: the sections of a round.
        program: what a round computes.
        states: where its states are: variables, and buffers.
    """

    def __init__(self, to: Nesting, kind: Repeat, instruction: Instruction) -> None:
        moved = hoisted(kind, instruction.args[:-1])
        to.producers.update({i.result: i for i in moved.before})
        for x in moved.filled:
            to.fill(x)
        self._to, self._body, self._steps = to, moved.body, kind.steps
        self._parts = parts_of(to.program.instructions, instruction.result)
        self._name = instruction.result.name
        needs = self._body.needs(self._parts)
        self.program = needs.program
        self.inside = Nesting(self.program, to.rounds + 1)
        self.states: dict[Symbol, Place] = {}
        self._before: list[Stmt] = []
        self._begin: list[Stmt] = []  # of each round
        self._others: list[Place] = []
        self._stopped = self._body.test is None
        self._after: Nesting | None = None
        operands = moved.operands
        self._round = Place(f"t_{to.rounds + 1}" if to.rounds else "t", (), None, "index")
        self._count: int | Expr = kind.steps
        if kind.counted:
            self._count = Load(in_memory(to, operands[-1]))
        self._at: Expr = Load(self._round)
        if kind.reverse:
            self._at = whole(self._count) - (Load(self._round) + 1)
        first = len(self._body.states)
        second = first + len(self._body.elements)
        for k in needs.states:
            self._state(self._body.states[k], operands[k])
        for k in needs.elements:
            self._element(self._body.elements[k], operands[first + k])
        for k in needs.others:
            place = in_memory(to, operands[second + k])
            self.inside.places[self._body.others[k]] = place
            self._others.append(place)
        self._rows: list[tuple[Symbol, Place]] = []
        numbers = [k for k in sorted(self._parts) if k >= first]
        for symbol, number in zip(self.program.outputs, numbers):
            self._row(symbol, self._parts[number])

    # What a round is given ------------------------------------------------------------------------

    def _new(self, x: Symbol) -> Place:
        """A variable, or a buffer."""
        place = Place(x.name, x.shape, x.dtype, "buffer" if x.ndim else "scalar")
        if x.ndim:
            self._to.buffers.append(place)
        self.inside.places[x] = place
        return place

    def _state(self, x: Symbol, first: Symbol) -> None:
        self.states[x] = place = self._new(x)
        self._before += self._filled(place, first, ())

    def _filled(self, place: Place, x: Symbol, lead: tuple[Expr, ...]) -> tuple[Stmt, ...]:
        """A place with a value of the program around, or a row of one."""
        nest = Nest(len(place.shape))
        value = self._to.elements().statement(x, (*lead, *nest.index), nest)
        nest.body[-1].append(Store(place, nest.index, value))
        return closed(nest, place.shape)

    def _element(self, x: Symbol, array: Symbol) -> None:
        if x.ndim and array in self._to.places:
            row = Place(x.name, x.shape, x.dtype, "row", self._to.places[array], at=self._at)
            self.inside.places[x] = row
            self._begin.append(Let(row))
        else:
            self._begin += self._filled(self._new(x), array, (self._at,))

    def _row(self, x: Symbol, part: Symbol) -> None:
        """Where what is kept of each round goes."""
        whole = self._to.places[part] = self._to.new(part)
        row = Place(x.name, x.shape, x.dtype, "row", whole, at=self._at)
        self._rows.append((x, row))
        if x.ndim:
            self._begin.append(Let(row))
            if x in self.inside.producers:
                self.inside.rows.setdefault(x, row)

    # What it does ---------------------------------------------------------------------------------

    def stop(self, lowered: Collection[Symbol]) -> None:
        """Once it is known whether there is to be another round: stop, if not."""
        if self._stopped:
            return
        test = self.program.outputs[-1]
        if test in self.inside.places or test in lowered:
            self._stopped = True
            place = in_memory(self.inside, test)
            condition = apply(Function("not"), Load(place))
            self.inside.add("stop", [Stop(condition)], [(place, 0)], [])

    def keep(self) -> None:
        """Store what is kept of a round and is not there yet."""
        inside = self.inside
        for x, row in self._rows:
            assert row.home is not None
            if not x.ndim:
                nest = Nest(0)
                value = inside.elements().statement(x, (), nest)
                inside.add(row.name, [*nest.body[0], Store(row.home, (self._at,), value)])
            elif inside.places.get(x) is not row:
                inside.store(x, row)

    def test_again(self) -> Nesting:
        """What computes the test of the last state: sections, of which there are none yet."""
        body, inside = self._body, self.inside
        assert body.test is not None
        program = simplified(body.instructions, body.states, body.others, [body.test], [])
        after = Nesting(program, inside.rounds)
        given = [*body.states, *body.others]
        after.places.update({x: inside.places[x] for x in given if x in inside.places})
        return after

    def refuse_more(self, after: Nesting) -> None:
        """Fail if the test, which has been computed, says that the loop is to go on."""
        place = in_memory(after, after.program.outputs[0])
        after.add("at its end", [Call(_AT_END, (Load(place),))], [(place, 0)], [])
        self._after = after

    def add(self) -> None:
        """The section, and places for the last states."""
        to, inside = self._to, self.inside
        body = [*self._begin, *self._aliases(), *(s for section in inside.sections for s in section.body)]
        loop = [*self._before, For(self._round, self._count, tuple(body))]
        loop += (s for section in (self._after.sections if self._after else ()) for s in section.body)
        cells: list[tuple[Place, Symbol]] = []
        for k, part in sorted(self._parts.items()):
            if k >= len(self._body.states):
                continue
            state = self.states[self._body.states[k]]
            if part.ndim:
                to.places[part] = state
            else:  # a variable is known only to the worker who makes it
                cell = Place(part.name, (1,), part.dtype)
                cells.append((cell, part))
                loop.append(Store(cell, (whole(0),), Load(state)))
        if self._after is not None:
            to.buffers += self._after.buffers
            to.aliases += self._after.aliases
        to.buffers += [*inside.buffers, *(cell for cell, _ in cells)]
        reads, writes = self._touched(loop, [cell for cell, _ in cells])
        cost = self._steps * sum(section.cost for section in inside.sections)
        title = f"{self._name} = {self._steps} rounds"
        to.add(title, loop, [(x, 0) for x in reads], [(x, 0) for x in writes], cost=cost)
        for cell, part in cells:
            place = to.places[part] = Place(part.name, (), part.dtype, "scalar")
            to.add(f"{part.name}, a number", [Store(place, (), Load(cell, (whole(0),)))], everyone=True)
        to.lowered.update(self._parts.values())

    def _aliases(self) -> list[Stmt]:
        """Places in the memory of rows, which are others in each round; all others are of the program."""
        rows = {s.place for s in self._begin if isinstance(s, Let)}
        own: list[Stmt] = []
        for alias in self.inside.aliases:
            home = alias
            while home.home is not None and home not in rows:
                home = home.home
            if home in rows:
                own.append(Let(alias))
            else:
                self._to.aliases.append(alias)
        return own

    def _touched(self, loop: list[Stmt], cells: list[Place]) -> tuple[set[Place], set[Place]]:
        """What the loop reads and writes besides its own variables."""
        accesses = [touched([*self._before, *self._begin], 0, False)]
        sections = [*self.inside.sections, *(self._after.sections if self._after else ())]
        accesses += [([*section.reads], [*section.writes]) for section in sections]
        reads = {place for read, _ in accesses for place, _ in read}
        writes = {place for _, written in accesses for place, _ in written} | {*cells}
        made = {s.place for s in stores(loop) if s.place.role == "scalar"}
        reads |= {x.place for x in loads(loop) if x.place.role == "scalar"} | {*self._others}
        reads |= {s.place for s in self._begin if isinstance(s, Let)}
        return reads - made, {place for place in writes if place.role != "scalar"}
