"""What reading an attribute, an item or a whole container means: which places a program then depends on."""

from __future__ import annotations

import functools
import threading
import types
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import TraceError
from .effects import Effects
from .lookups import Lookups
from .places import GONE, Places, bits, content, items, static
from .strangers import follows, is_library, is_ours, module_of
from .values import (
    CONTAINERS,
    FACTS,
    NATIVE,
    PLAIN,
    UNKNOWN,
    Among,
    New,
    inside,
    is_iterator,
    is_sized,
    shown,
)

_SHORT = 32  # items of a container that are compared one by one; longer ones by a loop in C


class Reads:
    """The places that a recording has read, found as it reads them.

    Only what was there before the recording counts: an object is *outside* if it was reached from the
    function's globals, closures and arguments. What the function made or wrote itself is its own.

    Attributes:
        places: what was read.
        effects: what was written.
        lookups: what was found in classes.
        functions: the functions met, by their code.
        ours: the code that runs is this package's.
        arrays: arrays handed to this package: read by number, unless the program captures them.
        tells_apart: two tensors were compared by identity.
    """

    tells_apart = False

    def __init__(self) -> None:
        self.places = Places()
        self.effects = Effects()
        self.lookups = Lookups(self)
        self.ours = False
        self.functions: dict[types.CodeType, list[types.FunctionType]] = {}
        self.arrays: list[tuple[Any, str]] = []
        self._outside: dict[int, tuple[Any, str]] = {}  # objects are held, so that no other can get their id

    # What is outside ----------------------------------------------------------------------------

    def mark(self, value: Any, name: str) -> Any:
        """Note that a value was there before; gives it back."""
        if isinstance(value, PLAIN) or value is GONE or value is UNKNOWN or id(value) in self._outside:
            return value
        self._outside[id(value)] = value, name
        if isinstance(value, types.FunctionType):
            self.functions.setdefault(value.__code__, []).append(value)
            for default in (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()):
                self.mark(default, f"a default of {name}")
        elif isinstance(value, types.MethodType):
            self.mark(value.__self__, name)
            self.mark(value.__func__, name)
        elif isinstance(value, staticmethod | classmethod):
            self.mark(value.__func__, name)
        elif isinstance(value, functools.partial):
            for part in (value.func, value.args, value.keywords):
                self.mark(part, name)
        elif isinstance(value, tuple):
            for i, x in enumerate(value):
                self.mark(x, f"{name}[{i}]")
        if not isinstance(value, type | types.ModuleType | Tensor):
            wrapped = getattr(value, "__dict__", {}).get("__wrapped__")  # what a compiled function stands for
            if wrapped is not None:
                self.mark(wrapped, name)
        return value

    def forget(self) -> None:
        """Let go of the objects that were met; the places are kept."""
        self._outside.clear()
        self.functions.clear()
        self.arrays.clear()

    def is_outside(self, x: Any) -> bool:
        """Whether an object was there before the recording."""
        return id(x) in self._outside

    def tensors(self) -> list[Tensor]:
        """Those that were there before, of what was met."""
        return [x for x, _ in self._outside.values() if isinstance(x, Tensor)]

    def name(self, x: Any) -> str:
        """What readers call an object."""
        return self._outside[id(x)][1] if id(x) in self._outside else type(x).__name__

    def function(self, function: types.FunctionType, *, closure: bool = False) -> None:
        """Watch the code and defaults of a function that runs; with `closure` all that it closes over."""
        name = function.__name__
        self.places.add("code", function, None, function.__code__, f"the code of {name}")
        self.places.add("defaults", function, None, function.__defaults__, f"the defaults of {name}")
        if function.__kwdefaults__:
            self.places.add(
                "keyword defaults", function, None, function.__kwdefaults__, f"the defaults of {name}"
            )
            self.mark(function.__kwdefaults__, f"the defaults of {name}")
            self.consume(function.__kwdefaults__, deep=False)
        if closure:
            for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                self.places.add("cell", cell, None, content(cell), variable)
                self.mark(content(cell), variable)

    def partial(self, function: functools.partial[Any]) -> None:
        """Watch what a partial function is made of."""
        for part in ("func", "args", "keywords"):
            self.mark(self.attribute(function, part), f"{self.name(function)}.{part}")
        self.consume(function.keywords, deep=False)

    # Attributes ---------------------------------------------------------------------------------

    def attribute(self, x: Any, name: str, *, generic: bool = False) -> Any:
        """What x.name gives: GONE if there is none, UNKNOWN if Python code answers (it is watched itself)."""
        if x is UNKNOWN:
            return UNKNOWN
        if isinstance(x, New):
            self.lookups.special(x, "__getattribute__", "__getattr__", name)
            raw = static(x.cls, name)[1]
            native = isinstance(raw, types.FunctionType) and not follows(raw)
            return raw if native or isinstance(raw, PLAIN) else UNKNOWN
        if isinstance(x, Among):
            found = [self.attribute(c, name) for c in inside(x) if not isinstance(c, Tensor)]
            return Among(v for v in found if v is not GONE and v is not UNKNOWN)
        if isinstance(x, Tensor):
            return self._of_tensor(x, name)
        if isinstance(x, np.ndarray):
            if self.is_outside(x):
                for fact in ("shape", "dtype"):
                    self.places.add("fact", x, fact, getattr(x, fact), f"{self.name(x)}.{fact}")
            value = getattr(x, name, GONE)
            return value if name in FACTS or callable(value) else Among([x])
        if isinstance(x, types.ModuleType) and not follows(type(x)):
            return self._of_module(x, name)
        if isinstance(x, type):
            return self._of_class(x, name)
        if isinstance(x, super):
            owner: Any = x
            found = self.lookups.above(x, name)
            return found if found is GONE else self._bound(found, owner.__self__, name, f"super().{name}")
        return self._of_object(x, name, generic)

    def _of_tensor(self, x: Tensor, name: str) -> Any:
        if self.is_outside(x) and isinstance(x.kept(), np.ndarray):
            label = f"{self.name(x)}.{name}"
            if name == "requires_grad":
                self.places.add("flag", x, None, x.requires_grad, label)
            elif name in ("grad", "_grad") and not self.effects.has(x, "_grad"):
                self.places.add("gradient", x, None, x._grad, label)
                return self.mark(x._grad, label)
            elif name == "array":
                self.places.add("attribute", x, "array", x.array, label)
                return self.mark(x.array, label)
            elif name in FACTS:
                self.places.add("fact", x, name, getattr(x, name), label)
        if name in FACTS:
            return getattr(x, name)
        found = static(type(x), name)[1]
        return types.MethodType(found, x) if isinstance(found, types.FunctionType) else UNKNOWN

    def _of_module(self, x: types.ModuleType, name: str) -> Any:
        space = vars(x)
        label = f"{x.__name__}.{name}"
        if is_library(x.__name__) or (self.ours and is_ours(x.__name__)):
            return self.mark(space[name] if name in space else getattr(x, name, GONE), label)
        self.places.add("class", x, None, type(x), f"the class of {x.__name__}")
        found = self.item(self.mark(space, x.__name__), name, label)
        if name in space:
            return found
        self.item(space, "__getattr__", f"{x.__name__}.__getattr__")
        return self.mark(getattr(x, name, GONE), label)

    def _of_class(self, x: type, name: str) -> Any:
        self.lookups.special(x, "__getattribute__", "__getattr__", name)
        raw = self.lookups.lookup(x, name)
        label = f"{x.__name__}.{name}"
        if raw is GONE:
            value = getattr(x, name, GONE)
            if follows(x) and not isinstance(value, (types.MethodType, *NATIVE)):
                self.places.add("attribute", x, name, value, label)
            return self.mark(value, label)
        self.lookups.descriptor(raw)
        if isinstance(raw, types.FunctionType):
            return self.mark(raw, label)
        if isinstance(raw, staticmethod):
            return self.mark(raw.__func__, label)
        if isinstance(raw, classmethod):
            return types.MethodType(self.mark(raw.__func__, label), x)
        if hasattr(type(raw), "__get__") and not isinstance(raw, property):
            native = isinstance(static(type(raw), "__get__")[1], NATIVE)
            return self.mark(getattr(x, name, GONE), label) if native else UNKNOWN
        return self.mark(raw, label)

    def _of_object(self, x: Any, name: str, generic: bool) -> Any:
        cls, outside = type(x), self.is_outside(x)
        label = f"{self.name(x)}.{name}"
        self.lookups.special(x, "__getattribute__")
        raw = self.lookups.lookup(cls, name)
        if not isinstance(static(cls, "__getattribute__")[1], types.WrapperDescriptorType):
            return self._past_getattribute(x, name, label) if generic else UNKNOWN
        if isinstance(x, (threading.local, *weakref.ProxyTypes)):
            value = getattr(x, name, GONE)
            if outside and not isinstance(value, (types.MethodType, *NATIVE)):
                self.places.add("attribute", x, name, value, label)
            return self.mark(value, label)
        own = getattr(x, "__dict__", None)
        if name == "__dict__":
            return self.mark(own, f"vars({self.name(x)})") if outside else own
        written = self.effects.has(x, name)
        self.lookups.descriptor(raw)
        if raw is not GONE and hasattr(type(raw), "__set__"):
            if isinstance(raw, property) and follows(raw.fget):
                self.mark(raw.fget, label)
                return UNKNOWN
            if follows(static(type(raw), "__get__")[1]):
                return UNKNOWN
            value = getattr(x, name, GONE)
            if outside and not written:
                self.places.add("attribute", x, name, value, label)
                self.mark(value, label)
            return value
        if own is not None and name in own:
            if outside and not written:
                self.places.add("own", x, name, own[name], label)
                self.mark(own[name], label)
            return own[name]
        if outside and own is not None and not written:
            self.places.add("has", x, name, False, label)
        if raw is GONE:
            return GONE if self.lookups.lookup(cls, "__getattr__") is GONE or not follows(cls) else UNKNOWN
        return self._bound(raw, x, name, label)

    def _past_getattribute(self, x: Any, name: str, label: str) -> Any:
        try:
            value = object.__getattribute__(x, name)
        except AttributeError:
            return UNKNOWN
        if self.is_outside(x) and not self.effects.has(x, name) and not isinstance(value, types.MethodType):
            self.places.add("generic", x, name, value, label)
        return self.mark(value, label)

    def _bound(self, raw: Any, x: Any, name: str, label: str) -> Any:
        """What an object gives for something that its class holds."""
        if isinstance(raw, types.FunctionType):
            return types.MethodType(self.mark(raw, label), x)
        if isinstance(raw, classmethod):
            return types.MethodType(self.mark(raw.__func__, label), type(x))
        if isinstance(raw, staticmethod):
            return self.mark(raw.__func__, label)
        if isinstance(raw, NATIVE):
            return getattr(x, name)
        self.mark(raw, label)
        if type(raw).__name__ == "cython_function_or_method":  # of NumPy's random generators, among others
            return types.MethodType(raw, x)
        if isinstance(raw, functools.cached_property):
            self.mark(raw.func, label)
            return Among([x])
        return UNKNOWN if hasattr(type(raw), "__get__") else raw

    # Items and whole containers -----------------------------------------------------------------

    def item(self, x: Any, key: Any, label: str = "") -> Any:
        """What x[key] gives, or UNKNOWN."""
        self.lookups.special(x, "__getitem__", "__missing__")
        self.lookups.special(key, "__hash__", "__eq__", "__index__")
        if x is UNKNOWN or isinstance(x, Tensor | type):
            return UNKNOWN
        outside = self.is_outside(x)
        label = label or f"{self.name(x)}[{shown(key)}]"
        if isinstance(x, Among) or key is UNKNOWN or isinstance(key, Among):
            self.consume(x)
            return Among([x, *inside(x)])
        if isinstance(x, dict):
            try:
                there = dict.__contains__(x, key)
            except TypeError:
                return UNKNOWN
            watched = outside and not self.effects.has(x, key)
            if not there:
                if watched:
                    self.places.add("contains", x, key, False, label)
                    if hasattr(type(x), "__missing__"):  # a default is about to be put there
                        self.effects.note(x, key, GONE, label)
                return UNKNOWN
            value = dict.__getitem__(x, key)
            if watched:
                self.places.add("item", x, key, value, label, ours=self.ours)
            return self.mark(value, label) if watched else value
        if isinstance(x, list | tuple):
            if isinstance(key, int | np.integer) and -len(x) <= key < len(x):
                value = x[key]
                if outside and isinstance(x, list) and not self.effects.has(x, key):
                    self.places.add("item", x, int(key), value, label)
                return self.mark(value, label) if outside else value
            self.consume(x, deep=False)
            return Among([x])
        if isinstance(x, np.ndarray):
            return self._of_array(x, key, label) if outside else UNKNOWN
        if isinstance(x, str | bytes | range):
            return UNKNOWN
        if not follows(static(type(x), "__getitem__")[1]):
            self.consume(x)
            return Among([x])
        return UNKNOWN

    def _of_array(self, x: Any, key: Any, label: str) -> Any:
        try:
            value = x[key]
        except Exception:
            return UNKNOWN  # the function is about to get the same error
        if isinstance(value, np.ndarray) and value.base is not None and np.may_share_memory(value, x):
            for fact in ("shape", "dtype", "strides"):  # a view, whose numbers the program reads anew
                self.places.add("fact", x, fact, getattr(x, fact), f"{self.name(x)}.{fact}")
            return Among([x])
        if isinstance(key, list | np.ndarray) or isinstance(value, np.ndarray):
            self.consume(x)
        else:
            self.places.add("element", x, key, bits(value), label)
        return value

    def contains(self, x: Any, key: Any) -> None:
        """Whether key is in x was asked."""
        self.lookups.special(x, "__contains__", "__iter__", "__getitem__")
        self.lookups.special(key, "__hash__", "__eq__")
        known = key is not UNKNOWN and not isinstance(key, Among)
        if not (known and isinstance(x, dict | set | frozenset) and self.is_outside(x)):
            self.consume(x)
        elif not self.effects.has(x, key):
            try:
                self.places.add("contains", x, key, key in x, f"{shown(key)} in {self.name(x)}")
            except TypeError:
                return  # a key that cannot be hashed: the function is about to get the same error

    def length(self, x: Any) -> None:
        """How long x is, or whether it holds anything, was asked."""
        self.lookups.special(x, "__bool__", "__len__")
        if isinstance(x, np.ndarray):
            self.attribute(x, "shape")
        elif isinstance(x, CONTAINERS) and self.is_outside(x) and not self.effects.touched(x):
            self.places.add("length", x, None, len(x), f"len({self.name(x)})")

    def consume(self, x: Any, *, deep: bool = True, objects: bool = False, ours: bool = False) -> None:
        """All that x holds was read, by iterating over it or by native code.

        Args:
            deep: so were the containers inside.
            objects: so were attributes of objects.
            ours: by this package, which takes arrays by reference.
        """
        seen: set[int] = set()
        stack = [x]
        while stack:
            x = stack.pop()
            if isinstance(x, Among):
                stack += x.candidates
                continue
            if x is UNKNOWN or id(x) in seen or isinstance(x, PLAIN):
                continue
            if isinstance(
                x, Tensor | type | types.ModuleType | types.FunctionType | types.BuiltinFunctionType
            ):
                continue
            seen.add(id(x))
            outside = self.is_outside(x)
            if isinstance(x, functools.partial) and outside:
                self.partial(x)
                stack += [x.func, *x.args, *x.keywords.values()]
            if not is_ours(module_of(type(x))):
                self.lookups.special(x)
            if isinstance(x, np.ndarray):
                if outside and ours:
                    self.arrays.append((x, self.name(x)))
                elif outside:
                    self.numbers(x)
            elif outside and is_iterator(x):
                raise TraceError(
                    f"{self.name(x)} is an iterator, which is used up: a program could not ask it again. "
                    "Take from it outside the compiled function and pass the value as an argument"
                )
            elif outside and hasattr(x, "__dict__") and (objects or is_library(module_of(type(x)))):
                for key in list(vars(x)):
                    stack.append(self.attribute(x, key, generic=True))
                if isinstance(x, CONTAINERS):
                    self._whole(x)
                    stack += items(x)
            elif isinstance(x, CONTAINERS) or (is_sized(x) and not follows(type(x))):
                if outside:
                    self._whole(x)
                if deep:
                    stack += items(x)

    def numbers(self, x: Any) -> None:
        """The numbers of an array from outside were read: they are constants of the program."""
        self.places.add("numbers", x, None, bits(x), f"the numbers in {self.name(x)}")

    def _whole(self, x: Any) -> None:
        name = self.name(x)
        if isinstance(x, tuple | frozenset):
            parts: Sequence[Any] = tuple(x)
        elif self.effects.touched(x):
            keys = x if isinstance(x, dict) else range(len(x)) if isinstance(x, list) else ()
            parts = [self.item(x, key) for key in keys]
        elif isinstance(x, dict) and len(x) <= _SHORT and all(type(key) is str for key in x):
            self.places.add("keys", x, None, tuple(x), f"the keys of {name}")
            parts = [self.item(x, key) for key in x]
        elif isinstance(x, list) and len(x) <= _SHORT:
            self.length(x)
            parts = [self.item(x, i) for i in range(len(x))]
        else:
            parts = items(x)
            self.places.add("items", x, None, parts, f"the items of {name}")
        for i, part in enumerate(parts):
            self.mark(part, f"{name}[{i}]")
