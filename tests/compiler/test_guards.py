"""Every kind of place, changed by itself: the machine code that compares it and Python agree."""

from __future__ import annotations

import contextvars
import sys
import types
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.compiler.guards import Guard
from tinygrad_mnist.compiler.places import READERS, Place
from tinygrad_mnist.kernels import guards


class _Plain:
    shared: Any = "shared"

    def method(self) -> None:
        """Something that a class holds."""


class _Slotted:
    __slots__ = ("x",)


class _Own:
    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name)


def _plain(cls: type = _Plain) -> Any:
    made = type(cls.__name__, (cls,), {"shared": cls.__dict__.get("shared")})()
    made.x = "first"
    return made


def _slotted() -> Any:
    made = _Slotted()
    made.x = "first"
    return made


def _cell(value: Any) -> types.CellType:
    return types.CellType(value)


def _function() -> Any:
    return types.FunctionType((lambda a=1, *, b=2: 0).__code__, {}, "f", (1,))


def _tensor(**attributes: Any) -> Any:
    x = tg.Tensor([1.0, 2.0])
    vars(x).update(attributes)
    return x


def _set(name: str, value: Any) -> Callable[[Any], None]:
    return lambda x: setattr(x, name, value)


def _put(key: Any, value: Any) -> Callable[[Any], None]:
    return lambda x: x.__setitem__(key, value)


def _alone(cls: Any) -> None:
    cls.alone = len  # which is what the class gives in either case


def _twice_as_large(x: Any) -> None:
    for k in range(1000):
        x[f"another {k}"] = k


def _meta() -> Any:
    return type("Meta", (type,), {})("Made", (), {"shared": "shared"})


