"""Whole programs of the kind tutorials end with: language models, GANs, Q-learning, schedules."""

import math
from collections import OrderedDict

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset, random_split


def fixed(*shape, seed=0, scale=1.0):
    rng = np.random.RandomState(seed)
    return torch.from_numpy((rng.randn(*shape) * scale).astype(np.float32))


def settle(model, scale=0.3):
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            n = p.numel()
            p.copy_(torch.sin(torch.arange(n, dtype=torch.float32) * 0.7 + i).view_as(p) * scale)
    return model


def piece_module_dict():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.choices = nn.ModuleDict({"lin": nn.Linear(3, 3), "id": nn.Identity()})
            self.acts = nn.ModuleDict([["lrelu", nn.LeakyReLU()], ["prelu", nn.PReLU()]])
            self.scale = nn.ParameterList([nn.Parameter(torch.ones(1) * i) for i in range(3)])
            self.extra = nn.ParameterDict({"left": nn.Parameter(torch.zeros(3))})

        def forward(self, x, choice, act):
            x = self.acts[act](self.choices[choice](x))
            for s in self.scale:
                x = x + s
            return x + self.extra["left"]

    net = settle(Net())
    return (
        net(fixed(2, 3), "lin", "prelu").tolist(),
        [n for n, _ in net.named_parameters()],
        "lin" in net.choices,
        list(net.choices.keys()),
    )


def piece_custom_function():
    class LegendrePolynomial3(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input):
            ctx.save_for_backward(input)
            return 0.5 * (5 * input**3 - 3 * input)

        @staticmethod
        def backward(ctx, grad_output):
            (input,) = ctx.saved_tensors
            return grad_output * 1.5 * (5 * input**2 - 1)

    class ClampSTE(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, low, high):
            ctx.low = low
            ctx.mark_non_differentiable
            return x.clamp(low, high)

        @staticmethod
        def backward(ctx, g):
            return g.clone(), None, None

    x = torch.linspace(-math.pi, math.pi, 20, dtype=torch.float)
    y = torch.sin(x)
    a = torch.full((), 0.0, requires_grad=True)
    b = torch.full((), -1.0, requires_grad=True)
    c = torch.full((), 0.0, requires_grad=True)
    d = torch.full((), 0.3, requires_grad=True)
    for t in range(20):
        P3 = LegendrePolynomial3.apply
        y_pred = a + b * P3(c + d * x)
        loss = (y_pred - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            a -= 5e-6 * a.grad
            b -= 5e-6 * b.grad
            c -= 5e-6 * c.grad
            d -= 5e-6 * d.grad
            a.grad = None
            b.grad = None
            c.grad = None
            d.grad = None
    w = torch.tensor([-2.0, 0.5, 3.0], requires_grad=True)
    ClampSTE.apply(w, -1, 1).sum().backward()
    return [v.item() for v in (a, b, c, d)], loss.item(), w.grad.tolist()


def piece_hooks():
    model = settle(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)))
    activation, grads = {}, []

    def get_activation(name):
        def hook(module, input, output):
            activation[name] = output.detach()

        return hook

    h1 = model[0].register_forward_hook(get_activation("fc1"))
    h2 = model[1].register_forward_hook(get_activation("relu"))
    h3 = model[2].register_full_backward_hook(lambda m, gi, go: grads.append(go[0].sum().item()))
    h4 = model[0].register_forward_pre_hook(lambda m, args: (args[0] * 2,))
    x = fixed(2, 3)
    y = model(x)
    y.retain_grad()
    hidden = []
    y.register_hook(lambda g: hidden.append(g.norm().item()))
    y.sum().backward()
    out = {k: v.tolist() for k, v in activation.items()}
    for h in (h1, h2, h3, h4):
        h.remove()
    return out["fc1"], out["relu"], grads, hidden, y.grad.tolist(), model(x).tolist()


def piece_weight_init():
    def init_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.constant_(m.weight, 0.02)
            nn.init.zeros_(m.bias)
        elif isinstance(m, nn.Conv2d):
            nn.init.ones_(m.weight.data)
            if m.bias is not None:
                m.bias.data.fill_(0.01)
        elif type(m) is nn.BatchNorm2d:
            m.weight.data.fill_(1.0)
            m.bias.data.zero_()

    net = nn.Sequential(
        nn.Conv2d(3, 2, 3, padding=1, bias=False),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2, 2),
    )
    net.apply(init_weights)
    y = net(fixed(2, 3, 4, 4))
    for m in net.modules():
        if isinstance(m, nn.Linear):
            nn.init.eye_(m.weight)
            nn.init.dirac_
    fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(net[0].weight)
    return (
        y.tolist(),
        net[-1].weight.tolist(),
        fan_in,
        fan_out,
        nn.init.calculate_gain("relu"),
        nn.init.calculate_gain("leaky_relu", 0.2),
        sum(p.numel() for p in net.parameters() if p.requires_grad),
    )


