"""A moment of `python tests/fuzz/fuzz.py`, which runs for as long as one likes."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).with_name("fuzz.py")
NAMES = [
    "model",
    "checkpoint",
    "description",
    "saved",
    "idx",
    "array",
    "arrays",
    "picture",
    "history",
    "recipe",
    "onnx",
]


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_are_refused(name, tmp_path):
    if name == "onnx" and not importlib.util.find_spec("onnx"):
        pytest.skip("onnx is not installed")
    command = [sys.executable, FUZZ, "--only", name, "--seconds", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " executions, " in done.stdout


def test_a_fault_is_found(tmp_path):
    """The harness itself: what no reader may raise ends it with status 1, and the file is left."""
    script = (
        f"import sys; sys.path.insert(0, {str(FUZZ.parent)!r}); import fuzz, readers\n"
        "def read(contents):\n    if contents[:1] != b'a': raise KeyError('a')\n"
        "fuzz.randomly(fuzz.Target('planted', readers.Reader(read, [b'abc'])), 5, 0, 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 1
    assert "planted: KeyError" in done.stdout
    assert (tmp_path / "damaged-planted").exists()
