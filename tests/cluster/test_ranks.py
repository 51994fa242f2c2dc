"""Real ranks, by mpiexec: equal bits, checkpoints, ranks that die, and launchers that do not fit."""

import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tinygrad_mnist import cluster, data, model_file
from tinygrad_mnist.cli import main
from tinygrad_mnist.cluster import ranks
from tinygrad_mnist.errors import MissingExtraError

MPIEXEC = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
needs_mpi = pytest.mark.skipif(
    not MPIEXEC or importlib.util.find_spec("mpi4py") is None, reason="there is no mpi4py, or no mpiexec"
)
TRAIN = ["train", "--ranks", "--hidden", "8", "--batch-size", "50", "--dropout", "0.1", "--eager"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """600 of the real images as IDX files."""
    path = tmp_path_factory.mktemp("data")
    (images, labels), (unseen, unseen_labels) = data.mnist()
    for name, x, y in (("train", images[:600], labels[:600]), ("t10k", unseen[:200], unseen_labels[:200])):
        head = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in x.shape)
        (path / f"{name}-images-idx3-ubyte").write_bytes(head + x.tobytes())
        head = b"\0\0\x08\x01" + len(y).to_bytes(4, "big")
        (path / f"{name}-labels-idx1-ubyte").write_bytes(head + y.astype(np.uint8).tobytes())
    return path


def started(count, *words, **options):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [MPIEXEC, "-n", str(count), sys.executable, *map(str, words)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def ended(process, seconds=120):
    output, errors = process.communicate(timeout=seconds)
    return process.returncode, output, errors


def trained(count, folder, out, *options):
    words = ["-m", "tinygrad_mnist", *TRAIN, "--data", folder, "--out", out, *options]
    status, output, errors = ended(started(count, *words))
    assert status == 0, (output, errors)
    return output


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@needs_mpi
def test_any_number_of_ranks_writes_the_same_file(folder, tmp_path):
    digests = set()
    for count in (1, 2, 3, 4):
        out = tmp_path / f"{count}.safetensors"
        output = trained(count, folder, out, "--epochs", "2", "--validation", "0.2")
        assert output.count("test accuracy") == output.count("epoch 2/2") == 1  # of one rank
        digests.add(digest(out))
    assert len(digests) == 1


@needs_mpi
def test_a_rank_is_killed_and_the_training_goes_on_with_fewer(folder, tmp_path):
    run, out = tmp_path / "run", tmp_path / "out.safetensors"
    options = ["--epochs", "40", "--checkpoint", run, "--checkpoint-every", "7"]
    process = started(3, "-m", "tinygrad_mnist", *TRAIN, "--data", folder, "--out", out, *options)
    until = time.monotonic() + 100
    while len([*run.glob("step-*")]) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    victim = max(descendants(process.pid), key=lambda pid: "tinygrad_mnist" in command_of(pid))
    os.kill(victim, signal.SIGKILL)
    begin = time.monotonic()
    status, output, errors = ended(process)
    assert status != 0
    assert time.monotonic() - begin < 10
    said = (output + errors).upper()
    assert "KILLED" in said or "ABORT" in said  # the launcher's words, or those of a rank that noticed first
    assert not out.exists()
    trained(2, folder, out, *options, "--resume")
    trained(1, folder, tmp_path / "whole.safetensors", "--epochs", "40")
    assert digest(out) == digest(tmp_path / "whole.safetensors")


def descendants(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(path.parent.name), *descendants(int(path.parent.name))]
    return found


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
    except OSError:
        return ""


FAILING = """
import numpy as np
import tinygrad_mnist as tg
from tinygrad_mnist import cluster, nn, optim
model = nn.Linear(3, 2, generator=tg.Generator(0))
parallel = cluster.DataParallel(model, optim.SGD(model.parameters(), lr=0.1), compiled=False)
for step in range(10_000):
    if step == 5 and parallel.ranks.rank == 1:
        raise ValueError("rank 1 has had enough")
    parallel.step(lambda x: model(x).sum(), np.ones((8, 3), np.float32))
"""


@needs_mpi
def test_an_exception_of_one_rank_ends_all(tmp_path):
    (tmp_path / "loop.py").write_text(FAILING)
    status, _, errors = ended(started(2, tmp_path / "loop.py"), 60)
    assert status != 0
    assert "rank 1 has had enough" in errors
    assert "rank 1 of 2 ended by this error, and so do the others" in errors


@needs_mpi
def test_a_mistake_ends_all_ranks_with_one_message(folder, tmp_path):
    words = ["-m", "tinygrad_mnist", *TRAIN, "--data", folder, "--rate", "1e30", "--cost", "cross-entropy"]
    status, _, errors = ended(started(2, *words, "--activation", "relu", cwd=tmp_path))
    assert status != 0
    assert errors.count("the cost became") == 1


@needs_mpi
def test_averaging_is_another_algorithm_and_learns(folder, tmp_path):
    output = trained(2, folder, tmp_path / "a", "--average-every", "3", "--epochs", "6", "--json")
    records = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    accuracies = [record["accuracy"] for record in records if "accuracy" in record]
    assert accuracies[-1] > 0.3
    words = ["-m", "tinygrad_mnist", *TRAIN, "--data", folder, "--average-every", "3", "--checkpoint", "run"]
    status, _, errors = ended(started(2, *words, cwd=tmp_path))
    assert status != 0
    assert "averages keeps no checkpoints" in errors


@needs_mpi
def test_the_plan(folder, tmp_path):
    words = ["-m", "tinygrad_mnist", *TRAIN, "--data", folder, "--plan"]
    status, output, errors = ended(started(2, *words, cwd=tmp_path))
    assert status == 0, errors
    assert "6,370 weights and biases, batch 50 in 8 shards" in output
    lines = output[output.index("ranks  bytes received") :].splitlines()
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["1", "0"],
        ["2", "50,976"],
        ["3", "67,968"],
        ["4", "50,976"],
    ]
    assert "more ranks" in lines[-1]
    assert list(tmp_path.iterdir()) == []


