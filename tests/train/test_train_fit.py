import numpy as np
import pytest
from small_task import CLASSES, SIZE, Alarm, descent, network, numbers, rows

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.errors import DataError, ShapeError
from tinygrad_mnist.train import evaluate, fit, training_step

SETTINGS = {"epochs": 3, "batch_size": 8, "seed": 5}


def fitted(model=None, examples=None, **changes):
    model = model or network()
    images, targets = examples or rows(50)
    return model, fit(model, descent(model), nn.quadratic_cost, images, targets, **(SETTINGS | changes))


def test_learns():
    model, history = fitted(epochs=20)
    costs = [record.cost for record in history.epochs]
    assert costs[-1] < costs[0] / 4
    assert evaluate(model, nn.quadratic_cost, *rows(200, seed=1)).accuracy > 0.9


def test_learns_from_integer_classes():
    images, targets = rows(50)
    model = nn.MLP(SIZE * SIZE, CLASSES, generator=tg.Generator(0))
    history = fit(model, optim.AdamW(model.parameters(), 0.02), nn.cross_entropy, images, targets.argmax(1),
                  epochs=20, batch_size=10, seed=0)  # fmt: skip
    assert history.epochs[-1].accuracy > 0.9


def test_same_as_a_loop_by_hand_in_numpy():
    images, targets = rows(50)
    model, history = fitted()
    weights = [x.numpy().astype(np.float64) for x in network().state_dict().values()]
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    for record in history.epochs:
        costs, right = [], 0
        for batch in tg.data.batches(50, 8, seed=5, epoch=record.epoch - 1):
            x, t = images[batch] / 255, targets[batch]
            w1, b1, w2, b2 = weights
            a1 = sigmoid(x @ w1.T + b1)
            a2 = sigmoid(a1 @ w2.T + b2)
            costs.append(((a2 - t) ** 2).sum())
            right += (a2.argmax(1) == t.argmax(1)).sum()
            d2 = 2 * (a2 - t) / len(batch) * a2 * (1 - a2)
            d1 = d2 @ w2 * a1 * (1 - a1)
            gradients = [d1.T @ x, d1.sum(0), d2.T @ a1, d2.sum(0)]
            weights = [w - 2.0 * g for w, g in zip(weights, gradients, strict=True)]
        assert record.cost == pytest.approx(sum(costs) / 50, rel=1e-5)
        assert record.accuracy == right / 50
    for ours, by_hand in zip(model.state_dict().values(), weights, strict=True):
        np.testing.assert_allclose(ours, by_hand, rtol=1e-4, atol=1e-5)


def test_same_seed_same_bits():
    (first, one), (second, two) = fitted(), fitted()
    assert numbers(first) == numbers(second)
    assert one.to_json(times=False) == two.to_json(times=False)


def test_the_seed_decides_the_order():
    assert numbers(fitted()[0]) != numbers(fitted(seed=6)[0])


def test_reporting_and_measuring_change_nothing():
    plain, _ = fitted()
    watched, _ = fitted(validation=rows(30, seed=1), on_epoch=lambda record: None, on_step=lambda *step: None)
    assert numbers(plain) == numbers(watched)


def test_records():
    reported = []
    model, history = fitted(validation=rows(30, seed=1), on_epoch=reported.append)
    assert history.epochs == reported
    assert [record.epoch for record in reported] == [1, 2, 3]
    assert not history.interrupted
    for record in reported:
        assert record.seconds > 0
        assert record.images_per_second == pytest.approx(50 / record.seconds)
    measured = evaluate(model, nn.quadratic_cost, *rows(30, seed=1))
    assert (reported[-1].validation_cost, reported[-1].validation_accuracy) == (
        measured.cost,
        measured.accuracy,
    )
    assert fitted()[1].epochs[0].validation_accuracy is None


def test_the_rate_is_that_of_the_epochs_first_step():
    images, targets = rows(50)
    model = network()
    optimiser = descent(model, optim.schedules.linear(3.0, 3 * 7))
    history = fit(model, optimiser, nn.quadratic_cost, images, targets, **SETTINGS)
    assert [record.rate for record in history.epochs] == pytest.approx([3.0, 2.0, 1.0])
    assert int(optimiser.steps) == 21


