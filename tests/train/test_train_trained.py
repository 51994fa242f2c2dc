import numpy as np
import pytest
from small_task import CLASSES, SIZE, corners, numbers

from tinygrad_mnist.data import split
from tinygrad_mnist.errors import DataError
from tinygrad_mnist.train import Recipe, run

RECIPE = Recipe(hidden=(6,), input_scale=1.0, rate=3.0, epochs=4, batch_size=5)
ALTERNATIVE = RECIPE.but(cost="cross-entropy", optimiser="adamw", rate=0.05)


@pytest.mark.parametrize("recipe", [RECIPE.but(epochs=20), ALTERNATIVE])
def test_learns_whatever_the_cost(recipe):
    network = run(recipe, *corners(80))
    assert network.evaluate(*corners(100, seed=1)).accuracy > 0.9
    assert (network.image_size, network.classes) == ((SIZE, SIZE), CLASSES)
    assert len(network.history.epochs) == recipe.epochs


def test_same_recipe_same_bits():
    recipe = RECIPE.but(validation=0.2)
    assert numbers(run(recipe, *corners(40)).model) == numbers(run(recipe, *corners(40)).model)
    assert numbers(run(recipe, *corners(40)).model) != numbers(run(recipe.but(seed=1), *corners(40)).model)


def test_validation_images_are_measured_and_not_trained_on():
    images, labels = corners(40)
    network = run(RECIPE.but(validation=0.25), images, labels)
    _, held_out = split(40, 0.25, RECIPE.seed)
    measured = network.evaluate(images[held_out], labels[held_out])
    last = network.history.epochs[-1]
    assert (last.validation_cost, last.validation_accuracy) == (measured.cost, measured.accuracy)
    images[held_out] = 0
    assert numbers(run(RECIPE.but(validation=0.25), images, labels).model) == numbers(network.model)


def test_the_last_step_has_nearly_no_rate():
    network = run(RECIPE, *corners(40))
    assert [record.rate for record in network.history.epochs] == pytest.approx([3, 2.25, 1.5, 0.75])


def test_callbacks():
    epochs = []
    network = run(RECIPE, *corners(40), on_epoch=epochs.append)
    assert epochs == network.history.epochs


def test_outputs_are_of_the_scaled_pixels():
    network = run(RECIPE.but(input_scale=0.5), *corners(40))
    images, _ = corners(5, seed=2)
    expected = network.model((images.reshape(5, -1) * (0.5 / 255)).astype(np.float32))
    np.testing.assert_allclose(network.outputs(images), expected, rtol=1e-5)


def test_images_or_labels_that_do_not_fit():
    network = run(RECIPE, *corners(40))
    images, labels = corners(10)
    with pytest.raises(DataError, match="images of 6 x 6 pixels, these have 6 x 5"):
        network.outputs(images[:, :, 1:])
    with pytest.raises(DataError, match="has 4 outputs, but there is a label 4"):
        network.evaluate(images, labels + 1)


def test_a_validation_share_that_leaves_nothing():
    with pytest.raises(DataError, match="both need at least one"):
        run(RECIPE.but(validation=0.01), *corners(10))
