"""The checker on functions that are not this package's own: NumPy code, compiled code, modules."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.testing import GradcheckError, KinkError, check_module, gradcheck, gradgradcheck
from tinygrad_mnist.testing.flat import FlatFunction
from tinygrad_mnist.testing.rules import Supplied

X = np.array([[0.3, -1.2, 0.7], [2.1, 0.4, -0.6]])
ROW = np.array([0.5, -0.25, 2.0])


# Plain NumPy with a derivative written by hand --------------------------------------------------------


def logistic(x, w):
    return 1 / (1 + np.exp(-(x @ w)))


def logistic_vjp(g, x, w):
    y = logistic(x, w)
    slope = g * y * (1 - y)
    return np.outer(slope, w), x.T @ slope


def test_a_numpy_function_and_its_vjp():
    report = gradcheck(logistic, [X, ROW], vjp=logistic_vjp)
    assert report.entries == 2 * (6 + 3)


def test_a_numpy_function_and_its_gradient():
    gradcheck(lambda x: np.sum(np.sin(x)), [X], gradient=np.cos)
    gradcheck(lambda a, b: np.sum(a * b), [X, ROW], gradient=lambda a, b: (b + 0 * a, a.sum(0)))


def test_outputs_in_trees():
    def f(a, b):
        return {"product": a * b, "sums": [a.sum(), b.sum()], "larger": a > b}

    def vjp(g, a, b):
        first, second = g["sums"]
        return g["product"] * b + first, g["product"] * a + second

    gradcheck(f, [X, X + 1.3], vjp=vjp)


def test_a_function_of_tensors_with_a_derivative_of_its_own():
    seen = None

    def gradient(x):
        nonlocal seen
        seen = type(x)
        return 2 * x

    gradcheck(lambda x: (x * x).sum(), [tg.Tensor(X)], gradient=tg.jit(gradient))
    assert seen is tg.Tensor


@pytest.mark.parametrize(
    ("vjp", "says"),
    [
        (
            lambda g, a, b: (g * b, g * a),
            r"input 1 has shape \(2, 3\), and not \(3,\).*missing sum",
        ),
        (lambda g, a, b: ((g * b).T, (g * a).sum(0)), r"shape \(3, 2\), and not \(2, 3\).*transposed"),
        (lambda g, a, b: (g * b, (g * a).sum(0).astype(np.float32)), "input 1 is float32 and not float64"),
        (
            lambda g, a, b: (g * b, (g * a)[::-1].sum(0)[::-1]),
            r"input 1\[\d\].*reversed along axis 0",
        ),
        (lambda g, a, b: (g * b, (g * a).mean(0)), "input 1.*factor of two: .* 0.5 times.* halved"),
        (
            lambda g, a, b: (3 * g * b, (g * a).sum(0)),
            r"constant factor: .* 3 times.* length 3: a sum",
        ),
    ],
)
def test_mistakes_in_derivatives_written_by_hand(vjp, says):
    with pytest.raises(GradcheckError, match=says):
        gradcheck(lambda a, b: a * b, [X, ROW], vjp=vjp)


def test_swapped_operands_are_recognised():
    with pytest.raises(GradcheckError, match="derivative with respect to input 1: operands are swapped"):
        gradcheck(lambda a, b: a / b, [X, X + 3], vjp=lambda g, a, b: (-g * a / b**2, g / b))


def test_a_supplied_derivative_must_fit_the_function():
    with pytest.raises(ShapeError, match="1 arrays for 2 inputs"):
        gradcheck(lambda a, b: (a * b).sum(), [X, X], gradient=lambda a, b: b)
    with pytest.raises(ShapeError, match=r"one number.*\(2, 3\).*supply vjp="):
        gradcheck(np.sin, [X], gradient=np.cos)
    with pytest.raises(ValueError, match="no order but 1"):
        gradcheck(np.sum, [X], gradient=np.ones_like, order=2)


def test_mutation_and_chance_are_seen_in_numpy_functions_too():
    rng = np.random.default_rng(0)
    with pytest.raises(GradcheckError, match="changed input 0 in place"):
        gradcheck(lambda x: np.sum(np.exp(x, out=x)), [X.copy()], gradient=np.exp)
    with pytest.raises(GradcheckError, match="changed input 0 in place"):
        gradcheck(lambda x: np.sum(np.exp(x)), [X.copy()], gradient=lambda x: np.exp(x, out=x))
    with pytest.raises(GradcheckError, match="different values when called twice"):
        gradcheck(lambda x: x.sum() + rng.random(), [X], gradient=np.ones_like)


def test_a_function_that_gives_the_same_buffer_every_time():
    buffer = np.empty_like(X)
    gradcheck(lambda x: np.sin(x, out=buffer), [X], vjp=lambda g, x: g * np.cos(x))


def measured(f, x):
    flat = FlatFunction(Supplied(f, lambda g, x: 0 * x, None, [False]), [x], "f", ["input 0"])
    return flat.numeric(0, np.eye(x.size), 1e-9)


def test_complex_steps_measure_to_full_precision():
    x = np.array([0.3, 0.7, 2.0])
    value, error = measured(lambda x: np.exp(x) * np.sqrt(x), x)
    slope = np.exp(x) * (np.sqrt(x) + 0.5 / np.sqrt(x))
    np.testing.assert_allclose(np.diag(value), slope, rtol=1e-15)
    assert np.diag(error).max() < 1e-14 * slope.max()


def test_complex_steps_are_not_believed_where_they_contradict_differences():
    x = np.array([-0.5, 0.25])
    for f, slope in [(np.abs, np.sign(x)), (lambda x: (x * x.conj()).real, 2 * x)]:
        value, error = measured(f, x)
        np.testing.assert_allclose(np.diag(value), slope, rtol=1e-9)
        assert (np.abs(np.diag(value) - slope) <= 10 * np.diag(error)).all()


def test_functions_that_take_no_complex_numbers_are_measured_by_differences():
    def f(x):
        return np.array([float(v) ** 3 for v in x])

    np.testing.assert_allclose(np.diag(measured(f, ROW).value), 3 * ROW**2, rtol=1e-9)


def test_a_kink_is_refused_though_a_complex_step_would_not_see_it():
    with pytest.raises(KinkError, match=r"input 0\[0\].*kink"):
        gradcheck(lambda x: np.sum(np.where(x.real > 0, 2 * x, x)), [np.zeros(1)], gradient=lambda x: x + 2)


# Compiled functions -----------------------------------------------------------------------------------


def test_compiled_values_and_compiled_derivatives_are_checked():
    f = tg.jit(lambda x, w: [(x * w).sin(), x.sum()])
    report = gradgradcheck(f, [X[0], ROW])
    assert report.entries == 4 * 6 + 6 * 6
    assert "sin" in str(f.program)


def test_a_compiled_function_that_differs_from_its_derivative():
    def f(x):
        return (x * x.detach()).sum()

    with pytest.raises(GradcheckError, match=r"factor of two: .* 0.5 times"):
        gradcheck(tg.jit(f), [ROW])


# Modules ----------------------------------------------------------------------------------------------


def test_a_module_is_checked_by_its_inputs_and_its_parameters():
    model = nn.MLP(3, 2, 2, activation=nn.Tanh, generator=tg.Generator(0))
    before = model.state_dict()
    report = check_module(model, X.astype(np.float32), order=2)
    size = 6 + 8 + 6
    assert report.entries == 4 * size + size * size
    for name, value in model.state_dict().items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, before[name])


class Shared(nn.Module):
    """One weight used in two places, two in a list, a buffer, and an input that is no float."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3, generator=tg.Generator(0))
        self.second = nn.Linear(3, 3, generator=tg.Generator(1))
        self.second.weight = self.first.weight
        self.scales = nn.ParameterList([nn.Parameter([1.5]), nn.Parameter([0.5])])
        self.register_buffer("shift", tg.Tensor([0.25]))

    def forward(self, x, at):
        y = self.second(self.first(x).tanh()) * self.scales[0] + self.shift
        return (y * self.scales[1])[at]


def test_shared_parameters_lists_buffers_and_integers():
    assert check_module(Shared(), X, np.array([1, 0, 1])).entries == 9 * (6 + 9 + 3 + 3 + 2)


def test_a_wrong_parameter_is_called_by_its_name():
    class Detached(nn.Linear):
        def forward(self, x):
            return x @ self.weight.T + 2 * self.bias - self.bias.detach()

    model = nn.Sequential(Detached(3, 2, generator=tg.Generator(0)), nn.Tanh())
    with pytest.raises(GradcheckError, match=r"parameter 0.bias\[\d\] is wrong.*factor of two") as caught:
        check_module(model, X)
    wrong = caught.value.disagreement
    assert wrong.input.startswith("parameter 0.bias[")
    assert wrong.analytic == pytest.approx(2 * wrong.numeric)
    assert wrong.error < 1e-8


def test_a_module_that_draws_numbers_is_to_be_put_in_eval():
    model = nn.Sequential(nn.Dropout(0.5, generator=tg.Generator(0)))
    with pytest.raises(GradcheckError, match=r"different values.*eval\(\)"):
        check_module(model, X)
    check_module(model.eval(), X)
