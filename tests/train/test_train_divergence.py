import numpy as np
import pytest
from small_task import SIZE, descent, network, numbers, rows

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.errors import TinygradMnistError
from tinygrad_mnist.train import DivergenceError, first_not_finite, fit

INPUTS = tg.Tensor(np.ones((3, SIZE * SIZE), np.float32))


def put(parameter, value):
    values = np.array(parameter.numpy())
    values.flat[1] = value
    parameter.assign_(values)


def test_first_not_finite_names_a_weight():
    model = network()
    put(model[2].weight, np.nan)
    before = numbers(model)
    assert first_not_finite(model, INPUTS) == "the weight of layer 2 (Linear) is not finite"
    assert numbers(model) == before
    assert "forward" not in vars(model) | vars(model[0])


def test_first_not_finite_names_activations():
    model = nn.Sequential(nn.Linear(SIZE * SIZE, 3, generator=tg.Generator(0)), nn.ReLU())
    model[0].weight.assign_(np.full((3, SIZE * SIZE), 3e38, np.float32))
    assert first_not_finite(model, INPUTS) == "the output of layer 0 (Linear) is not finite"


def test_first_not_finite_in_nested_modules_of_ones_own():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = network()

        def forward(self, x):
            return self.inner(x)

    model = Twice()
    put(model.inner[0].bias, np.inf)
    assert first_not_finite(model, INPUTS) == "the bias of layer inner.0 (Linear) is not finite"


def test_first_not_finite_when_only_the_cost_is_not():
    model = nn.Sequential(nn.Linear(SIZE * SIZE, 3, generator=tg.Generator(0)), nn.Sigmoid())
    model[0].weight.assign_(np.full((3, SIZE * SIZE), 1e30, np.float32))
    assert first_not_finite(model, INPUTS) == (
        "all layers are still finite, with numbers up to 3.6e+31 from layer 0 (Linear)"
    )


def diverging(model, cost=nn.quadratic_cost, **options):
    images, targets = rows(50)
    return fit(model, descent(model, **options), cost, images, targets, epochs=2, batch_size=8, seed=0)


def test_training_stops_at_the_first_cost_that_is_not_finite():
    model = nn.MLP(SIZE * SIZE, 5, 4, activation=nn.ReLU, generator=tg.Generator(0))
    with pytest.raises(DivergenceError, match=r"in epoch 1, step \d: .*from layer 2 \(Linear\)") as caught:
        diverging(model, rate=1e12)
    assert isinstance(caught.value, TinygradMnistError)
    assert not model.training


def test_the_model_keeps_the_parameters_from_before_that_step():
    model = network()
    states = []

    def cost(outputs, targets):
        states.append(numbers(model))
        value = nn.quadratic_cost(outputs, targets)
        return value * np.nan if len(states) == 9 else value

    with pytest.raises(DivergenceError, match=r"nan in epoch 2, step 2: all layers are still finite"):
        diverging(model, cost)
    assert numbers(model) == states[8]


def test_the_optimiser_counts_the_steps_from_before_that_step():
    model = network()
    optimiser, count = descent(model), []

    def breaks(outputs, targets):
        count.append(1)
        return nn.quadratic_cost(outputs, targets) * (np.nan if len(count) == 6 else 1.0)

    with pytest.raises(DivergenceError):
        fit(model, optimiser, breaks, *rows(50), epochs=1, batch_size=5, seed=0)
    assert int(optimiser.steps) == 5
