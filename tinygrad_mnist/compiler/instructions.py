"""What each of Python's instructions takes from the stack, reads, and leaves there.

Only those are named from which something follows for what was read; of the others it is enough by
how much they make the stack higher or lower.
"""

from __future__ import annotations

import dis
import operator as operators
import os
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.tensor import Tensor
from .effects import refuse_change
from .identity import compare
from .places import GONE
from .steps import BRANCHES, Shadow, Step
from .strangers import is_library
from .values import UNKNOWN, Among

if TYPE_CHECKING:
    from .watch import Watcher

_NULL: Any = type("Null", (), {"__repr__": lambda self: "null"})()  # what lies beside a function to be called
_NEW_CALLS = sys.version_info >= (3, 13)  # the function lies below, not above, what stands for "no self"
_SUBSCRIPT = "[]"
_OPERATORS: Any = vars(dis)["_nb_ops"]  # (name, symbol) by argument
_ARITHMETIC = {"+": operators.add, "-": operators.sub, "*": operators.mul}  # what keys are computed by


def run(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    """Do to the shadow what an instruction is about to do to the frame's stack, and note what it reads."""
    handler = _HANDLERS.get(step.name)
    if handler is not None:
        handler(watcher, shadow, step)
    elif step.name.startswith("LOAD_FAST"):
        _load_fast(watcher, shadow, step)
    elif step.name.startswith("STORE_FAST"):
        _store_fast(watcher, shadow, step)
    elif step.name.startswith("BUILD_"):
        shadow.push(_built(step, shadow.pop(1 - step.effect)))
    elif step.name not in BRANCHES:
        shadow.height(step.effect)
        if (
            step.effect < 0
            and shadow.stack
            and not step.name.startswith(("POP_", "STORE_", "DELETE_", "RETURN"))
        ):
            shadow.stack[-1] = UNKNOWN


def _built(step: Step, parts: list[Any]) -> Any:
    """A tuple, a slice or a string of known parts; of what else is built, what it holds."""
    if not any(x is UNKNOWN or isinstance(x, Among) for x in parts):
        if step.name == "BUILD_TUPLE":
            return tuple(parts)
        if step.name == "BUILD_SLICE":
            return slice(*parts)
        if step.name == "BUILD_STRING" and all(type(x) is str for x in parts):
            return "".join(parts)
    return Among(x for x in parts if x is not UNKNOWN)


# Variables --------------------------------------------------------------------------------------


def _local(shadow: Shadow, name: Any) -> Any:
    return shadow.frame.f_locals.get(name, UNKNOWN)


def _load_fast(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    names = step.value if isinstance(step.value, tuple) else (step.value,)
    shadow.push(*(_local(shadow, name) for name in names))


def _store_fast(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    if step.name == "STORE_FAST_LOAD_FAST":
        value = shadow.pop()[0]
        if step.value[0] != step.value[1]:
            shadow.push(_local(shadow, step.value[1]))
        else:
            shadow.push(value)
            shadow.stored = step.value[0] if value is UNKNOWN else None
    else:
        shadow.height(step.effect)


def _load_constant(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    shadow.push(step.value)


def _load_global(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    value = watcher.variable(shadow.frame, step.value)
    if value is os.environ:
        watcher.calls.warn("the environment")
    if step.name == "LOAD_GLOBAL" and step.arg & 1:
        shadow.push(*((value, _NULL) if _NEW_CALLS else (_NULL, value)))
    else:
        shadow.push(value)


def _load_name(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    found = _local(shadow, step.value)
    shadow.push(watcher.variable(shadow.frame, step.value) if found is UNKNOWN else found)


def _load_free(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    if step.name in ("LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"):
        shadow.height(step.effect)
        shadow.pop()
    value, cell = _local(shadow, step.value), watcher.cell(shadow.frame, step.value)
    if cell is not None and not watcher.reads.effects.has(cell, ""):
        watcher.reads.places.add("cell", cell, None, GONE if value is UNKNOWN else value, step.value)
        watcher.reads.mark(value, step.value)
    shadow.push(value)


def _store_free(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    shadow.pop()
    cell = watcher.cell(shadow.frame, step.value)
    if cell is not None:
        watcher.reads.effects.note(cell, "", _local(shadow, step.value), step.value)


def _change_global(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    shadow.height(step.effect)
    space = shadow.frame.f_globals
    watcher.reads.effects.note(space, step.value, space.get(step.value, GONE), step.value)


# Attributes and items ---------------------------------------------------------------------------


def _load_attribute(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    value = _none_for_gone(watcher.reads.attribute(shadow.pop()[0], step.value))
    method = step.name == "LOAD_METHOD" or (
        step.name == "LOAD_ATTR" and sys.version_info >= (3, 12) and step.arg & 1
    )
    if method:
        shadow.push(*((value, _NULL) if _NEW_CALLS else (_NULL, value)))
    else:
        shadow.push(value)
    if value is os.environ:
        watcher.calls.warn("the environment")
    shadow.fills = value is UNKNOWN and not (method and _NEW_CALLS)


def _none_for_gone(value: Any) -> Any:
    return UNKNOWN if value is GONE else value


def _load_super(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    _, *given = shadow.pop(3)
    found = watcher.calls.call(super, given, {}, shadow.frame)[0]
    value = _none_for_gone(watcher.reads.attribute(found, step.value))
    shadow.push(*((value, _NULL) if step.arg & 1 else (value,)))


def _change_attribute(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    watcher.calls.write_attribute(shadow.pop(-step.effect)[-1], step.value)


def _subscript(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    owner, key = shadow.pop(2)
    value = watcher.reads.item(owner, key)
    shadow.push(value)
    shadow.fills = value is UNKNOWN


def _store_subscript(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    _, owner, key = shadow.pop(3)
    watcher.calls.write_item(owner, key)


def _delete_subscript(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    owner, key = shadow.pop(2)
    watcher.calls.write_item(owner, key, deletes=True)


def _slice(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    owner, *_ = shadow.pop(3)
    shadow.push(watcher.reads.item(owner, UNKNOWN))


def _store_slice(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    _, owner, *_ = shadow.pop(4)
    watcher.calls.write_item(owner, UNKNOWN)


# What looks at all of its operands ---------------------------------------------------------------


def _binary(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    operator = _OPERATORS[step.arg][1] if step.name == "BINARY_OP" else ""
    if operator == _SUBSCRIPT:
        _subscript(watcher, shadow, step)
        return
    a, b = shadow.pop(2)
    if (
        operator.endswith("=")
        and watcher.reads.is_outside(a)
        and isinstance(a, np.ndarray | list | set | dict)
    ):
        refuse_change(watcher.reads.name(a), operator)
    if operator in _ARITHMETIC and type(a) in (int, str) and type(a) is type(b):
        shadow.push(_ARITHMETIC[operator](a, b) if operator == "+" or type(a) is int else UNKNOWN)
        return
    if not any(isinstance(x, Tensor) for x in (a, b)):  # a program reads arrays beside tensors anew
        for x in (a, b):
            watcher.reads.consume(x)
    shadow.push(UNKNOWN)
    shadow.fills = True


def _unary(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    value = shadow.pop()[0]
    if step.name in ("UNARY_NOT", "TO_BOOL"):
        _truth(watcher, value)
    else:
        watcher.reads.consume(value)
    shadow.push(UNKNOWN)
    shadow.fills = True


def _truth(watcher: Watcher, value: Any) -> None:
    """Whether a value counts as true was asked."""
    if isinstance(value, np.ndarray | Among):
        watcher.reads.consume(value)
    elif not isinstance(value, Tensor):
        watcher.reads.length(value)


def _jump(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    value = shadow.pop()[0]
    if "NONE" not in step.name:
        _truth(watcher, value)


def _jump_or_keep(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    if shadow.stack:
        _truth(watcher, shadow.stack[-1])


def _contains(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    key, container = shadow.pop(2)
    watcher.reads.contains(container, key)
    shadow.push(UNKNOWN)


def _enter(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    """A block begins: its context is asked for two methods."""
    watcher.reads.lookups.special(shadow.pop()[0], "__enter__", "__exit__")
    shadow.push(*[UNKNOWN] * (1 + step.effect))


def _iterate(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    value = shadow.pop()[0]
    watcher.reads.consume(value, deep=False)
    shadow.push(Among([value]) if value is not UNKNOWN else UNKNOWN)


def _spread(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    """Add to a container that is being built, or unpack one."""
    value = shadow.pop()[0]
    watcher.reads.consume(value, deep=False)
    if step.name.startswith("UNPACK"):
        parts = [UNKNOWN] * (step.effect + 1)
        if isinstance(value, tuple | list) and len(value) == len(parts):
            parts = list(reversed(value))
        shadow.push(*parts)
    elif len(shadow.stack) >= step.arg:
        _adds(shadow, step.arg, value)


def _append(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    values = shadow.pop(-step.effect)
    for value in values:
        _adds(shadow, step.arg, value)


def _adds(shadow: Shadow, depth: int, value: Any) -> None:
    """A container in the stack, which is being built, holds a value from now on."""
    if value is not UNKNOWN and 0 < depth <= len(shadow.stack):
        old = shadow.stack[-depth]
        shadow.stack[-depth] = Among([*(old.candidates if isinstance(old, Among) else ()), value])


def _format(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    values = shadow.pop(1 - step.effect)
    watcher.reads.consume(Among(values), objects=True)
    shadow.push(str(values[0]) if len(values) == 1 and type(values[0]) in (int, str) else UNKNOWN)


def _match(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    """A pattern looks at its subject, which stays where it is."""
    if step.name == "MATCH_CLASS":
        subject, cls, names = shadow.pop(3)
        watcher.reads.attribute(cls, "__match_args__")
        if isinstance(names, tuple):
            for name in (*getattr(type(subject), "__match_args__", ()), *names):
                watcher.reads.attribute(subject, name)
        shadow.push(UNKNOWN)
        return
    depth = 2 if step.name == "MATCH_KEYS" else 1
    subject = shadow.stack[-depth] if len(shadow.stack) >= depth else UNKNOWN
    watcher.reads.consume(subject, deep=False)
    shadow.height(step.effect)


# Calls --------------------------------------------------------------------------------------------


def _push_null(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    shadow.push(_NULL)


def _keyword_names(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    value = step.value
    shadow.keywords = value if isinstance(value, tuple) else shadow.frame.f_code.co_consts[step.arg]


def _call(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    names, shadow.keywords = shadow.keywords, ()
    if step.name == "CALL_KW":
        found = shadow.pop()[0]
        names = found if isinstance(found, tuple) else ()
    args = shadow.pop(step.arg)
    first, second = shadow.pop(2)
    function = second if first is _NULL else first
    if first is not _NULL and second is not _NULL:
        args = [second, *args]
    keywords = dict(zip(names, args[len(args) - len(names) :])) if names else {}
    _answer(watcher, shadow, function, args[: len(args) - len(names)], keywords)


def _call_spread(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    keywords = shadow.pop()[0] if step.arg & 1 or sys.version_info >= (3, 14) else _NULL
    args = shadow.pop()[0]
    first, second = shadow.pop(2)
    function = second if first is _NULL else first
    for part in (args, keywords):
        watcher.reads.consume(part, deep=False)
    known = args if isinstance(args, tuple | list) else [args] if args is not UNKNOWN else []
    _answer(watcher, shadow, function, [*known, *([keywords] if keywords is not _NULL else [])], {})


def _make_function(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    code = shadow.stack[-1] if shadow.stack else UNKNOWN
    if isinstance(code, types.CodeType):
        watcher.makes(code)
    shadow.height(step.effect)
    shadow.stack[-1:] = [UNKNOWN]


def _answer(
    watcher: Watcher, shadow: Shadow, function: Any, args: list[Any], keywords: dict[str, Any]
) -> None:
    value, shadow.fills = watcher.calls.call(function, args, keywords, shadow.frame)
    shadow.push(value)


def _import(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    fromlist = shadow.pop(2)[1]
    name = step.value if fromlist else step.value.split(".")[0]
    if is_library(name):
        shadow.push(sys.modules.get(name, UNKNOWN))
    else:
        shadow.push(watcher.reads.item(watcher.reads.mark(sys.modules, "sys.modules"), name, name))


def _import_from(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    owner = shadow.stack[-1] if shadow.stack else UNKNOWN
    shadow.push(_none_for_gone(watcher.reads.attribute(owner, step.value)))


# The stack itself -----------------------------------------------------------------------------------


def _swap(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    values = shadow.pop(step.arg)
    values[0], values[-1] = values[-1], values[0]
    shadow.push(*values)


def _copy(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    shadow.push(shadow.stack[-step.arg] if len(shadow.stack) >= step.arg else UNKNOWN)


def _nothing(watcher: Watcher, shadow: Shadow, step: Step) -> None:
    pass


_Handler = Callable[["Watcher", Shadow, Step], None]
_HANDLERS: dict[str, _Handler] = {
    "LOAD_CONST": _load_constant,
    "LOAD_SMALL_INT": _load_constant,
    "LOAD_GLOBAL": _load_global,
    "LOAD_NAME": _load_name,
    "LOAD_DEREF": _load_free,
    "LOAD_CLASSDEREF": _load_free,
    "LOAD_FROM_DICT_OR_DEREF": _load_free,
    "STORE_DEREF": _store_free,
    "STORE_GLOBAL": _change_global,
    "DELETE_GLOBAL": _change_global,
    "LOAD_ATTR": _load_attribute,
    "LOAD_METHOD": _load_attribute,
    "LOAD_SUPER_ATTR": _load_super,
    "STORE_ATTR": _change_attribute,
    "DELETE_ATTR": _change_attribute,
    "BINARY_SUBSCR": _subscript,
    "STORE_SUBSCR": _store_subscript,
    "DELETE_SUBSCR": _delete_subscript,
    "BINARY_SLICE": _slice,
    "STORE_SLICE": _store_slice,
    "BINARY_OP": _binary,
    "COMPARE_OP": _binary,
    "CONTAINS_OP": _contains,
    "IS_OP": compare,
    "BEFORE_WITH": _enter,
    "LOAD_SPECIAL": _enter,
    **dict.fromkeys(("UNARY_NOT", "UNARY_NEGATIVE", "UNARY_POSITIVE", "UNARY_INVERT", "TO_BOOL"), _unary),
    "GET_ITER": _iterate,
    "GET_YIELD_FROM_ITER": _iterate,
    **dict.fromkeys(
        ("UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE"), _spread
    ),
    **dict.fromkeys(("LIST_APPEND", "SET_ADD", "MAP_ADD"), _append),
    **dict.fromkeys(("MATCH_CLASS", "MATCH_KEYS", "MATCH_MAPPING", "MATCH_SEQUENCE", "GET_LEN"), _match),
    **dict.fromkeys(("FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC"), _format),
    "PUSH_NULL": _push_null,
    "KW_NAMES": _keyword_names,
    "MAKE_FUNCTION": _make_function,
    "CALL": _call,
    "CALL_KW": _call,
    "CALL_FUNCTION_EX": _call_spread,
    "IMPORT_NAME": _import,
    "IMPORT_FROM": _import_from,
    "SWAP": _swap,
    "COPY": _copy,
    "JUMP_IF_FALSE_OR_POP": _jump_or_keep,
    "JUMP_IF_TRUE_OR_POP": _jump_or_keep,
    **{name: _jump for name in dis.opmap if name.startswith("POP_JUMP_")},
    **dict.fromkeys(("RESUME", "PRECALL", "NOP", "CACHE", "EXTENDED_ARG", "CALL_INTRINSIC_1"), _nothing),
}
