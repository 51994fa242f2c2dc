import json

import pytest

from tinygrad_mnist.errors import DataError
from tinygrad_mnist.train import EpochRecord, History

FIRST = EpochRecord(1, 0.5, 0.25, 8.0, 0.75, 0.5, 1.5, 100.0)
HISTORY = History([FIRST, EpochRecord(2, 0.1 + 0.2, 1 / 3, 4.0)], interrupted=True)


def test_json_and_back():
    assert History.from_json(HISTORY.to_json()) == HISTORY
    assert History.from_json(History().to_json()) == History()


def test_without_times():
    back = History.from_json(HISTORY.to_json(times=False))
    assert back.epochs[0] == EpochRecord(1, 0.5, 0.25, 8.0, 0.75, 0.5)
    assert HISTORY.epochs[0].seconds == 1.5


def test_costs_that_json_cannot_hold_are_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        History([EpochRecord(1, float("nan"), 0.0, 1.0)]).to_json()


def changed(**changes):
    values = HISTORY.to_dict()
    values["epochs"][1] |= changes
    return json.dumps(values)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "null", "{}", '{"epochs": 3, "interrupted": false}',
     '{"epochs": [3], "interrupted": 0}', '{"epochs": [{}], "interrupted": false}', "[" * 100_000,
     changed(epoch=3), changed(cost="a"), changed(cost=None), changed(rate=float("inf")),
     changed(accuracy=True), changed(other=1)],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(DataError, match="training history"):
        History.from_json(text)