#: (kind, whose, under what key, a change; whether machine code compares it)
CASES: list[tuple[str, Callable[[], Any], Any, Callable[[Any], None], bool]] = [
    ("item", lambda: {"x": "first"}, "x", _put("x", "second"), True),
    ("item", lambda: {"x": "first"}, "x", lambda d: d.pop("x"), True),
    ("item", lambda: {"x": "first"}, "x", lambda d: d.clear(), True),
    ("item", lambda: {1: "first"}, 1, _put(1, "second"), False),
    ("item", lambda: OrderedDict(x="first"), "x", _put("x", "second"), False),
    ("item", lambda: ["a", "b"], 1, _put(1, "c"), True),
    ("item", lambda: ["a", "b"], 1, lambda x: x.pop(), True),
    ("item", lambda: ["a", "b"], -1, _put(1, "c"), False),
    ("contains", lambda: {"x": 1}, "x", lambda d: d.pop("x"), True),
    ("contains", lambda: {"x": 1}, "y", _put("y", 1), True),
    ("contains", lambda: {1, 2}, 3, lambda s: s.add(3), False),
    ("length", lambda: ["a"], None, lambda x: x.append("b"), True),
    ("length", lambda: {"a": 1}, None, lambda x: x.clear(), True),
    ("length", lambda: {"a"}, None, lambda x: x.add("b"), True),
    ("items", lambda: {"x": 1}, None, _put("x", 2), False),
    ("keys", lambda: {"x": 1, "y": 2}, None, _put("z", 1), True),
    ("keys", lambda: {"x": 1, "y": 2}, None, lambda d: d.pop("y"), True),
    ("keys", lambda: {"x": 1, "y": 2}, None, lambda d: d.__setitem__("x", d.pop("x")), True),
    ("keys", dict, None, _put("x", 1), True),
    ("own", _plain, "x", _set("x", "second"), True),
    ("own", _plain, "x", lambda x: delattr(x, "x"), True),
    ("own", _plain, "x", _set("__dict__", {"x": "second"}), True),
    ("own", lambda: _plain(_Own), "x", _set("x", "second"), False),
    ("own", lambda: type("Made", (_Plain,), {"alone": staticmethod(len)}), "alone", _alone, True),
    ("has", _plain, "x", lambda x: delattr(x, "x"), True),
    ("has", _plain, "y", _set("y", 1), True),
    ("has", _plain, "y", lambda x: _twice_as_large(vars(x)) or _set("y", 1)(x), True),  # type: ignore[func-returns-value]
    ("attribute", lambda: type(_plain()), "late", _set("late", 1), False),
    ("lookup", lambda: type(_plain()), "method", _set("method", lambda self: None), True),
    ("lookup", lambda: type(_plain()), "shared", _set("shared", "other"), True),
    ("lookup", lambda: type(_plain()), "late", _set("late", 1), True),
    ("lookup", _meta, "shared", _set("shared", "other"), True),
    ("lookup", _meta, "shared", lambda cls: delattr(cls, "shared"), True),
    ("attribute", _slotted, "x", _set("x", "second"), True),
    ("attribute", _slotted, "x", lambda x: delattr(x, "x"), True),
    ("fact", lambda: np.zeros((2, 3)), "shape", _set("shape", (3, 2)), False),
    ("generic", lambda: _plain(_Own), "x", _set("x", "second"), False),
    ("class", _plain, None, _set("__class__", type(_plain())), True),
    ("cell", lambda: _cell("first"), None, _set("cell_contents", "second"), True),
    ("cell", lambda: _cell("first"), None, lambda c: delattr(c, "cell_contents"), True),
    ("defaults", _function, None, _set("__defaults__", (2,)), True),
    ("defaults", lambda: lambda: 0, None, _set("__defaults__", (2,)), True),
    ("keyword defaults", _function, None, _set("__kwdefaults__", {"b": 3}), True),
    ("code", _function, None, _set("__code__", (lambda: 1).__code__), True),
    ("answer", lambda: [1].__len__, (), lambda method: method.__self__.append(2), False),
    ("numbers", lambda: np.zeros(2), None, _put(0, 1.0), False),
    ("element", lambda: np.zeros(2), 0, _put(0, 1.0), False),
    ("tensor", lambda: tg.Tensor([1.0]), None, lambda x: x.assign_(tg.Tensor([2.0])), False),
    ("gradient", _tensor, None, _set("grad", tg.Tensor([1.0, 1.0])), True),
    ("gradient", lambda: _tensor(_grad="first"), None, _set("_grad", None), True),
    ("flag", _tensor, None, lambda x: x.requires_grad_(), True),
    ("flag", lambda: _tensor(requires_grad=True), None, lambda x: x.requires_grad_(False), True),
    ("flag", lambda: _tensor(requires_grad=True), None, lambda x: delattr(x, "requires_grad"), True),
]


def _both(guard: Guard) -> list[bool]:
    return [guard.unchanged(), guard._unchanged_in_python()]


def test_every_kind_is_tried() -> None:
    assert {kind for kind, *_ in CASES} == {*READERS}
    questions = {name for name in vars(guards) if name.isupper()} - {"WIDTH"}
    assert len(questions - {"NEVER"}) == 18  # a new one wants a case of its own


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[2]}")
def test_a_place_that_changes(case: Any) -> None:
    kind, make, key, change, native = case
    owner = make()
    value = READERS[kind](owner, key)
    others = {"x": object()}  # that do not change
    places = [
        Place("item", others, "x", others["x"], "another"),
        Place(kind, owner, key, value, "a place"),
        Place("length", [], None, 0, "a third"),
    ]
    guard = Guard(places)
    assert guard.has_others is not native
    for _ in range(3):
        assert _both(guard) == [True, True]
    change(owner)
    assert _both(guard) == [False, False]
    try:
        now = READERS[kind](owner, key)
    except (AttributeError, KeyError, IndexError, ValueError):
        return
    guard.note(1, now)
    assert _both(guard) == [True, True]


