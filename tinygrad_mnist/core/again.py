"""Computing again instead of keeping: a function whose intermediate values are not kept for `backward`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GraphError
from ..ops.views import alias
from ..primitive import Value
from .generator import drawn_from, going_on_from
from .interpreter import interpreter
from .tape import Node, clock, pull_back, recording, set_recording, taken
from .tensor import Tensor, wrap
from .together import called, picked
from .tree import flatten, unpacked

__all__ = ["checkpoint"]


def looping() -> Any:
    """What records a program that can have loops, if something does; in others they are written out."""
    current = interpreter.get()
    return current if current.has_loops else None


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function `f`, of whose inside nothing is kept for `backward`: it runs again there.

    Args:
        f: of Tensors and anything else, with a Tensor or nested tuples, lists and dicts of them as its
            value. It is called once more for each `backward`, with random numbers as the first time;
            what it does besides computing its value, it does again.

    Returns:
        A function with the arguments and the value of f, the same bits, and the same derivatives, of any
        order, by arguments and by Tensors that f uses without being given them.

    Raises GraphError from `backward` where a Tensor that f depends on was changed in place in between.
    """

    @functools.wraps(f)
    def again(*args: Any, **kwargs: Any) -> Any:
        recorder = looping()
        if recorder is not None:
            return recorder.checkpoint(functools.partial(f, *args, **kwargs))
        plain = interpreter.get().symbolic or not recording.get()
        return f(*args, **kwargs) if plain else _kept_out(f, args, kwargs)

    return again


def _kept_out(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The value of a function, on the tape as one call."""

    def run() -> tuple[Any, dict[Tensor, Tensor]]:
        stand_ins: dict[Tensor, Tensor] = {}
        inner = _stood_in((args, kwargs), stand_ins)
        return f(*inner[0], **inner[1]), stand_ins

    begin = next(clock)
    with drawn_from() as start:
        value, stand_ins = run()
        results, rebuild = flatten(value)
    inputs = outside(results, begin)
    if not inputs:
        return rebuild(results)
    watched, at = [*inputs, *stand_ins], next(clock)

    def pull(parts: dict[int, Value], values: Sequence[Any]) -> dict[int, Value]:
        if any(isinstance(x, Tensor) and x.assigned > at for x in watched):
            raise GraphError(
                "checkpoint: a tensor that the function depends on was changed in place after it ran, so "
                "it cannot run again: call backward before the optimiser's step or the in-place operation"
            )
        with going_on_from(start), set_recording(True):
            value, stand_ins = run()
            again, _ = flatten(value)
        record = isinstance(next(iter(parts.values())), Tensor)
        outputs: list[Node] = [again[k] for k in parts]
        cotangents = list(parts.values())
        for x in inputs:  # sums go on from what others gave, in the order that they would have
            so_far = taken(x)
            if so_far is not None:
                outputs.append(stand_ins.get(x, x))  # type: ignore[call-overload]
                cotangents.append(so_far)
        with set_recording(record):
            found = pull_back(outputs, cotangents, inputs, record=record, free=not record)
        where = {id(x): k for k, x in enumerate(inputs)}
        return {where[id(x)]: g for x, g in found}

    call = called(getattr(f, "__name__", "checkpoint"), inputs, pull)
    return rebuild(
        [picked(call, k, y.array) if y.requires_grad else wrap(y.array) for k, y in enumerate(results)]
    )


def _stood_in(tree: Any, made: dict[Tensor, Tensor]) -> Any:
    """Arguments with others in the place of their Tensors, which the function may change in place."""
    leaves, rebuild = unpacked(tree)
    for x in leaves:
        if isinstance(x, Tensor) and x not in made:
            made[x] = alias(x)
    return rebuild([made[x] if isinstance(x, Tensor) else x for x in leaves])


def outside(results: Sequence[Node], begin: int) -> list[Node]:
    """What results were computed from that was there before `begin` on the tape's clock, or is a leaf."""
    found: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = [y for y in results if y.requires_grad]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.primitive is None or node.number < begin:
            found[node] = None
        else:
            stack += [x for x in node.args if isinstance(x, Node) and x.requires_grad]
    return list(found)
