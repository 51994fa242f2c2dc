"""Layers as they are used and looked at."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn import functional


def fill(model, scale=0.4):
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            values = torch.sin(torch.arange(p.numel(), dtype=torch.float32) * 0.7 + i)
            p.copy_(values.reshape(p.shape) * scale)
    return model


def ramp(*shape, shift=0.0):
    count = 1
    for n in shape:
        count *= n
    return torch.cos(torch.arange(count, dtype=torch.float32) * 1.3 + shift).reshape(*shape)


def summary(*tensors):
    found = []
    for t in tensors:
        t = t.detach().float()
        found += [*t.shape, t.sum().item(), (t * t).mean().item()]
    return found


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 6, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc = nn.Linear(6 * 3 * 3, 5)
        self.dropout = nn.Dropout(0.25)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = F.relu(self.conv2(x))
        x = torch.flatten(self.dropout(x), 1)
        return F.log_softmax(self.fc(x), dim=1)


def piece_small_convolutional_network():
    model = fill(LeNet()).eval()
    x = ramp(3, 1, 10, 10)
    loss = F.nll_loss(model(x), torch.tensor([0, 2, 4]))
    loss.backward()
    return [loss.item(), *summary(model.conv1.weight.grad, model.fc.weight.grad)]


def piece_convolutions_with_their_options():
    x = ramp(2, 4, 9, 9)
    layers = [
        nn.Conv2d(4, 6, kernel_size=3, stride=2, padding=1),
        nn.Conv2d(4, 8, (3, 5), padding=(1, 2), groups=2, bias=False),
        nn.Conv2d(4, 4, 3, dilation=2, padding="same"),
        nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect"),
    ]
    return summary(*[fill(layer)(x) for layer in layers])


def piece_transposed_convolution_and_upsampling():
    x = ramp(1, 3, 4, 4)
    up = fill(nn.ConvTranspose2d(3, 2, kernel_size=3, stride=2, padding=1, output_padding=1))
    near = nn.Upsample(scale_factor=2, mode="nearest")
    line = nn.Upsample(size=(7, 5), mode="bilinear", align_corners=True)
    return summary(
        up(x), near(x), line(x), F.interpolate(x, scale_factor=1.5, mode="bilinear", align_corners=False)
    )


def piece_one_dimensional_convolution():
    x = ramp(2, 3, 12)
    model = fill(nn.Sequential(nn.Conv1d(3, 4, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 2, 3)))
    y = model(x)
    y.mean().backward()
    return summary(y, model[0].weight.grad, fill(nn.ConvTranspose1d(3, 2, 4, stride=2))(x))


def piece_pooling():
    x = ramp(2, 3, 8, 8)
    values, indices = F.max_pool2d(x, 2, return_indices=True)
    return summary(
        values,
        indices,
        nn.AvgPool2d(3, stride=2, padding=1)(x),
        nn.AdaptiveAvgPool2d((3, 5))(x),
        nn.AdaptiveAvgPool2d(1)(x).flatten(1),
        nn.AdaptiveMaxPool2d(2)(x),
        F.avg_pool1d(x[0], 2),
        nn.MaxUnpool2d(2)(values, indices),
    )


def piece_batch_norm_in_both_modes():
    bn = nn.BatchNorm2d(3)
    for k in range(3):
        bn(ramp(4, 3, 5, 5, shift=k) * (k + 1))
    bn.eval()
    y = bn(ramp(2, 3, 5, 5))
    return summary(y, bn.running_mean, bn.running_var) + [bn.num_batches_tracked.item()]


def piece_batch_norm_of_features_and_its_gradient():
    bn = fill(nn.BatchNorm1d(4), 1.0)
    x = ramp(6, 4).requires_grad_()
    (bn(x) ** 3).sum().backward()
    return summary(x.grad, bn.weight.grad, bn.bias.grad)


def piece_other_normalisations():
    x = ramp(3, 6, 4, 4)
    layers = [
        nn.LayerNorm([6, 4, 4]),
        nn.LayerNorm(4, eps=1e-3, elementwise_affine=False),
        nn.GroupNorm(3, 6),
        nn.InstanceNorm2d(6),
        nn.InstanceNorm2d(6, affine=True),
        nn.RMSNorm(4),
        nn.LocalResponseNorm(2),
    ]
    return summary(*[layer(x * x) for layer in layers], F.normalize(x, dim=1))


def piece_activations_as_modules():
    x = torch.linspace(-4, 4, 33)
    modules = [
        nn.ReLU(), nn.LeakyReLU(0.1), nn.ELU(), nn.SELU(), nn.CELU(0.5), nn.GELU(), nn.GELU("tanh"), nn.SiLU(),
        nn.Mish(), nn.Softplus(), nn.Softplus(beta=2), nn.Softsign(), nn.Tanh(), nn.Sigmoid(), nn.LogSigmoid(),
        nn.Hardtanh(-2, 2), nn.Hardswish(), nn.Hardsigmoid(), nn.ReLU6(), nn.Hardshrink(), nn.Softshrink(),
        nn.Tanhshrink(), nn.Threshold(0.1, 20), nn.PReLU(), nn.RReLU().eval(),
    ]  # fmt: skip
    return summary(*[m(x) for m in modules])


def piece_activations_as_functions():
    x = ramp(4, 6)
    return summary(
        F.relu(x), F.leaky_relu(x, negative_slope=0.2), F.elu(x, alpha=0.5), F.gelu(x, approximate="tanh"),
        F.softmax(x, dim=-1), F.log_softmax(x, dim=0), F.softmin(x, dim=1), F.glu(x, dim=1), F.logsigmoid(x),
        F.hardtanh(x, min_val=-0.5, max_val=0.5), F.threshold(x, 0.1, -1.0), F.prelu(x, torch.tensor([0.3])),
    )  # fmt: skip


def piece_costs_of_numbers():
    a, b = ramp(5, 3).requires_grad_(), ramp(5, 3, shift=1.0)
    costs = [
        nn.MSELoss(), nn.L1Loss(reduction="sum"), nn.SmoothL1Loss(beta=0.5), nn.HuberLoss(delta=0.7),
        nn.PoissonNLLLoss(), nn.KLDivLoss(reduction="batchmean"), nn.SoftMarginLoss(),
    ]  # fmt: skip
    found = []
    for cost in costs:
        a.grad = None
        value = cost(a, b.abs())
        value.backward()
        found += [value.item(), *summary(a.grad)]
    found += [nn.GaussianNLLLoss()(a, b, torch.ones(5, 3) * 0.5).item()]
    return found


def piece_costs_of_classes():
    x, y = ramp(6, 4), torch.tensor([0, 1, 2, 3, 1, 0])
    weight = torch.tensor([1.0, 2.0, 0.5, 1.0])
    ignored = torch.tensor([0, -100, 2, 3, -100, 0])
    return [
        F.cross_entropy(x, y).item(),
        F.cross_entropy(x, y, weight=weight).item(),
        F.cross_entropy(x, y, label_smoothing=0.1).item(),
        F.cross_entropy(x, ignored).item(),
        F.cross_entropy(x, ignored, weight, label_smoothing=0.1).item(),
        F.cross_entropy(x, F.softmax(ramp(6, 4, shift=2.0), 1)).item(),
        *nn.CrossEntropyLoss(reduction="none")(x, y).tolist(),
        nn.NLLLoss(weight)(F.log_softmax(x, 1), y).item(),
        nn.MultiMarginLoss()(x, y).item(),
        F.cross_entropy(ramp(2, 3, 4), torch.tensor([[0, 1, 2, 0], [1, 1, 0, 2]])).item(),
    ]


def piece_costs_of_yes_and_no():
    x = ramp(5, 2)
    t = (ramp(5, 2, shift=2.0) > 0).float()
    return [
        nn.BCEWithLogitsLoss()(x, t).item(),
        nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0, 0.5]))(x, t).item(),
        F.binary_cross_entropy(torch.sigmoid(x), t, reduction="sum").item(),
        nn.BCELoss(weight=torch.tensor([1.0, 3.0]))(torch.sigmoid(x), t).item(),
        nn.MultiLabelSoftMarginLoss()(x, t).item(),
        nn.HingeEmbeddingLoss()(x, t * 2 - 1).item(),
    ]


def piece_costs_that_compare():
    a, b, c = ramp(4, 3), ramp(4, 3, shift=1.0), ramp(4, 3, shift=2.0)
    y = torch.tensor([1.0, -1.0, 1.0, -1.0])
    return [
        nn.TripletMarginLoss(margin=1.0, p=2)(a, b, c).item(),
        nn.CosineEmbeddingLoss(margin=0.2)(a, b, y).item(),
        nn.MarginRankingLoss(margin=0.1)(a[:, 0], b[:, 0], y).item(),
        *nn.CosineSimilarity(dim=1)(a, b).tolist(),
        *nn.PairwiseDistance()(a, b).tolist(),
        *F.cosine_similarity(a, b, dim=0).tolist(),
    ]


def piece_embeddings():
    table = fill(nn.Embedding(7, 3, padding_idx=0))
    index = torch.tensor([[1, 2, 0], [6, 2, 2]])
    y = table(index)
    y.sum().backward()
    bag = fill(nn.EmbeddingBag(7, 3, mode="mean"))
    frozen = nn.Embedding.from_pretrained(ramp(4, 2))
    return summary(y, table.weight.grad, bag(torch.tensor([1, 2, 4, 5]), torch.tensor([0, 3]))) + [
        frozen.weight.requires_grad,
        *frozen(torch.tensor([3])).flatten().tolist(),
    ]


def piece_lstm_over_a_sequence():
    lstm = fill(nn.LSTM(input_size=3, hidden_size=4, num_layers=2, batch_first=True))
    x = ramp(2, 5, 3)
    out, (h, c) = lstm(x)
    out[:, -1].sum().backward()
    return summary(out, h, c, lstm.weight_hh_l0.grad, lstm.bias_ih_l1.grad)


def piece_gru_and_rnn_in_both_directions():
    gru = fill(nn.GRU(3, 4, bidirectional=True))
    rnn = fill(nn.RNN(3, 4, nonlinearity="relu", batch_first=True))
    x = ramp(5, 2, 3)
    y, h = gru(x, torch.zeros(2, 2, 4))
    z, g = rnn(x)
    (y.sum() + z.pow(2).sum()).backward()
    return summary(y, h, z, g, gru.weight_ih_l0_reverse.grad, rnn.weight_ih_l0.grad)


def piece_cells_in_a_loop():
    cell, lstm = fill(nn.GRUCell(3, 4)), fill(nn.LSTMCell(4, 2))
    h, (hx, cx) = torch.zeros(2, 4), (torch.zeros(2, 2), torch.zeros(2, 2))
    outputs = []
    for t in range(4):
        h = cell(ramp(2, 3, shift=t), h)
        hx, cx = lstm(h, (hx, cx))
        outputs.append(hx)
    return summary(torch.stack(outputs, dim=1), h, cx)


def piece_multihead_attention_with_masks():
    attention = fill(nn.MultiheadAttention(6, 2, batch_first=True)).eval()
    x = ramp(2, 4, 6)
    y, w = attention(x, x, x)
    causal = torch.triu(torch.ones(4, 4), diagonal=1).bool()
    masked, _ = attention(x, x, x, attn_mask=causal)
    padding = torch.tensor([[False, False, True, True], [False, False, False, True]])
    padded, weights = attention(x, x, x, key_padding_mask=padding, average_attn_weights=False)
    return summary(y, w, masked, padded, weights)


def piece_self_attention_by_hand():
    B, T, C, head = 2, 5, 6, 4
    key, query, value = (fill(nn.Linear(C, head, bias=False), s) for s in (0.3, 0.4, 0.5))
    x = ramp(B, T, C)
    k, q, v = key(x), query(x), value(x)
    wei = q @ k.transpose(-2, -1) * head**-0.5
    tril = torch.tril(torch.ones(T, T))
    wei = wei.masked_fill(tril == 0, float("-inf"))
    wei = F.softmax(wei, dim=-1)
    by_hand = wei @ v
    fused = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return summary(by_hand, fused, wei)


def piece_transformer_encoder():
    layer = nn.TransformerEncoderLayer(d_model=8, nhead=2, dim_feedforward=16, dropout=0.0, batch_first=True)
    encoder = fill(nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False), 0.2)
    x = ramp(2, 5, 8)
    y = encoder(x, mask=nn.Transformer.generate_square_subsequent_mask(5))
    y.mean().backward()
    first = fill(nn.TransformerEncoderLayer(8, 4, 16, 0.0, activation="gelu", norm_first=True), 0.2)
    return summary(y, encoder.layers[1].linear1.weight.grad, first(x))


def piece_dropout_is_the_identity_in_eval():
    torch.manual_seed(0)
    x = torch.ones(2000)
    drop = nn.Dropout(p=0.5)
    y = drop(x)
    kept = set(y.unique().tolist())
    drop.eval()
    channels = F.dropout2d(torch.ones(50, 20, 3, 3), 0.5).mean(dim=(2, 3)).unique().tolist()
    return [sorted(kept), abs(y.mean().item() - 1) < 0.1, torch.equal(drop(x), x), sorted(channels)]


def piece_padding_shuffling_unfolding():
    x = ramp(1, 4, 4, 4)
    columns = nn.Unfold(kernel_size=2, stride=2)(x)
    return summary(
        F.pad(x, (1, 2)),
        F.pad(x, (1, 1, 2, 2), mode="reflect"),
        F.pad(x, (1, 0), "constant", 9.0),
        nn.ZeroPad2d(1)(x),
        nn.ReplicationPad2d((1, 2, 0, 1))(x),
        nn.PixelShuffle(2)(x),
        columns,
        functional.fold(columns, (4, 4), kernel_size=2, stride=2),
        nn.Unflatten(1, (2, 2))(x),
    )


def piece_bilinear_and_identity():
    layer = fill(nn.Bilinear(3, 4, 2))
    y = layer(ramp(5, 3), ramp(5, 4))
    y.sum().backward()
    return summary(y, layer.weight.grad, nn.Identity(54, unused=True)(y))
