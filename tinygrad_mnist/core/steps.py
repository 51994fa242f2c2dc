"""What a person sees of a graph: the step that made a tensor, and hooks on the way back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import GraphError
from .gradients import with_added
from .handle import Removable
from .interpreter import interpreter
from .tape import Node, clock, recording


class GradFn:
    """The operation that made a tensor, as a step of its graph."""

    def __init__(self, tensor: Node) -> None:
        self._tensor = tensor

    def name(self) -> str:
        """PyTorch's kind of name: MulBackward0."""
        primitive = self._tensor.primitive
        assert primitive is not None
        return f"{primitive.name.title().replace('_', '')}Backward0"

    @property
    def next_functions(self) -> tuple[tuple[GradFn | None, int], ...]:
        """The steps that gradients go to next."""
        return tuple(
            (None if x.primitive is None else GradFn(x), 0)
            for x in self._tensor.args
            if isinstance(x, Node) and x.requires_grad
        )

    def __repr__(self) -> str:
        return f"<{self.name()}>"


class Steps(Node):
    """A tensor's words about the graph behind it."""

    retains_grad = False
    _grad: Any
    wrapped: Callable[[Any], Any]
    earlier_self: Callable[[], Any]

    @property
    def grad_fn(self) -> GradFn | None:
        """What made this, if a gradient can go through; None for a leaf."""
        return None if self.primitive is None else GradFn(self)

    def register_hook(self, hook: Callable[[Any], Any]) -> Removable:
        """Call `hook` with each gradient with respect to this; what it gives takes the gradient's place."""
        if not self.requires_grad:
            raise GraphError("register_hook: this tensor requires no gradient, so there is none to look at")

        def look(g: Any, record: bool) -> Any:
            found = hook(g if record else self.wrapped(g))
            return g if found is None else found if record else found.array

        self.hooks = (*self.hooks, look)
        return Removable(partial(self._forget, look))

    def _forget(self, look: Callable[[Any, bool], Any]) -> None:
        self.hooks = tuple(h for h in self.hooks if h is not look)

    def retain_grad(self) -> None:
        """Have `backward` leave a gradient in `grad` though this is no leaf."""
        if not self.requires_grad:
            raise GraphError("retain_grad: this tensor requires no gradient")
        if self.primitive is None or self.retains_grad:
            return
        self.retains_grad = True

        def keep(g: Any, record: bool) -> Any:
            value = g if record else self.wrapped(g)
            interpreter.get().keep_grad(self)
            self._grad = value if self._grad is None else with_added(self._grad, value, recording.get())
            return g

        self.hooks = (*self.hooks, keep)

    def detach_(self) -> Any:
        """Let the graph behind this go: from here on it is a leaf; returns self."""
        if self.primitive is not None:
            self.versions = (*self.versions, (next(clock), self.earlier_self()))
            self.primitive, self.args, self.requires_grad = None, (), False
            self.assigned = next(clock)
        self.requires_grad = False
        return self
