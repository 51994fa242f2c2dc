"""`tg.jit`: a function that is recorded at its first call and compiled into one native loop."""

from __future__ import annotations

import functools
import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, overload

from .. import writing
from ..core.interpreter import interpreter
from ..core.tape import recording
from ..core.tensor import Tensor
from ..core.tree import Tree
from ..describing import complete
from ..errors import ShapeError, TraceError
from ..primitive import Array
from .direct import MISSED, Straight
from .export import exported
from .loops import Loops
from .memory import as_step, ready
from .program import Program
from .specialization import Specialization
from .structure import Constant, given_in, structure_of

_LOGGED = 1000  # reasons why a function was recorded; the oldest goes first
_KEPT = 16  # specialisations kept per function; the oldest goes first


@overload
def jit(function: Callable[..., Any], *, check: bool = False) -> CompiledFunction: ...
@overload
def jit(*, check: bool = False) -> Callable[[Callable[..., Any]], CompiledFunction]: ...
def jit(function: Callable[..., Any] | None = None, *, check: bool = False) -> Any:
    """Compile a function of Tensors, at its first call, into one native loop.

    The function runs once on symbols, which records a program: forward pass, gradients, optimiser
    steps, random numbers, anything built of this package's operations. The program is fused,
    printed as Python source and compiled by Numba. Calls with arguments of the same structure,
    shapes and dtypes then run it.

    Tensors and arrays that the function uses without being given them are captured by reference:
    their present numbers are read at each call, and what `assign_` changes (parameters, optimiser
    state, random generators) is changed in place. Floats among the
    arguments and the numbers of optimisers are read at each call as well; where one decides what is
    computed, the function is recorded anew when it would decide otherwise.

    Everything else that the function read while it was recorded is watched: variables, attributes of
    objects, classes and modules, items, lengths and membership of containers, code and defaults of functions,
    arguments that are no tensors, numbers taken from arrays and tensors (`item()`, `if`). Numbers and
    strings are compared by type and value, everything else by identity, at each call; a change
    records the function anew, and `explain()` says what changed and what is watched. What it
    writes into objects (`self.out = y`) is written after each call. docs/watching.md says exactly what
    is watched and what cannot be.

    Gradients that `backward` leaves on Tensors exist only inside the program: return those you
    want to look at. Results can be differentiated, to any order, with respect to arguments and to
    captured tensors, in graphs that mix eager and compiled parts; the derivative is a compiled program
    too, which computes again what it needs of the function's values. Inside another compiled function
    calls run the function itself.

    Args:
        function: of Tensors, arrays, nested tuples, lists and dicts of them, and anything else.
        check: record at each call, and raise TraceError at the first difference from the program that
            would have run: slow, for finding what is not watched.

    Raises TraceError where the function asks for the number of a tensor that the program computes, where
    it draws random numbers that are not of this package, uses up an iterator, or changes a container
    in a way that cannot be repeated, and TypeError for what cannot be called.
    """
    if function is None:
        return functools.partial(_compiled, check=check)
    return _compiled(function, check)


def _compiled(function: Any, check: bool) -> Any:
    """The function compiled; of a static or class method or a property, what it is made of."""
    if isinstance(function, staticmethod | classmethod):
        return type(function)(_compiled(function.__func__, check))
    if isinstance(function, property):
        getter = None if function.fget is None else _compiled(function.fget, check)
        return property(getter, function.fset, function.fdel, function.__doc__)
    if not callable(function):
        raise TypeError(
            f"jit: takes a function of tensors, as in tg.jit(f) or @tg.jit above it, and got "
            f"{function!r:.80}, a {type(function).__name__}"
        )
    return CompiledFunction(function, check)


