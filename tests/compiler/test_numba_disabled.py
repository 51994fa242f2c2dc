"""NUMBA_DISABLE_JIT=1, by which people debug Numba code: theirs stays plain, and ours runs."""

import os
import subprocess
import sys

CODE = """
import numba, numpy as np
import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim

def is_plain():
    return not hasattr(numba.njit(lambda x: x + 1), "py_func")

assert numba.config.DISABLE_JIT == 1 and is_plain()
x = tg.Tensor([[1.0, -2.0], [3.0, 4.0]], requires_grad=True)
(tg.relu(x) @ x + x.softmax(1)).sum().backward()
np.testing.assert_allclose(x.grad, [[3, 4], [3, 11]], atol=1e-5)
assert tg.testing.gradcheck(tg.relu, [np.array([1.0, -2.0, 3.0])]).entries

layer = nn.Linear(4, 3, generator=tg.Generator(0))
optimizer = optim.SGD(layer.parameters(), 0.1)

@tg.jit
def step(images, labels):
    cost = nn.cross_entropy(layer(images), labels)
    optimizer.zero_grad()
    cost.backward()
    optimizer.step()
    return cost

images, labels = tg.rand(3, 8, 4, generator=tg.Generator(1)), tg.zeros((3, 8), dtype="int64")
costs = [step(images[0], labels[0]).item(), *step.scan(images, labels).tolist()]
assert costs == sorted(costs, reverse=True), costs

model = nn.Linear(784, 10, generator=tg.Generator(0))
images, labels = tg.data.mnist()[0]
history = tg.train.fit(
    model, optim.SGD(model.parameters(), 0.1), nn.cross_entropy,
    images[:640].reshape(-1, 784), labels[:640], epochs=1, batch_size=64, seed=0,
)
assert history.epochs[-1].accuracy > 0.3, history.epochs
assert numba.config.DISABLE_JIT == 1 and is_plain()
"""


def test_the_package_runs_while_numba_is_told_not_to_compile() -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-c", CODE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
