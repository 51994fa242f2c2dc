"""The checker itself: what it accepts, what it refuses, and what it says."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import DTypeError, TinygradMnistError
from tinygrad_mnist.ops import where
from tinygrad_mnist.testing import GradcheckError, KinkError, gradcheck
from tinygrad_mnist.testing.differences import NotSmoothError, derivatives

X = np.array([[0.3, -1.2, 0.7], [2.1, 0.4, -0.6]])


def rule(function, vjp):
    """An elementwise function with a derivative of our choice: `vjp(g, x)` in tensor code."""

    def run(x):
        shown = function(x.detach())
        surrogate = x * vjp(tg.ones(shown.shape, dtype=np.float64), x.detach())
        return shown + (surrogate - surrogate.detach())

    return run


# Differences ------------------------------------------------------------------------------------


def derivative(line):
    """What is measured along one line: values and errors of all output elements."""
    measured = derivatives(lambda _, t: line(t), line(0.0), [1.0])
    return measured.value[0], measured.error[0]


@pytest.mark.parametrize(
    ("line", "slope"),
    [
        (lambda t: np.array([np.exp(t)]), 1.0),
        (lambda t: np.array([np.sin(50 * t)]), 50.0),
        (lambda t: np.array([1e6 + t]), 1.0),
        (lambda t: np.array([np.sqrt(1e-4 + t)]), 50.0),
        (lambda t: np.array([np.abs(t - 1e-5)]), -1.0),  # a kink nearby
        (lambda t: np.array([np.floor(t + 1e-3) + t]), 1.0),  # a jump nearby
        (lambda t: np.array([0.0 * t]), 0.0),
    ],
)
def test_measured_derivative_is_right_to_its_own_estimate(line, slope):
    value, error = derivative(line)
    assert error[0] < 1e-5 * abs(slope) + 1e-6
    assert abs(value[0] - slope) <= 10 * error[0]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (lambda t: np.array([abs(t)]), "kink"),
        (lambda t: np.array([max(3 * t, 2 * t)]), "kink"),
        (lambda t: np.array([float(t >= 0)]), "jumps"),
        (lambda t: np.array([np.sqrt(t)]), "cannot be differentiated"),
        (lambda t: np.array([t**2 * np.sin(1e7 * t), np.cbrt(t)]), "element 1"),
    ],
)
def test_no_derivative_is_refused(line, what):
    with pytest.raises(NotSmoothError, match=what):
        derivative(line)


# What passes --------------------------------------------------------------------------------------


def test_report_counts_the_jacobian():
    report = gradcheck(lambda x: x.sin(), [X])
    assert report.entries == 36
    assert report.worst < 1


def test_tensors_trees_and_several_inputs():
    def f(a, b):
        return {"product": a * b, "sums": (a.sum(), [b.sum(0)]), "sign": a > b}

    assert gradcheck(f, [tg.Tensor(X), X + 1.1], order=2).entries > 2 * (6 + 1 + 3) * 6


def test_third_order():
    assert gradcheck(lambda x: x.sigmoid() * x, [X[0]], order=3).entries == 3 * 9


def test_closed_over_parameters_are_left_alone():
    weight = tg.Tensor(X, requires_grad=True)
    gradcheck(lambda x: (x @ weight.T).tanh(), [X], order=2)
    assert weight.grad is None


def test_large_inputs_are_checked_in_random_directions():
    big = np.linspace(-1, 1, 600).reshape(20, 30)
    assert gradcheck(lambda x: (x * x).sin(), [big], directions=3).entries == 9


def test_empty_inputs_and_outputs():
    assert gradcheck(lambda x: x.exp(), [np.zeros((0, 3))], order=2).entries == 0
    assert gradcheck(lambda x: x[:0].exp(), [X]).entries == 0


def test_non_contiguous_tensors_are_checked_as_they_are():
    seen = []

    def f(x):
        seen.append(x.numpy().strides)
        return x.exp()

    gradcheck(f, [tg.Tensor(X).T])
    assert seen[0] == X.T.strides


def test_points_near_kinks_are_fine():
    gradcheck(lambda x: x.relu() + x.abs(), [np.array([1e-5, -1e-4, 0.01])])


# What does not ------------------------------------------------------------------------------------


def test_errors_are_assertions_and_ours():
    assert issubclass(GradcheckError, AssertionError)
    assert issubclass(GradcheckError, TinygradMnistError)
    assert issubclass(KinkError, TinygradMnistError)
    assert not issubclass(KinkError, AssertionError)


@pytest.mark.parametrize("f", [lambda x: x.relu(), lambda x: x.abs(), lambda x: x.max(), lambda x: x.norm()])
def test_kinks_name_the_input(f):
    with pytest.raises(KinkError, match=r"input 0\[0\]"):
        gradcheck(f, [np.zeros(2)])


def test_jumps_are_refused():
    with pytest.raises(KinkError, match="jumps"):
        gradcheck(lambda x: where(x < 0.5, x, x + 1), [np.array([0.5])])


def test_only_float64():
    with pytest.raises(DTypeError, match=r"input 1 is float32.*double"):
        gradcheck(lambda a, b: a * b, [X, X.astype(np.float32)])
    with pytest.raises(DTypeError, match="int64"):
        gradcheck(lambda a: a, [np.arange(3)])
    with pytest.raises(GradcheckError, match="output 0 is float32"):
        gradcheck(lambda a: a.float(), [X])
    with pytest.raises(GradcheckError, match="no floats"):
        gradcheck(lambda a: a > 0, [X])


@pytest.mark.filterwarnings("ignore:invalid value")
def test_nan_is_refused():
    with pytest.raises(GradcheckError, match="input 0 holds NaN"):
        gradcheck(lambda x: x, [np.array([1.0, np.nan])])
    with pytest.raises(GradcheckError, match="output 0 holds NaN"):
        gradcheck(lambda x: x / tg.Tensor([1.0, 0.0]).double(), [np.array([0.0, 0.0])])


def test_mutation_is_detected():
    def f(x):
        x.array[0] += 1
        return x * 2

    with pytest.raises(GradcheckError, match="changed input 1 in place"):
        gradcheck(lambda a, b: a.sum() + f(b), [X, X])


def test_non_determinism_is_detected():
    rng = np.random.default_rng(0)
    with pytest.raises(GradcheckError, match="different values when called twice"):
        gradcheck(lambda x: x * rng.random(), [X])


@pytest.mark.parametrize(
    ("vjp", "cause"),
    [
        (lambda g, x: -g * x.cos(), "sign is wrong"),
        (lambda g, x: 2 * g * x.cos(), "factor of two: .* 2 times .* counted twice"),
        (lambda g, x: 1.0001 * g * x.cos(), "constant factor: .* 1.0001 times"),
        (lambda g, x: g * 0, "no gradient reaches this input"),
        (lambda g, x: g * x.cos() * np.array([1.0, 0.0, 1.0]), "part of the derivative is missing"),
        (lambda g, x: g * x.cos() + 1e-3, "is wrong: analytic"),
    ],
)
def test_wrong_derivatives_and_their_causes(vjp, cause):
    with pytest.raises(GradcheckError, match=cause):
        gradcheck(rule(lambda x: x.sin(), vjp), [X])


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_derivative_that_is_nan_behind_a_where():
    with pytest.raises(GradcheckError, match=r"input 0\[0\] is wrong: analytic nan, numeric 0.*not finite"):
        gradcheck(lambda x: where(x > 0, x.sqrt(), 0.0), [np.array([-1.0, 4.0])])


def test_a_transposed_derivative_is_recognised():
    c = np.array([[1.0, 2.0], [3.0, 5.0]])

    def f(x):
        wrong = (x.T * c).sum()
        return (x.detach() * c).sum() + wrong - wrong.detach()

    with pytest.raises(GradcheckError, match="transposed"):
        gradcheck(f, [np.array([[0.5, -1.0], [2.0, 0.3]])])


def test_a_missing_broadcast_sum_is_recognised():
    def f(x, row):  # only the first line sends its gradient back to the row
        first = np.array([[1.0], [0.0]])
        return x + row.detach() + first * (row - row.detach())

    with pytest.raises(GradcheckError, match=r"input 1\[\d\] is wrong.*sum over an axis that was broadcast"):
        gradcheck(f, [X, X[0]])


def test_message_names_input_index_values_and_error():
    mask = np.array([[1.0, 1, 1], [1, 1, 3]])
    with pytest.raises(
        GradcheckError,
        match=r"output 0\[1, 2\] with respect to input 0\[1, 2\] is wrong: "
        r"analytic -3.6, numeric -1.2\d* with an estimated error of \d.*e-1\d",
    ):
        gradcheck(rule(lambda x: x * x, lambda g, x: 2 * g * x * mask), [X])


def test_large_inputs_are_narrowed_down_to_the_wrong_element():
    big = np.linspace(-1, 1, 200).reshape(10, 20)
    mask = np.ones((10, 20))
    mask[7, 3] = 1.5
    with pytest.raises(GradcheckError, match=r"output 0\[7, 3\] with respect to input 0\[7, 3\] is wrong"):
        gradcheck(rule(lambda x: x * x, lambda g, x: 2 * g * x * mask), [big])


def test_a_wrong_second_derivative_is_found_only_by_order_two():
    def f(x):  # x ** 3 whose derivative, 3 x ** 2, forgets that it depends on x
        return rule(lambda x: x**3, lambda g, x: 3 * g * x * x)(x)

    gradcheck(f, [X])
    with pytest.raises(GradcheckError, match=r"order 2 \(output k is the gradient by input k\)"):
        gradcheck(f, [X], order=2)
