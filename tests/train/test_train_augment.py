import threading

import numpy as np
import pytest
from small_task import Alarm, corners, descent, network, numbers, rows

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.train import Recipe, fit, run
from tinygrad_mnist.train.ahead import made_ahead

RECIPE = Recipe(hidden=(6,), epochs=3, batch_size=10, seed=3, augment=1.0)


@pytest.mark.parametrize("way", ["eager", "compiled"])
def test_each_epoch_has_images_of_its_own(monkeypatch, way):
    monkeypatch.setattr("tinygrad_mnist.train.loop._WORTH_COMPILING", 0)
    images, targets = rows(50)
    versions = [images, images // 2, 255 - images]
    model = network()
    fit(model, descent(model), nn.quadratic_cost, images, targets, epochs=3, batch_size=8, seed=5,
        compiled=way == "compiled", augment=versions.__getitem__)  # fmt: skip

    by_hand = network()
    optimiser = descent(by_hand)
    for epoch, version in enumerate(versions):
        for batch in tg.data.batches(50, 8, seed=5, epoch=epoch):
            optimiser.zero_grad()
            nn.quadratic_cost(by_hand(tg.Tensor(version[batch]).float() / 255), targets[batch]).backward()
            optimiser.step()
    for name, values in by_hand.state_dict().items():
        np.testing.assert_allclose(model.state_dict()[name], values, rtol=1e-5, atol=1e-6, err_msg=name)


def test_the_users_images_are_left_alone():
    images, targets = rows(20)
    given, before = tg.Tensor(images), images.copy()
    model = network()
    fit(model, descent(model), nn.quadratic_cost, given, targets, epochs=2, batch_size=10, seed=0,
        augment=lambda epoch: images + 1)  # fmt: skip
    assert (given.numpy() == before).all()


def test_a_recipe_with_augmentation():
    first, again, plain = (run(recipe, *corners(40)) for recipe in (RECIPE, RECIPE, RECIPE.but(augment=0.0)))
    assert numbers(first.model) == numbers(again.model)
    assert numbers(first.model) != numbers(plain.model)


def test_only_images_for_training_are_distorted():
    images, labels = corners(40)
    recipe = RECIPE.but(validation=0.25)
    network = run(recipe, images, labels)
    _, held_out = tg.data.split(40, 0.25, recipe.seed)
    measured = network.evaluate(images[held_out], labels[held_out])
    assert network.history.epochs[-1].validation_cost == pytest.approx(measured.cost, rel=1e-6)


def test_made_ahead_is_one_ahead():
    made, threads = [], set()

    def make(i):
        made.append(i)
        threads.add(threading.current_thread())
        return 10 * i

    results = made_ahead(make, 0, 4)
    for i, result in enumerate(results):
        assert result == 10 * i
        assert len(made) in (i + 1, min(i + 2, 4))
    assert made == [0, 1, 2, 3]
    assert threading.current_thread() not in threads
    assert not any(thread.is_alive() for thread in threads)


def test_what_making_raises_comes_when_it_is_due():
    def make(i):
        if i == 1:
            raise Alarm
        return i

    results = made_ahead(make, 0, 3)
    assert next(results) == 0
    with pytest.raises(Alarm):
        next(results)


def test_closing_early_leaves_no_thread():
    threads = []
    results = made_ahead(lambda i: threads.append(threading.current_thread()), 0, 3)
    next(results)
    results.close()
    assert not threads[0].is_alive()
