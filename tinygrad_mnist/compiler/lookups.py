"""What a program depends on in classes: what a name is found to be there, or that nothing is found."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from .places import GONE, static
from .strangers import follows, is_ours, module_of
from .values import SPECIAL, Among, New, inside

if TYPE_CHECKING:
    from .reads import Reads


class Lookups:
    """Watches, for `reads`, the classes whose code is followed."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def lookup(self, cls: type, name: str) -> Any:
        """What a class, or one that it inherits from, has under a name, or GONE."""
        base, raw = static(cls, name)
        private = name.startswith("_") and not name.endswith("__")  # of this package: its own affairs
        if follows(cls) and not (private and is_ours(module_of(base or cls))):
            label = f"{cls.__name__}.{name}"
            if not self._reads.effects.has(cls, name):
                self._reads.places.add("lookup", cls, name, raw, label)
            self._reads.mark(raw, label)
        return raw

    def special(self, x: Any, *names: str) -> None:
        """What Python looks for in the class of x, these names or all, and which class it is."""
        reads = self._reads
        for found in inside(x) if isinstance(x, Among) and not isinstance(x, New) else [x]:
            cls = found.cls if isinstance(found, New) else type(found)
            if not follows(cls):
                continue
            if reads.is_outside(found):
                reads.places.add("class", found, None, cls, f"the class of {reads.name(found)}")
            for name in names or SPECIAL:
                self.lookup(cls, name)

    def descriptor(self, raw: Any) -> None:
        """Whether what a class has is asked itself for what an object gets."""
        self.special(raw, "__get__", "__set__", "__delete__")

    def above(self, x: Any, name: str) -> Any:
        """What `super()` finds under a name, or GONE."""
        cls, add = x.__self_class__, self._reads.places.add
        add("attribute", cls, "__mro__", cls.__mro__, f"the bases of {cls.__name__}")
        for base in cls.__mro__[cls.__mro__.index(x.__thisclass__) + 1 :]:
            raw = vars(base).get(name, GONE)
            if follows(base):
                kind, value = ("has", False) if raw is GONE else ("own", raw)
                add(kind, base, name, value, f"{base.__name__}.{name}")
            if raw is not GONE:
                return raw
        return GONE

    def method(self, x: Any, code: types.CodeType) -> None:
        """The method of x that runs this code: native code has found it."""
        for base in type(x).__mro__ if follows(type(x)) else ():
            for name, found in vars(base).items():
                if isinstance(found, types.FunctionType) and found.__code__ is code:
                    self.special(x, name)
