"""Processes that share one cold cache folder: whoever compiled what, every program is right everywhere."""

import os
import subprocess
import sys

from tinygrad_mnist.kernels.cache_folder import VARIABLE as CACHE_VARIABLE

# Programs with products of every form, for the sizes given; products also eagerly, before or after.
CODE = """
import sys
import numpy as np
import tinygrad_mnist as tg

def random(*shape):
    return np.random.default_rng(shape).standard_normal(shape).astype(np.float32)

@tg.jit
def layer(x, w):
    y = (x @ w.T).tanh()
    return y.T @ x, y @ w

for n in map(int, sys.argv[1:]):
    x, w = random(n, 20), random(7, 20)
    y = np.tanh(x @ w.T)
    if n % 2:
        np.testing.assert_allclose(tg.Tensor(x) @ tg.Tensor(w).T, x @ w.T, rtol=1e-4, atol=1e-4)
    for found, expected in zip(layer(tg.Tensor(x), tg.Tensor(w)), (y.T @ x, y @ w), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(tg.Tensor(x).T @ tg.Tensor(y), x.T @ y, rtol=1e-4, atol=1e-4)
    print(n)
"""


def test_processes_with_one_cold_cache(tmp_path):
    environment = {**os.environ, CACHE_VARIABLE: str(tmp_path)}

    def start(*sizes):
        command = [sys.executable, "-c", CODE, *map(str, sizes)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=environment, **pipes)

    def finish(process):
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        return [int(n) for n in out.split()]

    at_once = [start(2, 3), start(3, 4), start(70, 2)]  # the last also packs its operands
    assert [finish(process) for process in at_once] == [[2, 3], [3, 4], [70, 2]]
    assert finish(start(4, 70, 3, 2)) == [4, 70, 3, 2]  # everything from the disk, made by several processes