def piece_state_dict_surgery():
    a = settle(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)))
    wrapped = OrderedDict(("module." + k, v) for k, v in a.state_dict().items())
    clean = {k.replace("module.", ""): v for k, v in wrapped.items()}
    b = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    r = b.load_state_dict(clean)
    clean.pop("2.bias")
    clean["extra"] = torch.zeros(1)
    r2 = b.load_state_dict(clean, strict=False)
    c = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 5))
    try:
        c.load_state_dict(a.state_dict())
        message = ""
    except RuntimeError as e:
        message = "size mismatch" in str(e)
    own = c.state_dict()
    pre = {k: v for k, v in a.state_dict().items() if k in own and v.shape == own[k].shape}
    own.update(pre)
    c.load_state_dict(own)
    return (
        str(r),
        list(r2.missing_keys),
        list(r2.unexpected_keys),
        message,
        sorted(pre),
        torch.equal(c[0].weight, a[0].weight),
        b[0].weight.sum().item(),
    )


def piece_schedulers():
    p = nn.Parameter(torch.ones(2))
    rates = []
    for make in (
        lambda o: optim.lr_scheduler.StepLR(o, step_size=2, gamma=0.5),
        lambda o: optim.lr_scheduler.CosineAnnealingLR(o, T_max=5, eta_min=0.01),
        lambda o: optim.lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=6),
        lambda o: optim.lr_scheduler.LambdaLR(o, lr_lambda=lambda e: 0.9**e),
        lambda o: optim.lr_scheduler.LinearLR(o, start_factor=0.5, total_iters=3),
        lambda o: optim.lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=2, T_mult=2),
        lambda o: optim.lr_scheduler.PolynomialLR(o, total_iters=4, power=2.0),
        lambda o: optim.lr_scheduler.SequentialLR(
            o,
            [optim.lr_scheduler.ConstantLR(o, 0.1, total_iters=2), optim.lr_scheduler.ExponentialLR(o, 0.9)],
            milestones=[2],
        ),
    ):
        opt = optim.SGD([p], lr=0.5)
        s = make(opt)
        row = []
        for _ in range(6):
            row.append((opt.param_groups[0]["lr"], s.get_last_lr()[0]))
            opt.step()
            try:
                s.step()
            except ValueError:
                break
        rates.append(row)
    opt = optim.SGD([p], lr=0.5)
    plateau = optim.lr_scheduler.ReduceLROnPlateau(opt, mode="min", factor=0.1, patience=1)
    for v in (1.0, 0.9, 0.95, 0.97, 0.99):
        plateau.step(v)
        rates.append(opt.param_groups[0]["lr"])
    return rates


def piece_random_split_lengths():
    class Squares(Dataset):
        def __init__(self, n):
            self.n = n

        def __len__(self):
            return self.n

        def __getitem__(self, i):
            return torch.tensor(float(i)), torch.tensor(i * i)

    ds = Squares(10)
    g = torch.Generator().manual_seed(42)
    train, val = random_split(ds, [7, 3], generator=g)
    parts = random_split(ds, [0.5, 0.3, 0.2], generator=torch.Generator().manual_seed(0))
    everyone = sorted(int(x.item()) for part in (train, val) for x, _ in part)
    loader = DataLoader(ds, batch_size=4, shuffle=False, drop_last=True)
    xs, ys = next(iter(loader))
    return (
        len(train),
        len(val),
        everyone,
        [len(p) for p in parts],
        xs.tolist(),
        ys.tolist(),
        len(loader),
        [b[0].shape[0] for b in DataLoader(ds, 4)],
        ys.dtype == torch.int64,
    )


def piece_collate_fn():
    data = [(torch.arange(n), n % 2) for n in (2, 4, 1, 3)]

    def pad_collate(batch):
        xs, ys = zip(*batch)
        lengths = torch.tensor([len(x) for x in xs])
        return nn.utils.rnn.pad_sequence(xs, batch_first=True, padding_value=-1), lengths, torch.tensor(ys)

    out = []
    for x, n, y in DataLoader(data, batch_size=2, collate_fn=pad_collate):
        mask = torch.arange(x.size(1))[None, :] < n[:, None]
        out.append((x.tolist(), n.tolist(), y.tolist(), mask.tolist(), (x * mask).sum().item()))
    return out


def piece_indexing_forms():
    x = torch.arange(24).reshape(2, 3, 4)
    i = torch.tensor([0, 2])
    out = [
        x[0, 1:, ::2],
        x[..., -1],
        x[:, None, 0].shape,
        x[:, i],
        x[x > 20],
        x[1, i, i],
        x[:, [0, 2], 1:3],
        x[-1][-1][-1],
        x[(x % 2 == 0) & (x > 10)],
        x[torch.tensor([True, False])],
        x[:, :, torch.tensor([3, 0])],
        x[i[:1]],
        x[[1, 0], [2, 1]],
        x[0][i.tolist()],
        x[None].size(),
        x[:, torch.tensor([[0, 1], [1, 2]])].shape,
    ]
    return [o.tolist() if isinstance(o, torch.Tensor) else list(o) for o in out]


def piece_slice_assignment():
    x = torch.zeros(4, 5)
    x[1] = 1
    x[:, 2] = torch.arange(4).float()
    x[2:, 3:] = torch.tensor([[7.0], [8.0]])
    x[0, [1, 4]] = torch.tensor([5.0, 6.0])
    x[x == 0] = -1
    x[3] += 10
    x[:, 0] *= 2
    x[torch.arange(4), torch.tensor([0, 1, 2, 3])] = 100.0
    y = torch.zeros(3, 3, dtype=torch.long)
    y[1:, 1:] = 3
    y[..., 0] = y[..., 0] + 4
    y[y > 3] -= 1
    z = torch.eye(3)
    z[[0, 1]] = z[[1, 0]]
    return x.tolist(), y.tolist(), z.tolist()
