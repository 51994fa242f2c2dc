"""Answers of the kind forums give: one operation or idiom each."""

import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.func import functional_call, grad, hessian, jacrev, jvp, vjp
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    IterableDataset,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)


def fixed(*shape, seed=0, scale=1.0):
    return torch.from_numpy(np.random.RandomState(seed).randn(*shape) * scale).float()


def settle(model, scale=0.3):
    for i, (name, p) in enumerate(model.named_parameters()):
        p.data.copy_(torch.cos(torch.arange(p.numel()) * 0.9 + i).reshape(p.shape) * scale)
    return model


def piece_autoencoder_convt():
    net = settle(
        nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2, padding=1),
            nn.ReLU(True),
            nn.ConvTranspose2d(4, 1, 3, stride=2, padding=1, output_padding=1),
            nn.Sigmoid(),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        )
    )
    x = fixed(1, 1, 6, 6)
    y = net(x)
    up = nn.Upsample(scale_factor=2, mode="nearest")(x)
    ps = nn.PixelShuffle(2)(fixed(1, 4, 2, 2))
    return (
        y.tolist(),
        up.shape[-1],
        ps.tolist(),
        F.interpolate(x, size=(3, 3), mode="area").tolist(),
        F.interpolate(x, scale_factor=0.5, mode="bicubic", align_corners=False).tolist(),
    )


def piece_packed():
    seq = torch.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
    emb = settle(nn.Embedding(7, 4, padding_idx=0))
    lens = torch.tensor([2, 1, 3])
    gru = settle(nn.GRU(4, 3, batch_first=True))
    packed = pack_padded_sequence(emb(seq), lens, batch_first=True, enforce_sorted=False)
    out, h = gru(packed)
    unpacked, lengths = pad_packed_sequence(out, batch_first=True)
    return unpacked.tolist(), lengths.tolist(), h.tolist()