def test_steps_are_reported(monkeypatch):
    monkeypatch.setattr("tinygrad_mnist.train.course._BETWEEN_STEP_REPORTS", -1)
    monkeypatch.setattr("tinygrad_mnist.train.course._PIECE", 1)
    steps = []
    fitted(epochs=2, on_step=lambda *step: steps.append(step))
    assert steps == [(epoch, step, 7) for epoch in (1, 2) for step in range(1, 8)]


def test_interruption_ends_it_cleanly():
    def interrupt(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    model, history = fitted(on_epoch=interrupt)
    assert history.interrupted
    assert len(history.epochs) == 2
    assert numbers(model) == numbers(fitted(epochs=2)[0])
    assert not model.training


def test_interruption_between_steps(monkeypatch):
    monkeypatch.setattr("tinygrad_mnist.train.course._BETWEEN_STEP_REPORTS", -1)
    monkeypatch.setattr("tinygrad_mnist.train.course._PIECE", 1)

    def interrupt(epoch, step, steps):
        if (epoch, step) == (2, 3):
            raise KeyboardInterrupt

    model, history = fitted(on_step=interrupt)
    assert history.interrupted
    assert len(history.epochs) == 1
    assert numbers(model) not in (numbers(fitted(epochs=1)[0]), numbers(fitted(epochs=2)[0]))


def test_other_exceptions_pass():
    def fail(record):
        raise Alarm

    with pytest.raises(Alarm):
        fitted(on_epoch=fail)


def test_training_mode_during_and_eval_mode_after():
    modes = []

    class Mode(nn.Module):
        def forward(self, x):
            modes.append(self.training)
            return x

    model = nn.Sequential(network(), Mode())
    fitted(model, epochs=2, batch_size=50, validation=rows(10))
    assert modes == [True, False, True, False]
    assert not model.training


def test_a_step_is_a_function_of_positions():
    images, targets = rows(50)
    model = network()
    step = training_step(
        model, descent(model), nn.quadratic_cost, tg.Tensor(images), tg.Tensor(targets), 1 / 255
    )
    before = model(tg.Tensor(images[[3, 4]]).float() / 255)
    cost, outputs = step(tg.tensor([3, 4]))
    np.testing.assert_allclose(outputs, before, rtol=1e-6)
    assert cost.item() == pytest.approx(nn.quadratic_cost(before, targets[[3, 4]]).item(), rel=1e-6)
    again, _ = step(tg.tensor([3, 4]))
    assert again.item() < cost.item()


def test_mistakes():
    images, targets = rows(50)
    with pytest.raises(ShapeError, match="50 images, but 49 targets"):
        fitted(examples=(images, targets[1:]))
    with pytest.raises(DataError, match="batch size must be at least 1"):
        fitted(batch_size=0)
    with pytest.raises(DataError, match="at least 1, got 0"):
        fitted(examples=(images[:0], targets[:0]))
    with pytest.raises(ShapeError, match="must have one shape"):
        fitted(examples=(images, np.ones(50)))


@pytest.mark.parametrize("chosen", [np.arange(3, 50, 2), np.array([7, 3, 7, 7, 3])], ids=["once", "again"])
def test_chosen_examples_are_trained_on_as_if_there_were_no_others(chosen):
    images, targets = rows(50)
    alone, history = fitted(examples=(images[chosen], targets[chosen]))
    model, other = fitted(examples=(images, targets), chosen=chosen)
    for name, values in alone.state_dict().items():
        np.testing.assert_array_equal(model.state_dict()[name], values, name)
    assert other.to_dict(times=False) == history.to_dict(times=False)
    for wrong in ([50], [-1], [0.5], [[1]]):
        with pytest.raises(DataError, match="fit: chosen"):
            fitted(examples=(images, targets), chosen=wrong)
    with pytest.raises(DataError, match="at least 1, got 0"):
        fitted(examples=(images, targets), chosen=chosen[:0])


def test_compiled_steps_agree_with_eager_ones(monkeypatch):
    eager, history = fitted()
    monkeypatch.setattr("tinygrad_mnist.train.loop._WORTH_COMPILING", 0)
    compiled, other = fitted()
    assert all(p.grad is None for model in (eager, compiled) for p in model.parameters())
    for name, values in eager.state_dict().items():
        np.testing.assert_allclose(compiled.state_dict()[name], values, rtol=1e-5, atol=1e-6, err_msg=name)
    for a, b in zip(history.epochs, other.epochs):
        assert b.cost == pytest.approx(a.cost, rel=1e-5)
        assert b.accuracy == a.accuracy
