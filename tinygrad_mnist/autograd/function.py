"""`Function`: an operation with a derivative of one's own, in PyTorch's form."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ..core.modes import no_grad
from ..core.tape import recording, set_recording
from ..core.tensor import Tensor, filled, wrap
from ..core.together import called, picked
from ..errors import GraphError, ShapeError

__all__ = ["Function"]


class FunctionCtx:
    """What `forward` leaves for `backward`; attributes of any name may be set.

    Attributes:
        needs_input_grad: for each argument of `apply`, whether a gradient is asked of it.
        saved_tensors: what `save_for_backward` was given.
    """

    needs_input_grad: tuple[bool, ...] = ()
    saved_tensors: tuple[Any, ...] = ()
    _materialize = True
    _plain: frozenset[int] = frozenset()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep Tensors (or None) for `backward`, as `saved_tensors`."""
        self.saved_tensors = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say that these results have no derivative."""
        self._plain = frozenset(map(id, tensors))

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (the default) or None for results that nothing depends on."""
        self._materialize = value

    def mark_dirty(self, *tensors: Tensor) -> None:
        """GraphError: Tensors are values here, and `forward` gives new ones."""
        raise GraphError(
            "mark_dirty: forward cannot change its inputs in place; compute new Tensors and return them"
        )


class Function:
    """An operation with its derivative: subclass it, define `forward` and `backward`, call `apply`.

    Both are static methods: `forward(ctx, *args)` gives a Tensor or a tuple of them, computed
    without being recorded; `backward(ctx, *grads)` takes a cotangent per result and gives one per
    argument of `apply` (None for what has no derivative). `forward(*args)` may also stand without
    ctx beside `setup_context(ctx, inputs, output)`. Where `backward` is made of operations on
    Tensors, it is differentiated in turn.

    Example:
        class Cube(tg.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x * x

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return 3 * x * x * g
    """

    def __init__(self, *_: Any, **__: Any) -> None:
        raise GraphError(
            f"{type(self).__name__} is called as {type(self).__name__}.apply(...), with static forward "
            f"and backward"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The operation; see the class."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Keep what `backward` needs, where `forward` has no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The cotangents of the arguments, from those of the results; see the class."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function"
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run `forward` and note how it is differentiated."""
        ctx = FunctionCtx()
        tracked = recording.get()
        ctx.needs_input_grad = tuple(tracked and isinstance(x, Tensor) and x.requires_grad for x in args)
        with no_grad():
            if cls.setup_context is Function.setup_context:
                output = cls.forward(ctx, *args)
            else:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
        several = isinstance(output, tuple | list)
        outputs = tuple(output) if several else (output,)
        if any(ctx.needs_input_grad):
            outputs = _recorded(cls, ctx, args, outputs)
        return outputs if several else outputs[0]


def _recorded(
    cls: type[Function], ctx: FunctionCtx, args: tuple[Any, ...], outputs: Sequence[Any]
) -> tuple[Any, ...]:
    """The results on the tape: each is picked from one node that stands for the call."""
    shapes = [(y.shape, y.dtype) if isinstance(y, Tensor) else None for y in outputs]

    def pull(parts: dict[int, Any], values: Sequence[Any]) -> dict[int, Any]:
        return dict(enumerate(_pulled(cls, ctx, args, shapes, parts)))

    call = called(cls.__name__, args, pull)
    return tuple(
        picked(call, k, y.array)
        if isinstance(y, Tensor) and y.dtype.kind == "f" and id(y) not in ctx._plain
        else y
        for k, y in enumerate(outputs)
    )


def _pulled(
    cls: type[Function], ctx: FunctionCtx, args: tuple[Any, ...], shapes: list[Any], parts: dict[int, Any]
) -> list[Any]:
    """What `backward` gives for each argument, in the kind (Tensors, arrays) of the cotangents."""
    plain = not isinstance(next(iter(parts.values())), Tensor)
    grads: list[Any] = []
    for i, known in enumerate(shapes):
        if i in parts:
            grads.append(wrap(parts[i]) if plain else parts[i])
        else:
            grads.append(filled(0.0, *known) if ctx._materialize and known is not None else None)
    with set_recording(recording.get() and not plain):
        given = cls.backward(ctx, *grads)
    results = list(given) if isinstance(given, tuple | list) else [given]
    while len(results) > len(args) and results[-1] is None:
        results.pop()
    if len(results) != len(args):
        raise GraphError(
            f"function {cls.__name__}Backward returned an incorrect number of gradients "
            f"(expected {len(args)}, got {len(results)})"
        )
    return [
        _fitting(cls, k, g, x, plain) if needed else None
        for k, (g, x, needed) in enumerate(zip(results, args, ctx.needs_input_grad, strict=True))
    ]


def _fitting(cls: type[Function], k: int, g: Any, x: Tensor, plain: bool) -> Any:
    """The cotangent of an argument, zeros for None; ShapeError if it is none of its shape."""
    if g is None:
        g = filled(0.0, x.shape, x.dtype)
    elif not isinstance(g, Tensor):
        g = Tensor(g, x.dtype)
    lead = g.ndim - x.ndim
    if lead < 0 or any(n not in (1, m) for n, m in zip(x.shape, g.shape[lead:])):
        raise ShapeError(
            f"Function {cls.__name__}Backward returned an invalid gradient at index {k} - got "
            f"{list(g.shape)} "
            f"but expected shape compatible with {list(x.shape)}"
        )
    return g.array if plain else g


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a `backward` whose own derivative is not to be asked for: GraphError if it is."""

    @functools.wraps(backward)
    def guarded(ctx: Any, *grads: Any) -> Any:
        if recording.get() and any(isinstance(g, Tensor) and g.requires_grad for g in grads):
            raise GraphError(
                "trying to differentiate twice a function that was marked with @once_differentiable"
            )
        with no_grad():
            return backward(ctx, *grads)

    return guarded
