"""An exported program runs without this package, and gives the same bits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.errors import TraceError

ALONE = """
import sys
sys.modules["tinygrad_mnist"] = None
import numpy as np, my_step
arrays = list(np.load("arrays.npz").values())
my_step.program(0, 6, *arrays)
np.savez("after.npz", *arrays)
"""


def test_a_training_step(tmp_path: Path) -> None:
    model = nn.MLP(6, 4, 3, activation=nn.Tanh, generator=tg.Generator(0))
    opt = optim.SGD(model.parameters(), lr=0.5)
    generator = tg.Generator(5)

    def step(x: tg.Tensor) -> tg.Tensor:
        cost = (model(x + generator.uniform((5, 6))) ** 2).mean()
        opt.zero_grad()
        cost.backward()
        opt.step()
        return cost

    compiled = tg.jit(step)
    with pytest.raises(TraceError, match="call the function first"):
        compiled.export(tmp_path / "my_step.py")
    x = np.random.default_rng(0).standard_normal((6, 5, 6)).astype(np.float32)
    compiled(x[0])
    compiled.export(tmp_path / "my_step.py")
    specialization = compiled._latest
    assert specialization is not None
    before = [x, *(np.array(c.array) for c in specialization._captured), np.empty(6, np.float32)]
    before += [np.empty(s.shape, s.dtype) for s in specialization.form.buffers]
    np.savez(tmp_path / "arrays.npz", *before)
    costs = compiled.scan(x).numpy()
    subprocess.run([sys.executable, "-c", ALONE], cwd=tmp_path, check=True)
    with np.load(tmp_path / "after.npz") as arrays:
        after = list(arrays.values())
    count = len(specialization._captured)
    np.testing.assert_array_equal(after[1 + count], costs)
    for got, captured in zip(after[1:], specialization._captured):
        np.testing.assert_array_equal(got, captured.array)
    assert ": float32 (4, 6), changed\n" in (tmp_path / "my_step.py").read_text()


def test_a_name_that_cannot_be_imported(tmp_path: Path) -> None:
    f = tg.jit(lambda x: x * 2)
    f(tg.ones(3))
    with pytest.raises(ValueError, match="'my-step' is no name"):
        f.export(tmp_path / "my-step.py")
