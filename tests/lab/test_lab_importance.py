"""The gradient as importance."""

import numpy as np
import pytest
from lab_task import corners

from tinygrad_mnist import lab


@pytest.fixture(scope="module")
def data(network):
    return lab.examples(network, *corners(60))


@pytest.fixture(scope="module")
def found(network, data):
    return lab.importance(network.model, network.recipe.cost_function, data)


def test_nudges_change_the_cost_as_predicted(found):
    ranking = found.ranking()
    top, last = found.nudged(ranking[:8]), found.nudged(ranking[200:208])
    assert top.largest_error < 0.01
    assert last.largest_error < 0.01
    assert np.abs(top.measured).min() > np.abs(last.measured).max() > 0
    np.testing.assert_array_equal(top.predicted, 1e-6 * found.gradient[ranking[:8]])


def test_a_large_nudge_is_measured_not_predicted(found):
    assert found.nudged(found.ranking()[:8], size=3.0).largest_error > 0.05


def test_the_ranking_is_by_magnitude(found):
    sizes = np.abs(found.gradient)[found.ranking()]
    assert (np.diff(sizes) <= 0).all()
    assert sorted(found.ranking()) == list(range(len(found.gradient)))


def test_what_is_lost_in_rounding_is_not_measurable(found):
    ranking, measurable = found.ranking(), found.measurable()
    np.testing.assert_array_equal(measurable, ranking[: len(measurable)])
    assert len(found.measurable(1e-11)) < len(measurable)
    assert not len(found.measurable(0.0))


def test_parts_add_up(found):
    parts = found.parameters()
    assert [part.name for part in parts] == [
        f"{layer}.{kind}" for layer in (0, 2, 4) for kind in ("weight", "bias")
    ]
    assert sum(part.share for part in parts) == pytest.approx(1)
    assert sum(part.count for part in parts) == len(found.gradient)
    neurons = found.neurons()
    assert len(neurons) == 6 + 5 + 4
    assert sum(part.share for part in neurons) == pytest.approx(1)
    assert [part.norm for part in neurons] == sorted((part.norm for part in neurons), reverse=True)
    first = next(part for part in neurons if part.name == "0[2]")
    gradient = found.surface.arrays(found.gradient)
    expected = np.append(gradient["0.weight"][2], gradient["0.bias"][2])
    assert (first.count, first.norm) == (65, pytest.approx(np.linalg.norm(expected)))


def test_the_mean_wish_is_the_step_of_gradient_descent(network, data, found):
    wishes = lab.wishes(network.model, network.recipe.cost_function, data)
    assert wishes.shape == (60, len(found.gradient))
    np.testing.assert_allclose(wishes.mean(0), -found.gradient, rtol=1e-9, atol=1e-15)