def test_a_class_that_is_not_asked_again() -> None:
    """Python's version of a class stands for what it and its bases hold, and is learnt anew."""
    base = type("Base", (), {"f": lambda self: 1, "g": lambda self: 1})
    made: Any = type("Made", (base,), {"k": 1})
    places = [Place("lookup", made, name, getattr(made, name), name) for name in ("f", "g", "k")]
    guard = Guard(places)
    for _ in range(3):
        assert guard.unchanged()
    versions = guard.rows[guard.rows == id(made)].size  # the class, and each question
    assert versions == 4
    for change in (
        lambda: setattr(made, "other", 1),
        lambda: setattr(base, "other", 1),
        lambda: setattr(made, "__doc__", "text"),
    ):
        change()
        assert guard.unchanged()
        assert guard.unchanged()
    before = base.f
    base.f = lambda self: 2
    for _ in range(3):
        assert not guard.unchanged()
    base.f = before
    assert guard.unchanged()
    made.f = lambda self: 2
    assert not guard.unchanged()
    guard.note(0, made.f)
    assert guard.unchanged()
    made.k = True  # which is 1 by ==
    assert not guard.unchanged()
    made.k = 1
    assert guard.unchanged()
    made.__bases__ = (type("Another", (), {"g": lambda self: 1}),)
    assert not guard.unchanged()
    guard.note(1, made.g)
    assert guard.unchanged()


def test_an_equal_constant_that_is_noted() -> None:
    """It is kept, too: another object at its address would be taken for it."""
    space = {"x": "a constant"}
    guard = Guard([Place("item", space, "x", space["x"], "x")])
    space["x"] = "".join(["a ", "constant"])
    assert not guard.unchanged()
    guard.note(0, space["x"])
    assert guard.unchanged()
    for _ in range(100):
        space["x"] = "".join(["a ", "constant"])
        assert not guard.unchanged()


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
def test_arrays_and_the_tensors_that_have_them() -> None:
    x, y = tg.Tensor(np.zeros((2, 3), np.float32)), tg.Tensor(np.ones((2, 2), np.float32))[0]
    arrays = [x.array, y.array]
    guard = Guard([], [x, y], arrays)
    assert guard.unchanged()
    assert guard.has_others  # a view is asked in Python
    x.array = x.array.copy()
    assert not guard.unchanged()
    guard.let_go()
    arrays[0] = x.array
    assert not guard.unchanged()
    guard.hold(arrays)
    assert guard.unchanged()
    y.array = y.array.copy()
    assert not guard.unchanged()
    guard.hold([x.array, y.array])
    assert guard.unchanged()
    x.array.shape = (3, 2)
    assert not guard.unchanged()


def test_states_of_the_context() -> None:
    variable: contextvars.ContextVar[Any] = contextvars.ContextVar("variable", default=None)
    guard = Guard([], states=[(variable, None)])
    assert guard.unchanged()
    token = variable.set("something")
    assert not guard.unchanged()
    assert contextvars.copy_context().run(lambda: variable.set(None) and guard.unchanged())
    variable.reset(token)
    assert guard.unchanged()


def test_no_reference_is_lost_or_kept() -> None:
    owner, value = _plain(), object()
    owner.x = value
    cls, cell, others = type(owner), _cell(value), {"x": value}
    places = [
        Place("own", owner, "x", value, ""),
        Place("item", others, "x", value, ""),
        Place("cell", cell, None, value, ""),
        Place("attribute", cls, "method", cls.method, ""),
        Place("keys", others, None, tuple(others), ""),
    ]
    guard = Guard(places)
    counted = (value, vars(owner), cls.method, cell, others)
    assert guard.unchanged()
    before = [sys.getrefcount(x) for x in counted]
    for _ in range(1000):
        guard.unchanged()
    owner.x = None
    for _ in range(1000):
        guard.unchanged()
    owner.x = value
    assert [sys.getrefcount(x) for x in counted] == before
