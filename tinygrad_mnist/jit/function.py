"""`tg.jit`: a function that is recorded at its first call and compiled into one native loop."""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..autodiff import Tree
from ..errors import ShapeError, TraceError
from ..primitive import Array, check_dtype
from ..tape import clock, recording, tracing
from ..tensor import Tensor, wrap
from .build import Run, compiled
from .emit import source
from .guards import Guard
from .program import Program, simplified
from .trace import Trace

_CHUNK_SECONDS = 0.1  # how long a scan runs before Python gets to see Ctrl-C
_SHOWN_SECONDS = 1.0  # compile times beyond this are reported
_KEPT = 16  # specialisations kept per function; the oldest goes first


def jit(function: Callable[..., Any]) -> CompiledFunction:
    """Compile a function of Tensors, at its first call, into one native loop.

    The function runs once on symbols, which records a program: forward pass, gradients, optimiser
    steps, random numbers, anything built of this package's operations. The program is fused,
    printed as Python source and compiled by Numba. Calls with arguments of the same structure,
    shapes and dtypes then run it.

    Tensors and arrays that the function uses without being given them are captured by reference:
    their present numbers are read at each call, and what `assign_` changes (parameters, optimiser
    state, random generators) is changed in place. Python numbers, in the arguments and in what
    the function can see, are constants: when one changes, the function is recorded anew.

    Gradients that `backward` leaves on Tensors exist only inside the program: return those you
    want to look at. Where an argument requires a gradient outside, or inside another compiled
    function, calls run the function itself.

    Raises TraceError where the function asks for the number of a tensor.
    """
    return CompiledFunction(function)


