"""What there is to check, by name: the operations of this package, and what a user's module declares.

`tinygrad-mnist gradcheck` and the pytest plugin run these.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

from ..kinds import name_of
from ..primitive import COMPOSITES, REGISTRY, Primitive
from .errors import GradcheckError, NoSuchCheckError
from .gradcheck import Report
from .registry import OWN, check_composite, check_primitive

_PACKAGE = __name__.split(".")[0]


class Check(NamedTuple):
    """Something that can be checked.

    Attributes:
        name: of the operation or function.
        kind: of the primitive; "composite", or "function" for a user's check.
        run: from the order up to which to differentiate to a report; raises as `gradcheck` does.
    """

    name: str
    kind: str
    run: Callable[[int], Report]


class Result(NamedTuple):
    """What became of a check: a report, or the error it raised.

    `error` may be any exception: a function that cannot be called fails its check.
    """

    check: Check
    report: Report | None
    error: Exception | None
    seconds: float


def checks(names: Sequence[str] = ()) -> list[Check]:
    """The checks of these names; without names, of every operation of this package.

    Args:
        names: operations ("softmax"), or modules to import ("package.module"). A module offers the
            primitives it declares, its functions behind `primitive.composite`, and its functions
            without arguments named `check_...`, which call `gradcheck` or `check_module` and return the
            report.

    Raises:
        NoSuchCheckError: for a name that is none of these, or a module without anything to check.
    """
    own = [_primitive(p) for name, p in REGISTRY.items() if name in OWN]
    own += [_composite(name) for name, c in COMPOSITES.items() if _is_within(c.function.__module__, _PACKAGE)]
    if not names:
        return own
    found: list[Check] = []
    for name in names:
        operations = [check for check in own if check.name == name]
        found += operations or list(_of_module(_imported(name, [check.name for check in own])))
    return found


def run(check: Check, order: int) -> Result:
    """The result of a check; whatever it raises is part of it."""
    start = time.perf_counter()
    try:
        return Result(check, check.run(order), None, time.perf_counter() - start)
    except Exception as error:
        return Result(check, None, error, time.perf_counter() - start)


def _primitive(primitive: Primitive) -> Check:
    return Check(
        primitive.name, name_of(primitive.kind), lambda order: check_primitive(primitive, order=order)
    )


def _composite(name: str) -> Check:
    return Check(name, "composite", lambda order: check_composite(COMPOSITES[name], order=order))


def _is_within(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def _imported(name: str, known: Sequence[str]) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and _is_within(name, error.name):
            near = difflib.get_close_matches(name, known)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise NoSuchCheckError(f"gradcheck: {name!r} is no operation and no module{hint}") from None
        raise NoSuchCheckError(f"gradcheck: importing {name} fails: {error}") from error
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise NoSuchCheckError(f"gradcheck: importing {name} fails: {what}") from error


def _of_module(module: ModuleType) -> Iterator[Check]:
    values = list(vars(module).values())
    primitives = [x for x in values if isinstance(x, Primitive) and x.name not in OWN]
    composites = [
        name for name, c in COMPOSITES.items() if _is_within(c.function.__module__, module.__name__)
    ]
    functions = [
        x
        for name, x in vars(module).items()
        if name.startswith("check_") and callable(x) and getattr(x, "__module__", "") == module.__name__
    ]
    if not primitives and not composites and not functions:
        raise NoSuchCheckError(
            f"gradcheck: {module.__name__} declares no primitive, no composite and no function check_...()"
        )
    yield from map(_primitive, primitives)
    yield from map(_composite, composites)
    for f in functions:
        yield Check(f.__name__, "function", functools.partial(_without_order, f))


def _without_order(f: Callable[[], Any], order: int) -> Report:
    report = f()
    if not isinstance(report, Report):
        raise GradcheckError(f"{f.__name__}: must return the report of gradcheck, not {report!r}")
    return report
