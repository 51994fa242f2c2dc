"""Files that are written whole or not at all: the only place where this package writes for a user.

    writing.check_place("digits.safetensors", size=60_000)     # before the hour of training
    writing.write("digits.safetensors", data)                  # bytes, or text as UTF-8
    with writing.replacing("figure.png") as file:              # piece by piece
        figure.savefig(file, format="png")

The contents go into a new file in the same folder, made exclusively under a name that nobody can foresee,
are on the disk before that file takes the place of the old one in one step, and are removed if anything goes
wrong, Ctrl-C included. So a reader meets the old contents or the new ones, a link that stands at `path` is
replaced and never followed, and a link planted beside it is never met. Permissions of a file that is
replaced are kept; a new one gets the usual ones.

All raise DataError, naming the path and the reason, where a file cannot be written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from .errors import DataError

Name: TypeAlias = str | os.PathLike[str]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_CANNOT_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)  # of file systems that know no folders to sync
_TRIED_BYTES = 1 << 24


def write(path: Name, contents: bytes | str) -> None:
    """Write a whole file, text as UTF-8."""
    with replacing(path) as file:
        file.write(contents.encode() if isinstance(contents, str) else contents)


def append(path: Name, text: str) -> None:
    """Add text to the end of a file, made if it is not there, by one call of the system: for logs."""
    with _complaints_naming(Path(path)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(handle, text.encode())
        finally:
            os.close(handle)


@contextlib.contextmanager
def replacing(path: Name) -> Iterator[BinaryIO]:
    """A new binary file, which stands at `path` once the block has ended without an exception."""
    path = Path(path)
    with _complaints_naming(path):
        mode = _mode_of(path)
        temporary = path.with_name(f".tinygrad_mnist-{secrets.token_hex(8)}.tmp")
        handle = os.open(temporary, _NEW, 0o666)
        try:
            with os.fdopen(handle, "wb") as file:
                if mode is not None:
                    os.chmod(temporary, mode)
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(path.parent)


def check_place(path: Name, size: int = 0) -> None:
    """Raise what writing so many bytes to `path` would raise, by trying: better known before the work.

    A file that is there stays as it is. Of a large file only the beginning is tried, and the disk is
    asked whether it has room for the rest.
    """
    path = Path(path)
    with _complaints_naming(path):
        _mode_of(path)
        temporary = path.with_name(f".tinygrad_mnist-{secrets.token_hex(8)}.tmp")
        with _for_a_moment(temporary) as handle:
            if shutil.disk_usage(path.parent).free < size:
                raise OSError(errno.ENOSPC, f"its {size:,} bytes are more than the disk has left")
            rest = min(size, _TRIED_BYTES)
            while rest > 0:
                rest -= os.write(handle, bytes(rest))
        if not os.path.lexists(path):
            with _for_a_moment(path):  # a name that the file system takes
                pass


def remove_leftovers(path: Name) -> None:
    """Remove what writers that were killed have left in a folder in which nobody is writing now."""
    for file in Path(path).glob(".tinygrad_mnist-*.tmp"):
        with contextlib.suppress(OSError):
            file.unlink()


def folder(path: Name) -> Path:
    """Make a folder, and those it lies in, unless it is there."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot make the folder {path}: {_reason(error)}") from None
    return path


def _mode_of(path: Path) -> int | None:
    """The permissions of the regular file that is there; None if there is none."""
    if not path.parent.is_dir():
        raise DataError(f"cannot write {path}: there is no folder {path.parent}")
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return None
    if path.exists() and not path.is_file():
        raise DataError(f"cannot write {path}: it is there already and no regular file")
    around = os.stat(path.parent)
    mine = getattr(os, "geteuid", lambda: 0)()
    if around.st_mode & stat.S_ISVTX and mine not in (0, there.st_uid, around.st_uid):
        raise DataError(f"cannot write {path}: it is another user's, who alone may replace it there")
    return stat.S_IMODE(there.st_mode) & 0o777 if stat.S_ISREG(there.st_mode) else None


@contextlib.contextmanager
def _for_a_moment(path: Path) -> Iterator[int]:
    """A new file, opened for writing, that is removed again."""
    handle = os.open(path, _NEW, 0o666)
    try:
        yield handle
    finally:
        os.close(handle)
        os.unlink(path)


@contextlib.contextmanager
def _complaints_naming(path: Path) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise DataError(f"cannot write {path}: {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _sync_folder(path: Path) -> None:
    """Have the folder's new entry on the disk, where the system can do that."""
    if os.name == "nt":  # which opens no folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(handle)
