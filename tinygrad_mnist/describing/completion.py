"""Docstrings made whole: an item in the Args section for each argument, by one vocabulary.

A function describes in its own docstring what is special about it. What an argument is that many functions
have (`axis`, `generator`) is written once, in the files beside this one, by lines `argument: what it is`,
`name.argument: ...` for one function, class or method, or `area:argument: ...` for those of a module.
`{dtypes}` stands for what `DTYPES` says of the operation; "See `area.name`" for what is said there.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

from . import modules, operations, others

_HEAD = re.compile(r"^(?:Args|Attributes|Returns|Raises|Yields|Example):[ ]*$", re.MULTILINE)
_ITEM = re.compile(r"^    (\*{0,2}\w[\w, *]*):.*(?:\n(?: {5,}.*|[ ]*(?=\n {5,})))*", re.MULTILINE)
_DTYPE = re.compile(r"\b[Dd]types?\b")
_SEE = re.compile(r"See `(\w+\.\w+)`")

#: "name.argument", "area:argument" or "argument" -> what it is.
_SAID: dict[str, str] = {}
for _file in (operations, modules, others):
    for _line in _file.ARGUMENTS.splitlines():
        if _line and _line[0] != "#":
            _word, _, _text = _line.partition(": ")
            if _word in _SAID:
                raise ValueError(f"{_word} is described twice")
            _SAID[_word] = _text

#: Operation -> what it does with dtypes.
_DTYPES = {name: said for said, names in operations.DTYPES.items() for name in names.split()}

_PACKAGE = __name__.partition(".")[0]

#: "area.name" -> its docstring, for those that refer to it.
_WHOLE: dict[str, str] = {}


def front(area: str, where: dict[str, Any], *modules: str) -> list[str]:
    """Make a module the front of those whose names it has: `__all__` is what it holds without an underscore.

    Nothing is listed here a second time: type checkers read the `from .family import *` above the call, and
    what each family states.

    Args:
        area: the module's word in the vocabulary.
        where: its names and objects.
        modules: those of its modules that are public; they may come later.
    """
    names = [name for name, thing in where.items() if name[0] != "_" and not isinstance(thing, ModuleType)]
    where["__all__"] = names = sorted([*names, *modules])
    complete(area, [name for name in names if name in where], where)
    return names


def complete(area: str, names: Iterable[str], where: dict[str, Any]) -> None:
    """Make the docstrings of a module's public functions and classes whole.

    Args:
        area: the module's word in the vocabulary.
        names: which of its names.
        where: its names and objects.
    """
    for name in names:
        thing = where[name]
        if isinstance(thing, FunctionType):
            thing.__doc__ = described(area, thing.__name__, thing.__doc__, _arguments(thing))
        elif isinstance(thing, type) and isinstance(vars(thing).get("__doc__"), str):
            _complete_class(area, thing)
        else:
            continue
        _WHOLE.setdefault(f"{area}.{name}", thing.__doc__ or "")


def _complete_class(area: str, kind: type) -> None:
    if not kind.__module__.startswith(_PACKAGE):
        return
    fields = getattr(kind, "_fields", None)
    made: Any = kind.__new__ if isinstance(kind.__new__, FunctionType) else vars(kind).get("__init__")
    made = made or getattr(kind, "__init__")  # noqa: B009 - of the class, which may inherit it
    arguments = fields if isinstance(fields, tuple) else _arguments(made)
    kind.__doc__ = described(area, kind.__name__, kind.__doc__, arguments)
    for name, method in vars(kind).items():
        if isinstance(method, FunctionType) and name[0] != "_" and method.__module__.startswith(_PACKAGE):
            text: str | None = method.__doc__
            if not text or text.startswith("See "):
                text = next(
                    (vars(base)[name].__doc__ for base in kind.__mro__[1:] if name in vars(base)), text
                )
            if name == "forward" and (not text or text.startswith("See")):
                text = "The result for an input, as the class says."
            method.__doc__ = described(area, name, text, _arguments(method), kind.__name__)


def _arguments(function: Any) -> tuple[str, ...]:
    signature = getattr(function, "__signature__", None)
    if signature is not None:
        return tuple(name for name in signature.parameters if name not in ("self", "cls"))
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return ()
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return tuple(name for name in code.co_varnames[:count] if name not in ("self", "cls") and name[0] != "_")


def described(
    area: str, name: str, text: str | None, arguments: Iterable[str], owner: str = ""
) -> str | None:
    """A docstring with an item for each argument that the vocabulary knows.

    Args:
        area: the module's word in the vocabulary.
        name: of the function, class or method.
        text: the docstring.
        arguments: the names of its arguments.
        owner: the class of a method.
    """
    if not text:
        return text
    text = inspect.cleandoc(text)
    arguments = list(arguments)
    if match := _SEE.match(text):
        text = _instead(match, text, arguments)
    start, items, end = _items(text)
    known = {word.strip(" *") for item in items for word in item[0].split(",")}
    if name[0].isupper() and "Attributes:" in text:
        attributes = text[text.index("Attributes:") :]
        known |= {word.strip() for item in _ITEM.finditer(attributes) for word in item[1].split(",")}
    found = []
    for argument in arguments:
        if argument not in known:
            said = _said(area, name, argument, owner)
            if said:
                found.append(f"    {argument}: {said}")
    if found and items:
        text = f"{text[:end]}\n" + "\n".join(found) + text[end:]
    elif found:
        head = f"{text[:start].rstrip()}\n\nArgs:\n" + "\n".join(found)
        text = f"{head}\n\n{text[start:]}" if text[start:] else head
    dtypes = _DTYPES.get(name)
    silent = dtypes and dtypes not in text and not _DTYPE.search(text)
    return f"{text}\n\nDtypes: {dtypes}." if silent else text


def _said(area: str, name: str, argument: str, owner: str) -> str:
    keys = [f"{owner}.{name}.{argument}"] if owner else []
    for key in (*keys, f"{name}.{argument}", f"{area}:{argument}", argument):
        if said := _SAID.get(key):
            return said.replace("{dtypes}", _DTYPES.get(name, "any dtype"))
    return ""


def _items(text: str) -> tuple[int, list[tuple[str, str]], int]:
    """Where an Args section is or would be put, its items (names, all of it), and where the last one ends."""
    heads = list(_HEAD.finditer(text))
    for head in heads:
        if head.group().startswith("Args"):
            after = next((other.start() for other in heads if other.start() > head.start()), len(text))
            found = list(_ITEM.finditer(text, head.end(), after))
            return (
                head.start(),
                [(item[1], item[0]) for item in found],
                found[-1].end() if found else head.end(),
            )
    return (heads[0].start() if heads else len(text)), [], 0


def _instead(match: re.Match[str], text: str, arguments: list[str]) -> str:
    """What another docstring says, with the items of these arguments; what followed the reference stays."""
    other = _WHOLE.get(match[1], "")
    if not other:
        return text
    if "input" in arguments and "x" not in arguments:
        other = re.sub(r"^    x:", "    input:", other, flags=re.MULTILINE)
    _, items, _ = _items(other)
    for names, item in items:
        if not set(re.split(r"[ ,*]+", names)) & set(arguments):
            other = other.replace(f"{item}\n", "").replace(f"\n{item}", "")
    other = re.sub(r"^Args:[ ]*\n(?!    )", "", other, flags=re.MULTILINE).rstrip()
    other = re.sub(r"\n+Args:$", "", other)
    rest = text[match.end() :].lstrip("; .\n")
    if not rest:
        return other
    summary, _, more = other.partition("\n")
    return f"{summary}\n\n{rest[0].upper()}{rest[1:].rstrip('.')}.\n{more}"
