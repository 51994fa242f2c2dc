"""L-BFGS: steps along a direction that the last gradients say is towards the minimum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..core.interpreter import interpreter
from ..core.tape import set_recording
from ..core.tensor import wrap
from ..errors import StateError
from ..primitive import Array
from .groups import Params
from .line_search import strong_wolfe
from .optimizer import Optimizer

__all__ = ["LBFGS"]

#: Gives the cost (a Tensor or number) of the present parameters, and leaves gradients in them.
Closure = Callable[[], Any]


class LBFGS(Optimizer):
    """Limited-memory BFGS (Liu and Nocedal 1989), as in PyTorch, for costs of all data at once.

    A step calls a closure several times: `opt.step(closure)`, where the closure clears the
    gradients, computes the cost, calls backward and gives the cost. The step looks at numbers and
    cannot be compiled (TraceError), but the closure may call a compiled `tg.value_and_grad` and put
    its gradients in the parameters' `grad`.

    Args:
        params: see `Optimizer`; all in one group.
        lr: length of a step in units of the direction.
        max_iter: iterations in one step.
        max_eval: calls of the closure in one step; None for 5/4 of max_iter.
        tolerance_grad: a largest gradient element up to which nothing is left to do.
        tolerance_change: a change of cost or parameters below which nothing happens any more.
        history_size: how many pairs of changes the direction is made of.
        line_search_fn: "strong_wolfe", or None for steps of length lr without looking.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(f"LBFGS: line_search_fn must be 'strong_wolfe' or None, not {line_search_fn!r}")
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]
        self._iterations = 0
        self._direction, self._gradient = np.zeros(0), np.zeros(0)
        self._length, self._scale = 0.0, 1.0
        self._steps: list[Array] = []  # changes of the parameters, and of the gradient that came with them
        self._changes: list[Array] = []

    def step(self, closure: Closure | None = None) -> Any:
        """Several iterations towards the minimum; gives the cost before them.

        Raises TypeError without a closure, TraceError inside a compiled function.
        """
        if closure is None:
            raise TypeError("LBFGS.step: needs a closure that computes the cost and its gradients anew")
        interpreter.get().refuse("LBFGS.step looks at numbers: call it outside, and compile the cost instead")
        with set_recording(True):
            first = closure()
        group = self.param_groups[0]
        cost, g, calls = float(first), self._gradients(), 1
        lr = float(group["lr"])
        for iteration in range(group["max_iter"]):
            if np.abs(g).max() <= group["tolerance_grad"]:
                break
            self._aim(g)
            d = self._direction
            self._gradient, before = g, cost
            length = lr if self._iterations > 1 else min(1.0, 1.0 / float(np.abs(g).sum())) * lr
            slope = float(g @ d)
            if slope > -group["tolerance_change"]:
                break
            start = self._values()
            if group["line_search_fn"]:
                along = self._along(closure, start, d)
                cost, g, length, more = strong_wolfe(
                    along, length, cost, g, slope, d, group["tolerance_change"]
                )
                self._assign(start + length * d)
                calls += more
            else:
                self._assign(start + length * d)
                if iteration != group["max_iter"] - 1:
                    cost, g = float(closure()), self._gradients()
                    calls += 1
            self._length = length
            if calls >= group["max_eval"] or np.abs(g).max() <= group["tolerance_grad"]:
                break
            if np.abs(length * d).max() <= group["tolerance_change"]:
                break
            if abs(cost - before) < group["tolerance_change"]:
                break
        self.steps.assign_(self.steps + 1)
        return first

    def _aim(self, g: Array) -> None:
        """The next direction: minus the gradient, bent by the inverse Hessian that the history implies."""
        self._iterations += 1
        if self._iterations == 1:
            self._direction = -g
            return
        change, step = g - self._gradient, self._direction * self._length
        curvature = float(change @ step)
        if curvature > 1e-10:
            self._steps, self._changes = (
                [*history, new][-self.param_groups[0]["history_size"] :]
                for history, new in ((self._steps, step), (self._changes, change))
            )
            self._scale = curvature / float(change @ change)
        q, weights = -g, []
        for s, y in zip(reversed(self._steps), reversed(self._changes), strict=True):
            weights.append(float(s @ q) / float(y @ s))
            q = q - weights[-1] * y
        q = q * self._scale
        for s, y, weight in zip(self._steps, self._changes, reversed(weights), strict=True):
            q = q + s * (weight - float(y @ q) / float(y @ s))
        self._direction = q

    def _along(
        self, closure: Closure, start: Array, direction: Array
    ) -> Callable[[float], tuple[float, Array]]:
        """The cost and gradient as a function of the length of the step."""

        def evaluate(length: float) -> tuple[float, Array]:
            self._assign(start + length * direction)
            return float(closure()), self._gradients()

        return evaluate

    def _gradients(self) -> Array:
        parts = [np.zeros(p.numel()) if p.grad is None else p.grad.numpy().ravel() for p in self._params]
        return np.concatenate(parts, dtype=np.float64)

    def _values(self) -> Array:
        return np.concatenate([p.numpy().ravel() for p in self._params], dtype=np.float64)

    def _assign(self, values: Array) -> None:
        parts = np.split(values, np.cumsum([p.numel() for p in self._params])[:-1])
        for p, part in zip(self._params, parts, strict=True):
            p.assign_(part.reshape(p.shape))

    def state_dict(self) -> dict[str, Any]:
        """As in `Optimizer`; the state is that of all parameters together, at place 0."""
        state = {
            "numbers": np.array([self._iterations, self._length, self._scale]),
            "direction": self._direction.copy(),
            "gradient": self._gradient.copy(),
            "history": np.array([self._steps, self._changes]),
        }
        return {**super().state_dict(), "state": {0: {name: wrap(x) for name, x in state.items()}}}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`; StateError, before any change, if it does not fit."""
        size = sum(p.numel() for p in self._params)
        names = ("numbers", "direction", "gradient", "history")
        states = state_dict.get("state", {})
        state = states.get(0, states.get("0", {}))
        arrays = {name: np.asarray(state[name]) for name in names if name in state}
        if len(arrays) != len(names) or arrays["direction"].size not in (0, size):
            raise StateError(f"load_state_dict: this state does not fit this LBFGS of {size} numbers")
        super().load_state_dict({**state_dict, "state": {}})
        iterations, self._length, self._scale = map(float, arrays["numbers"])
        self._iterations = int(iterations)
        self._direction, self._gradient = arrays["direction"].copy(), arrays["gradient"].copy()
        self._steps, self._changes = ([np.array(row) for row in half] for half in arrays["history"])
