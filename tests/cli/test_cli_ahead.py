"""What `train` has compiled beside it from an empty cache."""

import os
import subprocess
import sys

import pytest

from tinygrad_mnist.cli import ahead

MEASURED_AFTER_IT = """
import numpy as np, tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.cli.ahead import main
from tinygrad_mnist.kernels.cache import KernelCache
from tinygrad_mnist.train import evaluate

model = nn.MLP(784, 16, 16, 10, output=nn.Sigmoid)
needed, load = [], KernelCache.load_overload
KernelCache.load_overload = lambda cache, *of: needed.append(cache._stem) or load(cache, *of)
main()
print(len(needed))
evaluate(model, nn.quadratic_cost, np.zeros((700, 784), np.uint8), np.zeros((700, 10), np.float32))
print(len(needed))
"""


@pytest.fixture
def begun(monkeypatch, tmp_path):
    """The processes begun; the cache is an empty folder, and there are two processors."""
    processes = []

    class Process:
        def __init__(self, command, **how):
            self.command, self.ended = command, False
            processes.append(self)

        def kill(self):
            self.ended = True

        def wait(self):
            assert self.ended

    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setattr(ahead, "cache_directory", lambda: tmp_path)
    monkeypatch.setattr(ahead, "get_num_threads", lambda: 2)
    return processes


def test_a_process_for_an_empty_cache_ends_with_the_training(begun):
    with ahead.compiled_beside():
        (process,) = begun
        assert not process.ended
    assert process.ended
    with pytest.raises(KeyboardInterrupt), ahead.compiled_beside():
        raise KeyboardInterrupt
    assert begun[1].ended


def test_none_where_it_would_not_help(begun, monkeypatch, tmp_path):
    monkeypatch.setattr(ahead, "get_num_threads", lambda: 1)
    with ahead.compiled_beside():
        pass
    monkeypatch.setattr(ahead, "get_num_threads", lambda: 2)
    (tmp_path / "kernel").touch()
    with ahead.compiled_beside():
        pass
    monkeypatch.setattr(ahead, "cache_directory", lambda: None)
    with ahead.compiled_beside():
        pass
    assert begun == []


def test_a_system_that_begins_no_process(begun, monkeypatch):
    def none_left(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", none_left)
    with ahead.compiled_beside():
        pass


def test_measuring_needs_no_other_kernel():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", MEASURED_AFTER_IT]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert said.returncode == 0, said.stderr
    before, after = map(int, said.stdout.split())
    assert before == after >= 3


def test_the_process_runs_and_says_nothing():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-P", "-m", ahead.__name__]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
