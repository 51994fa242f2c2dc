"""What the estimators for scikit-learn train: a perceptron as plain arrays, in scikit-learn's terms."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import nn, ops
from ..nn import functional as F
from ..train import outputs_of

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "leaky_relu": nn.LeakyReLU,
    "selu": nn.SELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
}

#: What the sums of the last layer cost, as a mean over the examples, by what they are made into.
COSTS: dict[str, Callable[..., Any]] = {
    "softmax": F.cross_entropy,
    "logistic": lambda z, t, **weights: F.binary_cross_entropy_with_logits(z, t, **weights) * z.shape[1],
    "identity": lambda z, t, **weights: 0.5 * nn.quadratic_cost(z, t, **weights),
    "exp": lambda z, t, **weights: F.poisson_nll_loss(z, t, **weights) * z.shape[1],
}
OUTPUTS: dict[str, Callable[[Any], Any]] = {
    "softmax": lambda z: ops.softmax(z, 1),
    "logistic": ops.sigmoid,
    "identity": lambda z: z,
    "exp": ops.exp,
}


@dataclasses.dataclass
class Perceptron:
    """Layers as arrays.

    Attributes:
        coefs: weights of each layer, (inputs, neurons).
        intercepts: biases of each layer, (neurons,).
        activations: names, one for each hidden layer.
        output: what the sums of the last layer are made into, a name in `OUTPUTS`.
        dropout: share of each hidden layer's outputs that a step of training leaves out.
    """

    coefs: list[NDArray[Any]]
    intercepts: list[NDArray[Any]]
    activations: Sequence[str]
    output: str
    dropout: float = 0.0

    def module(self, dtype: Any = None) -> nn.Sequential:
        """The same as a module, whose outputs are the sums of the last layer."""
        layers: list[nn.Module] = []
        for i, (weight, bias) in enumerate(zip(self.coefs, self.intercepts, strict=True)):
            layer = nn.Linear(len(weight), len(bias), dtype=dtype or weight.dtype)
            layer.load_state_dict({"weight": weight.T, "bias": bias})
            layers.append(layer)
            if i < len(self.activations):
                layers.append(ACTIVATIONS[self.activations[i]]())
                if self.dropout:
                    layers.append(nn.Dropout(self.dropout))
        return nn.Sequential(*layers)

    def take(self, module: nn.Module) -> None:
        """Have the weights and biases of a module that `module` made."""
        arrays = list(module.state_dict().values())
        self.coefs = [np.array(w).T.copy() for w in arrays[::2]]
        self.intercepts = [np.array(b) for b in arrays[1::2]]

    def outputs(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """What the network gives for examples (N, inputs), computed in float64: (N, outputs)."""
        sums = outputs_of(self.module(np.float64), np.asarray(x, np.float64))
        return np.asarray(OUTPUTS[self.output](sums))

    def squares(self) -> float:
        """The sum of the squares of all weights."""
        return float(sum((w.astype(np.float64) ** 2).sum() for w in self.coefs))


def first_weights(
    sizes: Sequence[int],
    activations: Sequence[str],
    dtype: Any,
    uniform: Callable[[float, float, Any], NDArray[Any]],
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Weights and biases as scikit-learn's (Glorot and Bengio 2010), drawn by `uniform` in its order."""
    coefs, intercepts = [], []
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        kind = activations[min(i, len(activations) - 1)] if activations else ""
        bound = np.sqrt((2.0 if kind == "logistic" else 6.0) / (n_in + n_out))
        coefs.append(uniform(-bound, bound, (n_in, n_out)).astype(dtype))
        intercepts.append(uniform(-bound, bound, n_out).astype(dtype))
    return coefs, intercepts
