"""Every file is written whole or not at all, and never where somebody's link leads."""

import ast
import errno
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import tinygrad_mnist
from tinygrad_mnist import writing
from tinygrad_mnist.errors import DataError

AS_ROOT = not hasattr(os, "geteuid") or os.geteuid() == 0


def test_text_and_bytes(tmp_path):
    writing.write(tmp_path / "a", b"\x00\r\n")
    writing.write(tmp_path / "b", "ß\n")
    assert (tmp_path / "a").read_bytes() == b"\x00\r\n"
    assert (tmp_path / "b").read_bytes() == "ß\n".encode()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("before", [None, b"old"])
def test_whole_or_not_at_all(tmp_path, kind, before):
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)

    def half():
        with writing.replacing(path) as file:
            file.write(b"half")
            file.flush()
            raise kind("stop")

    with pytest.raises(DataError if kind is ValueError else kind):
        half()
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([] if before is None else [before])


@pytest.mark.parametrize("call", ["open", "fsync", "replace", "chmod"])
def test_each_step_may_fail(tmp_path, monkeypatch, call):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(DataError, match=r"cannot write .*file: No space left on device"):
            writing.write(path, b"new")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"keep")
    link.symlink_to(target)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nothing")
    for path in (link, dangling):
        writing.check_place(path)
        assert path.is_symlink()
        writing.write(path, b"new")
        assert not path.is_symlink()
    assert target.read_bytes() == b"keep"
    assert not (tmp_path / "nothing").exists()


def test_the_name_before_it_is_done_is_unforeseeable_and_made_exclusively(tmp_path, monkeypatch):
    names = []
    for _ in range(2):
        with writing.replacing(tmp_path / "file"):
            names += [p.name for p in tmp_path.iterdir() if p.name != "file"]
    assert len(set(names)) == 2
    # Even where somebody foresees it, what he planted is not written to.
    victim = tmp_path / "victim"
    victim.write_bytes(b"keep")
    monkeypatch.setattr(writing.secrets, "token_hex", lambda n: "0" * 2 * n)
    (tmp_path / f".tinygrad_mnist-{'0' * 16}.tmp").symlink_to(victim)
    for write in (lambda path: writing.write(path, b"new"), writing.check_place):
        with pytest.raises(DataError, match="File exists"):
            write(tmp_path / "other")
    assert victim.read_bytes() == b"keep"
    assert not (tmp_path / "other").exists()


def test_permissions(tmp_path):
    before = os.umask(0o027)
    try:
        writing.write(tmp_path / "new", b"")
    finally:
        os.umask(before)
    private = tmp_path / "private"
    private.write_bytes(b"")
    private.chmod(0o600)
    writing.write(private, b"again")
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "private")] == [0o640, 0o600]


@pytest.mark.parametrize("write", [lambda path: writing.write(path, b"x"), writing.check_place])
def test_places_where_nothing_can_be(tmp_path, write):
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    for path, words in [
        (tmp_path, "no regular file"),
        (tmp_path / "no" / "file", "there is no folder"),
        (Path(os.devnull), "no regular file"),
        (tmp_path / ("x" * (longest + 1)), "File name too long"),
        (tmp_path / "a\0b", "null"),
        ("", "no regular file"),
    ]:
        with pytest.raises(DataError, match=f"cannot write .*{words}"):
            write(path)
    assert list(tmp_path.iterdir()) == []


def test_the_longest_name_that_there_can_be(tmp_path):
    path = tmp_path / ("x" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    writing.check_place(path)
    assert not path.exists()
    writing.write(path, b"x")
    assert path.read_bytes() == b"x"


def test_more_than_the_disk_has(tmp_path):
    with pytest.raises(DataError, match="more than the disk has left"):
        writing.check_place(tmp_path / "file", 1 << 60)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits are of Unix")
def test_a_file_that_may_not_get_so_large(tmp_path):
    code = (
        "import resource, signal, sys\n"
        "from tinygrad_mnist import writing\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "writing.check_place(sys.argv[1], 1000)\n"
        "for try_it, size in ((writing.check_place, 1001), (writing.write, 'x' * 1001)):\n"
        "    try:\n"
        "        try_it(sys.argv[1], size)\n"
        "    except writing.DataError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "file"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"cannot write {tmp_path / 'file'}: File too large\n" * 2
    assert list(tmp_path.iterdir()) == []


ORDINARY = """
import os, sys
from tinygrad_mnist import writing
os.chdir(sys.argv[1])
os.setgid(65534)
os.setuid(65534)
for path, words in (("locked/file", "Permission denied"), ("common/theirs", "another user's")):
    for write in (lambda path: writing.write(path, b"x"), writing.check_place):
        try:
            write(path)
        except writing.DataError as error:
            assert words in str(error), error
        else:
            raise AssertionError(path)
writing.write("common/own", b"x")
"""


@pytest.mark.skipif(not AS_ROOT, reason="only root can become somebody else")
def test_what_others_own():
    """A folder of others, and a file of another in a folder like /tmp, met by an ordinary user."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        locked, common = Path(place, "locked"), Path(place, "common")
        locked.mkdir(mode=0o755)
        common.mkdir()
        common.chmod(0o1777)
        (common / "theirs").write_bytes(b"keep")
        subprocess.run([sys.executable, "-c", ORDINARY, place], check=True)
        assert (common / "theirs").read_bytes() == b"keep"
        assert (common / "own").exists()


def test_folders(tmp_path):
    assert writing.folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    writing.folder(tmp_path / "a" / "b")
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "c", tmp_path / "a\0b"):
        with pytest.raises(DataError, match="cannot make the folder"):
            writing.folder(path)


#: Modules that write, and why they may: the cache writes for itself.
WRITERS = {"writing.py", "kernels/cache_folder.py"}
WAYS = {"write_text", "write_bytes", "savefig", "mkstemp", "NamedTemporaryFile", "rename", "savez"}


def test_nobody_writes_in_another_way():
    root = Path(tinygrad_mnist.__file__).parent
    for path in root.rglob("*.py"):
        name = path.relative_to(root).as_posix()
        if name in WRITERS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                writes = called in ("open", "os.open", "os.replace") or called.rpartition(".")[2] in WAYS
                harmless = node.args and ast.unparse(node.args[0]) in ("os.devnull", "file", "text")
                assert harmless or not writes, (
                    f"{name}:{node.lineno} calls {called}: see tinygrad_mnist/writing.py"
                )
