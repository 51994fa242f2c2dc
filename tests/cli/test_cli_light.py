import lamps
import numpy as np
import pytest

from tinygrad_mnist import data
from tinygrad_mnist.cli import light, pictures

COUNT = 20


@pytest.fixture(scope="module")
def known():
    _, (images, labels) = data.mnist()
    images, labels = images[:COUNT], labels[:COUNT]
    right = lamps.answers(images) == labels
    return images[right], labels[right]


@pytest.mark.parametrize("shine", lamps.LIGHTS[:-1], ids=lambda shine: shine.__name__)
def test_digits_under_lamps_and_shadows(known, shine):
    images, labels = known
    found = lamps.read(images, shine)
    assert (lamps.answers(found.images) == labels).mean() >= (0.7 if shine is lamps.lamp else 0.9)
    assert not found.warned.any()


@pytest.mark.parametrize("shine", [lamps.soft_shadow, lamps.hard_shadow])
def test_one_brightness_would_not_do(known, shine, monkeypatch):
    images, labels = known
    monkeypatch.setattr(light, "paper_of", lamps.middle)
    assert (lamps.answers(lamps.read(images, shine).images) == labels).mean() < 0.5


def test_chalk_on_a_board(known):
    images, labels = known
    found = lamps.read(images, lamps.hand, chalk=True)
    assert (lamps.answers(found.images) == labels).mean() >= 0.8


def test_a_light_that_is_not_understood_is_said(known):
    assert lamps.read(known[0], lamps.blind).warned.mean() >= 0.9


def test_shape_of_the_paper_is_that_of_the_picture():
    for shape in ((12, 300), (300, 12), (700, 650)):
        y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
        picture = 200 * lamps.hard_shadow(x, y, np.random.default_rng(1))
        picture[shape[0] // 3 : shape[0] // 2, shape[1] // 3 : shape[1] // 2] *= 0.1
        assert pictures.as_mnist(picture, (28, 28)).shape == (28, 28)
