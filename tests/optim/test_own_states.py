"""States that somebody resets or sets, and those of an optimiser that defines its own step, as in PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim

OPTIMISERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1),
    "Adamax": lambda p: optim.Adamax(p, lr=0.1),
    "NAdam": lambda p: optim.NAdam(p, lr=0.1),
    "RAdam": lambda p: optim.RAdam(p, lr=0.1),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.1, momentum=0.5, centered=True),
    "Rprop": lambda p: optim.Rprop(p, lr=0.1),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.1),
    "Adadelta": lambda p: optim.Adadelta(p, lr=0.1),
    "ASGD": lambda p: optim.ASGD(p, lr=0.1),
    "Lion": lambda p: optim.Lion(p, lr=0.1),
}


class Heavy(optim.Optimizer):
    """A step of its own over states of its own, as people write them for PyTorch."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr})

    @tg.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["count"], state["seen"], state["mean"] = 0, [], tg.zeros_like(p)
                state["count"] += 1
                state["seen"].append(float(p.grad.sum()))
                state["mean"].mul_(0.9).add_(p.grad)
                p.sub_(state["mean"], alpha=group["lr"] / state["count"])


def _parameters() -> list[Any]:
    return [nn.Parameter(tg.tensor([1.0, -2.0])), nn.Parameter(tg.tensor([[0.5]]))]


def _step(params: list[Any], optimiser: Any) -> None:
    optimiser.zero_grad()
    sum((p**3).sum() for p in params).backward()
    optimiser.step()


def _numbers(params: list[Any]) -> list[Any]:
    return [p.tolist() for p in params]


RESETS: dict[str, Callable[[Any, list[Any]], None]] = {
    "clear": lambda o, params: o.state.clear(),
    "del": lambda o, params: [o.state.__delitem__(p) for p in params] and None,
    "empty": lambda o, params: [o.state.__setitem__(p, {}) for p in params] and None,
    "pop": lambda o, params: [o.state.pop(p) for p in params] and None,
}


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("name", [*OPTIMISERS, "Heavy"])
def test_a_state_that_is_reset_begins_anew(name: str, reset: str) -> None:
    make = OPTIMISERS.get(name, Heavy)
    ours, theirs = _parameters(), _parameters()
    first, second = make(ours), make(theirs)
    for _ in range(3):
        _step(ours, first)
        _step(theirs, second)
    RESETS[reset](first, ours)
    second = make(theirs)
    for _ in range(3):
        _step(ours, first)
        _step(theirs, second)
    assert _numbers(ours) == _numbers(theirs)


def test_a_compiled_step_sees_it() -> None:
    params, others = _parameters(), _parameters()
    optimiser, eager = optim.Adam(params, lr=0.1), optim.Adam(others, lr=0.1)
    step = tg.jit(lambda: _step(params, optimiser))
    for reset in (False, True, False):
        if reset:
            optimiser.state.clear()
            eager.state.clear()
        for _ in range(3):
            step()
            _step(others, eager)
    for p, q in zip(params, others, strict=True):
        np.testing.assert_allclose(p.detach(), q.detach(), rtol=1e-5)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_state_that_is_set_goes_by_its_names(name: str) -> None:
    ours, theirs = _parameters(), _parameters()
    first, second = OPTIMISERS[name](ours), OPTIMISERS[name](theirs)
    for _ in range(2):
        _step(ours, first)
        _step(theirs, second)
    for p in ours:
        first.state[p] = dict(reversed(list(first.state[p].items())))
        with pytest.raises(tg.errors.StateError, match="has the names"):
            first.state[p] = {**first.state[p], "other": tg.zeros(2)}
    for _ in range(2):
        _step(ours, first)
        _step(theirs, second)
    assert _numbers(ours) == _numbers(theirs)


def test_states_of_ones_own_are_saved_and_loaded() -> None:
    params = _parameters()
    optimiser = Heavy(params)
    for _ in range(3):
        _step(params, optimiser)
    kept, numbers = optimiser.state_dict(), _numbers(params)
    before = copy.deepcopy(kept)
    for _ in range(3):
        _step(params, optimiser)
    again = [nn.Parameter(tg.tensor(x)) for x in numbers]
    other = Heavy(again, lr=5.0)
    other.load_state_dict(kept)
    for _ in range(3):
        _step(again, other)
    assert _numbers(again) == _numbers(params)
    assert [x["count"] for x in kept["state"].values()] == [3, 3]  # copies: neither goes on with it
    assert str(kept) == str(before)