def piece_bidirectional_classifier():
    class BRNN(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(4, 5, 2, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(10, 3)

        def forward(self, x):
            h0 = torch.zeros(4, x.size(0), 5).to(x.device)
            c0 = torch.zeros(4, x.size(0), 5).to(x.device)
            out, (hn, cn) = self.lstm(x, (h0, c0))
            cat = torch.cat((hn[-2, :, :], hn[-1, :, :]), dim=1)
            return self.fc(out[:, -1, :]), cat

    m = settle(BRNN())
    y, c = m(fixed(2, 6, 4))
    cell = settle(nn.LSTMCell(4, 3))
    hx, cx = torch.zeros(2, 3), torch.zeros(2, 3)
    outs = []
    for t in range(3):
        hx, cx = cell(fixed(2, 4, seed=t), (hx, cx))
        outs.append(hx)
    return (
        y.tolist(),
        c.tolist(),
        torch.stack(outs, dim=0).tolist(),
        [tuple(p.shape) for p in m.lstm.parameters()]
        == [tuple(p.shape) for _, p in m.lstm.named_parameters()],
        [n for n, _ in m.lstm.named_parameters()],
    )


def piece_embedding_bag_cbow():
    e = settle(nn.Embedding(10, 3))
    idx = torch.tensor([[1, 2, 4], [4, 3, 2]])
    mean = e(idx).mean(dim=1)
    bag = settle(nn.EmbeddingBag(10, 3, mode="sum"))
    out = bag(torch.tensor([1, 2, 4, 5, 4, 3, 2, 9]), torch.tensor([0, 4]))
    pre = nn.Embedding.from_pretrained(torch.arange(6.0).view(3, 2), freeze=True)
    return (
        mean.tolist(),
        out.tolist(),
        pre(torch.tensor([2, 0])).tolist(),
        pre.weight.requires_grad,
        F.embedding(torch.tensor([1]), torch.ones(3, 2)).tolist(),
    )


def piece_samplers():
    ds = TensorDataset(torch.arange(10).float(), torch.arange(10) % 2)
    sub = Subset(ds, [1, 3, 5])
    both = ConcatDataset([sub, ds])
    picked = sorted(
        x.item() for xb, _ in DataLoader(ds, batch_size=2, sampler=SubsetRandomSampler([2, 4, 6])) for x in xb
    )
    drawn = list(WeightedRandomSampler([0.0, 1.0, 0.0], num_samples=4, replacement=True))
    batches = list(BatchSampler(SequentialSampler(range(7)), batch_size=3, drop_last=False))

    class Count(IterableDataset):
        def __init__(self, n):
            self.n = n

        def __iter__(self):
            return iter(range(self.n))

    it = [b.tolist() for b in DataLoader(Count(5), batch_size=2)]
    dicts = list(DataLoader([{"x": torch.tensor([i]), "name": f"n{i}"} for i in range(3)], batch_size=2))
    arrays = next(iter(DataLoader([(np.float32(i), i, [i, i + 1]) for i in range(3)], batch_size=3)))
    return (
        len(sub),
        len(both),
        both[4][0].item(),
        picked,
        drawn,
        batches,
        it,
        dicts[0]["x"].tolist(),
        dicts[0]["name"],
        arrays[0].tolist(),
        arrays[1].tolist(),
        [a.tolist() for a in arrays[2]],
    )


def piece_clip_and_vectors():
    m = settle(nn.Linear(4, 3))
    m(fixed(5, 4)).pow(2).sum().backward()
    total = torch.nn.utils.clip_grad_norm_(m.parameters(), max_norm=0.5, norm_type=2.0)
    after = torch.sqrt(sum((p.grad**2).sum() for p in m.parameters()))
    v = torch.nn.utils.parameters_to_vector(m.parameters())
    torch.nn.utils.vector_to_parameters(v * 2, m.parameters())
    torch.nn.utils.clip_grad_value_(m.parameters(), 0.01)
    wn = torch.nn.utils.weight_norm(settle(nn.Linear(3, 2)), name="weight")
    return (
        total.item(),
        after.item(),
        v.tolist(),
        m.weight.tolist(),
        m.weight.grad.max().item(),
        sorted(n for n, _ in wn.named_parameters()),
        wn(torch.ones(1, 3)).tolist(),
    )


def piece_ema():
    model = settle(nn.Linear(2, 2))
    ema = copy.deepcopy(model)
    for p in ema.parameters():
        p.requires_grad_(False)
    avg = AveragedModel(model)
    opt = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        opt.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        opt.step()
        avg.update_parameters(model)
        with torch.no_grad():
            for e, p in zip(ema.parameters(), model.parameters()):
                e.mul_(0.9).add_(p, alpha=0.1)
                e.data = e.data
    return ema.weight.tolist(), avg.module.weight.tolist(), [p.requires_grad for p in ema.parameters()]


def piece_functional_meta():
    model = settle(nn.Linear(2, 1))
    params = dict(model.named_parameters())
    x, y = fixed(4, 2), fixed(4, 1, seed=1)
    fast = {k: v.clone() for k, v in params.items()}
    for _ in range(2):
        loss = F.mse_loss(functional_call(model, fast, (x,)), y)
        grads = torch.autograd.grad(loss, list(fast.values()), create_graph=True)
        fast = {k: v - 0.1 * g for (k, v), g in zip(fast.items(), grads)}
    outer = F.mse_loss(functional_call(model, fast, (x,)), y)
    outer.backward()
    f = lambda t: (t**3).sum()
    t = torch.tensor([1.0, 2.0])
    out, pull = vjp(torch.sin, t)
    return (
        outer.item(),
        model.weight.grad.tolist(),
        grad(f)(t).tolist(),
        hessian(f)(t).tolist(),
        jacrev(torch.exp)(t).tolist(),
        pull(torch.ones(2))[0].tolist(),
        jvp(torch.cos, (t,), (torch.ones(2),))[1].tolist(),
    )


def piece_einsum():
    a, b = fixed(2, 3), fixed(3, 4, seed=1)
    q, k = fixed(2, 3, 2, 4), fixed(2, 5, 2, 4, seed=1)
    return [
        torch.einsum("ij,jk->ik", a, b).tolist(),
        torch.einsum("nqhd,nkhd->nhqk", [q, k]).tolist(),
        torch.einsum("ii", b[:, :3]).item(),
        torch.einsum("...ij->...ji", q).shape[-1],
        torch.einsum("i,j->ij", a[0], b[0]).tolist(),
        torch.tensordot(a, b, dims=1).tolist(),
        torch.kron(a[:1], b[:1]).tolist(),
        torch.outer(a[0], b[0]).tolist(),
        torch.cdist(a, a).tolist(),
        torch.baddbmm(torch.zeros(2, 3, 3), q[:, :, 0], q[:, :, 0].transpose(1, 2)).tolist(),
    ]


def piece_dtype_promotion():
    i, f, d, b = (
        torch.tensor([1, 2]),
        torch.tensor([0.5, 1.5]),
        torch.tensor([0.5, 1.5], dtype=torch.float64),
        torch.tensor([True, False]),
    )
    res = [
        i + 1,
        i + 1.0,
        i / 2,
        i // 2,
        f + i,
        f + d,
        b + b,
        b * 3,
        i * f,
        i**2,
        2**i,
        i.float() / 3,
        -b.int(),
        i == f,
        b & True,
        torch.mean(f),
        i.sum(),
        b.sum(),
        i.double() @ d,
        f > 1,
        i % 2,
        torch.arange(3) / 3,
        torch.true_divide(i, 2),
        i.prod(),
        torch.where(b, 1.0, 0.0),
        torch.where(b, i, 0),
        f.round(),
        i.clamp(min=1.5),
        torch.tensor(1) * 0.5,
    ]
    return [str(r.dtype).replace("torch.", "") for r in res], [r.tolist() for r in res]


def piece_mixup_cutout():
    x = fixed(4, 1, 6, 6)
    y = F.one_hot(torch.tensor([0, 1, 2, 1]), 3).float()
    perm = torch.tensor([2, 0, 3, 1])
    lam = 0.3
    mixed = lam * x + (1 - lam) * x[perm, :]
    ym = lam * y + (1 - lam) * y[perm]
    mask = torch.ones_like(x)
    mask[:, :, 1:3, 2:5] = 0
    cut = mixed * mask
    flipped = torch.flip(x, dims=[3])
    rolled = torch.roll(x, shifts=(1, -2), dims=(2, 3))
    crop = F.pad(x, (1, 1, 1, 1), mode="reflect")[:, :, 0:6, 2:8]
    mean, std = x.mean(dim=(0, 2, 3)), x.std(dim=[0, 2, 3])
    norm = (x - mean[None, :, None, None]) / std.view(1, -1, 1, 1)
    return (
        ym.tolist(),
        cut.sum().item(),
        flipped[0, 0, 0].tolist(),
        rolled[0, 0, 0].tolist(),
        crop.sum().item(),
        norm.mean().item(),
        x.permute(0, 2, 3, 1).reshape(-1, 1).shape[0],
        (x * 255).clamp(0, 255).byte()[0, 0, 0].tolist(),
    )
