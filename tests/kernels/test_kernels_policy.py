"""The disk cache: hit, invalidated, damaged, unwritable, and raced for; each in fresh processes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mnist.kernels as kernels
from tinygrad_mnist.kernels import policy, simd

PROBE = """
import sys
sys.path.insert(0, {root!r})
from tinygrad_mnist.kernels import policy
loads = []
load = policy.KernelCache.load_overload
def recorded(*args):
    loads.append(load(*args) is not None)
    return load(*args)
policy.KernelCache.load_overload = recorded
from tinygrad_mnist.kernels.probe import answer
print(answer(1.0), loads.count(True))
"""
CALLED = """
from tinygrad_mnist.kernels.policy import scalar
@scalar
def called(x):
    return x + {addend}
"""
CALLER = """
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.called import called
@kernel
def answer(x):
    return called(x)
"""


class Copy:
    """A copy of the kernels with a kernel of its own, which calls into another module."""

    def __init__(self, folder: Path) -> None:
        self.root, self.cache = folder / "copy", folder / "cache"
        self.kernels = self.root / "tinygrad_mnist" / "kernels"
        source = Path(kernels.__file__).parent
        shutil.copytree(source, self.kernels, ignore=shutil.ignore_patterns("__pycache__"))
        (self.root / "tinygrad_mnist" / "__init__.py").write_text("")
        (self.kernels / "probe.py").write_text(CALLER)
        self.write_called(1)

    def write_called(self, addend: int) -> None:
        (self.kernels / "called.py").write_text(CALLED.format(addend=addend))

    def start(self) -> subprocess.Popen:
        environment = {**os.environ, policy.CACHE_VARIABLE: str(self.cache), "PYTHONDONTWRITEBYTECODE": "1"}
        code = PROBE.format(root=str(self.root))
        return subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def finish(self, process: subprocess.Popen) -> tuple[float, int]:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert not err
        answer, hits = out.split()
        return float(answer), int(hits)

    def run(self) -> tuple[float, int]:
        return self.finish(self.start())

    def files(self) -> list[Path]:
        return [path for path in self.cache.rglob("*") if path.is_file()]


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def test_second_process_loads_and_an_edit_in_a_called_module_recompiles(copy):
    assert copy.run() == (2.0, 0)
    assert len(copy.files()) == 1
    assert copy.run() == (2.0, 1)
    copy.write_called(10)
    assert copy.run() == (11.0, 0)
    assert copy.run() == (11.0, 1)


def test_damaged_files_are_compiled_anew(copy):
    copy.run()
    for damage in [
        lambda good: b"",
        lambda good: b"garbage" * 100,
        lambda good: good[:-1],
        lambda good: good[:100] + bytes([good[100] ^ 1]) + good[101:],
    ]:
        [path] = copy.files()
        damaged = damage(path.read_bytes())
        path.write_bytes(damaged)
        assert copy.run() == (2.0, 0)
        assert path.read_bytes() != damaged
    assert copy.run() == (2.0, 1)


def test_a_cache_that_cannot_be_written_is_done_without(copy):
    copy.cache.write_text("a file where the folder should be")
    assert copy.run() == (2.0, 0)


def test_two_cold_processes_at_once(copy):
    processes = [copy.start() for _ in range(3)]
    assert {copy.finish(process)[0] for process in processes} == {2.0}
    assert len(copy.files()) == 1
    assert copy.run() == (2.0, 1)


def test_import_compiles_nothing(tmp_path):
    code = (
        "import tinygrad_mnist.kernels.elementwise, tinygrad_mnist.kernels.matmul, "
        "tinygrad_mnist.kernels.philox, numba\n"
        "from numba.core.dispatcher import Dispatcher\n"
        "import gc\n"
        "print(sum(len(d.overloads) for d in gc.get_objects() if isinstance(d, Dispatcher)))"
    )
    environment = {**os.environ, policy.CACHE_VARIABLE: str(tmp_path / "cache")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "0", done.stderr
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({policy.CACHE_VARIABLE: "/a/b"}, Path("/a/b")),
        ({"XDG_CACHE_HOME": "/c"}, Path("/c/tinygrad_mnist")),
        ({"LOCALAPPDATA": "/d"}, Path("/d/tinygrad_mnist")),
        ({"HOME": "/home/someone"}, Path("/home/someone/.cache/tinygrad_mnist")),
    ],
)
def test_where_the_cache_is(monkeypatch, variables, expected):
    for name in (policy.CACHE_VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert policy._cache_root() == expected


def _factory(value):
    def inner():
        return value

    return inner


def test_descriptions_tell_captured_values_apart():
    values = [
        1,
        1.0,
        "1",
        None,
        np.float32(1),
        np.float64(1),
        np.dtype("f4"),
        (1, 2),
        ((1,), 2),
        np.float32,
        _factory,
        _factory(1),
        _factory(2),
        _factory(_factory(1)),
        simd.row_tile(1, 1),
        simd.row_tile(1, 2),
        abs,
    ]
    descriptions = [policy.describe(value) for value in values]
    assert len(set(descriptions)) == len(values)
    assert policy.describe(_factory((1, "a"))) == policy.describe(_factory((1, "a")))


def test_what_cannot_be_described_is_refused():
    with pytest.raises(TypeError, match="captured a ndarray"):
        policy.describe(_factory(np.zeros(3)))


def test_flush_removes_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr(policy, "cache_directory", lambda: tmp_path)

    @policy.kernel_named("flushed")
    def kernel(x):
        return x

    assert kernel(1.5) == 1.5
    assert len(list(tmp_path.iterdir())) == 1
    kernel._cache.flush()
    assert not list(tmp_path.iterdir())
    kernel._cache.disable()
    assert kernel(1) == 1
    kernel._cache.enable()
    assert kernel._cache.cache_path == str(tmp_path)
