import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from optim_cases import OPTIMISERS, SAVED, START, STEPS, gradient

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.errors import DTypeError, GraphError, StateError
from tinygrad_mnist.optim import schedules

REFERENCE = json.loads(Path(__file__).with_name("reference.json").read_text())["optimisers"]


def make(name, params):
    kind, options, others, _ = OPTIMISERS[name]
    groups = [{"params": [params[0]]}, {"params": [params[1]], **(others or {})}]
    return getattr(optim, kind)(groups, **{"lr": 0.01 if kind == "RMSprop" else 0.001, **options})


def set_gradients(params, k, skips=False):
    for j, p in enumerate(params):
        numbers = [gradient(x, k, i) for i, x in enumerate(p.numpy().ravel().tolist())]
        p.grad = tg.Tensor(np.reshape(numbers, p.shape), p.dtype)
        if skips and j == 1 and k % 2:
            p.grad = None


def start(dtype=np.float64):
    return [nn.Parameter(np.array(x, dtype)) for x in START]


@pytest.mark.parametrize("name", OPTIMISERS)
def test_equal_to_pytorch(name):
    params = start()
    optimiser = make(name, params)
    saved = []
    for k in range(1, STEPS + 1):
        set_gradients(params, k, skips=OPTIMISERS[name][3])
        optimiser.step()
        if k in SAVED:
            saved.append([p.tolist() for p in params])
    for got, expected in zip(saved, REFERENCE[name], strict=True):
        for x, y in zip(got, expected, strict=True):
            # PyTorch keeps the product of NAdam's momenta, and ASGD's rate, in float32
            np.testing.assert_allclose(x, y, rtol=1e-6 if name.startswith(("nadam", "asgd")) else 1e-10)


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop"])
def test_the_defaults_are_pytorchs(name):
    options = getattr(optim, name)([nn.Parameter([1.0])]).param_groups[0]
    defaults = {
        "Adam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0},
        "AdamW": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01},
        "RMSprop": {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0},
    }
    assert {key: options[key] for key in defaults[name]} == defaults[name]
    assert all(
        not options[key] for key in options.keys() - defaults[name].keys() - {"params"} if key[0] != "d"
    )


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_rule_keeps_dtypes_and_gives_tensors_the_same_bits(name, dtype):
    optimiser = make(name, start(dtype))
    rng = np.random.default_rng(0)
    for group in optimiser.param_groups:
        p = group["params"][0]
        options = {key: group[key] for key in ("lr", *optimiser._options)}
        arrays = [p.array, rng.normal(size=p.shape).astype(dtype)]
        state = optimiser.new_state(p, group)
        arrays += [x.array + 0.5 for x in state.values()]
        changed = [arrays[0], *(x for name, x in zip(state, arrays[2:], strict=True) if name != "step")]
        before = [np.copy(x) for x in arrays]
        for lr in (options["lr"], tg.Tensor(options["lr"], dtype=np.float64)):
            rates = {**options, "lr": lr}
            from_tensors = optimiser.rule(*(tg.Tensor(x) for x in arrays), **rates)
            rates["lr"] = lr if isinstance(lr, float) else lr.array
            from_arrays = optimiser.rule(*arrays, **rates)
            for x, y, old in zip(from_arrays, from_tensors, changed, strict=True):
                assert x.dtype == y.dtype == old.dtype
                np.testing.assert_array_equal(x, y)
        for x, y in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(x, y)


