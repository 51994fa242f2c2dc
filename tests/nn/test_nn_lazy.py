"""Layers that count their inputs themselves."""

import copy

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.errors import ShapeError, TraceError

#: The layer, an input, and what it becomes.
LAYERS = [
    (lambda: nn.LazyLinear(3), (2, 5), nn.Linear(5, 3)),
    (lambda: nn.LazyConv1d(4, 2), (2, 3, 6), nn.Conv1d(3, 4, 2)),
    (
        lambda: nn.LazyConv2d(4, 2, padding=1, bias=False),
        (2, 3, 6, 6),
        nn.Conv2d(3, 4, 2, padding=1, bias=False),
    ),
    (lambda: nn.LazyConv3d(4, 2), (3, 4, 4, 4), nn.Conv3d(3, 4, 2)),
    (lambda: nn.LazyConvTranspose1d(4, 2), (2, 3, 6), nn.ConvTranspose1d(3, 4, 2)),
    (lambda: nn.LazyConvTranspose2d(4, 2, stride=2), (2, 3, 4, 4), nn.ConvTranspose2d(3, 4, 2, stride=2)),
    (lambda: nn.LazyConvTranspose3d(4, 2), (2, 3, 4, 4, 4), nn.ConvTranspose3d(3, 4, 2)),
    (lambda: nn.LazyBatchNorm1d(), (4, 3), nn.BatchNorm1d(3)),
    (lambda: nn.LazyBatchNorm2d(momentum=0.2), (4, 3, 2, 2), nn.BatchNorm2d(3, momentum=0.2)),
    (lambda: nn.LazyBatchNorm3d(affine=False), (4, 3, 2, 2, 2), nn.BatchNorm3d(3, affine=False)),
    (lambda: nn.LazyInstanceNorm1d(affine=True), (4, 3, 5), nn.InstanceNorm1d(3, affine=True)),
    (lambda: nn.LazyInstanceNorm2d(), (4, 3, 5, 5), nn.InstanceNorm2d(3)),
    (lambda: nn.LazyInstanceNorm3d(), (4, 3, 5, 5, 5), nn.InstanceNorm3d(3)),
]


@pytest.mark.parametrize(("make", "shape", "whole"), LAYERS)
def test_becomes_the_layer_it_stands_for(make, shape, whole):
    tg.manual_seed(0)
    layer = make()
    assert repr(layer).startswith(f"Lazy{type(whole).__name__}(0") or "in_features=0" in repr(layer)
    before = [id(p) for p in layer.parameters()]
    x = tg.randn(*shape)
    y = layer(x)
    assert type(layer) is type(whole)
    assert repr(layer) == repr(whole)
    assert [id(p) for p in layer.parameters()] == before
    assert {k: v.shape for k, v in layer.state_dict().items()} == {
        k: v.shape for k, v in whole.state_dict().items()
    }
    whole.load_state_dict(layer.state_dict())
    assert whole.eval()(x).shape == y.shape
    np.testing.assert_array_equal(layer.eval()(x).detach(), whole(x).detach())


@pytest.mark.parametrize(
    "make", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.1)]
)
def test_an_optimiser_made_before_trains_it(make):
    tg.manual_seed(0)
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(1)).double()
    optimiser, x = make(model.parameters()), tg.randn(8, 3, dtype=tg.float64)
    costs = []
    for _ in range(20):
        cost = ((model(x) - 1) ** 2).mean()
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        costs.append(cost.item())
    assert costs[-1] < 0.2 * costs[0]
    assert model[0].weight.dtype == tg.float64


def test_a_copy_counts_for_itself():
    layer = nn.LazyLinear(2)
    other = copy.deepcopy(layer)
    assert layer(tg.ones(1, 3)).shape == other(tg.ones(1, 4)).shape == (1, 2)
    assert (layer.in_features, other.in_features) == (3, 4)


def test_errors():
    with pytest.raises(TraceError, match="call the model on one batch before"):
        tg.jit(nn.LazyLinear(2))(tg.ones(1, 3))
    with pytest.raises(ShapeError, match="no axis -3"):
        nn.LazyConv2d(2, 2)(tg.ones(3, 3))
