"""What a recorded function changes in objects from outside: done again after each call of its program."""

from __future__ import annotations

import types
from typing import Any, NamedTuple

from ..errors import TraceError
from .places import GONE, content
from .values import shown


class Effect(NamedTuple):
    """A place that was written: an attribute, an item or a variable, and what was there before."""

    owner: Any
    key: Any
    before: Any
    name: str

    def read(self) -> Any:
        """What is there now."""
        if isinstance(self.owner, dict):
            return dict.get(self.owner, self.key, GONE)  # not what a class of dicts gives for what is missing
        if isinstance(self.owner, list):
            there = -len(self.owner) <= self.key < len(self.owner)
            return self.owner[self.key] if there else GONE
        if isinstance(self.owner, types.CellType):
            return content(self.owner)
        return getattr(self.owner, self.key, GONE)

    def write(self, value: Any) -> None:
        """Put something there; GONE: nothing."""
        if isinstance(self.owner, dict | list):
            if value is not GONE:
                self.owner[self.key] = value
            elif isinstance(self.owner, dict):
                self.owner.pop(self.key, None)
        elif isinstance(self.owner, types.CellType):
            self.owner.cell_contents = value
        elif value is not GONE:
            setattr(self.owner, self.key, value)
        elif self.key in vars(self.owner):
            delattr(self.owner, self.key)


class Effects:
    """The places written during a recording, in order."""

    def __init__(self) -> None:
        self._noted: dict[tuple[int, Any], Effect] = {}
        self._owners: set[int] = set()
        self._snapshots: dict[int, tuple[dict[Any, Any], dict[Any, Any], str]] = {}
        self._own: set[tuple[int, Any]] = set()

    def note(self, owner: Any, key: Any, before: Any, name: str) -> None:
        """A place is about to be written."""
        self._owners.add(id(owner))
        self._noted.setdefault((id(owner), key), Effect(owner, key, before, name))

    def note_own(self, owner: Any, key: Any) -> None:
        """A place is written that others take care of: what the function reads there is its own."""
        self._owners.add(id(owner))
        self._own.add((id(owner), key))

    def snapshot(self, owner: dict[Any, Any], name: str) -> None:
        """Anything in a dict may be written."""
        self._owners.add(id(owner))
        self._snapshots.setdefault(id(owner), (owner, dict(owner), name))

    def has(self, owner: Any, key: Any) -> bool:
        """Whether the function itself wrote a place: then what it reads there is its own."""
        if id(owner) not in self._owners:
            return False
        if id(owner) in self._snapshots:
            _, before, _ = self._snapshots[id(owner)]
            if owner.get(key, GONE) is not before.get(key, GONE):
                return True
        try:
            return (id(owner), key) in self._noted or (id(owner), key) in self._own
        except TypeError:
            return False

    def touched(self, owner: Any) -> bool:
        """Whether the function wrote anything of an object."""
        return id(owner) in self._owners

    def all(self) -> list[Effect]:
        """The places, in the order in which they were first written."""
        noted = dict(self._noted)
        for owner, before, name in self._snapshots.values():
            for key in {**before, **owner}:
                old = before.get(key, GONE)
                if owner.get(key, GONE) is not old:
                    noted.setdefault((id(owner), key), Effect(owner, key, old, f"{name}[{shown(key)}]"))
        return list(noted.values())

    def undo(self) -> None:
        """Put back what was there before."""
        for effect in reversed(self.all()):
            effect.write(effect.before)


def refuse_change(name: str, how: str) -> None:
    """Raise TraceError for a change that a program could not make again."""
    raise TraceError(
        f"{name} is changed by {how} while its program is being recorded, and a program could not do it "
        "again: return the value and change it outside, or keep numbers in a Tensor and use assign_"
    )
