"""Which public names and arguments their docstrings do not describe: python tools/docstrings.py

An argument is described by an item of an Args section that names it. Of an argument that takes an array, the
item, or the docstring's first lines, have to say the shape and the dtype.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
import reference

_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields):\s*$", re.MULTILINE)
_ITEM = re.compile(r"^    (\*{0,2}\w[\w, *]*):(.*(?:\n(?:     .*|\s*$))*)", re.MULTILINE)
_ARRAY = re.compile(r"\b(Value|Tensor|Array|NDArray|ArrayLike)\b")
_SHAPE = re.compile(
    r"\([\w.*, /+-]*,[\w.*, /+-]*\)|\(\)|shape|scalar|vector|matri|\brows?\b|\baxes\b|single|as the",
    re.IGNORECASE,
)
_DTYPE = re.compile(r"float|\bint|bool|dtype|uint8|\bbytes\b|numeric|classes|positions|as the", re.IGNORECASE)


class Gap(NamedTuple):
    """What is not described."""

    name: str
    argument: str
    what: str


def items(text: str) -> dict[str, str]:
    """Argument -> what an Args section says of it."""
    parts = _SECTION.split(text)
    described = {}
    for head, body in zip(parts[1::2], parts[2::2], strict=True):
        if head in ("Args", "Attributes"):
            for names, said in _ITEM.findall(body):
                described.update((name.strip(" *"), said) for name in names.split(","))
    return described


def callables() -> Iterator[tuple[str, Any]]:
    """Every public function, class, and method of a public class, once."""
    seen = set()
    for group in reference.GROUPS:
        for name, thing in reference.public_names(group):
            if id(thing) not in seen:
                seen.add(id(thing))
                yield name, thing
            if inspect.isclass(thing):
                for method, function in vars(thing).items():
                    if not method.startswith("_") and inspect.isfunction(function):
                        yield f"{name}.{method}", function


def gaps(name: str, thing: Any) -> Iterator[Gap]:
    """What the docstring of one callable leaves open."""
    text = inspect.getdoc(thing) or ""
    if (
        not text
        or (not inspect.isclass(thing) and text == inspect.getdoc(type(thing)))
        or text.startswith("See ")
    ):
        yield Gap(name, "", "docstring")
        return
    described = items(text)
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return
    for parameter in parameters:
        argument = parameter.name
        if argument in ("self", "cls") or argument.startswith("_"):
            continue
        if argument not in described:
            yield Gap(name, argument, "description")
        elif _is_array(parameter):
            said = described[argument]
            if not _SHAPE.search(said):
                yield Gap(name, argument, "shape")
            if not _DTYPE.search(said) and "\nDtypes: " not in text:
                yield Gap(name, argument, "dtype")


def _is_array(parameter: inspect.Parameter) -> bool:
    annotation = str(parameter.annotation)
    return bool(_ARRAY.search(annotation)) and "Callable" not in annotation


def count() -> tuple[int, int, list[Gap]]:
    """How many public callables, how many arguments of theirs, and the gaps."""
    names = arguments = 0
    found: list[Gap] = []
    for name, thing in callables():
        names += 1
        with contextlib.suppress(TypeError, ValueError):
            arguments += sum(p not in ("self", "cls") for p in inspect.signature(thing).parameters)
        found += gaps(name, thing)
    return names, arguments, found


def main() -> int:
    names, arguments, found = count()
    for gap in found:
        print(f"{gap.name}: {gap.what}" + (f" of {gap.argument}" if gap.argument else ""))
    nameless = sum(gap.what == "docstring" for gap in found)
    print(f"{names - nameless} of {names} public names have a docstring of their own")
    open_ones = {(gap.name, gap.argument) for gap in found if gap.argument}
    print(f"{arguments - len(open_ones)} of {arguments} arguments are described")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
