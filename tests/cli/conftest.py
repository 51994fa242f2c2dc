import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from idx_bytes import idx

from tinygrad_mnist import data, model_file, train

PROGRAM = [sys.executable, "-m", "tinygrad_mnist"]

SMALL = train.Recipe(hidden=(32,), activation="silu").but(
    cost="cross-entropy", optimiser="adamw", rate=0.01, epochs=8, batch_size=50
)


@pytest.fixture(scope="session")
def digits():
    """A few of the real images: ((train_x, train_y), (test_x, test_y))."""
    (train_x, train_y), (test_x, test_y) = data.mnist()
    return (train_x[:3000], train_y[:3000]), (test_x[:300], test_y[:300])


@pytest.fixture(scope="session")
def folder(digits, tmp_path_factory):
    """They as IDX files."""
    path = tmp_path_factory.mktemp("data")
    for name, (images, labels) in zip(("train", "t10k"), digits, strict=True):
        (path / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images), 1))
        (path / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels))
    return path


def started(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "COLUMNS": "80"}
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background hands down a Ctrl-C that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.fixture
def program(tmp_path):
    """Runs the program as a user does: (exit status, standard output, standard error)."""

    def run(*arguments):
        process = started(*arguments, cwd=tmp_path)
        output, errors = process.communicate(timeout=120)
        return process.returncode, output, errors

    return run


@pytest.fixture
def start(tmp_path):
    """Starts the program in the background."""
    processes = []

    def run(*arguments):
        processes.append(started(*arguments, cwd=tmp_path))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def model(digits, tmp_path_factory):
    """The file of a model that reads most of the digits."""
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    model_file.save(train.run(SMALL, *digits[0]), path)
    return path


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder, as the working directory of this process."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
