"""`tinygrad-mnist doctor`: is everything as it should be here, and what to do where it is not."""

from __future__ import annotations

import math
import os
import platform
import re
import shlex
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import data
from ..compiler import jit
from ..core.autodiff import grad
from ..core.generator import Generator
from ..core.random import rand
from ..core.tensor import Tensor
from ..errors import DataError
from ..kernels import cache_folder, threads, vectors
from ..kernels.checking import CHECKING
from ..ops import conv2d, logsumexp
from .terminal import say

_PACKAGE = "tinygrad_mnist"
_BOUND = re.compile(r"(>=|<)\s*([\d.]+)")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


class Finding(NamedTuple):
    """What was looked at, what was found, and where that is wrong what to do about it."""

    subject: str
    found: str
    remedy: str = ""


def doctor() -> int:
    """Look at versions, processor, cache, threads and data, run the kernels on known numbers.

    Of each thing that is wrong it says what to do; the exit status is then 1.
    """
    wrong = 0
    for check in (versions, processor, variables, cache, workers, digits, kernels):
        for subject, found, remedy in check():
            say(f"{'WRONG' if remedy else 'ok':6}{subject:12}{found}")
            if remedy:
                wrong += 1
                say(f"{'':6}{'to do':12}{remedy}")
    say()
    say(f"{wrong} of these to put right" if wrong else "all is well")
    return int(wrong > 0)


def versions() -> Iterator[Finding]:
    """Python, and what the package requires, between the bounds it states."""
    yield Finding("Python", f"{platform.python_version()} on {sys.platform}")
    for requirement in metadata.requires(_PACKAGE) or ():
        wanted, _, marker = requirement.partition(";")
        name, bounds = re.match(r"[\w-]+", wanted), dict(_BOUND.findall(wanted))
        if name is None or "extra" in marker or not _applies(marker):
            continue
        stated = name[0] + ",".join(f"{sign}{bound}" for sign, bound in sorted(bounds.items(), reverse=True))
        try:
            version = metadata.version(name[0])
        except metadata.PackageNotFoundError:
            yield Finding(name[0], "is not installed", f'pip install "{stated}"')
            continue
        lowest, beyond = bounds.get(">="), bounds.get("<")
        remedy = ""
        if lowest and _numbers(version) < _numbers(lowest):
            remedy = f'{lowest} is the oldest that works: pip install --upgrade "{stated}"'
        elif beyond and _numbers(version) >= _numbers(beyond):
            remedy = f'{beyond} and what is newer is not known to work: pip install "{stated}"'
        yield Finding(name[0], version, remedy)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.match(r"[\d.]+", version)[0].strip(".").split(".")]  # type: ignore[index]


def _applies(marker: str) -> bool:
    """Whether a requirement with this marker is for this Python; others are taken to be."""
    match = re.search(r"python_version\s*(<|>=)\s*['\"]([\d.]+)['\"]", marker)
    if match is None:
        return True
    below = list(sys.version_info[:2]) < _numbers(match[2])
    return below if match[1] == "<" else not below


def processor() -> Iterator[Finding]:
    """How wide its vectors are; those of 16 bytes mean that a modern one was not recognised."""
    found = f"{platform.machine()}, vectors of {8 * vectors.VECTOR_BYTES} bits"
    narrow = platform.machine().lower() in ("x86_64", "amd64") and vectors.VECTOR_BYTES < 32
    remedy = (
        "everything works, at a part of the speed: take a machine, or let the container have one, with AVX2"
    )
    yield Finding("processor", found, remedy if narrow else "")


def variables() -> Iterator[Finding]:
    """Variables of the environment that make everything slow or other."""
    slow = {"NUMBA_OPT": "3", "NUMBA_CPU_NAME": None, "NUMBA_CPU_FEATURES": None, "NUMBA_DEBUGINFO": "0"}
    for name, usual in slow.items():
        value = os.environ.get(name)
        if value not in (None, "", usual):
            yield Finding(name, f"is {value!r}: other and mostly slower machine code", f"unset {name}")
    if CHECKING:
        found = "every index is compared before memory is touched: slow"
        yield Finding("CHECK", found, "unset TINYGRAD_MNIST_CHECK")


def cache() -> Iterator[Finding]:
    """Where machine code is kept, and whether it can be."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        cache_folder.cache_directory.cache_clear()  # a reason that was told before is to be told again
        folder = cache_folder.cache_directory()
    name_one = f"name a folder that only you can write in: export {cache_folder.VARIABLE}=/absolute/path"
    if folder is None:
        reason = str(said[0].message) if said else "no machine code is kept"
        yield Finding("cache", reason, name_one)
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(1 << 16))
            file.flush()
    except OSError as error:
        yield Finding("cache", f"{folder}: {error.strerror}", f"make room there, or {name_one}")
        return
    files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    size = sum(info.st_size for info in files)
    rights = oct(folder.stat().st_mode & 0o777)[2:]
    yield Finding("cache", f"{folder} ({rights}), {len(files)} files, {size / 1e6:.1f} MB")


def workers() -> Iterator[Finding]:
    """How many threads large kernels use, and how many cores there are for them."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        count = threads.get_num_threads()
    except ValueError as error:
        yield Finding("threads", str(error), f"export {threads.VARIABLE}={cores}, or unset it")
        return
    granted = min(cores, _quota() or cores)
    found = f"{count} of {granted} core{'s' if granted > 1 else ''}"
    fewer = f"threads that wait for a core wait for each other: export {threads.VARIABLE}={granted}"
    yield Finding("threads", found, fewer if count > granted else "")


