"""The cost as a function of one vector, its derivatives, curvature and slices."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import lab, nn
from tinygrad_mnist.errors import ShapeError


def small(seed=0, **options):
    return nn.MLP(3, 4, 2, output=nn.Sigmoid, generator=tg.Generator(seed), **options)


RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(7, 3)).astype(np.float32)
TARGETS = RANDOM.uniform(size=(7, 2)).astype(np.float32)


@pytest.fixture
def surface():
    return lab.CostSurface(small(), nn.quadratic_cost, (INPUTS, TARGETS))


def test_cost_and_gradient_are_those_of_the_model(surface):
    model = small()
    cost = nn.quadratic_cost(model(tg.Tensor(INPUTS)), tg.Tensor(TARGETS))
    cost.backward()
    assert surface(surface.point) == pytest.approx(cost.item(), rel=1e-6)
    expected = np.concatenate([p.grad.numpy().ravel() for p in model.parameters()])
    np.testing.assert_allclose(surface.gradient(surface.point), expected, rtol=1e-5, atol=1e-8)


def test_the_average_over_chunks_is_the_average_over_all(monkeypatch, surface):
    monkeypatch.setattr("tinygrad_mnist.lab.surface._CHUNK", 3)
    chunked = lab.CostSurface(small(), nn.quadratic_cost, (INPUTS, TARGETS))
    point = surface.point + 0.1
    assert chunked(point) == pytest.approx(surface(point), rel=1e-12)
    np.testing.assert_allclose(chunked.gradient(point), surface.gradient(point), rtol=1e-12)
    np.testing.assert_allclose(
        chunked.hessian_product(point, point), surface.hessian_product(point, point), rtol=1e-10
    )


def dense_hessian(surface):
    """By `tg.hessian`, of the network written out."""

    def cost(point):
        w1, b1 = point[:12].reshape(4, 3), point[12:16]
        w2, b2 = point[16:24].reshape(2, 4), point[24:26]
        hidden = tg.ops.sigmoid(tg.Tensor(INPUTS.astype(np.float64)) @ w1.T + b1)
        return nn.quadratic_cost(tg.ops.sigmoid(hidden @ w2.T + b2), TARGETS.astype(np.float64))

    return tg.hessian(cost)(tg.Tensor(surface.point)).numpy()


def test_hessian_products_and_lanczos_agree_with_the_dense_matrix(surface):
    matrix = dense_hessian(surface)
    direction = RANDOM.normal(size=26)
    product = surface.hessian_product(surface.point, direction)
    np.testing.assert_allclose(product, matrix @ direction, rtol=1e-9, atol=1e-12)
    found = lab.curvature(surface, count=26, steps=26)
    np.testing.assert_allclose(found.values, np.linalg.eigvalsh(matrix)[::-1], rtol=1e-7, atol=1e-9)
    for value, vector in zip(found.values[:3], found.vectors, strict=False):
        np.testing.assert_allclose(matrix @ vector, value * vector, atol=1e-7)


def test_lanczos_stops_early_and_its_residuals_are_true():
    values = np.concatenate([[50.0, 20.0, -30.0], np.linspace(0, 1, 60)])
    found = lab.lanczos(lambda v: values * v, len(values), count=2, steps=50)
    assert 3 < len(found.values) < 30
    np.testing.assert_allclose(found.values[:2], [50, 20], rtol=1e-3)
    assert found.values[-1] == pytest.approx(-30, rel=1e-3)
    for value, vector, residual in zip(
        *map(np.asarray, (found.values, found.vectors, found.residuals)), strict=True
    ):
        assert np.linalg.norm(values * vector - value * vector) == pytest.approx(residual, abs=1e-8)
        assert np.abs(values - value).min() <= residual + 1e-8


def test_lanczos_of_a_multiple_of_the_identity_takes_one_step():
    found = lab.lanczos(lambda v: 3 * v, 10)
    np.testing.assert_allclose(found.values, [3])


def test_the_model_stays_as_it_was():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.scales = nn.ParameterList([nn.Parameter([2.0]), nn.Parameter([3.0])])
            self.dropout = nn.Dropout(0.5, generator=tg.Generator(0))

        def forward(self, x):
            return self.dropout(x * self.scales[0] + self.scales[1])

    model = Own()
    before, scales = model.state_dict(), model.scales
    surface = lab.CostSurface(model, nn.mse_loss, (np.ones((5, 1)), np.zeros((5, 1))))
    assert surface(np.array([4.0, 1.0])) == 25  # without dropout
    with pytest.raises(ShapeError):
        surface(np.zeros(3))
    assert model.scales is scales
    assert model.training
    assert model.dropout.training
    assert all(np.array_equal(x, before[name]) for name, x in model.state_dict().items())
    assert [surface.name(i) for i in range(2)] == ["scales.0[0]", "scales.1[0]"]


def test_positions_have_names(surface):
    names = [surface.name(i) for i in range(26)]
    assert names[:5] == [
        "0.weight[0, 0]",
        "0.weight[0, 1]",
        "0.weight[0, 2]",
        "0.weight[1, 0]",
        "0.weight[1, 1]",
    ]
    assert names[12] == "0.bias[0]"
    assert names[-1] == "2.bias[1]"
    arrays = surface.arrays(np.arange(26.0))
    assert {name: x.shape for name, x in arrays.items()} == {
        "0.weight": (4, 3),
        "0.bias": (4,),
        "2.weight": (2, 4),
        "2.bias": (2,),
    }
    np.testing.assert_array_equal(surface.vector(list(arrays.values())), np.arange(26))


@pytest.mark.parametrize("data", [(INPUTS[:0], TARGETS[:0]), (INPUTS[:3], TARGETS)])
def test_no_or_unequal_examples(data):
    with pytest.raises(ShapeError, match="inputs and"):
        lab.CostSurface(small(), nn.quadratic_cost, data)


def test_nothing_to_depend_on():
    with pytest.raises(ShapeError, match="no parameters"):
        lab.CostSurface(nn.ReLU(), nn.quadratic_cost, (INPUTS, TARGETS))


def test_filter_normalised_directions_are_as_long_as_each_neuron(surface):
    direction = surface.arrays(lab.filter_normalised(surface, tg.Generator(0)))
    own = surface.arrays(surface.point)
    for name in ("0.weight", "2.weight"):
        np.testing.assert_allclose(
            np.linalg.norm(direction[name], axis=1), np.linalg.norm(own[name], axis=1), rtol=1e-12
        )
        assert not np.allclose(direction[name], own[name])
    assert not direction["0.bias"].any()


def test_slices_go_through_the_point(surface):
    here = surface(surface.point)
    across = lab.filter_normalised(surface, tg.Generator(0))
    up = lab.filter_normalised(surface, tg.Generator(1))
    offsets = np.array([-1, 0, 0.5])
    line = lab.along(surface, across, offsets)
    assert line[1] == here
    assert line[2] == surface(surface.point + 0.5 * across)
    grid = lab.plane(surface, across, up, offsets)
    np.testing.assert_array_equal(grid[1], line)  # rows along `up`
    assert grid[2, 0] == surface(surface.point - across + 0.5 * up)
    way = lab.between(surface, surface.point, surface.point + up, [0, 1])
    assert way.tolist() == [here, surface(surface.point + up)]


def test_the_share_of_wrong_answers_is_a_surface_too():
    model = small()
    outputs = model(tg.Tensor(INPUTS)).numpy()
    classes = 1 - outputs.argmax(1)
    classes[:2] = outputs.argmax(1)[:2]
    wrong = lab.CostSurface(model, lab.share_wrong, (INPUTS, classes))
    assert wrong(wrong.point) == pytest.approx(5 / 7)
