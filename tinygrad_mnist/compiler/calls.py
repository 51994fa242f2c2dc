"""What calling something reads and writes: functions that are followed, and native code that is not."""

from __future__ import annotations

import abc
import builtins
import collections
import contextvars
import functools
import io
import queue
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.interpreter import EAGER, interpreter
from ..core.tape import recording
from ..core.tensor import Tensor
from ..errors import TraceError
from .effects import refuse_change
from .numbers import Number
from .places import GONE, static
from .reads import Reads
from .strangers import RANDOM, follows, is_ours, module_of, unwatchable
from .values import UNKNOWN, Among, New, shown

_CACHED = type(functools.lru_cache(len))  # what `lru_cache` makes of a function: its name is private

#: Methods by which native containers change.
_CHANGES = {
    list: {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"}
    | {"__setitem__", "__iadd__"},
    dict: {"clear", "pop", "popitem", "update", "__setitem__", "__delitem__", "move_to_end", "subtract"},
    set: {"add", "clear", "discard", "pop", "remove", "update", "difference_update", "intersection_update"}
    | {"symmetric_difference_update"},
    collections.deque: {"append", "appendleft", "clear", "extend", "extendleft", "insert", "pop", "popleft"}
    | {"remove", "reverse", "rotate"},
    np.ndarray: {"fill", "put", "sort", "partition", "resize", "setfield", "itemset", "__setitem__"},
    queue.SimpleQueue: {"get", "get_nowait", "put", "put_nowait"},
    bytearray: {"append", "extend", "clear", "pop", "insert", "remove", "reverse"},
}
#: Functions that learn nothing of what they are given that could change but by these methods.
_HARMLESS: dict[Any, tuple[str, ...]] = {
    isinstance: ("__class__", "__instancecheck__"),
    issubclass: ("__subclasscheck__",),
    id: (),
    type: (),
    callable: ("__call__",),
    print: ("__str__", "__repr__"),
    hash: ("__hash__",),
    repr: ("__repr__",),
    object.__new__: (),
    object.__init__: (),
}


#: Methods and builtins that hand on what a container holds, without looking inside that.
_SHALLOW = {"items", "keys", "values", "copy", "enumerate", "zip", "reversed"}


class TraceWarning(UserWarning):
    """A recorded function asked for something that its program cannot ask again."""


class Calls:
    """Answers what a call gives, as far as it is known, and notes what it reads.

    Attributes:
        called: the Python function that the instruction under way calls, if it is known.
    """

    def __init__(self, reads: Reads, where: Callable[[], str]) -> None:
        self.reads, self.where = reads, where
        self.called: types.FunctionType | None = None

    def root(self, function: Any) -> None:
        """Say what is going to be recorded."""
        while isinstance(function, functools.partial | types.MethodType):
            if isinstance(function, functools.partial):
                self.reads.partial(function)
            function = function.func if isinstance(function, functools.partial) else function.__func__
        self.called = function if isinstance(function, types.FunctionType) else None

    def call(
        self, function: Any, args: list[Any], keywords: dict[str, Any], frame: types.FrameType
    ) -> tuple[Any, bool]:
        """The value, and whether a Python function that is followed will give it."""
        everything = [*args, *keywords.values()]
        while isinstance(function, functools.partial):
            self.reads.partial(function)
            everything += [*function.args, *function.keywords.values()]
            args, function = [*function.args, *args], function.func
        if function is UNKNOWN or isinstance(function, Among):
            if isinstance(function, New) and not follows(function.cls):
                self._handed(everything)  # such as operator.methodcaller("random")
            everything = [function, *everything] if function is not UNKNOWN else everything
            self.reads.consume(Among(everything))
            return Among(everything), True
        self._unwatchable(function)
        if isinstance(function, _CACHED):
            return self._cached(function, args, keywords)
        if isinstance(function, types.MethodType):
            inner = function.__func__
            if isinstance(inner, _CACHED):
                return self._cached(inner, [function.__self__, *args], keywords)
            if isinstance(inner, types.FunctionType):
                return self._python(inner, [function.__self__, *everything])
            function = inner
        if isinstance(function, types.FunctionType):
            return self._python(function, everything)
        if isinstance(function, type):
            return self._construct(function, everything, frame), False
        special = _SPECIAL.get(function) if isinstance(function, types.BuiltinFunctionType) else None
        if special is None and isinstance(function, types.WrapperDescriptorType | types.MethodDescriptorType):
            special = _SPECIAL_METHODS.get((function.__objclass__, function.__name__))
            if special is None and args:
                self._changes(args[0], function.__name__)
        if special is not None:
            return special(self, args, frame)
        if isinstance(function, types.BuiltinFunctionType | types.MethodWrapperType):
            return self._native(function, args, everything, frame)
        if isinstance(function, contextvars.ContextVar | weakref.ReferenceType):
            return self._ask(function, ())
        self.reads.lookups.special(function, "__call__")
        method = static(type(function), "__call__")[1]
        if isinstance(method, types.FunctionType):  # an object that can be called: its method is followed
            wrapped = getattr(function, "__wrapped__", None)
            inner = (
                wrapped if isinstance(wrapped, types.FunctionType) and is_ours(module_of(method)) else method
            )
            return self._python(inner, [function, *everything])
        self._handed(everything)
        self.reads.consume(Among(everything), objects=True)
        return Among([function, *everything]), False

    def _python(self, function: types.FunctionType, args: list[Any]) -> tuple[Any, bool]:
        if follows(function):
            self.called = function
            return UNKNOWN, True
        ours = is_ours(module_of(function))
        self.reads.consume(Among(args), objects=not ours, ours=ours)
        registry = getattr(function, "registry", None)  # of a function of functools.singledispatch
        if isinstance(registry, types.MappingProxyType):
            self.reads.consume(self.reads.mark(registry, function.__name__))
        return Among(args), False

    def _construct(self, cls: type, args: list[Any], frame: types.FrameType) -> Any:
        self.reads.lookups.special(cls, "__call__")
        if follows(cls):
            self.reads.lookups.special(New(cls), "__new__", "__init__")
            return New(cls)
        if cls is super:
            return self._super(args, frame)
        if cls not in _HARMLESS:
            ours, builtin = is_ours(module_of(cls)), module_of(cls) == "builtins"
            shallow = builtin and cls.__name__ in _SHALLOW
            self._handed(args)
            self.reads.consume(Among(args), deep=not shallow, objects=not (ours or builtin), ours=ours)
            if not builtin:
                return New(cls, args)
        return Among(args)

    def _super(self, args: list[Any], frame: types.FrameType) -> Any:
        """What `super()` gives, or `super(cls, x)`."""
        if not args and frame.f_code.co_argcount:
            args = [frame.f_locals.get(name) for name in ("__class__", frame.f_code.co_varnames[0])]
        try:
            return super(*args)
        except (TypeError, RuntimeError):  # not all of them are known
            return UNKNOWN

    def _native(
        self, function: Any, args: list[Any], everything: list[Any], frame: types.FrameType
    ) -> tuple[Any, bool]:
        owner, name = function.__self__, function.__name__
        if function in (isinstance, issubclass):
            self._asked_of_abstract(function, args)
        if function in _HARMLESS:
            self.reads.lookups.special(Among(everything), *_HARMLESS[function])
            return UNKNOWN, False
        if isinstance(owner, dict) and args and name in ("get", "setdefault", "__getitem__", "__contains__"):
            return self._of_dict(owner, name, args), False
        if isinstance(owner, contextvars.ContextVar):
            return self._ask(function, tuple(args))
        self._changes(owner, name)
        self._handed(everything)
        if not isinstance(owner, types.ModuleType | type | io.IOBase):
            everything = [owner, *everything]
        elsewhere = module_of(function) not in (None, "builtins")  # which read no attributes
        self.reads.consume(Among(everything), deep=name not in _SHALLOW, objects=elsewhere)
        return Among(everything), False

    def _asked_of_abstract(self, function: Any, args: list[Any]) -> None:
        """Whether something is of an abstract class, which others can register themselves with."""
        kinds = args[1] if isinstance(args[1], tuple) else args[1:]
        if any(isinstance(kind, abc.ABCMeta) and not follows(type(kind)) for kind in kinds) and (
            isinstance(args[0], type) or self.reads.is_outside(args[0])
        ):
            self._ask(function, tuple(args))

    def _of_dict(self, owner: Any, name: str, args: list[Any]) -> Any:
        key = args[0]
        if key is UNKNOWN or isinstance(key, Among):
            return self.reads.item(owner, key)
        if name == "__contains__":
            self.reads.contains(owner, key)
            return UNKNOWN
        value = self.reads.item(owner, key)
        if dict.__contains__(owner, key):
            return value
        if name == "setdefault":
            self.write_item(owner, key)
        return args[1] if len(args) > 1 else None

    def _changes(self, owner: Any, name: str) -> None:
        if self.reads.is_outside(owner):
            if isinstance(owner, dict) and name in _CHANGES[dict]:
                self.reads.effects.snapshot(owner, self.reads.name(owner))
                return
            for kind, methods in _CHANGES.items():
                if isinstance(owner, kind) and name in methods:
                    refuse_change(self.reads.name(owner), f"{name}()")

    def _ask(self, function: Any, args: tuple[Any, ...]) -> tuple[Any, bool]:
        """What a context variable or a weak reference gives."""
        if function in (recording.get, interpreter.get):
            return UNKNOWN, False
        try:
            value = function(*args)
        except Exception:  # which the function is about to get
            return UNKNOWN, True
        self.reads.places.add("answer", function, args, value, f"{self.reads.name(function)}()")
        return self.reads.mark(value, self.reads.name(function)), False

    def _cached(self, function: Any, args: list[Any], keywords: dict[str, Any]) -> tuple[Any, bool]:
        """What a function gives that keeps its answers: it runs outside the program; each call asks it."""
        given = [*args, *keywords.values()]
        if any(x is UNKNOWN or isinstance(x, Among | Tensor) or type(x) is Number for x in given):
            self.reads.consume(Among(given))
            return UNKNOWN, True
        token = interpreter.set(EAGER)
        try:
            return self._ask(functools.partial(function, **keywords) if keywords else function, tuple(args))
        finally:
            interpreter.reset(token)

    def _handed(self, args: list[Any]) -> None:
        """Native code is given these: it may call them."""
        for x in args:
            if isinstance(x, RANDOM) or (callable(x) and not isinstance(x, type)):
                self._unwatchable(x)

    def _unwatchable(self, function: Any) -> None:
        found = unwatchable(function)
        if found is None:
            return
        what, fatal = found
        if fatal:
            raise TraceError(
                f"{what} cannot be recorded: a program would use the same numbers at every call. Draw them "
                "from a tg.Generator, or outside the compiled function, and pass them as an argument"
            )
        self.warn(what)

    def warn(self, what: str) -> None:
        """Warn that something was asked that a program cannot ask again."""
        warnings.warn(
            f"a function that is being recorded asks for {what} ({self.where()}): its program keeps the "
            "answer and does not ask again. Ask outside the compiled function and pass the value to it",
            TraceWarning,
            stacklevel=3,
        )

    # Writing ------------------------------------------------------------------------------------

    def write_attribute(self, owner: Any, name: str) -> None:
        """An attribute is about to be set or deleted."""
        if owner is UNKNOWN or isinstance(owner, Among) or name is UNKNOWN:
            return
        if isinstance(owner, Tensor):
            if self.reads.is_outside(owner) and name == "array":
                raise TraceError(
                    "the array of a tensor from outside cannot be set in a compiled function: use assign_"
                )
            if name in ("grad", "_grad"):
                self.reads.effects.note_own(owner, "_grad")
            return
        if isinstance(owner, np.ndarray) and self.reads.is_outside(owner):
            refuse_change(self.reads.name(owner), f"setting its {name}")
        if not (self.reads.is_outside(owner) or isinstance(owner, type | types.ModuleType)):
            return
        self.reads.lookups.special(owner, "__setattr__", "__delattr__", name)
        if isinstance(static(type(owner), name)[1], property):
            return  # its setter is followed
        space = getattr(owner, "__dict__", {})
        slotted = name not in space and isinstance(static(type(owner), name)[1], types.MemberDescriptorType)
        before = getattr(owner, name, GONE) if slotted else space.get(name, GONE)
        self.reads.effects.note(owner, name, before, f"{self.reads.name(owner)}.{name}")

    def write_item(self, owner: Any, key: Any, *, deletes: bool = False) -> None:
        """An item is about to be set or deleted."""
        self.reads.lookups.special(owner, "__setitem__", "__delitem__")
        if owner is UNKNOWN or isinstance(owner, Among) or not self.reads.is_outside(owner):
            return
        name = self.reads.name(owner)
        known = key is not UNKNOWN and not isinstance(key, Among | slice)
        if isinstance(owner, dict) and known:
            self.reads.effects.note(owner, key, owner.get(key, GONE), f"{name}[{shown(key)}]")
        elif (
            isinstance(owner, list)
            and isinstance(key, int)
            and -len(owner) <= key < len(owner)
            and not deletes
        ):
            self.reads.effects.note(owner, key, owner[key], f"{name}[{shown(key)}]")
        elif isinstance(owner, dict):
            self.reads.effects.snapshot(owner, name)
        elif isinstance(owner, list | np.ndarray | bytearray | collections.deque):
            refuse_change(f"{name}[{shown(key)}]" if known else f"what {name} holds", "an assignment")


# Builtins that read less than all they are given ---------------------------------------------------

_Answer = tuple[Any, bool]


def _getattr(calls: Calls, args: list[Any], frame: types.FrameType) -> _Answer:
    owner, name, *default = args
    if not isinstance(name, str):
        calls.reads.consume(Among([owner]), objects=True)
        return Among([owner]), False
    value = calls.reads.attribute(owner, name)
    return (default[0] if default else UNKNOWN) if value is GONE else value, value is UNKNOWN


def _hasattr(calls: Calls, args: list[Any], frame: types.FrameType) -> _Answer:
    _getattr(calls, args, frame)
    return UNKNOWN, False


def _generic_getattr(calls: Calls, args: list[Any], frame: types.FrameType) -> _Answer:
    if len(args) < 2 or not isinstance(args[1], str):
        return UNKNOWN, False
    value = calls.reads.attribute(args[0], args[1], generic=True)
    return (UNKNOWN if value is GONE else value), value is UNKNOWN


def _setattr(calls: Calls, args: list[Any], frame: types.FrameType) -> _Answer:
    calls.write_attribute(args[0], args[1])
    return None, False


def _len(calls: Calls, args: list[Any], frame: types.FrameType) -> _Answer:
    calls.reads.length(args[0])
    return UNKNOWN, False


def _vars(calls: Calls, args: list[Any], frame: types.FrameType) -> _Answer:
    return (calls.reads.attribute(args[0], "__dict__") if args else UNKNOWN), False


def _globals(calls: Calls, args: list[Any], frame: types.FrameType) -> _Answer:
    return calls.reads.mark(frame.f_globals, "globals()"), False


def _iter(calls: Calls, args: list[Any], frame: types.FrameType) -> _Answer:
    calls.reads.consume(args[0], deep=False)
    return Among(args[:1]), False


_SPECIAL: dict[Any, Callable[[Calls, list[Any], types.FrameType], _Answer]] = {
    builtins.getattr: _getattr,
    builtins.hasattr: _hasattr,
    builtins.setattr: _setattr,
    builtins.delattr: _setattr,
    builtins.len: _len,
    builtins.vars: _vars,
    builtins.globals: _globals,
    builtins.iter: _iter,
}
_SPECIAL_METHODS: dict[tuple[type, str], Callable[[Calls, list[Any], types.FrameType], _Answer]] = {
    (object, "__getattribute__"): _generic_getattr,
    (object, "__setattr__"): _setattr,
    (object, "__delattr__"): _setattr,
}
