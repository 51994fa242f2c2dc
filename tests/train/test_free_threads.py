"""Without Python's lock: importing leaves it off, and networks side by side have the same bits."""

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOUND = next(filter(None, map(shutil.which, ("python3.15t", "python3.14t", "python3.13t"))), None)
FREE = sys.executable if sysconfig.get_config_var("Py_GIL_DISABLED") else FOUND

PROGRAM = """
import hashlib, json, sys
import numba
import tinygrad_mnist as tg
from tinygrad_mnist import data
has_lock = getattr(sys, "_is_gil_enabled", lambda: True)
after_import = has_lock()
(images, labels), _ = data.mnist()
base = tg.train.Recipe(hidden=(5,), epochs=1, batch_size=25, dropout=0.1)
jobs = [base.but(seed=k // 2, optimiser=name) for k, name in enumerate(["sgd", "adam"] * 4)]
jobs += [base.but(seed=k, batch_size=1) for k in range(3)]  # compiled
digest = hashlib.sha256()
for result in tg.train_many(jobs, (images[:500], labels[:500]), workers=4):
    for p in result.value.model.parameters():
        digest.update(p.numpy().tobytes())
versions = [numba.__version__, str(numba.core.config.CPU_NAME)]
print(json.dumps([after_import or has_lock(), digest.hexdigest(), versions]))
"""


def _run(python):
    """Whether there is a lock, the digest of all weights, and what these may depend on."""
    command = [python, "-W", "error", "-c", f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{PROGRAM}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_side_by_side_without_the_lock():
    if FREE is None:
        pytest.skip("there is no free-threaded Python (python3.14t, python3.13t)")
    probe = subprocess.run([FREE, "-c", "import numba"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"{FREE} has no Numba: {probe.stderr.splitlines()[-1]}")
    lock, digest, versions = _run(FREE)
    assert not lock
    assert _run(FREE)[1] == digest  # whatever order the threads come in
    if sys.executable != FREE:
        _, with_lock, other_versions = _run(sys.executable)
        assert versions != other_versions or digest == with_lock


def test_the_program_above_runs_and_gives_the_same_each_time():
    assert _run(sys.executable) == _run(sys.executable)