class CompiledFunction:
    """A function behind `tg.jit`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._specializations: dict[Any, Specialization] = {}
        self._latest: Specialization | None = None
        self._log: list[str] = []
        self._lock = threading.RLock()

    def __call__(self, *args: Any, **kwargs: Any) -> Tree:
        """Call the function; compiles it if arguments of this kind are new."""
        if tracing.get() is not None:
            return self._function(*args, **kwargs)
        leaves: list[Tensor] = []
        structure = _structure((args, kwargs), leaves)
        if recording.get() and any(x.requires_grad for x in leaves):
            return self._function(*args, **kwargs)
        arrays = [np.asarray(x.data, order="C")[None] for x in leaves]
        with self._lock:
            specialization = self._specialization(structure, arrays)
            outputs = specialization.run_steps(1, arrays)
        return _rebuilt(specialization.result, iter([wrap(y.reshape(y.shape[1:])) for y in outputs]))

    def scan(self, *args: Any, **kwargs: Any) -> Tree:
        """Call the function once per step, all steps in native code with the GIL released.

        Every Tensor or array among the arguments has an axis of steps in front, of one length;
        the function sees one element of it per step. Every Tensor of the result has such an axis.
        Ctrl-C is answered between steps, about every 0.1 s; the steps done so far have happened.

        Raises ShapeError if there is no array argument or their step counts differ.
        """
        if tracing.get() is not None:
            raise TraceError("scan: a compiled loop cannot be recorded inside another compiled function")
        leaves: list[Tensor] = []
        structure = _structure((args, kwargs), leaves)
        counts = {x.shape[0] if x.ndim else None for x in leaves}
        if len(counts) != 1 or None in counts:
            raise ShapeError(
                "scan: every array argument needs an axis of steps in front, all of one length; "
                f"got shapes {[x.shape for x in leaves]}"
            )
        arrays = [np.asarray(x.data, order="C") for x in leaves]
        with self._lock:
            specialization = self._specialization(structure, arrays)
            outputs = specialization.run_steps(len(arrays[0]), arrays)
        return _rebuilt(specialization.result, iter(map(wrap, outputs)))

    @property
    def source(self) -> str:
        """The Python source of the program compiled last."""
        return self._last().source

    @property
    def program(self) -> Program:
        """The recorded program compiled last."""
        return self._last().program

    def explain(self) -> str:
        """Why the function was recorded, each time it was: a line each."""
        return "\n".join(self._log) or "not recorded yet: call the function first"

    def _last(self) -> Specialization:
        if self._latest is None:
            raise TraceError("nothing has been compiled yet: call the function first")
        return self._latest

    def _specialization(self, structure: Any, arrays: Sequence[Array]) -> Specialization:
        """The program for arguments of this structure and these arrays, whose first axis is steps."""
        key = (structure, *((x.shape[1:], x.dtype) for x in arrays))
        found = self._specializations.get(key)
        reason = "first call" if not self._specializations else "arguments of a new structure, shape or dtype"
        if found is not None:
            changed = found.change()
            if changed is None:
                self._latest = found
                return found
            reason = changed
        arguments = ", ".join(f"{x.dtype}{list(x.shape[1:])}" for x in arrays)
        self._log.append(f"recorded for ({arguments}): {reason}")
        made = Specialization(self._function, structure, arrays)
        self._specializations.pop(key, None)
        self._specializations[key] = self._latest = made
        if len(self._specializations) > _KEPT:
            del self._specializations[next(iter(self._specializations))]
        return made


class Specialization:
    """One compiled form of a function, for arguments of one structure, shape and dtype.

    Attributes:
        program, source: what was recorded, and the Python it became.
        result: the structure of the function's value.
    """

    def __init__(self, function: Callable[..., Any], structure: Any, arrays: Sequence[Array]) -> None:
        trace = Trace()
        arguments = [trace.argument(i, x.shape[1:], x.dtype) for i, x in enumerate(arrays)]
        guard = Guard(function)
        token = tracing.set(trace)
        try:
            args, kwargs = _rebuilt(structure, iter([wrap(s) for s in arguments]))
            leaves: list[Tensor] = []
            self.result = _structure(function(*args, **kwargs), leaves)
            outputs = [trace.symbol(x) for x in leaves]
        finally:
            tracing.reset(token)
            self._grads = [(leaf, leaf.grad) for leaf, _ in trace.grads.values()]
            for leaf, before in trace.grads.values():
                leaf.grad = before
        updates = [(trace.captured[key][1], value) for key, (_, value) in trace.assigned.items()]
        captured = {symbol: x for x, symbol in trace.captured.values()}
        self.program: Program = simplified(trace.instructions, arguments, list(captured), outputs, updates)
        self.source = source(self.program)
        self._captured = [captured[s] for s in self.program.captured]
        assigned = {trace.captured[key][1]: leaf for key, (leaf, _) in trace.assigned.items()}
        self._updated = [assigned[target] for target, _ in self.program.updates]
        self._owned = [any(x is y for y in self._updated) for x in self._captured]
        self._run: Run = compiled(self.source)
        self._guard = guard
        self._compiled = False

    def change(self) -> str | None:
        """What has changed since the recording, or None: then the program still is the function."""
        for x, symbol in zip(self._captured, self.program.captured, strict=True):
            if x.shape != symbol.shape or x.dtype != symbol.dtype:
                return f"a captured tensor was {symbol}, now it is {x.dtype}{list(x.shape)}"
        changed = self._guard.change()
        return None if changed is None else f"{changed} has changed"

    def run_steps(self, steps: int, arrays: Sequence[Array]) -> list[Array]:
        """Run the program; arguments and outputs have an axis of steps in front."""
        captured = [self._data(x, owned) for x, owned in zip(self._captured, self._owned, strict=True)]
        outputs = [np.empty((steps, *s.shape), s.dtype) for s in self.program.outputs]
        first, chunk = 0, 1
        try:
            while first < steps:
                last = min(first + chunk, steps)
                begin = time.perf_counter()
                self._run(first, last, *arrays, *captured, *outputs)
                seconds = time.perf_counter() - begin
                if self._compiled:
                    chunk = max(1, min(int(chunk * _CHUNK_SECONDS / seconds), 2 * chunk + 64))
                elif seconds > _SHOWN_SECONDS:
                    print(f"tinygrad_mnist: compiled a program in {seconds:.1f} s", file=sys.stderr)
                self._compiled, first = True, last
        finally:
            for leaf in self._updated:
                leaf.assigned = next(clock)
            for leaf, grad in self._grads:
                leaf.grad = grad
        return outputs

    def _data(self, x: Any, owned: bool) -> Array:
        """The numbers of a captured value; a Tensor to be updated gets memory that nobody else sees."""
        data: Array = x.data if isinstance(x, Tensor) else x
        if not owned:
            return np.asarray(data, order="C")
        # three references: the Tensor's, this variable, and getrefcount's own
        if sys.getrefcount(data) > 3 or data.base is not None or not data.flags.c_contiguous:
            x.data = data = data.copy()
        return data


# Structures: nested tuples, lists and dicts, with a mark where a Tensor was -----------------------


class _Leaf:
    """Marks the place of a Tensor."""

    def __repr__(self) -> str:
        return "tensor"


_LEAF = _Leaf()


def _structure(tree: Any, leaves: list[Tensor]) -> Any:
    """A hashable picture of a tree; its Tensors are appended to `leaves`, the rest stays in it."""
    if isinstance(tree, Tensor):
        leaves.append(tree)
        return _LEAF
    if isinstance(tree, np.ndarray):
        check_dtype(tree.dtype)
        leaves.append(wrap(tree))
        return _LEAF
    if isinstance(tree, tuple | list):
        return type(tree), tuple(_structure(x, leaves) for x in tree)
    if isinstance(tree, dict):
        return dict, tuple((k, _structure(x, leaves)) for k, x in tree.items())
    return "constant", type(tree), tree


def _rebuilt(structure: Any, leaves: Iterator[Tensor]) -> Any:
    """The tree of a structure, with these Tensors in their places."""
    if structure is _LEAF:
        return next(leaves)
    kind, content, *rest = structure
    if kind == "constant":
        return rest[0]
    if kind is dict:
        return {k: _rebuilt(x, leaves) for k, x in content}
    parts = [_rebuilt(x, leaves) for x in content]
    return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
