"""Are thresholds where they should be? python -m benchmarks.thresholds [NAME ...]

For a size from which on something pays: the time with it divided by the time without, at half the size, at
it and at twice it; below 1 it pays. For a block: the times at half and at twice its size, divided by that of
the block as it is. One thread, medians of interleaved processes; each value has kernels of its own, compiled
anew. What comes out stands beside each, in the `tuning.py` of the kernels and of the compiler.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 7


class Job(NamedTuple):
    """What a threshold is measured on.

    Attributes:
        setup: code that makes `run` from `size`.
        sizes: for a threshold from or up to which something pays, tried around it; None for a block's size.
        pays: the values that always, and that never, have it pay.
    """

    setup: str
    sizes: bool = False
    pays: tuple[int, int] = (0, 1 << 40)


_MAKE = "import numpy as np\nrng = np.random.default_rng(0)\nmake = lambda *s: rng.random(s, np.float32)\n"
_PRODUCT = _MAKE + "from tinygrad_mnist.kernels.matmul import matmul\n"
JOBS = {
    "DEPTH": Job(_PRODUCT + "a, b = make(512, 3072), make(3072, 512)\nrun = lambda: matmul(a, b)"),
    "WIDTH": Job(_PRODUCT + "a, b = make(256, 512), make(512, 8192)\nrun = lambda: matmul(a, b)"),
    "HEIGHT": Job(_PRODUCT + "a, b = make(1920, 512), make(512, 512)\nrun = lambda: matmul(a, b)"),
    "NEAR": Job(_PRODUCT + "a, b = make(256, 1024), make(1024, 1024)\nrun = lambda: matmul(a, b)"),
    "PACK_RIGHT_FROM": Job(
        _PRODUCT + "a, b = make(size, 1024), make(1024, 1024)\nrun = lambda: matmul(a, b)", True
    ),
    "PACK_LEFT_FROM": Job(
        _PRODUCT + "a, b = make(256, 1024), make(1024, size + 1)\nrun = lambda: matmul(a, b)", True
    ),
    "DOTS_UP_TO": Job(
        _PRODUCT + "a, b = make(size, 784), make(16, 784).T\nrun = lambda: matmul(a, b)", True, (1 << 40, 0)
    ),
    "NARROW": Job(
        _PRODUCT + "a, b = make(64, 784).T, make(64, size)\nrun = lambda: matmul(a, b)", True, (1 << 40, 0)
    ),
    "STRIPS": Job(
        _MAKE + "from tinygrad_mnist.kernels.convolution import convolution\n"
        "x, w = make(8, 32, 56, 56), make(32, 32, 3, 3)\n"
        "run = lambda: convolution(x, w, (1, 1), (1, 1), 1)"
    ),
    "PIECE": Job(
        _MAKE + "import tinygrad_mnist as tg\nx = tg.Tensor(make(32, 16384))\nrun = lambda: tg.softmax(x, -1)"
    ),
    "INLINE_LIMIT": Job(
        _MAKE + "x = tg.Tensor(make(64, 256))\n"
        "f = tg.jit(lambda x: (x.tanh().sigmoid().tanh().sigmoid().tanh().sigmoid() * 2).sum(1))\n"
        "run = lambda: f(x)"
    ),
    "TWICE_LIMIT": Job(
        _MAKE + "x = tg.Tensor(make(64, 256))\n"
        "def g(x):\n    h = x * 2 + 1\n    return h / h.sum(1, keepdim=True)\n"
        "f = tg.jit(g)\nrun = lambda: f(x)"
    ),
    "WIDEST": Job(
        _MAKE + "w, x, g = (tg.Tensor(make(*s)) for s in ((size, 512), (64, 512), (64, size)))\n"
        "def step(g, x):\n    global w\n    w -= 0.01 * (g.T @ x)\n"
        "f = tg.jit(step)\nrun = lambda: f(g, x)",
        True,
        (1 << 40, 0),
    ),
}


def tuning_of(name: str) -> ModuleType:
    """The module that holds a threshold, made anew: it can be changed before the package imports it."""
    for half in ("kernels", "compiler"):
        path = ROOT / "tinygrad_mnist" / half / "tuning.py"
        spec = importlib.util.spec_from_file_location(f"tinygrad_mnist.{half}.tuning", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if hasattr(module, name):
            return module
    raise SystemExit(f"{name} is no threshold")


def serve(name: str, value: int, size: int) -> None:
    """In a process of its own: one time for each line that comes in."""
    module = tuning_of(name)
    setattr(module, name, value)
    sys.modules[module.__name__] = module
    names: dict[str, object] = {"size": size}
    exec("import tinygrad_mnist as tg\ntg.set_num_threads(1)\n" + JOBS[name].setup, names)
    run = names["run"]
    assert callable(run)
    run()
    begin = time.process_time()
    run()
    times = max(1, int(0.05 / max(time.process_time() - begin, 1e-7)))
    for _ in sys.stdin:
        begin = time.process_time()
        for _ in range(times):
            run()
        print((time.process_time() - begin) / times, flush=True)


def compared(name: str, values: tuple[int, int], size: int) -> float:
    """The time with the one value divided by that with the other."""
    with tempfile.TemporaryDirectory() as place:
        processes = []
        for n, value in enumerate(values):
            command = [sys.executable, "-m", "benchmarks.thresholds", "--serve", name, str(value), str(size)]
            cache = {"TINYGRAD_MNIST_CACHE": f"{place}/{n}"}
            processes.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=ROOT,
                    env={**os.environ, **cache},
                )
            )
        ratios = []
        for _ in range(ROUNDS):
            first, second = (_asked(process) for process in processes)
            ratios.append(first / second)
        for process in processes:
            process.communicate()
        return statistics.median(ratios)


def _asked(process: subprocess.Popen[str]) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def main() -> None:
    for name in sys.argv[1:] or JOBS:
        job, own = JOBS[name], int(getattr(tuning_of(name), name))
        if job.sizes:
            found = {size: compared(name, job.pays, size) for size in (own // 2, own, 2 * own)}
        else:
            found = {value: compared(name, (value, own), 0) for value in (own // 2, 2 * own)}
        print(name, own, "  ".join(f"{at}: {ratio:.2f}" for at, ratio in found.items()), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
