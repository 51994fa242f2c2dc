"""Interrupts at any moment of a cold start: of `train`, of a compiled call, of a scan.

Each is a process of its own with an empty cache of machine code. `python tests/cli/interrupts.py 50` sends
SIGINT at 50 moments of each, spread over the time it takes undisturbed.
"""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from idx_bytes import idx

from tinygrad_mnist import data, model_file
from tinygrad_mnist.kernels.cache_folder import VARIABLE as CACHE_VARIABLE

# Says "go" when it begins, and "done" with the numbers checked, interrupted or not.
CALL = """
import numpy as np, tinygrad_mnist as tg
draw = np.random.default_rng(0).standard_normal
x, w = (tg.Tensor(draw(s).astype(np.float32)) for s in ((20, 30), (20, 20)))
f = lambda x: (x @ x.T @ w).tanh().sum()
fast = tg.jit(f)
print("go", flush=True)
caught = False
try:
    fast(x)
except KeyboardInterrupt:
    caught = True
np.testing.assert_allclose(float(fast(x)), float(f(x)), rtol=1e-4)
print("done", caught, flush=True)
"""

SCAN = """
import numpy as np, tinygrad_mnist as tg
from tinygrad_mnist import nn, optim

def training():
    model = nn.MLP(20, 8, 3, activation=nn.Sigmoid, generator=tg.Generator(0))
    opt = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    def step(x):
        cost = nn.cross_entropy(model(x), np.arange(10) % 3)
        opt.zero_grad()
        cost.backward()
        opt.step()
        return cost
    return model, opt, step

xs = np.random.default_rng(0).standard_normal((4000, 10, 20)).astype(np.float32)
model, opt, step = training()
fast = tg.jit(step)
print("go", flush=True)
caught = False
try:
    for _ in range(3):
        fast.scan(xs)
except KeyboardInterrupt:
    caught = True
steps = int(opt.steps)
again, _, step = training()
for k in range(min(steps, 300)):
    step(tg.Tensor(xs[k]))
if steps <= 300:
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-4)
assert all(np.isfinite(p.numpy()).all() for p in model.parameters())
before = steps
fast.scan(xs[:2])
assert int(opt.steps) == before + 2
print("done", caught, steps, flush=True)
"""


def default_signals() -> None:
    """As in a terminal; a shell in the background ignores SIGINT, and nohup SIGHUP."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def started(command: list[str], cache: Path, folder: Path) -> subprocess.Popen[str]:
    """A process with a cache of its own, to which Ctrl-C means what it means to a user."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, CACHE_VARIABLE: str(cache), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=default_signals,
    )


def interrupted(
    command: list[str], folder: Path, after: float | None, number: int = signal.SIGINT
) -> tuple[int, str, str, float]:
    """Run until some seconds after its first line, then send the signal: status, output, errors, seconds."""
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        process = started(command, Path(cache), folder)
        try:
            line = process.stdout.readline()
            start = time.perf_counter()
            if after is not None:
                time.sleep(after)
                process.send_signal(number)
            output, errors = process.communicate(timeout=300)
            return process.returncode, line + output, errors, time.perf_counter() - start
        finally:
            process.kill()
            process.wait()


def check_code(code: str, folder: Path, after: float | None) -> float:
    """Run CALL or SCAN; how long it took."""
    status, output, errors, seconds = interrupted([sys.executable, "-c", code], folder, after)
    outside = errors.rstrip().endswith("KeyboardInterrupt") or "\ndone" in output
    if after is not None and status in (1, -signal.SIGINT) and outside:
        return seconds  # it came before or behind what the code watches
    assert status == 0, (status, output, errors)
    assert "\ndone" in output, (output, errors)
    assert "ignored" not in errors, errors
    return seconds


def check_train(
    folder: Path, digits: Path, after: float | None, number: int = signal.SIGINT, epochs: int = 1_000_000
) -> float:
    """Run `train` on a few digits; how long it took."""
    file = folder / "found.safetensors"
    file.unlink(missing_ok=True)
    options = ["--data", str(digits), "--hidden", "8", "--epochs", str(epochs), "--out", str(file)]
    command = [sys.executable, "-m", "tinygrad_mnist", "train", *options]
    status, output, errors, seconds = interrupted(command, folder, after, number)
    assert "Traceback" not in errors, errors
    assert "ignored" not in errors, errors
    assert status == (0 if after is None else 128 + number), (status, output, errors)
    if not file.exists():
        assert "before the first step" in errors, (output, errors)
        return seconds
    network = model_file.load(file)
    assert network.history.interrupted == (after is not None)
    if len(network.history.epochs) >= 2:
        assert network.history.epochs[-1].accuracy > 0.5, output
        (images, labels), _ = data.mnist(digits)
        assert network.evaluate(images, labels).accuracy > 0.7, output
    assert all(np.isfinite(p.numpy()).all() for p in network.model.parameters())
    return seconds


def write_digits(folder: Path) -> Path:
    """A few of the real images as IDX files."""
    for name, (images, labels) in zip(("train", "t10k"), data.mnist(), strict=True):
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[:2000]), 1))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels[:2000]))
    return folder


def main(moments: int) -> None:
    """All of them, a line each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "digits").mkdir()
        digits = write_digits(folder / "digits")
        jobs = {
            "call": lambda after: check_code(CALL, folder, after),
            "scan": lambda after: check_code(SCAN, folder, after),
            "train": lambda after: check_train(folder, digits, after, epochs=1_000_000 if after else 40),
        }
        for job, run in jobs.items():
            whole = run(None)
            for k in range(moments):
                run(max(0.01, whole * k / moments))
            print(f"{job}: {moments} moments of {whole:.1f} s", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
