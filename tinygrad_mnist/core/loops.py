"""Loops that can be differentiated: a function applied again and again to a state.

In eager execution they are loops of Python on the tape; where a program is recorded they become one loop
of it, whose derivative is another one.
"""

from __future__ import annotations

import operator
import reprlib
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from .. import ops
from ..errors import DTypeError, ShapeError, UnfinishedError
from ..ops.views import alias
from .again import checkpoint, looping
from .generator import drawn_from
from .tape import clock, set_recording
from .tensor import Tensor, filled, wrap
from .tree import Tree, flatten, paths

__all__ = ["fori", "scan", "while_loop"]

Keep = Literal["all", "sqrt"]


def scan(
    f: Callable[[Tree, Tree], tuple[Tree, Tree]],
    state: Tree,
    xs: Tree = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    keep: Keep = "all",
) -> tuple[Tree, Tree]:
    """Apply `f` to a state and to each element of `xs` in turn: (state, x) -> (new state, what to keep).

    Differentiable to any order by the state, by xs and by Tensors that f uses without being given them.
    In a compiled function it is one loop, whatever its length.

    Args:
        f: gets the state and one element of xs, and gives the next state, of the same structure, shapes and
            dtypes, and what to keep of this step: nested tuples, lists and dicts of Tensors, or None.
        state: the first state.
        xs: Tensors, each with an axis of steps in front; None: f gets None.
        length: the number of steps; may be left out if xs tell it.
        reverse: begin with the last element. What is kept of a step stands where its element stands.
        keep: what is kept for `backward`: "all" that it needs, or "sqrt": of n steps the state at about
            sqrt(n) of them, from where the others are computed again. The bits are the same.

    Returns:
        (last state, what was kept, each with an axis of steps in front).

    Raises:
        TypeError: if f cannot be called, or does not give a pair.
        ShapeError, DTypeError: if the state changes its structure, a shape or a dtype; if lengths differ, or
            there is none.
        ValueError: for another `keep`.
    """
    _check_callable("scan", "f", f)
    if keep not in ("all", "sqrt"):
        raise ValueError(f'scan: keep is "all" or "sqrt", not {keep!r}')
    body = _Body("scan", f, state)
    elements, rebuild = flatten(xs)
    steps = _steps(elements, list(paths(xs, "xs")), length)

    names = [*_names(f, 0, state), *_names(f, 1, xs)]

    def step(leaves: list[Tensor], parts: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        pair = f(body.rebuild(leaves), rebuild(parts))
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(
                f"scan: f gives a pair, the new state and what to keep of the step (None for nothing), not "
                f"{_kind(pair)}{_where(f)}"
            )
        return body.checked(pair[0]), body.kept(pair[1])

    run = _in_chunks if keep == "sqrt" else _loop
    last, kept = run(step, body.leaves, elements, steps, reverse, names)
    return body.rebuild(last), body.rebuild_kept(kept)


def fori(n: int, f: Callable[[Tensor, Tree], Tree], state: Tree) -> Tree:
    """Apply `f` n times to a state: (number of the step, state) -> new state.

    Args:
        n: the number of steps.
        f: gets the number of the step, from 0, an int64 Tensor of shape (), and the state; gives the next
            state, of the same structure, shapes and dtypes.
        state: the first state: nested tuples, lists and dicts of Tensors.

    Returns:
        The last state. Differentiable as `scan`, whose errors are raised.
    """
    _check_callable("fori", "f", f)
    body = _Body("fori", f, state)
    steps = _count("fori: n", n)

    def step(leaves: list[Tensor], _: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        number, *inner = leaves
        new = body.checked(f(number, body.rebuild(inner)))
        return [number + 1, *new], []

    names = [*_names(f, 0, 0), *_names(f, 1, state)]
    (_, *last), _ = _loop(step, [_number(0), *body.leaves], [], steps, False, names)
    return body.rebuild(last)


def while_loop(test: Callable[[Tree], Any], f: Callable[[Tree], Tree], state: Tree, *, most: int) -> Tree:
    """Apply `f` to a state as long as `test` of the state holds, but not more than `most` times.

    Args:
        test: gets the state, and gives one number or bool: whether to go on.
        f: gets the state, and gives the next one, of the same structure, shapes and dtypes.
        state: the first state: nested tuples, lists and dicts of Tensors.
        most: the most steps.

    Returns:
        The last state. Differentiable as `scan`, with the number of steps that there were; `test` has no
        derivative.

    Raises:
        UnfinishedError: if `test` still holds after `most` steps. To end there in any case, count the steps
            in the state and have `test` look at the count.
        ShapeError: for a test that gives more than one number; and what `scan` raises.
    """
    _check_callable("while_loop", "test", test)
    _check_callable("while_loop", "f", f)
    body = _Body("while_loop", f, state)
    steps = _count("while_loop: most", most)

    def going(leaves: list[Tensor]) -> Tensor:
        found = test(body.rebuild(leaves))
        if isinstance(found, bool | np.bool_):
            return wrap(np.array(found))
        if not isinstance(found, Tensor) or found.numel() != 1:
            got = f"shape {found.shape}" if isinstance(found, Tensor) else type(found).__name__
            raise ShapeError(f"while_loop: test gives one number, whether to go on, not {got}{_where(test)}")
        return found.reshape(()) != 0

    def step(leaves: list[Tensor], _: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        return body.checked(f(body.rebuild(leaves))), []

    recorder = looping()
    if recorder is not None:
        return body.rebuild(
            recorder.loop(step, body.leaves, [], steps, False, _names(f, 0, state), going=going)[0]
        )
    leaves = body.leaves
    for made in range(steps + 1):
        with set_recording(False):
            if not going(leaves):
                break
        if made == steps:
            raise UnfinishedError(unfinished(steps) + _where(test))
        leaves, _ = step(leaves, [])
    return body.rebuild(leaves)


def unfinished(*most: int) -> str:
    """What is said where a loop is not at its end after the most steps that it may make."""
    steps = " or ".join(map(str, most))
    return (
        f"while_loop: test still holds after most={steps} steps: allow more, or, to end there in any case, "
        "count the steps in the state and have test look at the count"
    )


class _Body:
    """What a loop knows of its state.

    Attributes:
        leaves: the first state's Tensors.
        rebuild: from such to a state.
        rebuild_kept: from Tensors to what is kept of the steps.
    """

    def __init__(self, name: str, f: Callable[..., Any], state: Tree) -> None:
        self._name, self._f = name, f
        self._paths = list(paths(state, "state"))
        leaves, self.rebuild = flatten(state)
        self.leaves = leaves if looping() else list(map(alias, leaves))  # f may change them in place
        self.rebuild_kept: Callable[[Sequence[Any]], Tree] = lambda leaves: None
        self._kept: list[str] | None = None

    def checked(self, new: Tree) -> list[Tensor]:
        """The Tensors of a new state; ShapeError or DTypeError if it is not like the first one."""
        leaves, _ = flatten(new)
        found = list(paths(new, "state"))
        if found != self._paths and sorted(found) == sorted(self._paths):  # a dict in another order
            by_path = dict(zip(found, leaves, strict=True))
            leaves = [by_path[path] for path in self._paths]
        elif found != self._paths:
            missing = ", ".join([p for p in self._paths if p not in found]) or "nothing"
            more = ", ".join([p for p in found if p not in self._paths]) or "nothing"
            raise ShapeError(
                f"{self._name}: the new state has another structure than the first one: it lacks {missing} "
                f"and has {more} besides; give back what f was given{_where(self._f)}"
            )
        for path, old, x in zip(self._paths, self.leaves, leaves, strict=True):
            if x.shape != old.shape:
                raise ShapeError(
                    f"{self._name}: {path} has shape {old.shape} and becomes {x.shape}: the shapes of a "
                    f"state cannot change from step to step{_where(self._f)}"
                )
            if x.dtype != old.dtype:
                raise DTypeError(
                    f"{self._name}: {path} is {old.dtype} and becomes {x.dtype}: the dtypes of a state "
                    f"cannot change from step to step; begin with {x.dtype}, or cast in f{_where(self._f)}"
                )
        return leaves

    def kept(self, kept: Tree) -> list[Tensor]:
        """The Tensors of what is kept of a step; ShapeError if the steps before kept something else."""
        leaves, rebuild = flatten(kept)
        found = list(paths(kept, "kept"))
        if self._kept is None:
            self._kept, self.rebuild_kept = found, rebuild
        if found == self._kept:
            return leaves
        by_path = dict(zip(found, leaves, strict=True))
        if by_path.keys() != set(self._kept):
            first, now = (", ".join(x) or "nothing" for x in (self._kept, found))
            raise ShapeError(
                f"{self._name}: f keeps the same of each step, and gave {first} at first and then "
                f"{now}{_where(self._f)}"
            )
        return [by_path[path] for path in self._kept]


#: From the Tensors of a state and of an element to those of the next state and what is kept of the step.
Step = Callable[[list[Tensor], list[Tensor]], tuple[list[Tensor], list[Tensor]]]


def _loop(
    step: Step,
    state: list[Tensor],
    elements: list[Tensor],
    steps: int,
    reverse: bool,
    names: Sequence[str],
) -> tuple[list[Tensor], list[Tensor]]:
    """A loop of so many steps, here and now or in the program that is being recorded."""
    recorder = looping()
    if recorder is not None:
        last, kept = recorder.loop(step, state, elements, steps, reverse, names)
        return last, kept
    if not steps:
        return state, [filled(0.0, (0, *y.shape), y.dtype) for y in _like(step, state, elements)]
    rows = []
    for t in reversed(range(steps)) if reverse else range(steps):
        state, kept = step(state, [_element(x, t) for x in elements])
        now = next(clock)
        rows.append([(y, now) for y in kept])
        state = _others(state)
    columns = zip(*(reversed(rows) if reverse else rows), strict=True)
    return state, [ops.stack([_as_of(now, y) for y, now in column]) for column in columns]


def _element(x: Tensor, t: int) -> Tensor:
    """One element for a step, which may change it in place."""
    is_plain = isinstance(x.array, np.ndarray) and not x.requires_grad
    return wrap(x.array[t, ...]) if is_plain else alias(x[t])


def _others(leaves: list[Tensor]) -> list[Tensor]:
    """A state for a step that may change it in place; for one on the tape see `_as_of`."""
    return [x if x.requires_grad else wrap(x.array) for x in leaves]


def _as_of(number: int, x: Tensor) -> Tensor:
    """What a Tensor was at a time on the tape's clock: a later step may have changed it in place."""
    versions = x.versions if x.assigned > number else ()
    found = next((old for until, old in versions if number < until), x)
    assert isinstance(found, Tensor)
    return found


def _like(step: Step, state: list[Tensor], elements: list[Tensor]) -> list[Tensor]:
    """What is kept of a step, with some numbers: for its shapes."""
    some = [wrap(np.zeros(x.shape[1:], x.dtype)) for x in elements]
    with drawn_from() as states, set_recording(False), np.errstate(all="ignore"):
        kept = step([wrap(x.array) for x in state], some)[1]
    for g, before in states.items():
        g.state.assign_(before)
    return kept


def _in_chunks(
    step: Step,
    state: list[Tensor],
    elements: list[Tensor],
    steps: int,
    reverse: bool,
    names: Sequence[str],
) -> tuple[list[Tensor], list[Tensor]]:
    """As `_loop`, in about sqrt(steps) chunks, each of which is computed again by `backward`."""
    size = max(1, round(steps**0.5))
    whole = steps // size * size
    begin = steps - whole if reverse else 0  # what is left over comes last
    chunks = [x[begin : begin + whole].reshape((-1, size, *x.shape[1:])) for x in elements]
    rest = [x[:begin] if reverse else x[whole:] for x in elements]
    states: dict[int, int] = {}  # what is kept of a step that is part of the new state: of which

    def noted(leaves: list[Tensor], parts: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """The step, which keeps of the state what it was before: so gradients add up as without chunks."""
        begin = next(clock)
        new, kept = step(_others(leaves), parts)
        states.update((k, i) for k, y in enumerate(kept) for i, x in enumerate(new) if x is y)
        return new, [_as_of(begin, leaves[states[k]]) if k in states else y for k, y in enumerate(kept)]

    chunk = checkpoint(lambda leaves, parts: _loop(noted, leaves, parts, size, reverse, names))
    state, kept = _loop(chunk, state, chunks, whole // size, reverse, names)
    kept = [y.reshape((whole, *y.shape[2:])) for y in kept]
    if whole < steps:
        state, more = _loop(noted, state, rest, steps - whole, reverse, names)
        pairs = zip(kept, more, strict=True)
        kept = [ops.concatenate([b, a] if reverse else [a, b]) for a, b in pairs]
    for k, i in states.items():
        end, rows = state[i].unsqueeze(0), kept[k]
        kept[k] = ops.concatenate([end, rows[:-1]] if reverse else [rows[1:], end])
    return state, kept


def _steps(elements: list[Tensor], names: list[str], length: int | None) -> int:
    """How many steps a scan has."""
    for x, name in zip(elements, names, strict=True):
        if not x.ndim:
            raise ShapeError(f"scan: {name} needs an axis of steps in front, and has shape ()")
    lengths = {x.shape[0]: name for x, name in zip(elements, names, strict=True)}
    if length is not None:
        lengths.setdefault(_count("scan: length", length), "length")
    if len(lengths) != 1:
        said = ", ".join(f"{name} {n}" for n, name in sorted(lengths.items()))
        raise ShapeError(
            f"scan: the leaves of xs, and length, tell one number of steps, not {said}"
            if said
            else "scan: without xs it needs length=, the number of steps"
        )
    return next(iter(lengths))


def _count(what: str, n: Any) -> int:
    try:
        count = operator.index(n)
    except TypeError:
        raise TypeError(f"{what} is a whole number of steps, not {reprlib.repr(n)}") from None
    if count < 0 or isinstance(n, bool):
        raise ValueError(f"{what} is a number of steps, 0 or more, not {n!r}")
    return count


def _number(n: int) -> Tensor:
    return filled(n, (), np.dtype(np.int64))


def _check_callable(name: str, what: str, f: Any) -> None:
    if not callable(f):
        raise TypeError(f"{name}: {what} is a function, not a {type(f).__name__}")


def _names(f: Any, number: int, tree: Tree) -> list[str]:
    """What programs call the leaves of a tree that f is given: by the name of its parameter."""
    code = getattr(f, "__code__", None)
    given = code.co_varnames[: code.co_argcount] if code else ()
    name = given[number] if number < len(given) else "given"
    words = ("".join(c if c.isalnum() else " " for c in path).split() for path in paths(tree, name))
    return ["_".join(parts) or name for parts in words]


def _kind(x: Any) -> str:
    """What something is, for an error."""
    return f"{type(x).__name__} of {len(x)}" if isinstance(x, tuple | list) else type(x).__name__


def _where(f: Any) -> str:
    """Where a function stands, for an error."""
    code = getattr(getattr(f, "__wrapped__", f), "__code__", None)
    return f" ({code.co_filename}:{code.co_firstlineno}, in {code.co_name})" if code else ""