@pytest.mark.parametrize(
    ("gradient", "error"),
    [
        (tg.ones(1), tg.errors.ShapeError),
        (tg.ones(()), tg.errors.ShapeError),
        (tg.ones(3, 2), tg.errors.ShapeError),
        (tg.ones(2, dtype=tg.float64), tg.errors.DTypeError),
        (tg.ones(2, dtype=tg.int64), tg.errors.DTypeError),
        (np.ones(2, np.float32), TypeError),
        (1.0, TypeError),
        ([1.0, 2.0], TypeError),
    ],
)
def test_what_is_no_gradient_is_none(gradient: Any, error: type[Exception]) -> None:
    p = nn.Parameter(tg.ones(2))
    with pytest.raises(error, match=r"^grad: "):
        p.grad = gradient
    assert p.grad is None


def test_averages_are_not_kept_in_a_compiled_function() -> None:
    model = nn.Linear(2, 2)
    averaged = optim.swa_utils.AveragedModel(model)
    with pytest.raises(tg.errors.TraceError, match="the number of a tensor was asked for"):
        tg.jit(lambda: averaged.update_parameters(model))()


#: Options that are changed between steps, and by which step: (optimiser, what is changed).
LATER: dict[str, tuple[Callable[[Any], optim.Optimizer], list[dict[str, Any]]]] = {
    "momentum on": (lambda p: optim.SGD(p, lr=0.1), [{}, {"momentum": 0.9}, {}]),
    "momentum from the first step": (lambda p: optim.SGD(p, lr=0.1), [{"momentum": 0.9}, {}, {}]),
    "momentum on, off and on": (
        lambda p: optim.SGD(p, lr=0.1),
        [{"momentum": 0.9}, {"momentum": 0}, {"momentum": 0.5}],
    ),
    "dampening": (lambda p: optim.SGD(p, lr=0.1, momentum=0.9), [{}, {"dampening": 0.5}, {}]),
    "both": (lambda p: optim.SGD(p, lr=0.1), [{}, {"momentum": 0.9, "dampening": 0.5}, {}]),
}


@pytest.mark.parametrize("name", LATER)
def test_states_that_an_option_asks_for_later(name: str) -> None:
    make, changes = LATER[name]
    params = _parameters()
    optimiser = make(params)
    want, velocity = [np.asarray(p.detach()).astype(np.float64) for p in params], [None, None]
    options = dict(optimiser.param_groups[0])
    for change in changes:
        options |= change
        optimiser.param_groups[0].update(change)
        _step(params, optimiser)
        for k, x in enumerate(want):
            g, m = 3 * x**2, options["momentum"]
            if m:  # PyTorch's rule
                old = velocity[k]
                g = velocity[k] = g if old is None else m * old + (1 - options["dampening"]) * g
            want[k] = x - 0.1 * g
    for p, x in zip(params, want, strict=True):
        np.testing.assert_allclose(p.detach(), x, rtol=1e-5)


def test_amsgrad_later() -> None:
    params = _parameters()
    optimiser = optim.Adam(params, lr=0.1)
    optimiser.param_groups[0]["amsgrad"] = True
    others = _parameters()
    other = optim.Adam(others, lr=0.1, amsgrad=True)
    for _ in range(3):
        _step(params, optimiser)
        _step(others, other)
    assert _numbers(params) == _numbers(others)


def test_a_compiled_step_says_where_to_begin_them() -> None:
    params = _parameters()
    optimiser = optim.SGD(params, lr=0.1)
    step = tg.jit(lambda: _step(params, optimiser))
    step()
    optimiser.param_groups[0]["momentum"] = 0.9
    with pytest.raises(
        tg.errors.TraceError, match=r"needs a state that is not there yet: take a step outside"
    ):
        step()
    _step(params, optimiser)
    step()
    assert "momentum_buffer" in optimiser.state[params[0]]


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_a_first_step_may_be_of_a_scan_and_options_be_changed_behind_it(name: str) -> None:
    """Nothing of what decides about states is read and changed in a program."""
    params = _parameters()
    optimiser = OPTIMISERS[name](params)
    step = tg.jit(lambda x: _step(params, optimiser))
    step.scan(tg.zeros(2, 1))
    for group in optimiser.param_groups:
        if "momentum" in group:
            group["momentum"] = 0.25
    step(tg.zeros(1))
    step(tg.zeros(1))
    recordings = step.explain().count("recorded for")
    for group in optimiser.param_groups:
        if "momentum" in group:
            group["momentum"] = 0.125
    step(tg.zeros(1))
    assert step.explain().count("recorded for") == recordings == 1


@pytest.mark.parametrize(
    "kind", [optim.Adam, optim.AdamW, optim.NAdam, optim.RAdam, optim.Adamax, optim.Lion]
)
@pytest.mark.parametrize("betas", [(0.9,), (), (0.9, 0.99, 0.999)])
def test_betas_are_two(kind: Any, betas: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="betas are two numbers"):
        kind(_parameters(), lr=0.1, betas=betas)


