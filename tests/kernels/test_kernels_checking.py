"""Preconditions of intrinsics, which TINYGRAD_MNIST_CHECK=1 asserts."""

import os
import signal
import subprocess
import sys

import pytest

CALL = """
import numpy as np
from tinygrad_mnist.kernels import rows, simd, tiles
from tinygrad_mnist.kernels.policy import kernel_named
from tinygrad_mnist.kernels.runtime import memory

tile = tiles.row_tile(2, 1)

def call(a, b, n):
    {call}
    return 0.0

x = np.ones(64, np.float32)
print(kernel_named("{name}_called")(call)(x, x.copy(), {n}))
"""
CALLS = {
    "total": "return rows.total(memory(a), n)",
    "scale": "rows.scale(memory(a), memory(b), n, np.float32(2))",
    "find": "return rows.find(memory(a), np.float32(2), n)",
    "copy_vector": "simd.copy_vector(memory(a), memory(b), n)",
    "add_vector": "simd.add_vector(memory(a), memory(b), n)",
    "allocate": "simd.free(simd.allocate(memory(a), n))",
    "row_tile": "tile(memory(a), 1, 1, memory(a), 1, memory(b), 1, 1, n, 1, False)",
}


@pytest.mark.skipif(os.name == "nt", reason="the status of an aborted process is another")
@pytest.mark.parametrize("name", CALLS)
def test_a_count_below_zero_ends_the_process(name):
    environment = {
        **os.environ,
        "TINYGRAD_MNIST_CHECK": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }

    def run(n):
        code = CALL.format(name=name, call=CALLS[name], n=n)
        return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)

    ended = run(-1)
    assert ended.returncode == -signal.SIGABRT, ended.stderr
    assert ended.stderr.startswith(f"{name}: a precondition does not hold\n")
    assert run(3).returncode == 0


def test_what_is_as_it_should_be_goes_on():
    environment = {
        **os.environ,
        "TINYGRAD_MNIST_CHECK": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    code = "import tinygrad_mnist as tg; s = tg.tensor(2.0); s.tanh() + s; -tg.ones(0, 3)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
