"""The folder that machine code is kept in: where it is, why it is trusted, and how it stays small.

Whoever can write there can have this process run anything. So it is used only if it and every folder on
the way to it belong to this user or to root and nobody else can write in them (in one with the sticky bit,
like /tmp, others cannot touch what is ours), and is made for this user alone. Where there is no such folder
there is no cache: a warning says why, once, and how to name one.
"""

import contextlib
import functools
import hashlib
import importlib
import os
import re
import stat
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy

_locks: Any = importlib.import_module("fcntl") if os.name == "posix" else None

VARIABLE = "TINYGRAD_MNIST_CACHE"

#: Begins the names of programs' modules; a digest of the source follows.
PROGRAM = "tinygrad_mnist_program_"

MOST_BYTES = 256 << 20
MOST_SECONDS_UNUSED = 60 * 24 * 3600

_DAY = 24 * 3600
_MOST_LINKS = 40
_VERSION = re.compile("[0-9a-f]{24}")
_OURS = re.compile(rf".+-[0-9a-f]{{24}}|{PROGRAM}[0-9a-f]{{24}}\.py")
_HALF_WRITTEN = re.compile(r"\.[^.]+\.part")

_BEGAN = time.time()


@functools.cache
def cache_directory() -> Path | None:
    """The folder for machine code made from these very sources by these very compilers; None for no cache."""
    try:
        root = _root()
        reason = changed_since_it_was_read(*_sources())
        if reason:
            raise _NoCache(reason)
        folder = root / _version()
        _make(root)
        _make(folder)
    except OSError as error:
        _warn(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return None
    return folder


class _NoCache(OSError):
    """Why there is none."""


def _root() -> Path:
    """What TINYGRAD_MNIST_CACHE names, or this package's folder in the user's cache directory."""
    if chosen := os.environ.get(VARIABLE):
        if not os.path.isabs(chosen):
            raise _NoCache(f"{VARIABLE} is {chosen!r}, which is no absolute path")
        return Path(chosen)
    for variable, below in (("XDG_CACHE_HOME", ""), ("LOCALAPPDATA", ""), ("HOME", ".cache")):
        base = os.environ.get(variable, "")
        if os.path.isabs(base):  # others are to be ignored, as the XDG base directory specification says
            return Path(base, below, "tinygrad_mnist")
    raise _NoCache("HOME names no absolute path")


def _version() -> str:
    versions = (numba.__version__, llvmlite.__version__, numpy.__version__, sys.version)
    digest = hashlib.sha256(repr(versions).encode())
    here = Path(__file__).parent
    for source in _sources():
        digest.update(source.relative_to(here).as_posix().encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:24]


def _sources() -> list[Path]:
    """The files of the kernels; an exported program has all in one."""
    return sorted(Path(__file__).parent.rglob("*.py")) if __spec__ else [Path(__file__)]


def changed_since_it_was_read(*paths: Path) -> str | None:
    """Which of these sources is newer than this process, whose machine code would then be kept as theirs."""
    for path in paths:
        info = path.stat()
        if max(info.st_mtime, info.st_ctime) > _BEGAN:
            return f"{path} has changed since this process began"
    return None


def _make(folder: Path) -> None:
    """Make a folder for this user alone, unless it is there; raises _NoCache where others can write."""
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    reason = why_not_trusted(folder if not missing else missing[-1].parent, in_sticky=bool(missing))
    if reason:
        raise _NoCache(reason)
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
    if missing:
        _make(folder)  # another may have been quicker


def why_not_trusted(folder: Path, in_sticky: bool = False, links: int = 0) -> str | None:
    """What is wrong with a folder or one on the way to it; None if only this user and root write there.

    With `in_sticky`, the folder is one on the way to what is ours, and so it may be like /tmp.
    """
    if not hasattr(os, "geteuid"):
        return None  # where rights are of another kind, and the default lies in the user's own profile
    if links > _MOST_LINKS:
        return f"{folder} is a link to itself"
    for path in (*reversed(folder.parents), folder):
        info = os.lstat(path)
        if info.st_uid not in (0, os.geteuid()):
            return f"{path} belongs to another user"
        if stat.S_ISLNK(info.st_mode):
            reason = why_not_trusted(path.parent / os.readlink(path), in_sticky or path != folder, links + 1)
            if reason:
                return reason
        elif not stat.S_ISDIR(info.st_mode):
            return f"{path} is no folder"
        elif info.st_mode & 0o022 and not (info.st_mode & stat.S_ISVTX and (in_sticky or path != folder)):
            return f"other users can write in {path} (chmod go-w would end that)"
    return None


def read(path: Path) -> bytes:
    """The contents of an entry, which is noted as used; OSError if others may have written it."""
    flags = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    with os.fdopen(os.open(path, flags), "rb") as file:
        info = os.fstat(file.fileno())
        if hasattr(os, "geteuid") and (info.st_uid not in (0, os.geteuid()) or info.st_mode & 0o022):
            raise PermissionError(f"{path} is open to other users")
        if not stat.S_ISREG(info.st_mode) or info.st_size > MOST_BYTES:
            raise OSError(f"{path} is no entry")
        if time.time() - info.st_mtime > _DAY:
            with contextlib.suppress(OSError):
                os.utime(path)
        return file.read()


def keep(path: Path, content: bytes) -> None:
    """Write an entry that other processes see whole or not at all; OSError where that is not possible."""
    _make(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    _prune_once(path)


@contextlib.contextmanager
def held(name: str) -> Iterator[None]:
    """Of processes that share the folder, one at a time is in a block of this name; all, if there is none."""
    folder = cache_directory()
    if folder is None or _locks is None:
        yield
        return
    _make(folder)
    path = folder / f".{name}.part"  # pruned as what a killed writer left
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        _locks.flock(handle, _locks.LOCK_EX)
        yield
    finally:
        os.close(handle)


def keep_program(name: str, source: str) -> str:
    """Write the source of a program beside its machine code, for readers and debuggers; the file's name."""
    folder = cache_directory()
    if folder is None:
        return f"<{name}>"
    path = folder / "programs" / f"{name}.py"
    if not path.exists():
        with contextlib.suppress(OSError):  # without it everything works
            keep(path, source.encode())
    return str(path)


@functools.cache
def _pruned(root: Path) -> None:
    prune(root)


def _prune_once(path: Path) -> None:
    directory = cache_directory()
    if directory is not None and directory in path.parents:
        _pruned(directory.parent)


def prune(root: Path) -> None:
    """Remove what has not been used for long, and the oldest beyond what may be kept in all.

    Other processes may read, write and prune meanwhile: what one of them misses it compiles. Nothing else
    that lies in the folder is touched.
    """
    with contextlib.suppress(OSError):
        total, now = 0, time.time()
        for used, size, path in sorted(_entries(root), reverse=True):
            half_written = _HALF_WRITTEN.fullmatch(os.path.basename(path))
            total += size
            old = now - used > (_DAY if half_written else MOST_SECONDS_UNUSED)
            if old or total > MOST_BYTES:
                with contextlib.suppress(OSError):
                    os.unlink(path)
                    total -= size
        for folder in _folders(root):
            with contextlib.suppress(OSError):
                if now - os.stat(folder).st_mtime > _DAY:  # no process has just made it
                    os.rmdir(folder)  # which refuses one that is not empty


def _folders(root: Path) -> Iterator[str]:
    """The folders of entries, each after those in it."""
    for version in os.scandir(root):
        if _VERSION.fullmatch(version.name) and version.is_dir(follow_symlinks=False):
            programs = os.path.join(version.path, "programs")
            if os.path.isdir(programs):
                yield programs
            yield version.path


def _entries(root: Path) -> Iterator[tuple[float, int, str]]:
    """(when it was last used, its size, its path) for each file that this package has written here."""
    for folder in _folders(root):
        for entry in os.scandir(folder):
            ours = _OURS.fullmatch(entry.name) or _HALF_WRITTEN.fullmatch(entry.name)
            if ours and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):  # another process has just removed it
                    info = entry.stat(follow_symlinks=False)
                    yield info.st_mtime, info.st_size, entry.path


def _warn(reason: str) -> None:
    text = (
        f"tinygrad_mnist keeps no machine code, so each process compiles anew: {reason}. "
        f"To name a folder of your own: export {VARIABLE}=/absolute/path"
    )
    try:
        warnings.warn(text, RuntimeWarning, stacklevel=2)
    except RuntimeWarning:  # under -W error: all can be computed without a cache, too
        print(f"warning: {text}", file=sys.stderr)