@needs_mpi
def test_the_launcher_of_another_mpi():
    """Everyone is rank 0 of 1 then."""
    environment = {**os.environ, "OMPI_COMM_WORLD_SIZE": "3"}
    command = [sys.executable, "-m", "tinygrad_mnist", "train", "--ranks"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "has started 3 processes, but each is rank 0 of 1" in done.stderr
    assert "is of another MPI than mpi4py's" in done.stderr


# Without MPI ---------------------------------------------------------------------------------------------


@pytest.fixture
def not_launched(monkeypatch):
    for name in ranks._SIZES:
        monkeypatch.delenv(name, raising=False)


def test_without_a_launcher(not_launched, capsys):
    with pytest.raises(cluster.RanksError, match="mpiexec -n 4 tinygrad-mnist train --ranks"):
        cluster.communicator()
    assert main(["train", "--ranks"]) == 2
    assert "ranks need a launcher" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--shards 4", "--average-every 2", "--plan"])
def test_options_of_ranks_alone(option, capsys):
    assert main(["train", *option.split()]) == 2
    assert f"{option.split()[0]} needs --ranks" in capsys.readouterr().err


def test_without_the_extra(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)
    with pytest.raises(MissingExtraError, match=r"tinygrad_mnist\[mpi\]"):
        cluster.communicator()


def test_mpi_is_imported_only_under_a_launcher():
    code = "import sys, tinygrad_mnist.cli; print([name for name in sys.modules if 'mpi4py' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_file_of_ranks_is_a_model_like_any(folder, tmp_path, monkeypatch):
    """The steps of one rank, without MPI."""
    network = cluster.training.Together(ranks.OneRank()).run(
        model_file.Recipe(hidden=(4,), epochs=1, batch_size=60), *data.mnist(folder)[0], compiled=False
    )
    model_file.save(network, tmp_path / "m")
    assert model_file.load(tmp_path / "m").recipe == network.recipe


@needs_mpi
def test_a_signal_ends_all_ranks_after_the_same_step(folder, tmp_path):
    run, out = tmp_path / "run", tmp_path / "out.safetensors"
    words = [*TRAIN, "--data", folder, "--out", out, "--epochs", "1000", "--checkpoint", run]
    process = started(2, "-m", "tinygrad_mnist", *words, "--checkpoint-every", "7")
    until = time.monotonic() + 100
    while len([*run.glob("step-*")]) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    status, output, errors = ended(process)
    assert status != 0, (output, errors)
    assert "interrupted; the model so far is saved" in output
    assert model_file.load(out).history.interrupted
