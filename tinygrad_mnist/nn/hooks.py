"""Functions called when a module runs, and when gradients pass back through it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from ..autograd.function import Function
from ..core.handle import Removable
from ..core.tensor import Tensor

_numbers = itertools.count()


class Hook(NamedTuple):
    """A function and how it is called: with keyword arguments too, even after an error."""

    function: Callable[..., Any]
    kwargs: bool
    always: bool


class Handle(Removable):
    """A hook of a module, with its number, as PyTorch's handles have one."""

    def __init__(self, hooks: Hooks, kind: str, number: int) -> None:
        super().__init__(partial(hooks.remove, kind, number))
        self.id = number


class Hooks:
    """The hooks of one module, by kind, in the order in which they are called."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}
        self.pull_before: dict[int, Hook] = {}
        self.pull_after: dict[int, Hook] = {}

    def add(
        self,
        kind: str,
        function: Callable[..., Any],
        prepend: bool = False,
        kwargs: bool = False,
        always: bool = False,
    ) -> Handle:
        """Note a hook."""
        number, hooks = next(_numbers), vars(self)[kind]
        hooks[number] = Hook(function, kwargs, always)
        if prepend:
            vars(self)[kind] = {number: hooks.pop(number), **hooks}
        return Handle(self, kind, number)

    def remove(self, kind: str, number: int) -> None:
        """Forget a hook; a module without any is called directly again."""
        vars(self)[kind].pop(number, None)
        if not (self.before or self.after or self.pull_before or self.pull_after):
            vars(self.owner).pop("_hooks", None)

    def call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`forward`, with what the hooks make of its arguments and result."""
        done = False
        try:
            result = self._call(module, args, kwargs)
            done = True
            return result
        finally:
            if not done:
                for hook in self.after.values():
                    if hook.always:
                        hook.function(module, args, *((kwargs,) if hook.kwargs else ()), None)

    def _call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for hook in tuple(self.before.values()):
            if hook.kwargs:
                given = hook.function(module, args, kwargs)
                if given is not None:
                    args, kwargs = given
            else:
                given = hook.function(module, args)
                if given is not None:
                    args = given if isinstance(given, tuple) else (given,)
        pulls = _Pulls(module, self) if self.pull_before or self.pull_after else None
        if pulls:
            args = pulls.entered(args)
        output = module.forward(*args, **kwargs)
        for hook in tuple(self.after.values()):
            given = hook.function(module, args, *((kwargs,) if hook.kwargs else ()), output)
            if given is not None:
                output = given
        return pulls.left(output) if pulls else output


class _Pulls:
    """The way back through one call: cotangents of the results come in, those of the arguments go out."""

    def __init__(self, module: Any, hooks: Hooks) -> None:
        self.module, self.hooks = module, hooks
        self.watched = False  # whether an argument tells when its cotangents are complete
        self.outgoing: tuple[Any, ...] = ()

    def entered(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, with an eye on their cotangents."""
        self.watched = any(isinstance(x, Tensor) and x.requires_grad for x in args)
        return _Watched.apply(self._pull_arguments, *args) if self.watched else args

    def left(self, output: Any) -> Any:
        """The results, with an eye on their cotangents."""
        several = isinstance(output, tuple | list)
        found = _Watched.apply(self._pull_results, *(output if several else (output,)))
        return type(output)(found) if several else found[0]

    def _pull_results(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in tuple(self.hooks.pull_before.values()):
            grads = _replaced(hook.function(self.module, grads), grads)
        self.outgoing = grads
        if not self.watched:
            for hook in tuple(self.hooks.pull_after.values()):
                hook.function(self.module, (None,), grads)
        return grads

    def _pull_arguments(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in tuple(self.hooks.pull_after.values()):
            grads = _replaced(hook.function(self.module, grads, self.outgoing), grads)
        return grads


def _replaced(given: Any, grads: tuple[Any, ...]) -> tuple[Any, ...]:
    if given is None:
        return grads
    return given if isinstance(given, tuple) else (given,)


class _Watched(Function):
    """Its arguments but the first, which is called with their cotangents and may give others."""

    @staticmethod
    def forward(ctx: Any, watch: Callable[..., Any], *values: Any) -> tuple[Any, ...]:
        """The values."""
        ctx.watch, ctx.tensors = watch, [isinstance(x, Tensor) for x in values]
        ctx.needed = ctx.needs_input_grad[1:]
        return values

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        """What the watcher makes of the cotangents."""
        seen = tuple(g if needed else None for g, needed in zip(grads, ctx.needed, strict=True))
        return (None, *ctx.watch(seen))