def _quota() -> int:
    """How many cores' time a container grants, at least 1; 0 where there is no limit."""
    try:
        most, period = _QUOTA.read_text().split()
        return max(1, int(int(most) / int(period)))
    except (OSError, ValueError):
        return 0


def digits() -> Iterator[Finding]:
    """Whether the images can be read."""
    try:
        (images, _), (unseen, _) = data.mnist()
    except (DataError, OSError) as error:
        yield Finding(
            "digits", str(error), "unset TINYGRAD_MNIST_DATA, or name a folder of files in MNIST's format"
        )
        return
    yield Finding("digits", f"{len(images):,} to train on, {len(unseen):,} unseen")


def kernels() -> Iterator[Finding]:
    """Every family of kernels on numbers whose results are known otherwise."""
    for name, test in SELF_TESTS.items():
        try:
            error = test()
        except Exception as exception:
            error = f"{type(exception).__name__}: {exception}"
        if error:
            again = f"{shlex.quote(sys.executable)} -m pip install --force-reinstall numba llvmlite numpy"
            folder = cache_folder.cache_directory()
            first = f"remove {folder} and try again; " if folder else ""
            yield Finding(name, error, f"{first}then {again}; then please report it")
        else:
            yield Finding(name, "gives what it should")


def _differ(found: object, wanted: object, relative: float) -> str:
    """What is wrong with numbers, or nothing."""
    a, b = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    if a.shape == b.shape and np.allclose(a, b, rtol=relative, atol=relative):
        return ""
    return f"gives {a.ravel()[:3]} where {b.ravel()[:3]} is right"


def _whole(*shape: int) -> np.ndarray:
    """Small whole numbers, whose products and sums are exact in float32."""
    count = math.prod(shape)
    return ((np.arange(count) * 7919) % 17 - 8).astype(np.float32).reshape(shape)


def _products() -> str:
    a, b = _whole(67, 45), _whole(45, 71)
    wanted = np.einsum("ij,jk->ik", a.astype(np.int64), b.astype(np.int64))
    return _differ((Tensor(a) @ Tensor(b)).numpy(), wanted, 0)


def _sums() -> str:
    x = _whole(1001, 13)
    return _differ(Tensor(x).sum(0).numpy(), x.astype(np.int64).sum(0), 0)


def _elementwise() -> str:
    points = [-30.0, -1.5, 0.0, 0.25, 8.0]
    x = Tensor(points)
    found = [x.sigmoid().numpy(), x.tanh().numpy(), (x / 8).exp().numpy()]
    wanted = [
        [f(p) for p in points]
        for f in (lambda p: 1 / (1 + math.exp(-p)), math.tanh, lambda p: math.exp(p / 8))
    ]
    return _differ(found, wanted, 1e-6)


def _rows() -> str:
    x = _whole(5, 33)
    wanted = [math.log(math.fsum(math.exp(v) for v in row)) for row in x.tolist()]
    return _differ(logsumexp(Tensor(x), 1).numpy(), wanted, 1e-5)


def _convolution() -> str:
    images, weight = _whole(2, 3, 9, 8), _whole(4, 3, 3, 2)
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 2), (2, 3))
    return _differ(conv2d(images, weight), np.einsum("nchwij,ocij->nohw", windows, weight), 0)


def _random() -> str:
    drawn = rand(100_000, generator=Generator(1)).numpy()
    again = rand(100_000, generator=Generator(1)).numpy()
    if not np.array_equal(drawn, again):
        return "gives other numbers for the same seed"
    return "" if drawn.min() >= 0 and drawn.max() < 1 and abs(drawn.mean() - 0.5) < 0.01 else "is not uniform"


def _compiled() -> str:
    slope = jit(grad(lambda x: (x.sigmoid() * x).sum()))
    points = [-2.0, 0.5, 3.0]
    s = [1 / (1 + math.exp(-p)) for p in points]
    return _differ(slope(Tensor(points)).numpy(), [a + p * a * (1 - a) for a, p in zip(s, points)], 1e-6)


#: Name -> what says what is wrong.
SELF_TESTS: dict[str, Callable[[], str]] = {
    "products": _products,
    "sums": _sums,
    "elementwise": _elementwise,
    "rows": _rows,
    "convolution": _convolution,
    "random": _random,
    "compiled": _compiled,
}
