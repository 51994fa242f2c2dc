"""Answers, mistakes, calibration, strangers."""

import numpy as np
import pytest
from lab_task import RECIPE, corners

from tinygrad_mnist import Tensor, lab, ops, train
from tinygrad_mnist.errors import DataError, ShapeError

OUTPUTS = np.array(
    [[0.9, 0.0, 0.1], [0.2, 0.7, 0.1], [0.3, 0.1, 0.6], [0.1, 0.0, 0.95], [0.2, 0.8, 0.0]], np.float32
)
LABELS = np.array([0, 0, 2, 1, 1])


def test_answers_are_the_outputs(network, unseen):
    found = lab.answers(network, unseen[0])
    np.testing.assert_array_equal(found.outputs, network.outputs(unseen[0]))
    np.testing.assert_array_equal(found.classes, found.outputs.argmax(1))
    evaluation = network.evaluate(*unseen)
    assert (found.classes == unseen[1]).mean() == evaluation.accuracy > 0.9


def test_logits_become_probabilities(unseen):
    recipe = RECIPE.but(cost="cross-entropy", optimiser="adam", epochs=1)
    logits = train.run(recipe, *corners(100), compiled=False)
    found = lab.answers(logits, unseen[0])
    np.testing.assert_allclose(found.outputs.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(found.outputs, ops.softmax(logits.outputs(unseen[0])), rtol=1e-6)


def test_how_often_sure():
    found = lab.Answers(OUTPUTS)
    np.testing.assert_allclose(found.confidence, [0.9, 0.7, 0.6, 0.95, 0.8])
    assert found.sure(0.75) == pytest.approx(3 / 5)


def test_images_of_another_size(network):
    with pytest.raises(DataError, match="8 x 8"):
        lab.answers(network, np.zeros((2, 5, 5), np.uint8))


def test_examples_are_what_the_network_was_trained_on(network, unseen):
    inputs, targets = lab.examples(network, *unseen)
    cost = network.recipe.cost_function(network.model(Tensor(inputs)), Tensor(targets)).item()
    assert cost == pytest.approx(network.evaluate(*unseen).cost, rel=1e-5)


def test_mistakes_most_confident_first():
    found = lab.mistakes(lab.Answers(OUTPUTS), LABELS)
    assert found.positions.tolist() == [3, 1]
    assert found.truth.tolist() == [1, 0]
    assert found.answers.tolist() == [2, 1]
    np.testing.assert_array_equal(found.outputs, OUTPUTS[[3, 1]])
    assert found.confusion.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert found.accuracy_by_class.tolist() == [0.5, 0.5, 1.0]
    assert found.worst_pairs(5) == [(0, 1, 1), (1, 2, 1)]


def test_a_class_without_images():
    found = lab.mistakes(lab.Answers(OUTPUTS[:1]), LABELS[:1])
    assert np.isnan(found.accuracy_by_class[1])
    assert found.worst_pairs(3) == []


@pytest.mark.parametrize("labels", [LABELS[:3], LABELS + 1])
def test_labels_that_do_not_fit(labels):
    with pytest.raises(ShapeError, match="do not fit"):
        lab.mistakes(lab.Answers(OUTPUTS), labels)


def test_calibration_by_hand():
    found = lab.calibration(lab.Answers(OUTPUTS), LABELS, bins=4)
    assert found.counts.tolist() == [0, 0, 2, 3]
    np.testing.assert_allclose(found.confidence[2:], [0.65, (0.9 + 0.95 + 0.8) / 3], rtol=1e-6)
    np.testing.assert_allclose(found.accuracy[2:], [1 / 2, 2 / 3])
    assert np.isnan(found.accuracy[:2]).all()
    expected = 2 / 5 * 0.15 + 3 / 5 * abs(2 / 3 - 2.65 / 3)
    assert found.expected_error == pytest.approx(expected, rel=1e-6)


def test_calibration_sees_whether_confidence_is_earned():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.5, 1, 20_000)
    outputs = np.stack([confidence, 1 - confidence], 1)
    labels = (random.uniform(size=20_000) > confidence).astype(np.int64)
    assert lab.calibration(lab.Answers(outputs), labels).expected_error < 0.01
    assert lab.calibration(lab.Answers(outputs), 1 - labels).expected_error > 0.3


def test_calibration_of_confidences_outside_0_to_1_and_of_nothing():
    found = lab.calibration(lab.Answers(np.array([[2.0, 0.0], [-1.0, -2.0]])), np.array([0, 0]), bins=2)
    assert found.confidence.tolist() == [0, 1]
    with pytest.raises(ShapeError, match="need as many"):
        lab.calibration(lab.Answers(OUTPUTS[:0]), LABELS[:0])


def test_strangers():
    images, _ = corners(50)
    found = lab.strangers(images, seed=3)
    assert list(found) == ["noise", "shuffled", "inverted", "shifted", "rotated", "blank"]
    assert all(x.shape == images.shape and x.dtype == np.uint8 for x in found.values())
    assert abs(found["noise"].mean() - 127.5) < 5
    assert (found["noise"].min(), found["noise"].max()) == (0, 255)
    np.testing.assert_array_equal(np.sort(found["shuffled"].reshape(50, -1)), np.sort(images.reshape(50, -1)))
    assert (found["shuffled"] != images).any((1, 2)).all()
    np.testing.assert_array_equal(found["inverted"] + images, np.full_like(images, 255))
    np.testing.assert_array_equal(found["rotated"][:, 0], images[:, :, -1])
    assert not found["blank"].any()
    again = lab.strangers(images, seed=3)
    assert all(np.array_equal(x, again[name]) for name, x in found.items())
    assert (lab.strangers(images, seed=4)["noise"] != found["noise"]).any()


def test_shifted_images_are_the_image_elsewhere():
    image = np.arange(1, 65, dtype=np.uint8).reshape(1, 8, 8)
    for seed in range(20):
        shifted = lab.strangers(image, seed)["shifted"][0].astype(int)
        moves = {((v - 1) // 8 - i, (v - 1) % 8 - j) for (i, j), v in np.ndenumerate(shifted) if v}
        assert len(moves) == 1
        down, right = moves.pop()
        assert max(abs(down), abs(right)) <= 2
        assert (shifted > 0).sum() == (8 - abs(down)) * (8 - abs(right))


def test_strangers_of_rows():
    rows = corners(5, shape=(1, 64))[0]
    np.testing.assert_array_equal(lab.strangers(rows)["rotated"], rows[:, ::-1, ::-1])
