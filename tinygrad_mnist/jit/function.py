"""`tg.jit`: a function that is recorded at its first call and compiled into one native loop."""

from __future__ import annotations

import functools
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..core.autodiff import Tree
from ..core.tape import clock, recording, tracing
from ..core.tensor import Tensor, wrap
from ..errors import ShapeError, TraceError
from ..kernels.threads import get_num_threads, team
from ..primitive import Array, Shape, check_dtype
from .build import Run, compiled
from .emit import source
from .export import exported
from .guards import Guard
from .pace import Pace
from .program import Program, simplified
from .sections import MOST_WORKERS
from .trace import Trace

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
        latest = self._latest
        if latest is not None and not kwargs:
            arrays = latest.matching(args)
            if arrays is not None:
                with self._lock:
                    if latest.change() is None:
                        return latest.call(arrays)
        leaves: list[Tensor] = []
        structure = _structure((args, kwargs), leaves)
        if recording.get() and any(x.requires_grad for x in leaves):
            return self._function(*args, **kwargs)
        arrays = [_ready(x.data)[None] for x in leaves]
        with self._lock:
            return self._specialization(structure, arrays).call(arrays)

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
        arrays = [_ready(x.data) for x in leaves]
        with self._lock:
            return self._specialization(structure, arrays).scan(len(arrays[0]), arrays)

    @property
    def source(self) -> str:
        """The Python source of the program compiled last."""
        return self._last().source

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
        path.write_text(exported(latest.emitted, latest.program, path.stem), encoding="utf-8")

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
        emitted: the same Python with what a caller must know of it.
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
        self.emitted = source(self.program)
        self.source, self._shared, buffers = self.emitted
        self._captured = [_tensor(captured[s]) for s in self.program.captured]
        assigned = {trace.captured[key][1]: leaf for key, (leaf, _) in trace.assigned.items()}
        self._updated = [assigned[target] for target, _ in self.program.updates]
        self._owned = [any(x is y for y in self._updated) for x in self._captured]
        self._bound: list[Array] = [np.empty(s.shape, s.dtype) for s in self.program.captured]
        self._buffers = [aligned(s.shape, s.dtype) for s in buffers]
        self._moved = True  # some captured data is not what it was at the last call
        self._guard = guard
        leaves_only = (_LEAF,) * len(arguments)
        self._plain = structure == (tuple, ((tuple, leaves_only), (dict, ())))
        self._results = [(s.shape, s.dtype) for s in self.program.outputs]
        self._pace = Pace()
        self._run = self._compile([np.empty((0, *s.shape), s.dtype) for s in arguments])

    def _compile(self, arrays: Sequence[Array]) -> Run:
        begin = time.perf_counter()
        run = compiled(self.source, self._all(0, 0, _ALONE, arrays, self._outputs(0)))
        seconds = time.perf_counter() - begin
        if seconds > _SHOWN_SECONDS:
            print(f"tinygrad_mnist: compiled a program in {seconds:.1f} s", file=sys.stderr)
        return run

    def matching(self, args: tuple[Any, ...]) -> list[Array] | None:
        """The arrays of arguments that are plainly what this program is for, with an axis of one step.

        This is the quick way; None: look at them more closely.
        """
        symbols = self.program.arguments
        if not self._plain or len(args) != len(symbols):
            return None
        arrays = []
        for x, symbol in zip(args, symbols):
            if isinstance(x, Tensor):
                if x.requires_grad:
                    return None
                x = x.data
            elif type(x) is not np.ndarray:
                return None
            if x.shape != symbol.shape or (x.dtype is not symbol.dtype and x.dtype != symbol.dtype):
                return None
            arrays.append((x if x.flags.carray else _ready(x))[None])
        return arrays

    def change(self) -> str | None:
        """What has changed since the recording, or None: then the program still is the function."""
        changed = self._guard.change()
        if changed is not None:
            return f"{changed} has changed"
        self._moved = False
        for x, bound, symbol in zip(self._captured, self._bound, self.program.captured):
            data = x.data
            if data is not bound:
                self._moved = True
                if data.shape != symbol.shape or data.dtype != symbol.dtype:
                    return f"a captured tensor was {symbol}, now it is {data.dtype}{list(data.shape)}"
        return None

    def call(self, arrays: Sequence[Array]) -> Tree:
        """Run one step; arguments have an axis of one step in front."""
        outputs = [np.empty(shape, dtype) for shape, dtype in self._results]
        views = [y[None] for y in outputs]
        if self._plain and not (self._moved or self._shared or self._updated or self._grads):
            self._run(0, 1, *arrays, *self._bound, *views)
        else:
            self._bind()
            try:
                self._run(*self._all(0, 1, _ALONE, arrays, views))
            finally:
                self._after()
        if self.result is _LEAF:
            return wrap(outputs[0])
        return _rebuilt(self.result, iter(map(wrap, outputs)))

    def scan(self, steps: int, arrays: Sequence[Array]) -> Tree:
        """Run so many steps; arguments and outputs have an axis of steps in front."""
        self._bind()
        outputs = self._outputs(steps)
        first = 0
        try:
            while first < steps:
                most, chunk = self._pace.next(min(get_num_threads(), MOST_WORKERS) if self._shared else 1)
                last = min(first + chunk, steps)
                begin = time.perf_counter()
                if most == 1:
                    self._run(*self._all(first, last, _ALONE, arrays, outputs))
                else:
                    most = self._run_together(most, first, last, arrays, outputs)
                self._pace.measured(most, last - first, time.perf_counter() - begin)
                first = last
        finally:
            self._after()
        return _rebuilt(self.result, iter(map(wrap, outputs)))

    def _run_together(
        self, most: int, first: int, last: int, arrays: Sequence[Array], outputs: Sequence[Array]
    ) -> int:
        """Run steps with several workers; how many there were."""
        with team(most) as workers:

            def work(worker: int) -> None:
                place = (worker, workers.count, workers.counter if workers.count > 1 else _NOWHERE)
                self._run(*self._all(first, last, place, arrays, outputs))

            workers.run(work)
            return workers.count

    def _outputs(self, steps: int) -> list[Array]:
        return [np.empty((steps, *s.shape), s.dtype) for s in self.program.outputs]

    def _all(
        self,
        first: int,
        last: int,
        place: tuple[int, int, Array],
        arrays: Sequence[Array],
        outputs: Sequence[Array],
    ) -> list[Any]:
        """The arguments of the program in their order; `place` is for one that workers share."""
        if self._shared:
            return [first, last, *place, *arrays, *self._bound, *outputs, *self._buffers]
        return [first, last, *arrays, *self._bound, *outputs]

    def _bind(self) -> None:
        """Find the present numbers of what is captured."""
        if not (self._moved or self._updated):
            return
        bound = self._bound
        for k, x in enumerate(self._captured):
            if self._owned[k]:
                bound[k] = _exclusive(x, bound[k])
            elif x.data is not bound[k]:
                bound[k] = _ready(x.data)

    def _after(self) -> None:
        """Note that leaves have new values, and put gradients back that the function replaces inside."""
        for leaf in self._updated:
            leaf.assigned = next(clock)
        for leaf, grad in self._grads:
            leaf.grad = grad


_LINE = 64  # bytes of a cache line
_NOWHERE = np.zeros(1, np.int64)  # where a single worker meets nobody
_ALONE = (0, 1, _NOWHERE)


def _tensor(x: Tensor | Array) -> Tensor:
    return x if isinstance(x, Tensor) else wrap(x)


def _ready(data: Array) -> Array:
    """The array itself if a program can take it, else a copy."""
    flags = data.flags
    return data if flags.c_contiguous and flags.aligned else np.array(data, order="C")


def _exclusive(x: Tensor, bound: Array) -> Array:
    """The data of a Tensor that is to be updated: memory that nobody else sees."""
    data, base = x.data, x.data.base
    # references to the Tensor's array: its own, the last call's, this variable and getrefcount's;
    # to the memory behind it: the array's, this variable and getrefcount's
    if data is bound and sys.getrefcount(data) <= 4 and base is not None and sys.getrefcount(base) <= 3:
        return data
    x.data = own = aligned(data.shape, data.dtype)
    own[...] = data
    return own


def aligned(shape: Shape, dtype: np.dtype[Any]) -> Array:
    """A new array that starts a cache line, so that workers who write different rows do not share one."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size].view(dtype).reshape(shape)


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
