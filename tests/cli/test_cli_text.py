import json

import numpy as np
import pytest

from tinygrad_mnist.cli.reporters import JsonLines, Lines, Live, reporter
from tinygrad_mnist.cli.text import confusion_table, duration, epoch_line
from tinygrad_mnist.train import EpochRecord, Evaluation, Recipe

RECORD = EpochRecord(3, 0.12345, 0.5, 8.0, seconds=2.0, images_per_second=12345.6)


def test_epoch_line():
    line = "epoch  3/30  cost 0.1235  training accuracy 50.00%  12,346 images/s  1:05 left"
    assert epoch_line(RECORD, 30, 65.4) == line


def test_validation_accuracy_takes_the_place_of_training_accuracy():
    record = EpochRecord(3, 0.1, 0.5, 8.0, 0.2, 0.75, 2.0, 100.0)
    assert "validation accuracy 75.00%" in epoch_line(record, 3, 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (600, "10:00"), (3600, "1:00:00"), (36061, "10:01:01")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_confusion_table():
    assert confusion_table(Evaluation(0.0, np.array([[12, 3], [0, 456]]))).splitlines()[1:] == [
        "     |   0   1",
        "-----+--------",
        "   0 |  12   3",
        "   1 |   0 456",
    ]


def test_the_reporter_suits_the_output(monkeypatch):
    assert type(reporter(Recipe(), as_json=False)) is Lines
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert type(reporter(Recipe(), as_json=False)) is Live
    assert type(reporter(Recipe(), as_json=True)) is JsonLines


def test_live_shows_the_lines_above_a_bar(capsys, monkeypatch):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    live = Live(Recipe(epochs=3))
    live.started((784, 10), 60_000)
    live.step(3, 5, 10)
    live.epoch(RECORD)
    live.stopped()
    output = capsys.readouterr().out
    assert "epoch 3/3  cost 0.1235" in output
    assert "epoch 3/3 \x1b" in output
    assert "time left" in output


def test_json_has_no_numbers_that_json_cannot_hold(capsys):
    JsonLines(Recipe()).epoch(RECORD)
    assert json.loads(capsys.readouterr().out)["cost"] == RECORD.cost
    with pytest.raises(ValueError, match="not JSON compliant"):
        JsonLines(Recipe()).epoch(EpochRecord(1, float("nan"), 0.5, 8.0))
