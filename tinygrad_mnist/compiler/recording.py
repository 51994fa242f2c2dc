"""Running a function once on symbols, watched: what it computes, depends on and leaves behind."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
from collections import defaultdict, deque
from collections.abc import Callable, ItemsView, Iterator, Sequence, ValuesView
from typing import Any

import numpy as np

from ..core.interpreter import interpreter
from ..core.tensor import Tensor, wrap
from ..core.tree import attributes, held_by
from ..errors import TraceError
from .derivative import Differentiable
from .effects import Effect
from .looping import LoopTrace
from .naming import paths
from .overlaps import Overlaps
from .places import Places, content
from .program import Program, simplified
from .reads import Reads
from .structure import LEAF, Again, in_places, rebuilt, structure_of
from .trace import Symbol
from .values import shown
from .watch import Watcher


class Recording:
    """A function that has run once on symbols.

    Attributes:
        trace: what it computed.
        arguments: the symbols it was given.
        result: the structure of its value.
        outputs: the symbols of its value's tensors, of those it keeps, and of arguments it assigned.
        shown: how many of the outputs belong to the value.
        grads: Tensors whose gradient it set, and what it was at the end: the program's own.
        places: what it read of its surroundings.
        derivative, on_arguments: see `Specialization`.
        tells_apart: whether it matters if two of its tensors are one: it compares some by identity, changes
            some in place, or differentiates.
        known: those from elsewhere that an argument may be.
        reassigned: positions of arguments that were given a new value.
        overlaps: which tensors of a call must not be one.
        unsteady: the name of something that it reads and changes, so that the next call reads another value.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        structure: Any,
        arguments: list[Symbol],
        require: tuple[bool, ...] | None,
        numbers: list[float],
    ) -> None:
        reads = Reads()
        self.arguments = arguments
        self.trace = trace = LoopTrace(reads, paths(function))
        for symbol in arguments:
            symbol.name = trace.name(symbol.name)
        self.places: Places = reads.places
        given = [wrap(s) for s in arguments]
        for x, required in zip(given, require or ()):
            x.requires_grad = required
        floats = [trace.floats.argument(numbers, k) for k in range(len(numbers))]
        args, kwargs = rebuilt(structure, in_places(structure, given), iter(floats))
        containers = [*_containers((args, kwargs))]
        contents = [*map(_content, containers)]
        reads.mark(function, getattr(function, "__name__", "the function"))
        for name, value in (*((f"argument {i}", x) for i, x in enumerate(args)), *kwargs.items()):
            _mark_objects(reads, value, name)
        watcher = Watcher(reads)
        leaves: list[Tensor] = []
        self._kept: list[tuple[Effect, Any]] = []
        token = interpreter.set(trace)
        try:
            with watcher.watching():
                watcher.calls.root(function)
                value = function(*args, **kwargs)
            _refuse_changed(containers, contents)
            self.result = structure_of(value, leaves, None, reads.is_outside)
            _refuse_hidden(reads, value, "returns")
            self.shown = len(leaves)
            for effect in reads.effects.all():
                self._kept.append((effect, _pattern(reads, effect.read(), leaves, effect.name)))
            self.reassigned = [i for i, (x, s) in enumerate(zip(given, arguments)) if x.array is not s]
            leaves += [given[i] for i in self.reassigned]
            self.outputs = [trace.symbol(x) for x in leaves]
            self._same = [*_same(trace, given, leaves[: len(leaves) - len(self.reassigned)])]
            self.derivative = None if require is None else Differentiable(trace, given, leaves)
            self.on_arguments = any(x._grad is not None for x in given)
            trace.finish()
            self.overlaps = Overlaps(trace, arguments, self.outputs, self.reassigned)
            changes = self.reassigned or trace.assigned
            self.tells_apart = bool(reads.tells_apart or trace.differentiates or changes)
            known = reads.tensors() if reads.tells_apart else [x for x, _ in trace.captured.values()]
            self.known = [x for x in known if isinstance(x, Tensor)]
            self.unsteady = next((e.name for e in reads.effects.all() if _is_unsteady(e, self.places)), None)
        finally:
            interpreter.reset(token)
            reads.effects.undo()
            self.grads = [(leaf, leaf.grad) for leaf, _ in trace.grads.values()]
            for leaf, before in trace.grads.values():
                leaf._grad = before
            for leaf, stamp, memory, before in trace.stamps.values():
                leaf.assigned, leaf.memory = stamp, memory
                if memory is not None:
                    memory.changes, memory.array = before
        for array, _ in reads.arrays:
            if id(array) not in trace.captured:
                reads.numbers(array)
        reads.forget()

    @property
    def leaves_something(self) -> bool:
        """Whether it writes into objects from outside."""
        return bool(self._kept or self.reassigned or self._same)

    def program(self) -> Program:
        """What it computed, without what is not needed."""
        trace = self.trace
        updates = [(trace.captured[key][1], value) for key, (_, value) in trace.assigned.items()]
        captured = [symbol for _, symbol in trace.captured.values()]
        return simplified(trace.instructions, self.arguments, captured, self.outputs, updates)

    def left(self, results: list[Tensor], given: Sequence[Any] | None) -> Any:
        """The function's value, from the results of a call; what it leaves in objects is left there.

        `given`: its arguments; None for results of many steps, each of which has its own.
        """
        if given is not None:
            for i, x in zip(self.reassigned, results[len(results) - len(self.reassigned) :]):
                if isinstance(given[i], Tensor):
                    given[i].assign_(x)
                else:
                    given[i][...] = x.array
            for k, same in self._same:
                by_number = given[same] if isinstance(same, int) else same
                results[k] = results[same.first] if isinstance(same, Again) else by_number
        value = rebuilt(self.result, iter(results[: self.shown]))
        tensors = iter(results[self.shown :])
        for effect, pattern in self._kept:
            effect.write(_filled(pattern, tensors))
        return value


