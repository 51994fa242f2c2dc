"""Convolutional, normalising, looking-up, attending and recurrent layers, and the containers."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, ops
from tinygrad_mnist.errors import ShapeError

RNG = np.random.default_rng(5)


def generator():
    return tg.Generator(0)


def normal(*shape):
    return tg.Tensor(RNG.normal(size=shape).astype(np.float32))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_convolution_and_pooling():
    layer = nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, groups=2, generator=generator())
    x = normal(2, 4, 7, 6)
    expected = ops.conv2d(x, layer.weight, layer.bias, 2, 1, 1, 2)
    np.testing.assert_array_equal(layer(x).detach(), expected.detach())
    assert [(n, p.shape) for n, p in layer.named_parameters()] == [("weight", (6, 2, 3, 2)), ("bias", (6,))]
    assert layer.weight.numpy().std() == pytest.approx((1 / 36) ** 0.5, rel=0.2)  # of what a kernel sees
    assert nn.Conv2d(1, 2, 3, bias=False, generator=generator()).bias is None
    assert nn.MaxPool2d(2)(x).shape == nn.AvgPool2d(2)(x).shape == (2, 4, 3, 3)
    np.testing.assert_allclose(nn.AdaptiveAvgPool2d(1)(x)[..., 0, 0], x.mean((2, 3)), rtol=1e-5, atol=1e-6)
    with pytest.raises(ShapeError, match="in_channels must be divisible by groups"):
        nn.Conv2d(4, 6, 3, groups=3, generator=generator())


def test_layer_rms_and_group_norm():
    x = normal(3, 4, 2)
    flat = x.numpy().reshape(3, -1)
    found = nn.LayerNorm((4, 2))(x).detach().numpy().reshape(3, -1)
    expected = (flat - flat.mean(1, keepdims=True)) / np.sqrt(flat.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    expected = x.numpy() / np.sqrt((x.numpy() ** 2).mean(2, keepdims=True))
    np.testing.assert_allclose(nn.RMSNorm(2)(x).detach(), expected, rtol=1e-5)
    groups = x.numpy().reshape(3, 2, 4)
    expected = (groups - groups.mean(2, keepdims=True)) / np.sqrt(groups.var(2, keepdims=True) + 1e-5)
    found = nn.GroupNorm(2, 4)(x).detach().numpy().reshape(groups.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert list(nn.LayerNorm(2, elementwise_affine=False).parameters()) == []
    assert [n for n, _ in nn.LayerNorm(2, bias=False).named_parameters()] == ["weight"]
    with pytest.raises(ShapeError, match=r"does not end in normalized_shape \(3,\)"):
        nn.LayerNorm(3)(x)
    with pytest.raises(ShapeError, match="must be divisible by num_groups"):
        nn.GroupNorm(3, 4)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_batch_norm(momentum):
    layer = nn.BatchNorm2d(3, momentum=momentum)
    mean, var = np.zeros(3), np.ones(3)
    for k in range(3):
        x = normal(4, 3, 2, 2)
        y = layer(x).detach().numpy()
        values = x.numpy().transpose(1, 0, 2, 3).reshape(3, -1)
        share = momentum or 1 / (k + 1)
        mean = (1 - share) * mean + share * values.mean(1)
        var = (1 - share) * var + share * values.var(1, ddof=1)
        np.testing.assert_allclose(y.transpose(1, 0, 2, 3).reshape(3, -1).mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.running_var, var, rtol=1e-5)
    assert layer.num_batches_tracked.item() == 3
    x = normal(1, 3, 1, 1)
    expected = (x.numpy()[0, :, 0, 0] - mean) / np.sqrt(var + 1e-5)
    np.testing.assert_allclose(layer.eval()(x).detach()[0, :, 0, 0], expected, rtol=1e-5)
    assert sorted(layer.state_dict()) == [
        *("bias", "num_batches_tracked", "running_mean", "running_var", "weight")
    ]


def test_batch_norm_compiled_and_refusals():
    eager, compiled = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    step = tg.jit(lambda x: compiled(x).sum())
    for _ in range(2):
        x = normal(5, 3)
        np.testing.assert_allclose(step(x).item(), eager(x).sum().item(), atol=1e-5)
    np.testing.assert_allclose(compiled.running_var, eager.running_var, rtol=1e-6)
    assert not compiled.running_var.requires_grad
    with pytest.raises(ShapeError, match="BatchNorm1d: expected 3 channels along axis 1"):
        eager(normal(5, 4))
    with pytest.raises(ShapeError, match="one value per channel"):
        eager(normal(1, 3))
    untracked = nn.BatchNorm1d(3, track_running_stats=False, affine=False).eval()
    assert untracked.state_dict() == {}
    np.testing.assert_allclose(untracked(normal(5, 3)).mean(0), 0, atol=1e-6)


def test_embedding():
    layer = nn.Embedding(5, 3, padding_idx=1, generator=generator())
    index = np.array([[1, 2], [4, 2]])
    np.testing.assert_array_equal(layer(index).detach(), layer.weight.numpy()[index])
    layer(tg.Tensor(index)).sum().backward()
    assert layer.weight.grad.numpy()[:, 0].tolist() == [0, 0, 2, 0, 1]
    assert layer.weight.numpy()[1].tolist() == [0, 0, 0]
    with pytest.raises(IndexError, match="position 5"):
        layer([5])
    with pytest.raises(IndexError, match="Padding_idx must be within num_embeddings"):
        nn.Embedding(5, 3, 5, generator=generator())


def test_attention():
    layer = nn.MultiheadAttention(6, 2, batch_first=True, generator=generator())
    query, memory = normal(2, 4, 6), normal(2, 5, 6)
    w = layer.in_proj_weight.numpy()
    q, k, v = (x.numpy() @ part.T for x, part in zip((query, memory, memory), np.split(w, 3), strict=True))
    heads = []
    for h in (slice(0, 3), slice(3, 6)):
        scores = q[..., h] @ k[..., h].transpose(0, 2, 1) / 3**0.5
        weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        heads.append(weights @ v[..., h])
    expected = np.concatenate(heads, -1) @ layer.out_proj.weight.numpy().T
    found, seen = layer(query, memory, memory)
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-4, atol=1e-6)
    assert seen.shape == (2, 4, 5)
    alone, nothing = layer(query[0], memory[0], memory[0], need_weights=False)
    np.testing.assert_allclose(alone.detach(), expected[0], rtol=1e-4, atol=1e-6)
    assert nothing is None
    hidden = ~np.tri(4, dtype=bool)  # PyTorch's module: True where a query may not look
    causal = layer(query, query, query, attn_mask=hidden)[0].detach().numpy()
    first = query[:, :1]
    np.testing.assert_allclose(layer(first, first, first)[0].detach(), causal[:, :1], rtol=1e-4, atol=1e-6)
    nowhere = ops.scaled_dot_product_attention(query, memory, memory, attn_mask=np.zeros((4, 5), bool))
    assert not nowhere.numpy().any()
    with pytest.raises(ShapeError, match="embed_dim must be divisible by num_heads, not 6 by 4"):
        nn.MultiheadAttention(6, 4, generator=generator())
    with pytest.raises(ValueError, match="Need attn_mask"):
        layer(query, query, query, is_causal=True)


def test_recurrent_cells():
    x, h, c = normal(2, 3), normal(2, 4), normal(2, 4)
    for cell in (nn.RNNCell, nn.LSTMCell, nn.GRUCell):
        layer = cell(3, 4, generator=generator())
        for bias in (layer.bias_ih, layer.bias_hh):
            bias.assign_(normal(*bias.shape))
        wi, wh, bi, bh = (p.numpy() for p in layer.parameters())
        a, b = x.numpy() @ wi.T + bi, h.numpy() @ wh.T + bh
        if cell is nn.RNNCell:
            found, expected = [layer(x, h)], [np.tanh(a + b)]
        elif cell is nn.LSTMCell:
            i, f, g, o = np.split(a + b, 4, 1)
            state = sigmoid(f) * c.numpy() + sigmoid(i) * np.tanh(g)
            found, expected = layer(x, (h, c)), [sigmoid(o) * np.tanh(state), state]
        else:
            (ar, az, an), (br, bz, bn) = np.split(a, 3, 1), np.split(b, 3, 1)
            z, n = sigmoid(az + bz), np.tanh(an + sigmoid(ar + br) * bn)
            found, expected = [layer(x, h)], [(1 - z) * n + z * h.numpy()]
        for y, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(y.detach(), e, rtol=1e-4, atol=1e-6)
        first = layer(x)
        assert (first[0] if cell is nn.LSTMCell else first).shape == (2, 4)
        assert cell(3, 4, bias=False, generator=generator()).bias_ih is None
    with pytest.raises(ValueError, match="Unknown nonlinearity: sigmoid"):
        nn.RNNCell(3, 4, nonlinearity="sigmoid", generator=generator())(x)


def test_containers():
    layers = nn.ModuleList(nn.Linear(2, 2, generator=generator()) for _ in range(3))
    layers.append(nn.Identity("ignored")).extend([nn.ReLU()])
    assert len(layers) == 5
    assert [type(m).__name__ for m in layers[3:]] == ["Identity", "ReLU"]
    assert list(layers.state_dict())[:2] == ["0.weight", "0.bias"]
    x = normal(1, 2)
    assert layers[3](x) is x
    with pytest.raises(TypeError, match="ModuleList: holds Modules, but 3 is none"):
        layers.append(3)
    parameters = nn.ParameterList([nn.Parameter([1.0]), nn.Parameter([2.0])])
    assert [p.item() for p in parameters] == [1, 2]
    assert list(parameters.state_dict()) == ["0", "1"]
    named = nn.ModuleDict({"left": nn.Identity(), "right": layers[0]})
    assert (list(named), "left" in named, len(named)) == (["left", "right"], True, 2)
    assert list(named.state_dict()) == ["right.weight", "right.bias"]
    assert [name for name, _ in named.items()] == list(named.keys())
    del named["left"]
    assert list(named.values()) == [layers[0]]
    with pytest.raises(KeyError, match="attribute 'forward' already exists"):
        named["forward"] = nn.Identity()
    with pytest.raises(KeyError):
        named["left"]
