"""Recurrent layers, convolutions, normalisation, attention: derivatives of both orders; compiled steps."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.testing import check_module

RNG = np.random.default_rng(3)


def normal(*shape):
    return RNG.normal(size=shape)


def drawn():
    return {"generator": tg.Generator(1)}


class Attended(nn.Module):
    """Attention of a sequence to itself, and to the future not."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True, **drawn())
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(2))

    def forward(self, x):
        return self.attention(x, x, x, attn_mask=self.mask, need_weights=False)[0]


class Outputs(nn.Module):
    """The outputs of a recurrent layer, without its last state."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


LAYERS = {
    "RNN": (lambda: Outputs(nn.RNN(2, 2, **drawn())), (3, 2, 2)),
    "LSTM": (lambda: Outputs(nn.LSTM(2, 1, batch_first=True, **drawn())), (2, 2, 2)),
    "GRU": (lambda: Outputs(nn.GRU(2, 1, bidirectional=True, **drawn())), (2, 1, 2)),
    "Conv1d": (lambda: nn.Conv1d(2, 2, 3, padding=1, **drawn()), (2, 2, 5)),
    "Conv2d": (lambda: nn.Conv2d(2, 2, 2, stride=2, padding=1, **drawn()), (2, 2, 4, 3)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 1, 2, stride=2, **drawn()), (1, 2, 2, 3)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3, track_running_stats=False), (4, 3)),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(2, affine=True), (2, 2, 2, 3)),
    "LayerNorm": (lambda: nn.LayerNorm(3), (2, 3)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (2, 4, 2)),
    "RMSNorm": (lambda: nn.RMSNorm(3), (2, 3)),
    "MultiheadAttention": (Attended, (1, 2, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_derivatives_of_first_and_second_order(name):
    make, shape = LAYERS[name]
    assert check_module(make(), normal(*shape), order=2).entries > 0


#: Smaller ones, since each step in time is compiled by itself.
COMPILED = {
    "LSTM": (lambda: Outputs(nn.LSTM(2, 2, batch_first=True, bias=False, **drawn())), (1, 2, 2)),
    "Conv2d": LAYERS["Conv2d"],
    "BatchNorm1d": LAYERS["BatchNorm1d"],
    "LayerNorm": LAYERS["LayerNorm"],
    "MultiheadAttention": (lambda: Outputs(Heads()), (1, 2, 2)),
}


class Heads(nn.MultiheadAttention):
    """One head, which attends to itself."""

    def __init__(self):
        super().__init__(2, 1, bias=False, batch_first=True, **drawn())

    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)


@pytest.mark.parametrize("name", COMPILED)
def test_a_compiled_step_of_training_is_the_eager_one(name):
    make, shape = COMPILED[name]
    x = normal(*shape).astype(np.float32)
    found = []
    for compile_it in (False, True):
        model = make()
        opt = optim.SGD(model.parameters(), lr=0.1)

        def step(x, model=model, opt=opt):
            cost = (model(x) ** 2).mean()
            opt.zero_grad()
            cost.backward()
            opt.step()
            return cost

        run = tg.jit(step) if compile_it else step
        costs = [run(tg.Tensor(x)).item() for _ in range(4)]
        found.append([costs, *(p.detach().numpy() for p in model.parameters())])
        assert costs[-1] < costs[0]
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-6)
