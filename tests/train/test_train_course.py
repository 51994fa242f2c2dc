"""Beginning later, ending earlier, and telling others on the way."""

import json

import pytest
from small_task import CLASSES, descent, network, numbers, rows

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim, train
from tinygrad_mnist.train import CheckpointWarning, EarlyStopping, EpochRecord


def fitted(model=None, optimiser=None, **options):
    model = model or network()
    given = {"epochs": 3, "batch_size": 8, "seed": 5}
    history = train.fit(model, optimiser or descent(model), nn.quadratic_cost, *rows(50), **(given | options))
    return model, history


def test_start_epoch_goes_on_where_another_fit_ended():
    model = network()
    optimiser = descent(model, optim.schedules.linear(3.0, 35))
    images, _ = rows(50)
    augment = lambda epoch: images // (epoch + 1)
    fitted(model, optimiser, epochs=2, augment=augment)
    _, history = fitted(model, optimiser, epochs=5, start_epoch=2, augment=augment)
    whole = network()
    _, all_epochs = fitted(whole, descent(whole, optim.schedules.linear(3.0, 35)), epochs=5, augment=augment)
    assert numbers(model) == numbers(whole)
    assert [record.epoch for record in history.epochs] == [3, 4, 5]
    assert [r.cost for r in history.epochs] == [r.cost for r in all_epochs.epochs[2:]]
    assert train.History.from_json(history.to_json()).epochs == history.epochs


def test_start_epoch_out_of_range():
    assert fitted(start_epoch=3)[1].epochs == []
    for wrong in (-1, 4):
        with pytest.raises(ValueError, match="start_epoch must be from 0 to epochs, 3"):
            fitted(start_epoch=wrong)


def records(*costs):
    return [EpochRecord(i + 1, cost, 0.5, 1.0, validation_accuracy=-cost) for i, cost in enumerate(costs)]


@pytest.mark.parametrize("monitor", ["cost", "validation_accuracy"])
def test_early_stopping(monitor):
    stopping = EarlyStopping(patience=2, monitor=monitor, min_delta=0.5)
    assert stopping.best(records(9, 8, 7.6, 7.4, 8)) == 3
    assert not stopping.is_over(records(9, 8, 7.6))
    assert stopping.is_over(records(9, 8, 7.6, 7.5))
    assert not stopping.is_over(records(9, 8, 7.6, 7.4))
    with pytest.raises(ValueError, match="validation cost, which is not measured"):
        EarlyStopping().best(records(1))
    for wrong in ({"patience": 0}, {"min_delta": -1}, {"monitor": "loss"}):
        with pytest.raises(ValueError, match="EarlyStopping"):
            EarlyStopping(**wrong)


@pytest.mark.parametrize("restore", [True, False])
def test_the_best_weights_come_back(restore):
    # no training can get better on random answers for long
    _, targets = rows(30, seed=3)
    images, _ = rows(30, seed=9)
    model = network()
    kept = []
    history = train.fit(
        model, optim.Adam(model.parameters(), 0.1), nn.quadratic_cost, images, targets,
        epochs=200, batch_size=5, seed=0, validation=rows(30, seed=4),
        on_epoch=lambda record: kept.append(numbers(model)),
        early_stopping=EarlyStopping(patience=4, restore_best=restore),
    )  # fmt: skip
    assert history.stopped
    costs = [record.validation_cost for record in history.epochs]
    best = costs.index(min(costs))
    assert len(costs) == best + 5 < 200
    assert numbers(model) == kept[best if restore else -1]


def test_a_listener_ends_it():
    ended = []
    model, history = fitted(on_epoch=lambda record: record.epoch == 2, on_end=ended.append)
    assert (len(history.epochs), history.stopped, history.interrupted) == (2, True, False)
    assert ended == [history]
    assert numbers(model) == numbers(fitted(epochs=2)[0])
    assert not fitted(on_epoch=lambda record: None)[1].stopped


def test_the_end_is_told_after_an_interruption_too():
    def interrupt(record):
        raise KeyboardInterrupt

    ended = []
    fitted(on_epoch=interrupt, on_end=ended.append)
    assert [history.interrupted for history in ended] == [True]


def test_logs(tmp_path):
    told = []
    _, history = fitted(log=lambda values, step: told.append((values, step)), validation=rows(9))
    assert [step for _, step in told] == [7, 14, 21]
    assert told[1][0]["cost"] == history.epochs[1].cost
    assert {"epoch", "accuracy", "rate", "validation_cost"} < told[0][0].keys()
    fitted(log=tmp_path / "log")
    fitted(log=str(tmp_path / "log"), epochs=1)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(line["step"], line["epoch"]) for line in lines] == [(7, 1), (14, 2), (21, 3), (7, 1)]
    train.JsonLines(tmp_path / "odd")({"cost": float("nan"), "rate": float("inf")}, 1)
    assert (tmp_path / "odd").read_text() == '{"step": 1, "cost": null, "rate": null}\n'


def test_no_training_ends_because_of_its_log(tmp_path):
    with pytest.warns(CheckpointWarning, match="cannot write"):
        _, history = fitted(log=tmp_path)
    assert len(history.epochs) == 3


def with_dropout():
    generator = tg.Generator(2)
    return nn.Sequential(
        network(), nn.Dropout(0.5, generator=generator), nn.Linear(CLASSES, CLASSES, generator=generator)
    )


def test_dropout_is_what_it_was_where_a_training_diverges():
    count = []

    def breaks(outputs, targets):
        count.append(1)
        return nn.quadratic_cost(outputs, targets) * (float("nan") if len(count) == 6 else 1.0)

    model = with_dropout()
    with pytest.raises(train.DivergenceError, match="epoch 1, step 6"):
        train.fit(model, descent(model, 0.1), breaks, *rows(50), epochs=1, batch_size=5, seed=0)
    by_hand = with_dropout()
    images, targets = rows(50)
    optimiser = descent(by_hand, 0.1)
    for batch in list(tg.data.batches(50, 5, seed=0))[:5]:
        optimiser.zero_grad()
        nn.quadratic_cost(by_hand(tg.Tensor(images[batch]).float() * (1 / 255)), targets[batch]).backward()
        optimiser.step()
    assert numbers(model) == numbers(by_hand)