@pytest.mark.parametrize("name", ["RMSprop", "Rprop", "Adadelta", "Adagrad"])
def test_saved_states_say_how_many_steps_there_were_and_need_not(name: str) -> None:
    def begun() -> Any:
        p = tg.nn.Parameter([1.0, 2.0])
        p.grad = tg.tensor([0.5, -3.0])
        return getattr(tg.optim, name)([p], lr=0.1)

    first, second = begun(), begun()
    for _ in range(2):
        first.step()
    state = first.state_dict()
    assert float(state["state"][0]["step"]) == 2.0
    second.load_state_dict(state)
    assert int(second.steps) == 2
    if name != "Adagrad":  # which computes with it
        del state["state"][0]["step"]
        begun().load_state_dict(state)


@pytest.mark.parametrize("saved", [{}, {"momentum": 0.9}, {"momentum": 0.9, "dampening": 0.5}])
@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"momentum": 0.5, "dampening": 0.1}])
def test_loaded_options_bring_their_states(saved: dict[str, float], options: dict[str, float]) -> None:
    def begun(options: dict[str, float]) -> Any:
        p = tg.nn.Parameter([1.0, 2.0])
        p.grad = tg.tensor([0.5, -3.0])
        optimiser = tg.optim.SGD([p], lr=0.1, **options)
        optimiser.step()
        return p, optimiser

    (p, first), (q, second) = begun(saved), begun(options)
    q.assign_(p.detach())
    second.load_state_dict(first.state_dict())
    for _ in range(2):
        first.step()
        second.step()
    assert p.tolist() == q.tolist()
    assert second.param_groups[0]["momentum"] == saved.get("momentum", 0)


def test_hooks_of_steps() -> None:
    optimiser = optim.SGD([nn.Parameter([1.0])], lr=0.1)
    seen: list[Any] = []
    before = optimiser.register_step_pre_hook(lambda *given: seen.append(("before", *given)))
    optimiser.register_step_post_hook(lambda o, args, kwargs: seen.append(("after", o, args, kwargs)))
    twin = copy.deepcopy(optimiser)
    optimiser.step()
    before.remove()
    optimiser.step(lambda: 3.0)
    closure = seen[-1][2][0]
    assert seen == [
        ("before", optimiser, (), {}),
        ("after", optimiser, (), {}),
        ("after", optimiser, (closure,), {}),
    ]
    twin.step()
    assert seen[-1][1] is twin
    optimiser.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 5.0,), {}))
    assert optimiser.step() == 5.0
    optimiser.register_step_pre_hook(lambda o, args, kwargs: 7)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimiser.step()


def test_a_hook_that_is_there_twice_goes_once() -> None:
    optimiser, x, seen = optim.SGD([nn.Parameter([1.0])], lr=0.1), tg.tensor(1.0, requires_grad=True), []
    hook = lambda *given: seen.append(given)
    for register in (optimiser.register_step_post_hook, x.register_hook):
        first, _ = register(hook), register(hook)
        first.remove()
        first.remove()
    optimiser.step()
    x.backward()
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("words", "rates"),  # PyTorch's
    [
        ({"anneal_epochs": 3}, [0.0875, 0.0625, 0.05, 0.05]),
        ({"anneal_epochs": 2, "anneal_strategy": "linear"}, [0.075, 0.05, 0.05, 0.05]),
        ({"anneal_epochs": 0}, [0.05, 0.05, 0.05, 0.05]),
    ],
)
def test_the_rate_for_averaging(words: dict[str, Any], rates: list[float]) -> None:
    optimiser = optim.SGD([nn.Parameter([1.0])], lr=0.1)
    scheduler = optim.swa_utils.SWALR(optimiser, swa_lr=0.05, **words)
    found = []
    for _ in rates:
        optimiser.step()
        scheduler.step()
        found.append(optimiser.param_groups[0]["lr"])
    assert found == pytest.approx(rates)
    for wrong in ({"anneal_strategy": "step"}, {"anneal_epochs": -1}):
        with pytest.raises(ValueError, match="SWALR: anneal_"):
            optim.swa_utils.SWALR(optimiser, swa_lr=0.05, **wrong)


@pytest.mark.parametrize("name", ["get_swa_{}", "get_ema_{}"])
def test_averages_of_lists_are_those_of_each(name: str) -> None:
    model = nn.Linear(2, 1)
    one, many = (name.format(f"{k}avg_fn") for k in ("", "multi_"))
    each = optim.swa_utils.AveragedModel(model, avg_fn=getattr(optim.swa_utils, one)())
    lists = optim.swa_utils.AveragedModel(model, multi_avg_fn=getattr(optim.swa_utils, many)())
    for k in range(3):
        model.weight.assign_(model.weight.detach() * 2 + k)
        each.update_parameters(model)
        lists.update_parameters(model)
    assert each.module.weight.tolist() == lists.module.weight.tolist() != model.weight.tolist()
