"""Optimisers with groups, schedules, checkpoints, closures; one written from scratch."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR


def fill(model, scale=0.4):
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            values = torch.sin(torch.arange(p.numel(), dtype=torch.float32) * 0.7 + i)
            p.copy_(values.reshape(p.shape) * scale)
    return model


def grid(rows, columns, shift=0.0):
    return torch.cos(torch.arange(rows * columns, dtype=torch.float32) * 1.3 + shift).reshape(rows, columns)


def trained(make, steps=12):
    model, x, y = (
        fill(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))),
        grid(6, 3),
        grid(6, 1, 1.0),
    )
    opt = make(model)
    for _ in range(steps):
        opt.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        opt.step()
    return [loss.item(), model[2].bias.item()]


def piece_every_optimiser():
    makes = [
        lambda m: optim.SGD(m.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True),
        lambda m: optim.SGD(m.parameters(), 0.05, 0.9, 0.1),
        lambda m: optim.SGD(m.parameters()),
        lambda m: optim.Adam(m.parameters(), amsgrad=True),
        lambda m: optim.AdamW(m.parameters(), lr=0.01, weight_decay=0.1),
        lambda m: optim.RMSprop(m.parameters(), lr=0.01, momentum=0.5, centered=True),
        lambda m: optim.Adagrad(m.parameters(), lr=0.1),
        lambda m: optim.Adadelta(m.parameters()),
        lambda m: optim.Adamax(m.parameters(), lr=0.01),
        lambda m: optim.NAdam(m.parameters(), lr=0.01),
        lambda m: optim.RAdam(m.parameters(), lr=0.01),
        lambda m: optim.Rprop(m.parameters()),
        lambda m: optim.ASGD(m.parameters(), lr=0.1),
        lambda m: optim.Adam(m.parameters(), lr=0.01, maximize=True),
    ]
    return [x for make in makes for x in trained(make)]


def piece_groups_with_rates_of_their_own():
    return trained(
        lambda m: optim.SGD(
            [{"params": m[0].parameters()}, {"params": m[2].parameters(), "lr": 0.5}], lr=0.05
        )
    )


def piece_no_decay_for_biases():
    def make(m):
        decay = [p for n, p in m.named_parameters() if not n.endswith("bias")]
        rest = [p for n, p in m.named_parameters() if n.endswith("bias")]
        return optim.AdamW(
            [{"params": decay, "weight_decay": 0.2, "name": "decay"}, {"params": rest, "weight_decay": 0.0}],
            lr=0.02,
        )

    return trained(make)


def piece_a_rate_changed_by_hand():
    model, x = fill(nn.Linear(2, 1)), grid(4, 2)
    opt = optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(4):
        if epoch == 2:
            for g in opt.param_groups:
                g["lr"] *= 0.1
        opt.zero_grad()
        model(x).pow(2).mean().backward()
        opt.step()
    return [opt.param_groups[0]["lr"], *model.weight.flatten().tolist()]


def piece_a_group_added_later():
    a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    opt = optim.SGD([a], lr=0.1)
    opt.add_param_group({"params": [b], "lr": 1.0})
    ((a + b) ** 2).sum().backward()
    opt.step()
    return [a.tolist(), b.tolist(), len(opt.param_groups)]


def piece_step_schedule_in_a_loop():
    model, x = fill(nn.Linear(2, 1)), grid(4, 2)
    opt = optim.SGD(model.parameters(), lr=0.5)
    scheduler = StepLR(opt, step_size=2, gamma=0.5)
    rates = []
    for _ in range(6):
        opt.zero_grad()
        model(x).pow(2).mean().backward()
        opt.step()
        rates.append(scheduler.get_last_lr()[0])
        scheduler.step()
    return [*rates, *model.weight.flatten().tolist()]


def piece_plateau_schedule():
    p = nn.Parameter(torch.zeros(1))
    opt = optim.SGD([p], lr=1.0)
    scheduler = ReduceLROnPlateau(opt, "min", factor=0.5, patience=1)
    rates = []
    for loss in [3.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0]:
        scheduler.step(torch.tensor(loss))
        rates.append(opt.param_groups[0]["lr"])
    return rates


def piece_warmup_and_cosine():
    p = nn.Parameter(torch.zeros(1))
    opt = optim.AdamW([p], lr=0.1)
    warm = lr_scheduler.LinearLR(opt, start_factor=0.1, total_iters=3)
    cosine = lr_scheduler.CosineAnnealingLR(opt, T_max=7)
    scheduler = lr_scheduler.SequentialLR(opt, [warm, cosine], milestones=[3])
    rates = []
    for _ in range(10):
        rates.append(opt.param_groups[0]["lr"])
        p.grad = torch.ones(1)
        opt.step()
        scheduler.step()
    return [*rates, p.item()]


def piece_one_cycle_per_batch():
    p = nn.Parameter(torch.zeros(1))
    opt = optim.SGD([p], lr=0.1, momentum=0.9)
    scheduler = lr_scheduler.OneCycleLR(opt, max_lr=0.5, steps_per_epoch=5, epochs=2)
    found = []
    for _ in range(10):
        p.grad = torch.ones(1)
        opt.step()
        scheduler.step() if len(found) < 18 else None
        found += [opt.param_groups[0]["lr"], opt.param_groups[0]["momentum"]]
    return [*found, p.item()]


def piece_lambda_schedule_resumed():
    p = nn.Parameter(torch.zeros(1))
    opt = optim.SGD([p], lr=1.0)
    scheduler = lr_scheduler.LambdaLR(opt, lr_lambda=lambda e: 0.9**e)
    for _ in range(3):
        opt.step()
        scheduler.step()
    other = optim.SGD([p], lr=1.0)
    again = lr_scheduler.LambdaLR(other, lr_lambda=lambda e: 0.9**e)
    other.load_state_dict(opt.state_dict())
    again.load_state_dict(scheduler.state_dict())
    other.step()
    again.step()
    return [again.last_epoch, *again.get_last_lr()]


class PlainSGD(optim.Optimizer):
    def __init__(self, params, lr=0.1, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["velocity"] = torch.zeros_like(p)
                v = state["velocity"]
                v.mul_(group["momentum"]).add_(p.grad)
                p.add_(v, alpha=-group["lr"])


def piece_an_optimiser_of_ones_own():
    return trained(lambda m: PlainSGD(m.parameters(), lr=0.02))


def piece_state_of_an_optimiser():
    p = nn.Parameter(torch.tensor([1.0, 2.0]))
    opt = optim.Adam([p], lr=0.1)
    empty = len(opt.state_dict()["state"])
    (p**2).sum().backward()
    opt.step()
    state = opt.state_dict()["state"][0]
    return [
        empty, sorted(state), float(state["step"]), state["exp_avg"].tolist(), opt.state[p]["exp_avg_sq"].tolist(),
        opt.state_dict()["param_groups"][0]["params"], opt.param_groups[0]["betas"],
    ]  # fmt: skip


def piece_kinds_of_refusals():
    p = nn.Parameter(torch.ones(1))

    def kind(f):
        try:
            f()
        except Exception as e:
            return [k.__name__ for k in (TypeError, ValueError, KeyError, RuntimeError) if isinstance(e, k)][
                0
            ]
        return "none"

    return [
        kind(lambda: optim.SGD([], lr=0.1)),
        kind(lambda: optim.SGD(p, lr=0.1)),
        kind(lambda: optim.SGD([p], lr=-1.0)),
        kind(lambda: optim.Adam([p], betas=(1.0, 0.9))),
        kind(lambda: optim.SGD([p], lr=0.1, nesterov=True)),
        kind(lambda: optim.SGD(["p"], lr=0.1)),
        kind(lambda: optim.SGD([{"params": [p]}, {"params": [p]}], lr=0.1)),
        kind(lambda: lr_scheduler.StepLR("sgd", 3)),
    ]
