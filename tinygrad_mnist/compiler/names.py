"""The names that places have in a program's text: what people called them, made unique."""

from __future__ import annotations

import builtins
import keyword
from itertools import count

import numpy as np

from ..kinds import FUNCTIONS
from .elements import AXES
from .loops import Apply, Call, Let, Place, Section, calls, expressions, places, statements
from .share import Schedule

_TAKEN = {
    *("first", "last", "step", "worker", "workers", "meeting", "program", "program_kernel", "empty", "bool_"),
    *("inf", "nan", "meet", "share", "span", "total", "best", "extreme", "element", "taken", "at"),
    *(np.dtype(code).name for code in "?bhilBHILqQfd"),
    *FUNCTIONS,
    *keyword.kwlist,
    *dir(builtins),
    *AXES,
    *(f"t_{depth}" for depth in range(2, 9)),
}


class Names:
    """The name of each place; variables inside one section may have those of others' variables."""

    def __init__(self, schedule: Schedule) -> None:
        loops = schedule.loops
        self._names: dict[Place, str] = {}
        self._parameters: dict[Place, str] = {}
        self._used = set(_TAKEN)
        self._inner: dict[Place, str] = {}
        for section in loops.sections:
            used = (*expressions(section.body), *calls(section.body))
            self._used |= {x.function.name for x in used if isinstance(x, Apply | Call)}
        for place in loops.arguments:
            self._parameters[place] = self._unique(place.name)
            self._names[place] = self._unique(f"{place.name}_now")
        for place in (*loops.captured, *loops.outputs, *loops.buffers, *loops.aliases):
            self._names[place] = self._unique(place.name)
        for section in loops.sections:
            for statement in statements(section.body):
                if isinstance(statement, Let):
                    self._names[statement.place] = self._unique(statement.place.name)
        homes: dict[Place, Section] = {}
        for section in loops.sections:
            for place in variables(section):
                if homes.setdefault(place, section) is not section and place not in self._names:
                    self._names[place] = self._unique(place.name)

    def __getitem__(self, place: Place) -> str:
        if place in self._names:
            return self._names[place]
        return self._inner.get(place, place.name)

    def parameter(self, place: Place) -> str:
        """The name of an argument as a whole, with all its steps; of other places their name."""
        return self._parameters.get(place) or self[place]

    def enter(self, section: Section) -> None:
        """From here on text is of this section."""
        self._inner = {}
        used = self._used - {"total", "best", "extreme", "element", "taken", "at"}
        for place in variables(section):
            if place not in self._names and place.role == "scalar":
                self._inner[place] = _free(place.name, used)
                used.add(self._inner[place])

    def _unique(self, name: str) -> str:
        found = _free(name, self._used)
        self._used.add(found)
        return found


def variables(section: Section) -> list[Place]:
    """The variables of a section, in order."""
    return [place for place in dict.fromkeys(places(section.body)) if place.role == "scalar"]


def _free(name: str, used: set[str]) -> str:
    """The name, or the name and a word's number that nobody has."""
    name = name if name.isidentifier() else "value"
    if name not in used:
        return name
    if len(name) == 1 and f"{name}_value" not in used:  # the variables of loops have one letter
        return f"{name}_value"
    return next(f"{name}_{n}" for n in count(2) if f"{name}_{n}" not in used)