class CompiledFunction:
    """A function behind `tg.jit`."""

    def __init__(self, function: Callable[..., Any], check: bool = False) -> None:
        functools.update_wrapper(self, function)
        self._function, self._check = function, check
        self._specializations: dict[Any, Specialization] = {}
        self._latest: Specialization | None = None
        self._straight: Straight | None = None  # the way of the last call, if any
        self._log: deque[str] = deque(maxlen=_LOGGED)
        self._lock = threading.RLock()
        _ALL.add(self)

    def __reduce__(self) -> Any:
        """Sent or copied as what it was made of; it compiles anew where it arrives."""
        path = getattr(self, "__qualname__", "")
        found: Any = sys.modules.get(self.__module__)
        for name in path.split("."):
            found = getattr(found, name, None)
        return path if found is self else (CompiledFunction, (self._function,))

    def __call__(self, *args: Any, **kwargs: Any) -> Tree:
        """Call the function; compiles it if arguments of this kind are new."""
        straight = self._straight
        if straight is not None:
            found = straight(args, kwargs)
            if found is not MISSED:
                return found
            for made in list(self._specializations.values()):
                if made.straight is not None and made.straight is not straight:
                    found = made.straight(args, kwargs)
                    if found is not MISSED:
                        self._straight = made.straight
                        return found
        if interpreter.get().symbolic:  # it becomes part of that program
            return self._function(*args, **kwargs)
        with self._lock:
            found, arrays, captured = self._fitting((args, kwargs), None)
            if not found.on_arguments:
                value = found.call(arrays, given_in((args, kwargs), captured))
                self._straight = None if self._check else found.straight
                return value
        return self._function(*args, **kwargs)

    def _fitting(
        self, given: Any, captured: list[Tensor] | None
    ) -> tuple[Specialization, list[Array], list[Tensor] | None]:
        """The program for a call, the arrays that it takes, and `captured`.

        `captured`: arguments that the function has from elsewhere, too; None: it is taken as if no two
        Tensors among the arguments and there were one, which does not matter to most functions.
        """
        leaves: list[Tensor] = []
        numbers: list[float] = []
        places = None if captured is None else {id(x): Constant(x) for x in captured}
        structure = structure_of(given, leaves, numbers, places=places)
        arrays = [as_step(ready(x.array)) for x in leaves]
        found = self._specialization(structure, arrays, _require(leaves), numbers)
        if found.tells_apart:
            also = found.also_captured(leaves)
            if also or (captured is None and len({id(x.array) for x in leaves}) < len(leaves)):
                return self._fitting(given, [*(captured or ()), *also])
        return found, arrays, captured

    def scan(self, *args: Any, **kwargs: Any) -> Tree:
        """Call the function once per step, all steps in native code with the GIL released.

        Every Tensor or array among the arguments has an axis of steps in front, of one length;
        the function sees one element of it per step. Every Tensor of the result has such an axis.
        Ctrl-C is answered between steps, about every 0.1 s; the steps done so far have happened.

        A product whose left matrix is rows of memory (an argument, what is captured, or rows of it that
        are looked up), mostly zeros, skips these: a zero contributes nothing to it and to the gradient of
        its weights, also where it would meet infinity or NaN. Its sums are added up in another order than
        those of single calls. A sample of the numbers decides it, at each scan.

        Raises ShapeError if there is no array argument or their step counts differ.
        """
        interpreter.get().refuse("scan: a compiled loop cannot be recorded inside another compiled function")
        leaves: list[Tensor] = []
        numbers: list[float] = []
        structure = structure_of((args, kwargs), leaves, numbers)
        counts = {x.shape[0] if x.ndim else None for x in leaves}
        if len(counts) != 1 or None in counts:
            raise ShapeError(
                "scan: every array argument needs an axis of steps in front, all of one length; "
                f"got shapes {[x.shape for x in leaves]}"
            )
        arrays = [ready(x.array) for x in leaves]
        with self._lock:
            found = self._specialization(structure, arrays, _require(leaves), numbers)
            if found.on_arguments:
                raise TraceError(
                    "scan: backward inside would leave a gradient on an argument that requires one; "
                    "pass it as x.detach()"
                )
            return found.scan(len(arrays[0]), arrays, given_in((args, kwargs)))

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        return self if owner is None else BoundFunction(self, owner)

    @property
    def source(self) -> str:
        """The Python source of the program compiled last, as one worker runs it."""
        return self._last().latest_form.source

    @property
    def shared_source(self) -> str:
        """The Python source that was compiled: for several workers, if there is enough to share out."""
        return self._last().latest_form.text

    @property
    def loops(self) -> Loops:
        """The program compiled last as typed loops: what is stored where."""
        return self._last().latest_form.loops

    @property
    def program(self) -> Program:
        """The recorded program compiled last."""
        return self._last().program

    def export(self, path: str | Path) -> None:
        """Write the program compiled last into one file that needs NumPy and Numba, and not this package.

        The file says at its top what the arguments of its function `program` are.
        """
        path = Path(path)
        latest = self._last()
        if not path.stem.isidentifier():
            raise ValueError(f"export: the file is a Python module, and {path.stem!r} is no name for one")
        writing.write(path, exported(latest.form, path.stem))

    def explain(self) -> str:
        """Why the function was recorded, each time it was, and what is watched now: a line each."""
        if self._latest is None:
            return "not recorded yet: call the function first"
        return "\n".join([*self._log, *(f"watched: {place}" for place in self._latest.places.describe())])

    def _last(self) -> Specialization:
        if self._latest is None:
            raise TraceError("nothing has been compiled yet: call the function first")
        return self._latest

    def _specialization(
        self, structure: Any, arrays: Sequence[Array], require: tuple[bool, ...] | None, numbers: list[float]
    ) -> Specialization:
        """The program for arguments of this structure, these arrays (first axis: steps) and these numbers.

        `require` says which require a gradient; None if nobody records.
        """
        key = (structure, require, *((x.shape[1:], x.dtype) for x in arrays))
        found = self._specializations.get(key)
        reason = "first call" if not self._specializations else "arguments of a new structure, shape or dtype"
        if found is not None:
            found.given[:] = numbers
            changed = found.change()
            if changed is None:
                if self._check:
                    again = Specialization.record(self._function, structure, arrays, require, numbers)
                    found.check(again)
                self._latest = found
                return found
            reason = changed
        arguments = ", ".join(f"{x.dtype}{list(x.shape[1:])}" for x in arrays)
        self._log.append(f"recorded for ({arguments}): {reason}")
        siblings = list(self._specializations.values())
        made = Specialization(self._function, structure, arrays, require, numbers, self._lock, siblings)
        self._specializations.pop(key, None)
        self._specializations[key] = self._latest = made
        if len(self._specializations) > _KEPT:
            del self._specializations[next(iter(self._specializations))]
        return made


class BoundFunction:
    """A compiled function as a method: it gets the object first. Its other attributes are the function's."""

    def __init__(self, function: CompiledFunction, owner: Any) -> None:
        self.__func__, self.__self__ = function, owner

    def __call__(self, *args: Any, **kwargs: Any) -> Tree:
        """See `CompiledFunction.__call__`."""
        return self.__func__(self.__self__, *args, **kwargs)

    def scan(self, *args: Any, **kwargs: Any) -> Tree:
        """See `CompiledFunction.scan`."""
        return self.__func__.scan(self.__self__, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__func__, name)


def _require(leaves: Sequence[Tensor]) -> tuple[bool, ...] | None:
    return tuple([x.requires_grad for x in leaves]) if recording.get() else None


_ALL: weakref.WeakSet[CompiledFunction] = weakref.WeakSet()


def _after_fork() -> None:
    """Whoever was calling a function in another thread is not there in the child."""
    for function in _ALL:
        function._lock = threading.RLock()
        for made in function._specializations.values():
            made.after_fork(function._lock)
        function._straight = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


complete("compiler", ("CompiledFunction",), globals())
