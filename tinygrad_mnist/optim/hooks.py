"""Functions called before and after each step of an optimiser."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..core.handle import Removable

#: Given the optimiser, and the arguments of `step`; one called before it may give others.
Hook = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


class StepHooks:
    """An optimiser's `step` with what is called around it, which takes its place where there are hooks."""

    def __init__(self, optimiser: Any) -> None:
        self._optimiser = optimiser
        self.before: dict[object, Hook] = {}
        self.after: dict[object, Hook] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The step, in the middle of its hooks."""
        optimiser = self._optimiser
        for hook in list(self.before.values()):
            found = hook(optimiser, args, kwargs)
            if found is not None:
                if not (isinstance(found, tuple) and len(found) == 2):
                    raise RuntimeError(
                        f"a step pre-hook must return None or a tuple of (new_args, new_kwargs), but got "
                        f"{found!r:.80}"
                    )
                args, kwargs = found
        result = type(optimiser).step(optimiser, *args, **kwargs)
        for hook in list(self.after.values()):
            hook(optimiser, args, kwargs)
        return result


def add(hooks: dict[object, Hook], hook: Hook) -> Removable:
    """Note a hook."""
    key = object()
    hooks[key] = hook
    return Removable(partial(hooks.pop, key, None))


def hooks_of(optimiser: Any) -> StepHooks:
    """The hooks of an optimiser, which has none until it is asked for them."""
    found: StepHooks = vars(optimiser).setdefault("step", StepHooks(optimiser))
    return found
