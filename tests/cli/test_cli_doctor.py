"""`tinygrad-mnist doctor`: each fault that it looks for, made here, is found, and what to do is said."""

import itertools
import os
import re
from importlib import metadata

import pytest

from tinygrad_mnist.cli import doctor, main
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.kernels import cache_folder, threads, vectors


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Doctor asks anew where the cache is."""
    monkeypatch.setattr(doctor, "SELF_TESTS", {})
    monkeypatch.setattr(doctor, "CHECKING", False)  # the suite may run with TINYGRAD_MNIST_CHECK=1
    yield
    cache_folder.cache_directory.cache_clear()


@pytest.fixture
def found(capsys):
    """The exit status and [(subject, what is wrong, what to do)]."""

    def run():
        status = main(["doctor"])
        lines = capsys.readouterr().out.splitlines()
        pairs = [(a, b) for a, b in itertools.pairwise(lines) if a.startswith("WRONG")]
        assert all(b.startswith("      to do") for _, b in pairs)
        faults = [(a[6:18].strip(), a[18:], b[18:]) for a, b in pairs]
        return status, faults

    return run


def test_all_is_well(capsys):
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "WRONG" not in said
    assert said.splitlines()[-1] == "all is well"
    for subject in ("Python", "numba", "numpy", "processor", "cache", "threads", "digits"):
        assert f"\nok    {subject}" in f"\n{said}"


@pytest.mark.parametrize(("old_or_new", "to_do"), [("0.53.1", "--upgrade "), ("7.0", "")])
def test_a_package_outside_its_bounds(found, monkeypatch, old_or_new, to_do):
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: old_or_new if name == "numba" else version(name))
    monkeypatch.setattr(metadata, "requires", lambda name: ["numba<0.69,>=0.63.1", "numpy>=2.0"])
    status, [(subject, said, remedy)] = found()
    assert (status, subject, said) == (1, "numba", old_or_new)
    assert re.search(rf'pip install {to_do}"numba>=[\d.]+,<[\d.]+"', remedy)


def test_a_missing_package(found, monkeypatch):
    version = metadata.version

    def missing(name):
        if name == "rich":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", missing)
    status, [(subject, said, remedy)] = found()
    assert (status, subject, said) == (1, "rich", "is not installed")
    assert remedy.startswith('pip install "rich>=')


@pytest.mark.parametrize(
    ("marker", "applies"), [("python_version < '3.11'", False), ("python_version >= '3.11'", True)]
)
def test_a_requirement_of_another_python(found, monkeypatch, marker, applies):
    monkeypatch.setattr(
        metadata, "requires", lambda name: [f"numpy>=99; {marker}", "torch>=99; extra == 'bench'"]
    )
    assert [subject for subject, _, _ in found()[1]] == ["numpy"] * applies


def test_narrow_vectors(found, monkeypatch):
    monkeypatch.setattr(vectors, "VECTOR_BYTES", 16)
    monkeypatch.setattr(doctor.platform, "machine", lambda: "x86_64")
    status, [(subject, said, remedy)] = found()
    assert (status, subject) == (1, "processor")
    assert "128 bits" in said
    assert "AVX2" in remedy


def test_variables_that_slow(found, monkeypatch):
    monkeypatch.setenv("NUMBA_OPT", "0")
    monkeypatch.setattr(doctor, "CHECKING", True)
    status, faults = found()
    assert status == 1
    assert [(subject, remedy) for subject, _, remedy in faults] == [
        ("NUMBA_OPT", "unset NUMBA_OPT"),
        ("CHECK", "unset TINYGRAD_MNIST_CHECK"),
    ]


def test_a_cache_that_others_can_write_in(found, monkeypatch, tmp_path):
    tmp_path.chmod(0o777)
    monkeypatch.setenv(cache_folder.VARIABLE, str(tmp_path))
    status, [(subject, said, remedy)] = found()
    assert (status, subject) == (1, "cache")
    assert f"other users can write in {tmp_path}" in said
    assert cache_folder.VARIABLE in remedy


def test_no_place_for_a_cache(found, monkeypatch):
    for name in (cache_folder.VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.delenv(name, raising=False)
    status, [(subject, said, _)] = found()
    assert (status, subject) == (1, "cache")
    assert "HOME names no absolute path" in said


def test_a_cache_that_cannot_be_written(found, monkeypatch):
    def full(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", full)
    status, [(subject, said, remedy)] = found()
    assert (status, subject) == (1, "cache")
    assert "No space left" in said
    assert "make room" in remedy


def test_no_number_of_threads(found, monkeypatch):
    monkeypatch.setattr(threads, "_most", None)
    monkeypatch.setenv(threads.VARIABLE, "many")
    status, [(subject, said, remedy)] = found()
    assert (status, subject) == (1, "threads")
    assert "'many'" in said
    assert remedy.startswith(f"export {threads.VARIABLE}=")


def test_more_threads_than_a_container_grants(found, monkeypatch, tmp_path):
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    monkeypatch.setattr(doctor, "_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(threads, "_most", 8)
    status, [(subject, said, remedy)] = found()
    assert (status, subject, said) == (1, "threads", "8 of 1 core")
    assert remedy.endswith(f"export {threads.VARIABLE}=1")


def test_no_digits(found, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYGRAD_MNIST_DATA", str(tmp_path / "nowhere"))
    status, [(subject, said, remedy)] = found()
    assert (status, subject) == (1, "digits")
    assert "nowhere" in said
    assert "unset TINYGRAD_MNIST_DATA" in remedy


TESTS = dict(doctor.SELF_TESTS)


def test_kernels_that_are_right(found, monkeypatch):
    monkeypatch.setattr(doctor, "SELF_TESTS", TESTS)
    assert found() == (0, [])


#: Self-test -> what is made to err by one.
ERRING = {
    "products": (Tensor, "__matmul__"),
    "sums": (Tensor, "sum"),
    "elementwise": (Tensor, "tanh"),
    "rows": (doctor, "logsumexp"),
    "convolution": (doctor, "conv2d"),
}


@pytest.mark.parametrize("name", ERRING)
def test_a_kernel_that_errs(found, monkeypatch, name):
    owner, operation = ERRING[name]
    right = getattr(owner, operation)
    monkeypatch.setattr(owner, operation, lambda *args: right(*args) + 1)
    monkeypatch.setattr(doctor, "SELF_TESTS", {name: TESTS[name]})
    status, [(subject, said, remedy)] = found()
    assert (status, subject) == (1, name)
    assert "is right" in said
    assert "--force-reinstall numba" in remedy


def test_random_numbers_that_err(found, monkeypatch):
    monkeypatch.setattr(doctor, "SELF_TESTS", {"random": TESTS["random"]})
    rand = doctor.rand
    monkeypatch.setattr(doctor, "rand", lambda *shape, generator: rand(*shape, generator=generator) * 2)
    assert found()[1][0][:2] == ("random", "is not uniform")
    monkeypatch.setattr(doctor, "rand", lambda *shape, generator: rand(*shape))
    assert "other numbers" in found()[1][0][1]


def test_a_compiler_that_fails(found, monkeypatch):
    monkeypatch.setattr(doctor, "SELF_TESTS", {"compiled": TESTS["compiled"]})
    monkeypatch.setattr(doctor, "jit", lambda f: lambda x: f(x) * 2)
    assert "is right" in found()[1][0][1]

    def broken(_):
        raise RuntimeError("LLVM said no")

    monkeypatch.setattr(doctor, "jit", broken)
    assert found()[1][0][:2] == ("compiled", "RuntimeError: LLVM said no")
