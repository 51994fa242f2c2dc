"""Functions called before and after each step of an optimiser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Given the optimiser, and the arguments of `step`; one called before it may give others.
Hook = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


class StepHooks:
    """An optimiser's `step` with what is called around it, which takes its place where there are hooks."""

    def __init__(self, optimiser: Any) -> None:
        self._optimiser = optimiser
        self.before: list[Hook] = []
        self.after: list[Hook] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The step, in the middle of its hooks."""
        optimiser = self._optimiser
        for hook in list(self.before):
            found = hook(optimiser, args, kwargs)
            if found is not None:
                if not (isinstance(found, tuple) and len(found) == 2):
                    raise RuntimeError(
                        f"a step pre-hook must return None or a tuple of (new_args, new_kwargs), but got "
                        f"{found!r:.80}"
                    )
                args, kwargs = found
        result = type(optimiser).step(optimiser, *args, **kwargs)
        for hook in list(self.after):
            hook(optimiser, args, kwargs)
        return result


class Removable:
    """A hook that can be taken away again, by `remove()` or at the end of a `with` block."""

    def __init__(self, hooks: list[Hook], hook: Hook) -> None:
        self._hooks, self._hook = hooks, hook
        hooks.append(hook)

    def remove(self) -> None:
        """Take the hook away."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)

    def __enter__(self) -> Removable:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def hooks_of(optimiser: Any) -> StepHooks:
    """The hooks of an optimiser, which has none until it is asked for them."""
    found: StepHooks = vars(optimiser).setdefault("step", StepHooks(optimiser))
    return found
