"""Lion, L-BFGS and averages of weights: what the reference file has no numbers for."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import optim
from tinygrad_mnist.errors import DataError, TraceError


def test_lion_by_hand():
    p = tg.Tensor([1.0, -2.0, 3.0], requires_grad=True)
    opt = optim.Lion([p], lr=0.1, betas=(0.5, 0.75), weight_decay=0.5)
    m, w = np.zeros(3), np.array([1.0, -2.0, 3.0])
    for g in ([1.0, -1.0, 0.0], [-3.0, -1.0, 2.0]):
        p.grad = tg.Tensor(g)
        opt.step()
        w = w - 0.1 * (np.sign(0.5 * m + 0.5 * np.array(g)) + 0.5 * w)
        m = 0.75 * m + 0.25 * np.array(g)
    np.testing.assert_allclose(p.numpy(), w, rtol=1e-6)
    np.testing.assert_allclose(opt.state_dict()["state"][0]["exp_avg"], m, rtol=1e-6)


def valley(x):
    """Rosenbrock's curved valley, with its lowest point at (1, 1, 1)."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock(dtype="float64"):
    x = tg.Tensor([-1.2, 1.0, 0.5], dtype=dtype, requires_grad=True)

    def cost():
        x.grad = None
        y = valley(x)
        y.backward()
        return y

    return x, cost


@pytest.mark.parametrize(
    ("options", "steps", "after"),
    [  # the numbers are PyTorch 2.13.0's torch.optim.LBFGS after so many steps
        ({"lr": 0.1, "max_iter": 5}, 4, [-0.9638163972317536, 0.8799427957830763, 0.7106600657523906]),
        (
            {"line_search_fn": "strong_wolfe", "max_iter": 7, "history_size": 4},
            3,
            [-0.2685039368729026, 0.08677589975584785, -0.007377546639360784],
        ),
    ],
)
def test_lbfgs_is_pytorchs(options, steps, after):
    x, cost = rosenbrock()
    opt = optim.LBFGS([x], **options)
    for _ in range(steps):
        opt.step(cost)
    np.testing.assert_allclose(x.numpy(), after, rtol=1e-9)


def test_lbfgs_reaches_the_minimum_by_a_compiled_gradient():
    x, _ = rosenbrock("float32")
    opt = optim.LBFGS([x], line_search_fn="strong_wolfe", max_iter=60)
    derive = tg.jit(tg.value_and_grad(valley))

    def closure():
        cost, x.grad = derive(x.detach())
        return cost

    opt.step(closure)
    np.testing.assert_allclose(x.numpy(), 1, atol=2e-3)


def test_lbfgs_stops_and_resumes():
    runs = []
    for stop in (False, True):
        x, cost = rosenbrock()
        opt = optim.LBFGS([x], max_iter=4, lr=0.5, line_search_fn="strong_wolfe")
        opt.step(cost)
        if stop:
            state = opt.state_dict()
            opt = optim.LBFGS([x], max_iter=4, lr=0.5, line_search_fn="strong_wolfe")
            opt.load_state_dict(state)
        opt.step(cost)
        runs.append(x.numpy().tolist())
    assert runs[0] == runs[1]
    with pytest.raises(DataError, match="does not fit this LBFGS of 3 numbers"):
        opt.load_state_dict({"steps": 0})


def test_lbfgs_refusals():
    x, cost = rosenbrock()
    with pytest.raises(TypeError, match="needs a closure"):
        optim.LBFGS([x]).step()
    with pytest.raises(ValueError, match="'strong_wolfe' or None"):
        optim.LBFGS([x], line_search_fn="armijo")
    with pytest.raises(TraceError, match="compile the cost"):
        tg.jit(lambda: optim.LBFGS([x]).step(cost))()


def test_averages_of_weights():
    p = tg.Tensor([0.0, 8.0])
    ema = optim.EMA([p], decay=0.5)

    @tg.jit
    def step():
        p.assign_(p + 4)
        ema.update()
        return p

    step()
    step()
    assert p.tolist() == [8, 16]
    assert ema.averages[0].tolist() == [5, 13]  # of 0, 4, 8 with weights 1/4, 1/4, 1/2
    with ema.applied():
        assert p.tolist() == [5, 13]
    assert p.tolist() == [8, 16]
    other = optim.EMA([p])
    other.load_state_dict(ema.state_dict())
    assert other.averages[0].tolist() == [5, 13]
    with pytest.raises(DataError, match="do not fit this EMA"):
        other.load_state_dict({"0": np.zeros(3)})
    for wrong in (lambda: optim.EMA([], 0.9), lambda: optim.EMA([p], 1.5)):
        with pytest.raises(ValueError, match="EMA"):
            wrong()
