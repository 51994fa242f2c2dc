"""Writes reference.json: what PyTorch computes for the inputs that the tests make by formula.

Run with `python tests/nn/make_reference.py` where PyTorch is installed; the version that wrote
the stored file is in it. All numbers are float64.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

N, C = 6, 5
logits = torch.tensor(
    [[3 * math.sin(1 + 5 * i + j) for j in range(C)] for i in range(N)], dtype=torch.float64
)
classes = torch.tensor([(2 * i) % C for i in range(N)])
wanted = torch.tensor([[math.cos(2 + 5 * i + j) for j in range(C)] for i in range(N)], dtype=torch.float64)
probabilities = torch.softmax(wanted, 1)
shares = torch.sigmoid(wanted)
points = torch.tensor([0.25 * i for i in range(-20, 21)], dtype=torch.float64)

losses = {
    "mse_loss": lambda x: F.mse_loss(x, wanted),
    "quadratic_cost": lambda x: ((x - wanted) ** 2).sum(1).mean(),
    "cross_entropy classes": lambda x: F.cross_entropy(x, classes),
    "cross_entropy classes smoothed": lambda x: F.cross_entropy(x, classes, label_smoothing=0.1),
    "cross_entropy probabilities": lambda x: F.cross_entropy(x, probabilities),
    "cross_entropy probabilities smoothed": lambda x: F.cross_entropy(x, probabilities, label_smoothing=0.1),
    "nll_loss": lambda x: F.nll_loss(x, classes),
    "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, shares),
}
activations = {
    "Sigmoid": torch.sigmoid,
    "Tanh": torch.tanh,
    "ReLU": F.relu,
    "GELU": F.gelu,
    "SiLU": F.silu,
    "ELU": F.elu,
}


def value_and_gradient(f, x):
    x = x.clone().requires_grad_()
    y = f(x)
    y.sum().backward()
    return {"value": y.tolist(), "gradient": x.grad.tolist()}


reference = {
    "torch": torch.__version__,
    "losses": {name: value_and_gradient(f, logits) for name, f in losses.items()},
    "activations": {name: value_and_gradient(f, points) for name, f in activations.items()},
}
Path(__file__).with_name("reference.json").write_text(json.dumps(reference, indent=None) + "\n")
