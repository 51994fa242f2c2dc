import numpy as np
import pytest
from small_task import CLASSES, SIZE, network, rows

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.train import Evaluation, evaluate, outputs_of


class Pixels(nn.Module):
    """Outputs are inputs."""

    def forward(self, x):
        return x


def test_counts_by_hand():
    images = np.array([[9, 1, 1], [1, 9, 1], [9, 1, 1], [1, 1, 9]], np.uint8)
    evaluation = evaluate(Pixels(), nn.cross_entropy, images, [0, 1, 2, 2], scale=1.0)
    assert evaluation.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert (evaluation.count, evaluation.correct, evaluation.accuracy) == (4, 3, 0.75)
    right, wrong = np.log(1 + 2 * np.exp(-8)), np.log(1 + 2 * np.exp(-8)) + 8
    assert evaluation.cost == pytest.approx((3 * right + wrong) / 4, rel=1e-5)


@pytest.mark.parametrize("count", [1, 6, 7, 20])
def test_chunks_make_no_difference(monkeypatch, count):
    images, targets = rows(count)
    model = network()
    whole = evaluate(model, nn.quadratic_cost, images, targets)
    monkeypatch.setattr("tinygrad_mnist.train.evaluation.CHUNK", 7)
    chunked = evaluate(model, nn.quadratic_cost, images, targets)
    assert chunked.cost == pytest.approx(whole.cost, rel=1e-6)
    assert (chunked.confusion == whole.confusion).all()


def test_measures_the_network_as_in_use_and_leaves_it_as_it_was():
    dropout = nn.Dropout(0.5, generator=tg.Generator(0))
    model = nn.Sequential(network(), dropout)
    images, _ = rows(30)
    with_dropout = outputs_of(model, images)
    assert (with_dropout == outputs_of(model[0], images)).all()
    assert model.training
    assert dropout.training
    assert all(p.grad is None for p in model.parameters())


def test_outputs_of_nothing_have_their_columns():
    assert outputs_of(network(), np.zeros((0, SIZE * SIZE), np.uint8)).shape == (0, CLASSES)


def test_mistakes():
    images, targets = rows(10)
    with pytest.raises(ShapeError, match="10 images and 9 targets"):
        evaluate(network(), nn.quadratic_cost, images, targets[1:])
    with pytest.raises(ShapeError, match="0 images and 0 targets"):
        evaluate(network(), nn.quadratic_cost, images[:0], targets[:0])
    with pytest.raises(ShapeError, match=r"outputs of shape \(N, classes\)"):
        outputs_of(Pixels(), np.zeros((2, 3, 4)))


def test_accuracy_of_a_confusion():
    assert Evaluation(0.0, np.array([[3, 1], [0, 4]])).accuracy == 7 / 8
