"""Networks from scratch, as courses build them, and training loops of all habits."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def fixed(*shape, seed=0, scale=1.0):
    rng = np.random.RandomState(seed)
    return torch.tensor(rng.randn(*shape) * scale, dtype=torch.float32)


def settle(model, scale=0.3):
    for i, p in enumerate(model.parameters()):
        p.data = torch.cos(torch.arange(p.numel()) * 0.9 + i).reshape(p.shape) * scale
    return model


def piece_nn_from_scratch():
    x_train = fixed(20, 6)
    y_train = torch.randint(0, 3, (20,)) * 0 + torch.arange(20) % 3
    weights = fixed(6, 3, seed=2) / math.sqrt(6)
    weights.requires_grad_()
    bias = torch.zeros(3, requires_grad=True)

    def log_softmax(x):
        return x - x.exp().sum(-1).log().unsqueeze(-1)

    def model(xb):
        return log_softmax(xb @ weights + bias)

    def nll(input, target):
        return -input[range(target.shape[0]), target].mean()

    def accuracy(out, yb):
        preds = torch.argmax(out, dim=1)
        return (preds == yb).float().mean()

    lr, bs, n = 0.5, 8, 20
    for epoch in range(2):
        for i in range((n - 1) // bs + 1):
            start_i = i * bs
            xb, yb = x_train[start_i : start_i + bs], y_train[start_i : start_i + bs]
            loss = nll(model(xb), yb)
            loss.backward()
            with torch.no_grad():
                weights -= weights.grad * lr
                bias -= bias.grad * lr
                weights.grad.zero_()
                bias.grad.zero_()
    return (
        loss.item(),
        accuracy(model(x_train), y_train).item(),
        f"{loss:.4f}",
        bias.detach().numpy().tolist(),
    )


def piece_makemore_bigram():
    words = ["emma", "olivia", "ava", "isabella"]
    chars = sorted(list(set("".join(words))))
    stoi = {s: i + 1 for i, s in enumerate(chars)}
    stoi["."] = 0
    N = torch.zeros((len(stoi), len(stoi)), dtype=torch.int32)
    for w in words:
        chs = ["."] + list(w) + ["."]
        for ch1, ch2 in zip(chs, chs[1:]):
            N[stoi[ch1], stoi[ch2]] += 1
    P = (N + 1).float()
    P /= P.sum(1, keepdim=True)
    log_likelihood, n = 0.0, 0
    for w in words:
        chs = ["."] + list(w) + ["."]
        for ch1, ch2 in zip(chs, chs[1:]):
            prob = P[stoi[ch1], stoi[ch2]]
            log_likelihood += torch.log(prob)
            n += 1
    xs, ys = torch.tensor([0, 1, 2]), torch.tensor([1, 2, 3])
    xenc = F.one_hot(xs, num_classes=len(stoi)).float()
    W = fixed(len(stoi), len(stoi), seed=3)
    W.requires_grad = True
    for k in range(3):
        logits = xenc @ W
        counts = logits.exp()
        probs = counts / counts.sum(1, keepdims=True)
        loss = -probs[torch.arange(3), ys].log().mean() + 0.01 * (W**2).mean()
        W.grad = None
        loss.backward()
        W.data += -50 * W.grad
    return N.tolist(), (-log_likelihood / n).item(), loss.item(), P[0].sum().item()


def piece_makemore_mlp_bn():
    C = fixed(27, 2, seed=1)
    W1, _b1 = fixed(6, 10, seed=2) * (5 / 3) / (6**0.5), fixed(10, seed=3) * 0.01
    W2, b2 = fixed(10, 27, seed=4) * 0.01, fixed(27, seed=5) * 0
    bngain, bnbias = torch.ones((1, 10)), torch.zeros((1, 10))
    bnmean_running, bnstd_running = torch.zeros((1, 10)), torch.ones((1, 10))
    parameters = [C, W1, W2, b2, bngain, bnbias]
    for p in parameters:
        p.requires_grad = True
    X = torch.tensor([[0, 1, 2], [1, 2, 3], [5, 6, 7], [9, 9, 1]])
    Y = torch.tensor([3, 4, 8, 0])
    lossi = []
    for i in range(4):
        emb = C[X]
        hpreact = emb.view(emb.shape[0], -1) @ W1
        bnmeani = hpreact.mean(0, keepdim=True)
        bnstdi = hpreact.std(0, keepdim=True)
        hpreact = bngain * (hpreact - bnmeani) / bnstdi + bnbias
        with torch.no_grad():
            bnmean_running = 0.999 * bnmean_running + 0.001 * bnmeani
            bnstd_running = 0.999 * bnstd_running + 0.001 * bnstdi
        h = torch.tanh(hpreact)
        logits = h @ W2 + b2
        loss = F.cross_entropy(logits, Y)
        for p in parameters:
            p.grad = None
        loss.backward()
        lr = 0.1 if i < 2 else 0.01
        for p in parameters:
            p.data += -lr * p.grad
        lossi.append(loss.log10().item())
    saturated = (h.abs() > 0.9).float().mean()
    return (
        lossi,
        saturated.item(),
        bnmean_running.tolist(),
        sum(p.nelement() for p in parameters),
        torch.tensor(lossi).view(-1, 2).mean(1).tolist(),
    )


def piece_manual_backprop():
    n = 4
    logits = fixed(n, 5).requires_grad_()
    Yb = torch.tensor([0, 2, 4, 1])
    logit_maxes = logits.max(1, keepdim=True).values
    norm_logits = logits - logit_maxes
    counts = norm_logits.exp()
    counts_sum = counts.sum(1, keepdims=True)
    counts_sum_inv = counts_sum**-1
    probs = counts * counts_sum_inv
    logprobs = probs.log()
    loss = -logprobs[range(n), Yb].mean()
    for t in [logprobs, probs, counts, counts_sum, counts_sum_inv, norm_logits, logit_maxes]:
        t.retain_grad()
    loss.backward()
    dlogprobs = torch.zeros_like(logprobs)
    dlogprobs[range(n), Yb] = -1.0 / n
    dprobs = (1.0 / probs) * dlogprobs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
    dcounts = counts_sum_inv * dprobs
    dcounts_sum = (-(counts_sum**-2)) * dcounts_sum_inv
    dcounts += torch.ones_like(counts) * dcounts_sum
    dnorm_logits = counts * dcounts
    dlogits = dnorm_logits.clone()
    dlogit_maxes = (-dnorm_logits).sum(1, keepdim=True)
    dlogits += F.one_hot(logits.max(1).indices, num_classes=logits.shape[1]) * dlogit_maxes

    def cmp(dt, t):
        return torch.all(dt == t.grad).item() or torch.allclose(dt, t.grad, atol=1e-6)

    fast = F.softmax(logits, 1)
    fast[range(n), Yb] -= 1
    fast /= n
    return [
        bool(cmp(a, b))
        for a, b in ((dlogprobs, logprobs), (dprobs, probs), (dcounts, counts), (dlogits, logits))
    ], fast.detach().tolist()


def piece_micrograd_compare():
    x1 = torch.Tensor([2.0]).double()
    x1.requires_grad = True
    x2 = torch.Tensor([0.0]).double()
    x2.requires_grad = True
    w1 = torch.Tensor([-3.0]).double()
    w1.requires_grad = True
    w2 = torch.Tensor([1.0]).double()
    w2.requires_grad = True
    b = torch.Tensor([6.8813735870195432]).double()
    b.requires_grad = True
    n = x1 * w1 + x2 * w2 + b
    o = torch.tanh(n)
    o.backward()
    return o.data.item(), x2.grad.item(), w2.grad.item(), x1.grad.item(), w1.grad.item(), o.item()


def piece_d2l_linreg():
    def synthetic_data(w, b, num):
        X = fixed(num, len(w))
        y = torch.matmul(X, w) + b
        return X, y.reshape((-1, 1))

    true_w, true_b = torch.tensor([2, -3.4]), 4.2
    features, labels = synthetic_data(true_w, true_b, 40)

    def data_iter(batch_size, features, labels):
        indices = list(range(len(features)))
        for i in range(0, len(features), batch_size):
            batch = torch.tensor(indices[i : min(i + batch_size, len(features))])
            yield features[batch], labels[batch]

    w = torch.zeros((2, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)

    def sgd(params, lr, batch_size):
        with torch.no_grad():
            for param in params:
                param -= lr * param.grad / batch_size
                param.grad.zero_()

    for epoch in range(3):
        for X, y in data_iter(10, features, labels):
            l = (torch.matmul(X, w) + b - y.reshape((X.shape[0], 1))) ** 2 / 2
            l.sum().backward()
            sgd([w, b], 0.03, 10)
    return w.reshape(true_w.shape).tolist(), (true_b - b).item()


def piece_d2l_corr2d():
    def corr2d(X, K):
        h, w = K.shape
        Y = torch.zeros((X.shape[0] - h + 1, X.shape[1] - w + 1))
        for i in range(Y.shape[0]):
            for j in range(Y.shape[1]):
                Y[i, j] = (X[i : i + h, j : j + w] * K).sum()
        return Y

    X = torch.ones((6, 8))
    X[:, 2:6] = 0
    K = torch.tensor([[1.0, -1.0]])
    Y = corr2d(X, K)
    conv2d = nn.Conv2d(1, 1, kernel_size=(1, 2), bias=False)
    conv2d.weight.data[:] = 0.1
    X, Y = X.reshape((1, 1, 6, 8)), Y.reshape((1, 1, 6, 7))
    for i in range(4):
        l = (conv2d(X) - Y) ** 2
        conv2d.zero_grad()
        l.sum().backward()
        conv2d.weight.data[:] -= 3e-2 * conv2d.weight.grad
    return Y.tolist(), conv2d.weight.data.reshape((1, 2)).tolist()


def piece_positional_encoding():
    class PositionalEncoding(nn.Module):
        def __init__(self, d_model, dropout=0.1, max_len=50):
            super().__init__()
            self.dropout = nn.Dropout(p=dropout)
            position = torch.arange(max_len).unsqueeze(1)
            div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
            pe = torch.zeros(max_len, 1, d_model)
            pe[:, 0, 0::2] = torch.sin(position * div_term)
            pe[:, 0, 1::2] = torch.cos(position * div_term)
            self.register_buffer("pe", pe)

        def forward(self, x):
            x = x + self.pe[: x.size(0)]
            return self.dropout(x)

    class PE2(nn.Module):
        def __init__(self, d, n):
            super().__init__()
            pe = torch.zeros(n, d)
            position = torch.arange(0, n, dtype=torch.float).unsqueeze(1)
            div = torch.exp(torch.arange(0, d, 2).float() * (-math.log(10000.0) / d))
            pe[:, 0::2] = torch.sin(position * div)
            pe[:, 1::2] = torch.cos(position * div)
            pe = pe.unsqueeze(0).transpose(0, 1)
            self.register_buffer("pe", pe, persistent=False)

    m = PositionalEncoding(6).eval()
    return (
        m(torch.zeros(4, 2, 6)).tolist(),
        list(m.state_dict()),
        list(PE2(4, 5).state_dict()),
        PE2(4, 5).pe.shape[0],
    )
