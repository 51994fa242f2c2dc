"""Ten tests to read first: what this package promises, each in a few lines."""

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim


def test_a_number_knows_its_slope():
    x = tg.tensor(3.0, requires_grad=True)
    (x * x).backward()
    assert x.grad.item() == 6


def test_gradients_have_gradients():
    slope = tg.grad(lambda x: x**3)
    assert tg.grad(slope)(tg.tensor(2.0)).item() == 12


def test_what_was_broadcast_is_summed_on_the_way_back():
    bias = tg.zeros(3, requires_grad=True)
    (tg.ones(5, 3) + bias).sum().backward()
    assert bias.grad.tolist() == [5, 5, 5]


def test_a_derivative_is_the_limit_of_differences():
    tg.testing.gradcheck(lambda x, w: (x @ w).sigmoid(), [np.ones((2, 3)), np.full((3, 1), 0.1)], order=2)


def test_a_neuron_learns():
    weight = tg.tensor([0.0, 0.0], requires_grad=True)
    for _ in range(50):
        cost = ((weight * tg.tensor([1.0, 2.0])).sum() - 10) ** 2
        cost.backward()
        weight.data -= 0.02 * weight.grad
        weight.grad = None
    assert np.allclose(weight.detach(), [2, 4], atol=1e-3)


def _network():
    tg.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    optimiser = optim.Adam(model.parameters(), lr=0.05)
    x = tg.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = tg.tensor([[0.0], [1.0], [1.0], [0.0]])

    def step():
        cost = nn.functional.mse_loss(model(x), y)
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost

    return model, step


def test_a_network_learns_what_no_line_separates():
    _, step = _network()
    assert [step().item() for _ in range(200)][-1] < 0.01


def test_a_compiled_step_does_what_the_step_does():
    (eager, step), (compiled, other) = _network(), _network()
    other = tg.jit(other)
    for _ in range(20):
        np.testing.assert_allclose(other().detach(), step().detach(), rtol=1e-4)
    for one, another in zip(eager.parameters(), compiled.parameters(), strict=True):
        np.testing.assert_allclose(one.detach(), another.detach(), rtol=1e-4, atol=1e-6)


def test_the_program_speaks_in_our_names():
    _, step = _network()
    step = tg.jit(step)
    step()
    assert "model_0_weight" in step.source
    assert "# backward: cost.backward()" in step.source


def test_the_same_seed_gives_the_same_bits():
    first, second = (tg.randn(1000, generator=tg.Generator(7)) for _ in range(2))
    assert np.array_equal(first, second)


def test_saved_is_loaded(tmp_path):
    model, step = _network()
    step()
    tg.save(model.state_dict(), tmp_path / "model.safetensors")
    again, _ = _network()
    again.load_state_dict(tg.load(tmp_path / "model.safetensors"))
    assert np.array_equal(again[0].weight.detach(), model[0].weight.detach())
