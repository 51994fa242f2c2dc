"""Schedulers as one writes them for PyTorch: functions of the module `lr_scheduler` and an optimiser."""

import math

STEPS = 25
METRICS = [1.0, 0.9, 0.91, 0.9, 0.8999, 0.7, 0.7, 0.72, 0.71, 0.7, 0.69999, 0.7, 0.6, 0.6, 0.6, 0.6] * 2

#: name -> (lr_scheduler, optimiser) -> scheduler
SCHEDULERS = {
    "StepLR": lambda s, o: s.StepLR(o, step_size=4, gamma=0.3),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, milestones=[3, 3, 10, 17], gamma=0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o, factor=0.25, total_iters=6),
    "LinearLR": lambda s, o: s.LinearLR(o, start_factor=0.2, end_factor=0.9, total_iters=7),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, gamma=0.93),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, total_iters=12, power=1.7),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, T_max=9, eta_min=0.001),
    "CosineAnnealingLR twice": lambda s, o: s.CosineAnnealingLR(o, 5),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(
        o, T_0=4, T_mult=2, eta_min=0.01
    ),
    "CosineAnnealingWarmRestarts even": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5),
    "LambdaLR": lambda s, o: s.LambdaLR(o, [lambda epoch: 0.95**epoch, lambda epoch: 1 / (1 + epoch)]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 1 - 0.5 / (epoch + 2)),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, max_lr=[0.4, 0.2], total_steps=30),
    "OneCycleLR linear": lambda s, o: s.OneCycleLR(
        o, 0.4, epochs=5, steps_per_epoch=6, anneal_strategy="linear", pct_start=0.4, div_factor=10
    ),
    "OneCycleLR three phases": lambda s, o: s.OneCycleLR(o, 0.4, 30, three_phase=True, final_div_factor=50),
    "CyclicLR": lambda s, o: s.CyclicLR(o, base_lr=0.01, max_lr=[0.1, 0.3], step_size_up=4),
    "CyclicLR triangular2": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 3, 5, mode="triangular2"),
    "CyclicLR exp_range": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 3, mode="exp_range", gamma=0.9),
    "CyclicLR own scale": lambda s, o: s.CyclicLR(
        o,
        0.01,
        0.1,
        4,
        scale_fn=lambda x: 1 / (5 ** (x * 0.0001)),
        scale_mode="iterations",
        cycle_momentum=False,
    ),
    "ReduceLROnPlateau": lambda s, o: s.ReduceLROnPlateau(
        o, factor=0.5, patience=2, cooldown=1, min_lr=[0.01, 0.03]
    ),
    "ReduceLROnPlateau max": lambda s, o: s.ReduceLROnPlateau(
        o, mode="max", patience=3, threshold=0.01, threshold_mode="abs"
    ),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o,
        schedulers=[
            s.ConstantLR(o, factor=0.1, total_iters=20),
            s.ExponentialLR(o, gamma=0.9),
            s.CosineAnnealingLR(o, T_max=8),
        ],
        milestones=[5, 12],
    ),
    "SequentialLR warmup": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=5), s.CosineAnnealingLR(o, T_max=20)], milestones=[5]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler(
        [s.ConstantLR(o, factor=0.1, total_iters=3), s.ExponentialLR(o, gamma=0.9)], optimizer=o
    ),
    "LambdaLR cosine with warmup": lambda s, o: s.LambdaLR(
        o, lambda step: step / 5 if step < 5 else 0.5 * (1 + math.cos(math.pi * (step - 5) / 20))
    ),
}


def run(name, library, steps=STEPS, between=None):
    """The rates and momenta of both groups before each step; `library` is torch or tinygrad_mnist."""
    nn, optim = library.nn, library.optim
    params = [nn.Parameter(library.ones(2)) for _ in range(2)]
    opt = optim.SGD([{"params": [params[0]]}, {"params": [params[1]], "lr": 0.05}], lr=0.1, momentum=0.9)
    scheduler = SCHEDULERS[name](optim.lr_scheduler, opt)
    found = []
    for step in range(steps):
        found.append(
            [x for group in opt.param_groups for x in (float(group["lr"]), float(group["momentum"]))]
        )
        for p in params:
            p.grad = library.ones(2)
        opt.step()
        scheduler.step(*([METRICS[step]] if name.startswith("ReduceLROnPlateau") else []))
        if between is not None:
            opt, scheduler = between(step, opt, scheduler)
    return found
