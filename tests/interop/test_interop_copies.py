"""Pickling and copying are by value: tensors, modules, optimisers' state, histories, imported graphs."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, train

WAYS = {"pickle": lambda x: pickle.loads(pickle.dumps(x)), "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_tensors(way):
    for x in (tg.Tensor([1.0, 2.0]), nn.Parameter([3.0]), tg.arange(4), tg.Tensor(True)):
        other = way(x)
        assert type(other) is type(x)
        assert (other.dtype, other.requires_grad) == (x.dtype, x.requires_grad)
        np.testing.assert_array_equal(other.numpy(), x.numpy())
        assert not np.shares_memory(other.numpy(), x.numpy())


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.MLP(4, 3, 2),
        lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 2)),
        lambda: nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 2, 2), nn.Flatten()),
    ],
)
def test_modules_are_copied_and_trained_apart(way, make):
    tg.manual_seed(0)
    model = make()
    other = way(model)
    x, y = np.ones((6, 4), np.float32), np.arange(6) % 2
    before = {name: np.array(v.numpy()) for name, v in model.state_dict().items()}
    train.fit(other, tg.optim.Adam(other.parameters(), 0.1), nn.functional.cross_entropy, x, y, epochs=2,
              batch_size=3, seed=0)  # fmt: skip
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])
    changed = [not np.array_equal(v.numpy(), before[name]) for name, v in other.state_dict().items()]
    assert any(changed)


def test_a_model_pickled_here_is_trained_in_another_process(tmp_path):
    model = nn.MLP(4, 3, 2)
    (tmp_path / "model").write_bytes(pickle.dumps(model))
    script = (
        "import pickle, numpy as np, tinygrad_mnist as tg\n"
        f"model = pickle.loads(open({str(tmp_path / 'model')!r}, 'rb').read())\n"
        "x = tg.ones((3, 4))\n"
        "model(x).sum().backward()\n"
        "assert all(p.grad is not None for p in model.parameters())\n"
        "tg.optim.SGD(model.parameters(), 0.1).step()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_histories():
    history = train.History([train.EpochRecord(1, 0.5, None, 0.1)], stopped=True)
    assert pickle.loads(pickle.dumps(history)) == copy.deepcopy(history) == history
