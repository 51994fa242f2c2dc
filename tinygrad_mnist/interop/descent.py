"""How the estimators for scikit-learn find their weights: its solvers, by our training loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import data, nn, optim
from ..core.tensor import Tensor
from ..optim.optimizer import zeros_like
from ..optim.scalars import real, weak, whole
from ..primitive import Value
from ..train import EpochRecord, History, fit
from .perceptron import COSTS, Perceptron


def momentum_rule(
    p: Value, g: Value, velocity: Value, *, lr: Value, momentum: float, nesterov: bool, weight_decay: float
) -> tuple[Value, ...]:
    """scikit-learn's: v = momentum v - lr g; p = p + v, or p + momentum v - lr g if Nesterov's.

    `optim.SGD` is the same where lr does not change; here v keeps the rates of its past.
    """
    change = weak(lr, p) * (g + weight_decay * p)
    velocity = momentum * velocity - change
    return p + (momentum * velocity - change if nesterov else velocity), velocity


class Momentum(optim.Optimizer):
    """Gradient descent as scikit-learn does it; see `momentum_rule`."""

    rule = staticmethod(momentum_rule)

    def __init__(self, params: Any, lr: Any, momentum: float, nesterov: bool) -> None:
        options = {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": 0.0}
        super().__init__(params, options)

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The velocity."""
        return {"velocity": zeros_like(p)}


@dataclasses.dataclass
class Descent:
    """Stochastic gradient descent, or Adam.

    Attributes:
        solver: "sgd" or "adam".
        rate: the first learning rate.
        schedule: "constant", "invscaling" or "adaptive", of sgd.
        power: of "invscaling".
        alpha: factor on half the sum of squared weights, divided by what the examples of a batch weigh.
        momentum, nesterov, betas, epsilon: of the rules.
        state: of the optimiser, to go on with; None for a new one.
    """

    solver: str
    rate: float
    schedule: str
    power: float
    alpha: float
    momentum: float
    nesterov: bool
    betas: tuple[float, float]
    epsilon: float
    state: dict[str, Any] | None = None

    def run(
        self,
        network: Perceptron,
        x: NDArray[Any],
        targets: NDArray[Any],
        weights: NDArray[Any] | None,
        *,
        epochs: int,
        batch_size: int,
        seed: int,
        shuffle: bool,
        compiled: bool,
        on_epoch: Callable[[float], bool],
    ) -> History:
        """Train the network, which has its new weights whenever `on_epoch` is called, and at the end.

        Args:
            network: what is trained.
            x: (N, inputs) of floats.
            targets: what the network's cost takes.
            weights: what each example counts, or None.
            epochs, batch_size, seed, shuffle, compiled: as in `fit`.
            on_epoch: from an epoch's cost, with the penalty of alpha, to whether to stop.
        """
        model = network.module()
        self._rate = Tensor(self.rate, dtype="float64")
        mean = 1.0 if weights is None else float(weights.mean())
        decay = self.alpha / (batch_size * mean) if mean else 0.0
        optimiser = self._optimiser(model, decay, data.batch_count(len(x), batch_size), len(x))
        if self.state is not None:
            optimiser.load_state_dict(self.state)

        def after(record: EpochRecord) -> bool:
            network.take(model)
            return on_epoch(record.cost + decay / 2 * network.squares())

        history = fit(
            model,
            optimiser,
            COSTS[network.output],
            x,
            targets,
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
            shuffle=shuffle,
            sample_weight=weights,
            compiled=compiled,
            on_epoch=after,
        )
        network.take(model)
        self.state = optimiser.state_dict()
        return history

    def slow_down(self) -> bool:
        """Divide an adaptive rate by 5, as long as that makes sense; whether it was done."""
        if self.solver != "sgd" or self.schedule != "adaptive" or self._rate.item() <= 1e-6:
            return False
        self._rate.assign_(self._rate / 5)
        return True

    def _optimiser(self, model: nn.Module, decay: float, steps: int, examples: int) -> optim.Optimizer:
        groups = [
            {"params": [p for p in model.parameters() if p.ndim == 2], "weight_decay": decay},
            {"params": [p for p in model.parameters() if p.ndim != 2], "weight_decay": 0.0},
        ]
        if self.solver == "adam":
            return optim.Adam(groups, self.rate, self.betas, self.epsilon)
        lr: Any = self.rate
        if self.schedule == "invscaling":
            lr = lambda step: self.rate / (whole(real(step) / steps) * examples + 1) ** self.power
        elif self.schedule == "adaptive":
            lr = lambda step: self._rate
        return Momentum(groups, lr, self.momentum, self.nesterov)


def by_lbfgs(
    network: Perceptron,
    x: NDArray[Any],
    targets: NDArray[Any],
    weights: NDArray[Any] | None,
    *,
    alpha: float,
    minimise: Callable[..., Any],
) -> Any:
    """Minimise the cost of all examples by SciPy's L-BFGS-B.

    Args:
        network: gets the weights that were found.
        x, targets, weights: as in `Descent.run`.
        alpha: as in `Descent`.
        minimise: (function from a vector to its cost and gradient, first vector) -> SciPy's result.
    """
    model, cost = network.module(), COSTS[network.output]
    parameters = list(model.parameters())
    places = np.cumsum([p.numel() for p in parameters])[:-1]
    inputs, wanted = Tensor(x), Tensor(targets)
    given = {} if weights is None else {"sample_weight": Tensor(weights)}
    decay = alpha / (len(x) if weights is None else float(weights.sum()))

    def put(vector: NDArray[Any]) -> None:
        for p, part in zip(parameters, np.split(vector, places), strict=True):
            p.assign_(part.reshape(p.shape))

    def cost_and_gradient(vector: NDArray[Any]) -> tuple[float, NDArray[np.float64]]:
        put(vector)
        model.zero_grad()
        loss = cost(model(inputs), wanted, **given)
        loss.backward()
        slopes, squares = [], 0.0
        for p in parameters:
            values = np.asarray(p, np.float64)
            slope = np.zeros(p.shape) if p.grad is None else np.asarray(p.grad, np.float64)
            if p.ndim == 2:
                slope = slope + decay * values
                squares += float((values**2).sum())
            slopes.append(slope.ravel())
        return loss.item() + decay / 2 * squares, np.concatenate(slopes)

    start = np.concatenate([np.asarray(p, np.float64).ravel() for p in parameters])
    found = minimise(cost_and_gradient, start)
    put(found.x)
    network.take(model)
    return found