def _same(trace: LoopTrace, given: Sequence[Tensor], leaves: Sequence[Tensor]) -> Iterator[tuple[int, Any]]:
    """Which of the tensors that are left are none of their own, and what they are: the number of an argument,
    a tensor from outside, or an earlier one."""
    met: dict[int, Any] = {id(x): i for i, x in enumerate(given)}
    for k, x in enumerate(leaves):
        if id(x) in met or not trace.owns(x):
            yield k, met.get(id(x), x)
        else:
            met[id(x)] = Again(k)


def _is_unsteady(effect: Effect, places: Places) -> bool:
    return effect.read() is not effect.before and places.has(effect.owner, effect.key)


def _mark_objects(reads: Reads, value: Any, name: str) -> None:
    """Note the objects among the arguments; the containers around them are made anew at each call."""
    if isinstance(value, dict):
        for key, x in value.items():
            _mark_objects(reads, x, f"{name}[{shown(key)}]")
    elif isinstance(value, list | tuple):
        for i, x in enumerate(value):
            _mark_objects(reads, x, f"{name}[{i}]")
    if isinstance(value, dict | list | tuple):
        for key, x in attributes(value).items():
            _mark_objects(reads, x, f"{name}.{key}")
    elif not (isinstance(value, Tensor) and isinstance(value.array, Symbol)):
        reads.mark(value, name)


def _containers(tree: Any) -> Iterator[Any]:
    """The lists and dicts among arguments: a call makes them anew, so that the caller's stay as they are."""
    if isinstance(tree, tuple | list | dict):
        if not isinstance(tree, tuple):
            yield tree
        for part in held_by(tree):
            yield from _containers(part)


def _content(container: Any) -> dict[Any, Any]:
    """What a list or dict holds, by key; of a class of them the attributes, too."""
    items = container if isinstance(container, dict) else dict(enumerate(container))
    return {**items, **{(name,): value for name, value in attributes(container).items()}}


def _refuse_changed(containers: Sequence[Any], before: Sequence[dict[Any, Any]]) -> None:
    """TraceError where the function has put something into a list or dict that it was given, or taken out.

    What a defaultdict makes where it is read does not count.
    """
    for container, old in zip(containers, before):
        new = _content(container)
        more = not isinstance(container, defaultdict) and len(new) > len(old)
        if more or any(key not in new or new[key] is not value for key, value in old.items()):
            raise TraceError(
                f"the function changes a {type(container).__name__} that it was given, and a program could "
                "not do that to the caller's: change a copy of it, as in dict(d) or list(l), and return what "
                "is new"
            )


def _refuse_hidden(reads: Reads, value: Any, what: str) -> None:
    """TraceError where a value holds symbols in something that no program can fill anew at each call."""
    if isinstance(value, dict | list | tuple):
        if not reads.is_outside(value):
            for x in [*(value.values() if isinstance(value, dict) else value), *attributes(value).values()]:
                _refuse_hidden(reads, x, what)
        return
    if reads.is_outside(value):  # its own attributes are written after each call
        return
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for x in attributes(value).values():
            _refuse_hidden(reads, x, what)
        return
    if inspect.iscoroutine(value):
        value.close()  # nobody will ever wait for it
    if _is_used_up(value) or any(map(_has_symbols, _held(value))):
        raise TraceError(
            f"the function {what} a {type(value).__name__}, which a program cannot make anew at each call: "
            "return tensors, and tuples, lists, dicts and dataclasses of them"
        )


def _is_used_up(value: Any) -> bool:
    """Whether a value gives what it holds only once."""
    return inspect.iscoroutine(value) or isinstance(value, Iterator)


def _held(value: Any) -> list[Any]:
    """What an object that is no container of the common kinds holds."""
    if isinstance(value, Tensor | type | types.ModuleType):
        return []
    if isinstance(value, types.MethodType):
        return [value.__self__, *_held(value.__func__)]
    if isinstance(value, types.BuiltinMethodType):
        return [value.__self__]
    if isinstance(value, functools.partial):
        return [*value.args, *value.keywords.values(), *_held(value.func)]
    if isinstance(value, types.FunctionType):
        cells = [content(cell) for cell in value.__closure__ or ()]
        return [*cells, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
    held = list(attributes(value).values())
    for base in type(value).__mro__:
        names = vars(base).get("__slots__", ())
        held += [getattr(value, n, None) for n in ((names,) if isinstance(names, str) else names)]
    if isinstance(value, set | frozenset | deque | ValuesView | ItemsView):
        held += list(value)
    if isinstance(value, types.MappingProxyType):
        held += value.values()
    if isinstance(value, np.ndarray) and value.dtype == object:
        held += list(value.flat)
    return held


def _has_symbols(value: Any) -> bool:
    if isinstance(value, Tensor):
        return isinstance(value.kept(), Symbol)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    if dataclasses.is_dataclass(value) or parts:
        parts = [*parts, *attributes(value).values()]
    return any(map(_has_symbols, parts))


def _pattern(reads: Reads, value: Any, leaves: list[Tensor], name: str) -> Any:
    """The structure of a value in which there are symbols; None, and the value, for any other."""
    if not _has_symbols(value):
        _refuse_hidden(reads, value, f"puts into {name}")
        return None, value
    return structure_of(value, leaves, None, reads.is_outside), None


def _filled(pattern: Any, tensors: Iterator[Tensor]) -> Any:
    structure, value = pattern
    return value if structure is None else next(tensors) if structure is LEAF else rebuilt(structure, tensors)