def test_parameters_that_were_updated_as_often_share_their_counter():
    def counts(optimiser):
        states = [state for group in optimiser._states for state in group]
        return [state["step"].item() for state in states], len({id(state["step"]) for state in states})

    params = start()
    optimiser = make("adam", params)

    @tg.jit
    def step(x):
        optimiser.zero_grad()
        (params[0] * x).sum().backward()
        optimiser.step()

    set_gradients(params, 0)
    optimiser.step()
    assert counts(optimiser) == ([1, 1], 1)
    step(tg.Tensor(1.0))  # of the first parameter only
    step(tg.Tensor(1.0))
    assert counts(optimiser) == ([3, 1], 2)
    set_gradients(params, 1)
    optimiser.step()
    assert counts(optimiser) == ([4, 2], 2)
    resumed = make("adam", start())
    resumed.load_state_dict(optimiser.state_dict())
    assert counts(resumed) == ([4, 2], 2)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_resuming_gives_the_same_bits(name):
    params = start(np.float32)
    optimiser = make(name, params)
    for k in range(5):
        set_gradients(params, k)
        optimiser.step()
    saved = optimiser.state_dict()
    copies = [nn.Parameter(p) for p in params]
    resumed = make(name, copies)
    resumed.load_state_dict(saved)
    for k in range(5, 10):
        for both in (params, copies):
            set_gradients(both, k)
        optimiser.step()
        resumed.step()
    for p, q in zip(params, copies, strict=True):
        np.testing.assert_array_equal(p, q)
    assert saved.keys() == {"state", "param_groups"}
    assert all(type(x) is tg.Tensor for state in saved["state"].values() for x in state.values())


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_step_on_tensors_is_the_step_on_arrays(name):
    """What a step does while it is recorded, run at once."""
    both = []
    for traced in (False, True):
        params = start(np.float32)
        optimiser = make(name, params)
        for group in optimiser.param_groups:
            group["lr"] = schedules.one_cycle(group["lr"], 10)
        for k in range(5):
            set_gradients(params, k)
            if traced:
                with tg.no_grad():
                    optimiser.step_on_tensors(dict.get)
            else:
                optimiser.step()
        both.append([*params, *(x for p in params for x in optimiser.state[p].values())])
    for a, b in zip(*both, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_state_dict_has_pytorchs_form():
    params = start(np.float32)
    optimiser = make("adam", params)
    assert optimiser.state_dict()["state"] == {}
    set_gradients(params, 0)
    optimiser.step()
    saved = optimiser.state_dict()
    assert {i: sorted(state) for i, state in saved["state"].items()} == {
        i: ["exp_avg", "exp_avg_sq", "step"] for i in range(2)
    }
    assert [group["params"] for group in saved["param_groups"]] == [[0], [1]]
    assert saved["param_groups"][0]["lr"] == 1e-3
    assert optimiser.state[params[0]]["step"].item() == 1
    assert list(make("sgd momentum", params).state[params[1]]) == ["momentum_buffer"]
    assert list(make("sgd", params).state) == []


def test_options_come_back_with_the_state():
    params = start()
    first, second = optim.SGD(params, lr=0.1, momentum=0.5), optim.SGD(params, lr=0.7, momentum=0.9)
    second.load_state_dict(first.state_dict())
    assert (second.param_groups[0]["lr"], second.param_groups[0]["momentum"]) == (0.1, 0.5)
    assert second.param_groups[0]["params"][0] is params[0]


def test_a_state_that_does_not_fit_is_refused_whole():
    params = start()
    optimiser = make("rmsprop options", params)
    set_gradients(params, 0)
    optimiser.step()
    saved = optimiser.state_dict()
    saved["steps"] = 7
    del saved["state"][0]["square_avg"]
    saved["state"][1]["square_avg"] = np.zeros((3, 1))
    saved["state"][1]["more"] = np.zeros(3)
    with pytest.raises(StateError) as error:
        optimiser.load_state_dict(saved)
    assert str(error.value) == (
        "load_state_dict: this state does not fit this RMSprop: 0.square_avg (missing, here (2, 3)), "
        "1.square_avg ((3, 1), here (3,)), 1.more ((3,), here unexpected)"
    )
    with pytest.raises(StateError, match="different number of parameter groups: 4, here 2"):
        optimiser.load_state_dict({**saved, "param_groups": saved["param_groups"] * 2})
    assert optimiser.steps.item() == 1


def test_parameters_without_gradient_are_skipped():
    a, b = nn.Parameter([1.0]), nn.Parameter([1.0])
    optimiser = optim.AdamW([a, b], lr=0.1)
    a.grad = tg.tensor([1.0])
    optimiser.step()
    assert b.tolist() == [1.0]
    assert a.tolist() != [1.0]
    assert optimiser.steps.item() == 1
    optimiser.zero_grad()
    assert a.grad is None


def test_options_can_change_between_steps():
    p = nn.Parameter([1.0])
    optimiser = optim.SGD([p], lr=1.0)
    p.grad = tg.tensor([0.5])
    optimiser.param_groups[0]["lr"] = np.float64(0.5)
    optimiser.step()
    assert p.tolist() == [0.75]
    assert p.array.dtype == np.float32


def test_a_schedule_gets_the_number_of_steps_done():
    asked = []

    def schedule(step):
        asked.append(step)
        return 1.0 / (1 + step)

    p = nn.Parameter(np.zeros(1))
    optimiser = optim.SGD([p], lr=schedule)
    for _ in range(3):
        p.grad = tg.Tensor(np.ones(1))
        optimiser.step()
    assert asked == [0, 1, 2]
    assert p.item() == pytest.approx(-(1 + 1 / 2 + 1 / 3))


def test_a_group_can_have_its_own_schedule():
    a, b = nn.Parameter([0.0]), nn.Parameter([0.0])
    optimiser = optim.SGD([{"params": a_list(a)}, {"params": [b], "lr": schedules.constant(2.0)}], lr=1.0)
    a.grad = b.grad = tg.tensor([1.0])
    optimiser.step()
    assert (a.item(), b.item()) == (-1.0, -2.0)


def a_list(*params):
    return (p for p in params)


def test_training_is_not_recorded():
    p = nn.Parameter([1.0])
    optimiser = optim.SGD([p], lr=0.1, momentum=0.9)
    (p * p).sum().backward()
    optimiser.step()
    assert p.is_leaf
    assert not optimiser._states[0][0]["momentum_buffer"].requires_grad


def test_a_network_learns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    model = nn.MLP(2, 16, 2, activation=nn.Tanh, generator=tg.Generator(0))
    optimiser = optim.Adam(model.parameters(), lr=schedules.cosine(0.05, 200))
    for _ in range(200):
        cost = nn.cross_entropy(model(x), y)
        model.zero_grad()
        cost.backward()
        optimiser.step()
    assert cost.item() < 0.1


@settings(deadline=None)
@given(
    hnp.arrays(np.float32, (3,), elements=st.floats(-10, 10, width=32)),
    hnp.arrays(np.float32, (3,), elements=st.floats(-10, 10, width=32)),
    st.floats(0, 1),
)
def test_plain_gradient_descent_is_one_subtraction(p, g, lr):
    parameter = nn.Parameter(p)
    parameter.grad = tg.Tensor(g)
    optim.SGD([parameter], lr=lr).step()
    np.testing.assert_array_equal(parameter.numpy(), p - np.float32(lr) * g)


KINDS = [optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop]


@pytest.mark.parametrize("kind", KINDS)
def test_errors_about_parameters(kind):
    name = kind.__name__
    p = nn.Parameter([1.0])
    with pytest.raises(ValueError, match=f"{name}: there are no parameters"):
        kind([], lr=0.1)
    assert len(kind([{"params": []}, {"params": p}], lr=0.1).param_groups) == 2  # as in PyTorch
    with pytest.raises(TypeError, match="but got one Parameter"):
        kind(p, lr=0.1)
    with pytest.raises(TypeError, match=r"model\.parameters\(\), but got one Linear"):
        kind(nn.Linear(1, 1, generator=tg.Generator(0)), lr=0.1)
    with pytest.raises(TypeError, match="parameter 1 is a ndarray"):
        kind([p, np.ones(2)], lr=0.1)
    with pytest.raises(TypeError, match="parameter 1 is a dict"):
        kind([p, {"params": [p]}], lr=0.1)
    with pytest.raises(GraphError, match=r"parameter 1, of shape \(1,\), was computed"):
        kind([p, p * 2], lr=0.1)
    with pytest.raises(DTypeError, match="parameter 0 is int64"):
        kind([tg.tensor([1])], lr=0.1)
    with pytest.raises(ValueError, match="more than one parameter group"):
        kind([{"params": [p]}, {"params": [p]}], lr=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_errors_about_options(kind):
    name = kind.__name__
    p = nn.Parameter([1.0])
    for lr in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match=f"{name}: lr must be at least 0"):
            kind([p], lr=lr)
    with pytest.raises(ValueError, match="weight_decay must be at least 0 and finite, not -1"):
        kind([{"params": [p], "weight_decay": -1}], lr=0.1)
    with pytest.raises(ValueError, match="the option is called 'weight_decay'"):
        kind([{"params": [p], "weight_dacay": 0.1}], lr=0.1)
    with pytest.raises(ValueError, match="missing 'params'"):
        kind([{"weight_decay": 0.1}], lr=0.1)


def test_errors_about_single_options():
    p = nn.Parameter([1.0])
    with pytest.raises(ValueError, match="betas must be at least 0 and below 1"):
        optim.Adam([p], betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="momentum"):
        optim.SGD([p], lr=0.1, momentum=-0.9)
    with pytest.raises(ValueError, match="Nesterov momentum requires"):
        optim.SGD([p], lr=0.1, nesterov=True)
    with pytest.raises(ValueError, match="alpha"):
        optim.RMSprop([p], alpha=-1)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_step_leaves_alone_what_others_hold_of_its_states(name):
    params = start(np.float32)
    optimiser = make(name, params)
    set_gradients(params, 0)
    optimiser.step()
    states = [x for p in params for x in optimiser.state[p].values() if x.array.ndim]
    held = [(x.array, x.array.copy(), tg.zeros_like(x).assign_(x)) for x in [*params, *states]]
    w = nn.Parameter(np.ones(states[0].shape, np.float32)) if states else None
    used = None if w is None else (w * states[0]).sum()
    set_gradients(params, 1)
    optimiser.step()
    for array, before, copy in held:
        np.testing.assert_array_equal(array, before)
        np.testing.assert_array_equal(copy.numpy(), before)
    if used is not None:
        with pytest.raises(GraphError):
            used.backward()


def test_nothing_is_copied_that_nobody_holds():
    params = start(np.float32)
    optimiser = make("adam", params)
    set_gradients(params, 0)
    optimiser.step()
    places = [*params, *(x for p in params for x in optimiser.state[p].values() if x.array.ndim)]
    before = [x.array.ctypes.data for x in places]
    set_gradients(params, 1)
    optimiser.step()
    assert [x.array.ctypes.data for x in places] == before
