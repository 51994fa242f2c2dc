"""Writes reference.json: what PyTorch's optimisers and schedules do in the cases of optim_cases.py.

Run with `python tests/optim/make_reference.py` where PyTorch is installed; the version that
wrote the stored file is in it. All numbers are float64.
"""

import json
from pathlib import Path

import torch
from optim_cases import OPTIMISERS, SAVED, START, STEPS, gradient
from torch.optim import lr_scheduler


def trajectory(name, options, others, skips):
    params = [torch.tensor(x, dtype=torch.float64) for x in START]
    groups = [{"params": [params[0]]}, {"params": [params[1]], **(others or {})}]
    optimiser = getattr(torch.optim, name)(groups, **options)
    saved = []
    for k in range(1, STEPS + 1):
        for j, p in enumerate(params):
            numbers = [gradient(x, k, i) for i, x in enumerate(p.flatten().tolist())]
            p.grad = torch.tensor(numbers, dtype=torch.float64).reshape(p.shape)
            if skips and j == 1 and k % 2:
                p.grad = None
        optimiser.step()
        if k in SAVED:
            saved.append([p.tolist() for p in params])
    return saved


def rates(make, lr=0.1):
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=lr)
    schedule = make(optimiser)
    found = []
    for _ in range(STEPS):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if len(found) < STEPS:
            schedule.step()
    return found


def warmed(optimiser):
    first = lr_scheduler.LinearLR(optimiser, start_factor=0.2, total_iters=10)
    rest = lr_scheduler.CosineAnnealingLR(optimiser, T_max=90)
    return lr_scheduler.SequentialLR(optimiser, [first, rest], milestones=[10])


schedules = {
    "constant": lambda o: lr_scheduler.ConstantLR(o, factor=1.0),
    "step_decay": lambda o: lr_scheduler.StepLR(o, 30, gamma=0.3),
    "linear": lambda o: lr_scheduler.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=80),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=99, eta_min=0.01),
    "warmup": warmed,
    "one_cycle": lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=STEPS),
    "one_cycle options": lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=0.1, total_steps=STEPS, pct_start=0.45, div_factor=10, final_div_factor=100
    ),
}
gradients = [[3.0, -4.0], [[12.0]]]


def clipped(max_norm):
    params = [torch.zeros_like(torch.tensor(g, dtype=torch.float64)) for g in gradients]
    for p, g in zip(params, gradients, strict=True):
        p.grad = torch.tensor(g, dtype=torch.float64)
    norm = torch.nn.utils.clip_grad_norm_(params, max_norm)
    return {"norm": norm.item(), "gradients": [p.grad.tolist() for p in params]}


reference = {
    "torch": torch.__version__,
    "optimisers": {name: trajectory(*case) for name, case in OPTIMISERS.items()},
    "schedules": {name: rates(make) for name, make in schedules.items()},
    "clip_grad_norm_": {str(n): clipped(n) for n in (1.0, 100.0)},
}
Path(__file__).with_name("reference.json").write_text(json.dumps(reference) + "\n")
