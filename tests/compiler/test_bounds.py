"""TINYGRAD_MNIST_CHECK=1: what would leave an array is caught, and what does not gives the same numbers."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_mnist.compiler.bounds import checked
from tinygrad_mnist.errors import OutOfBoundsError
from tinygrad_mnist.kernels.checking import VARIABLE
from tinygrad_mnist.kernels.numba_door import types

TESTS = Path(__file__).parent.parent

PLANTED = """
import numpy as np
import tinygrad_mnist as tg
from tinygrad_mnist.errors import OutOfBoundsError
from tinygrad_mnist.compiler.build import compiled
from tinygrad_mnist.kinds import View
from tinygrad_mnist.primitive import Primitive

outside = Primitive(
    "outside",
    View(lambda index, shape: (index[0] + 1000,)),
    lambda x: x,
    lambda x: (x.shape, x.dtype),
    (None,),
)
x = tg.Tensor(np.ones(5, np.float32))
try:
    tg.jit(lambda x: outside(x) * 2)(x)
except OutOfBoundsError as error:
    print("caught:", error)

TEXT = '''
from tinygrad_mnist.kernels.policy import program_kernel
from tinygrad_mnist.kernels.runtime import {name}


@program_kernel
def program(first, a, b, out):
    {name}(a, b, out, first, {last})
'''
for name in ("matmul", "matmul_columns", "accumulate", "accumulate_columns"):
    for last, depth in ((3, 2), (4, 2), (3, 3)):
        shape = (2, 3) if name.startswith("accumulate") else (3, 2)
        a, b, out = np.ones(shape, np.float32), np.ones((depth, 3), np.float32), np.zeros((3, 3), np.float32)
        try:
            compiled(TEXT.format(name=name, last=last), [0, a, b, out])(0, a, b, out)
            assert (last, depth) == (3, 2) and (out == 2).all(), name
        except OutOfBoundsError:
            assert (last, depth) != (3, 2), name
print("products:", "all")
"""


def run(*command):
    environment = {**os.environ, VARIABLE: "1"}
    return subprocess.run(
        [sys.executable, *command], env=environment, text=True, capture_output=True, timeout=300
    )


def test_planted_accesses_are_caught():
    done = run("-c", PLANTED)
    assert "caught: a program was about to leave an array" in done.stdout, done.stderr
    assert "products: all" in done.stdout, done.stderr


def test_some_of_the_suite():
    chosen = (
        "optim/test_one_pass.py::test_arrays_of_any_layout",
        "ops/test_ops_positions.py",
        "compiler/test_lists.py::test_weights_that_are_used_twice_and_looked_at[90]",
    )
    done = run(
        "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *(str(TESTS / c) for c in chosen)
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((2, 3)).T,
        np.zeros((2, 3), np.float32),
        np.zeros(6),
        np.frombuffer(bytes(49), np.uint8)[1:].view(np.float64).reshape(2, 3),
    ],
    ids=["strides", "dtype", "axes", "alignment"],
)
def test_arrays_of_calls(x):
    calls = []
    call = checked(lambda *args: calls.append(args), [types.int64, types.Array(types.float64, 2, "C")])
    call(0, np.zeros((2, 3)))
    with pytest.raises(OutOfBoundsError, match="argument 1 of a program"):
        call(0, x)
    assert len(calls) == 1
