"""The disk cache: hit, invalidated, damaged, planted, open to others, raced for and pruned."""

import hashlib
import json
import math
import os
import pickle
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mnist.kernels as kernels
from tinygrad_mnist.kernels import arrays, cache, cache_entry, cache_folder, policy, tiles

PROBE = """
import sys
sys.path.insert(0, {root!r})
from tinygrad_mnist.kernels import cache
loads = []
load = cache.KernelCache.load_overload
def recorded(*args):
    loads.append(load(*args) is not None)
    return load(*args)
cache.KernelCache.load_overload = recorded
from tinygrad_mnist.kernels.probe import answer, other
print(answer(1.0), other(1.0), loads.count(True))
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
@kernel
def other(x):
    return x - 5
"""
RIGHT = (2.0, -4.0)


class Copy:
    """A copy of the kernels with two of its own, one of which calls into another module."""

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

    def start(self, *options, **variables) -> subprocess.Popen:
        variables = {cache_folder.VARIABLE: str(self.cache), "PYTHONDONTWRITEBYTECODE": "1"} | variables
        environment = {
            name: value for name, value in {**os.environ, **variables}.items() if value is not None
        }
        code = PROBE.format(root=str(self.root))
        return subprocess.Popen(
            [sys.executable, *options, "-c", code],
            env=environment,
            cwd=self.root,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def finish(self, process: subprocess.Popen, warning: str = "") -> int:
        """How many of the two kernels came from the disk; the answers are right and nothing else is said."""
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert err.count("tinygrad_mnist keeps no machine code") == bool(warning), err
        assert warning in err
        assert warning or not err
        first, second, hits = out.split()
        assert (float(first), float(second)) == self.right()
        return int(hits)

    def right(self):
        return (1.0 + float((self.kernels / "called.py").read_text().split()[-1]), -4.0)

    def run(self, *options, warning="", **variables) -> int:
        return self.finish(self.start(*options, **variables), warning)

    def files(self) -> list[Path]:
        return sorted(path for path in self.cache.rglob("*") if path.is_file())


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def test_second_process_loads_and_an_edit_in_a_called_module_recompiles(copy):
    assert copy.run() == 0
    assert len(copy.files()) == 2
    assert copy.run() == 2
    copy.write_called(10)
    assert copy.run() == 0
    assert copy.run() == 2


def test_a_cache_that_cannot_be_made_is_done_without(copy):
    copy.cache.write_text("a file where the folder should be")
    assert copy.run(warning="is no folder") == 0


def test_two_cold_processes_at_once(copy):
    processes = [copy.start() for _ in range(3)]
    for process in processes:
        copy.finish(process)
    assert len(copy.files()) == 2
    assert copy.run() == 2


def test_a_process_that_only_loads_takes_little_of_numba(tmp_path):
    """What compiling needs of Numba takes half a second to import: not where nothing is compiled."""
    code = (
        "import sys, numpy, tinygrad_mnist as tg; print(tg.exp(tg.tensor(numpy.ones(3, 'f4'))).sum().item())"
    )
    code += "\nprint(*{'numba.cpython.charseq', 'numba.typed.typedlist'} & sys.modules.keys())"
    environment = {**os.environ, cache_folder.VARIABLE: str(tmp_path)}
    cold, warm = (
        subprocess.run(
            [sys.executable, "-c", code], env=environment, text=True, capture_output=True, check=True
        )
        for _ in range(2)
    )
    assert cold.stdout.splitlines()[0] == warm.stdout.splitlines()[0]
    assert [len(run.stdout.splitlines()[1].split()) for run in (cold, warm)] == [2, 0]


# Entries that are not what they should be ---------------------------------------------------------------


def _truncated(path, others):
    path.write_bytes(path.read_bytes()[:-1])


def _one_bit(path, others):
    good = bytearray(path.read_bytes())
    good[100] ^= 1
    path.write_bytes(good)


def _a_pickle_as_of_old(path, others):
    """What an earlier version would have loaded, and with it run anything."""
    payload = pickle.dumps(_Runs(str(path.parent / "ran")))
    path.write_bytes(hashlib.sha256(payload).digest() + payload)


class _Runs:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def _of_another_kernel(path, others):
    """All is well with it but its name."""
    shutil.copy(others[0], path)


def _a_link(path, others):
    moved = path.parent.parent / "elsewhere"
    path.rename(moved)
    path.symlink_to(moved)


def _a_pipe(path, others):
    path.unlink()
    os.mkfifo(path)


def _a_folder(path, others):
    path.unlink()
    path.mkdir()


def _of_another_user(path, others):
    if os.geteuid():
        pytest.skip("only root can give files away")
    os.chown(path, 12345, 12345)


PLANTED = [
    lambda path, others: path.write_bytes(b""),
    lambda path, others: path.write_bytes(b"garbage" * 100),
    _truncated,
    _one_bit,
    _a_pickle_as_of_old,
    _of_another_kernel,
    _a_link,
    _a_pipe,
    _a_folder,
    _of_another_user,
    lambda path, others: path.chmod(0o666),
    lambda path, others: path.chmod(0o620),
]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Two kernels that have been compiled and kept: the first, and the paths of both entries."""
    monkeypatch.setattr(cache, "cache_directory", lambda: tmp_path)
    monkeypatch.setattr(cache_folder, "_BEGAN", math.inf)
    kernels = [policy.kernel_named(name)(function) for name, function in (("a", _add), ("b", _subtract))]
    assert [kernel(1.0) for kernel in kernels] == [2.0, -4.0]
    return kernels[0], sorted(tmp_path.iterdir())


def _add(x):
    return x + 1


def _subtract(x):
    return x - 5


@pytest.mark.parametrize("plant", PLANTED)
def test_no_entry_is_used_that_is_not_whole_ours_and_of_this_kernel(kept, plant):
    kernel, (path, *others) = kept
    [(signature, compiled)] = kernel.overloads.items()
    context = compiled.target_context
    assert kernel._cache.load_overload(signature, context).entry_point(1.0) == 2.0
    plant(path, others)
    assert kernel._cache.load_overload(signature, context) is None
    assert not (path.parent / "ran").exists()
    if not path.is_dir():  # what is compiled instead takes its place
        kernel._cache.save_overload(signature, compiled)
        assert kernel._cache.load_overload(signature, context).entry_point(1.0) == 2.0
        assert path.is_file()
        assert not path.is_symlink()


def test_swapped_entries_are_not_used(copy):
    copy.run()
    first, second = copy.files()
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert copy.run() == 0
    assert copy.run() == 2


def test_an_entry_of_other_sources_is_not_used(copy):
    copy.run()
    old = copy.files()
    copy.write_called(10)
    copy.run()
    new = [path for path in copy.files() if path not in old]
    for before, after in zip(old, new, strict=True):
        shutil.copy(before, after)
    assert copy.run() == 0


def test_sources_that_change_while_a_process_runs_are_not_taken_for_what_it_runs(copy):
    """As when the package is upgraded meanwhile: the next process would load what the old sources meant."""
    code = PROBE.format(root=str(copy.root)).replace(
        "print(", f"open({str(copy.kernels / 'called.py')!r}, 'a').write('\\n')\nprint("
    )
    environment = {**os.environ, cache_folder.VARIABLE: str(copy.cache)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert "called.py has changed since this process began" in done.stderr
    assert copy.files() == []


# The folder ---------------------------------------------------------------------------------------------


@pytest.fixture
def looked_up(tmp_path, monkeypatch):
    """Looks the folder up as a new process would, in a folder that is the first argument's default."""
    monkeypatch.setattr(cache_folder, "_BEGAN", math.inf)

    def look_up(path=tmp_path / "own" / "cache"):
        monkeypatch.setenv(cache_folder.VARIABLE, str(path))
        return cache_folder.cache_directory.__wrapped__()

    return look_up


def test_the_folder_is_made_for_this_user_alone(looked_up, tmp_path):
    before = os.umask(0)
    try:
        folder = looked_up()
    finally:
        os.umask(before)
    made = [folder, *folder.parents][:3]
    assert made[-1] == tmp_path / "own"
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}


@pytest.mark.parametrize("levels", [0, 1, 2])
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_folders_open_to_others_are_not_used(looked_up, levels, mode):
    folder = looked_up()
    opened = [folder, *folder.parents][levels]
    opened.chmod(mode)
    if levels == 2 and mode == 0o1777:  # as in /tmp, others cannot touch what is ours in it
        assert looked_up() == folder
        return
    with pytest.warns(
        RuntimeWarning, match=f"other users can write in {opened} .*export TINYGRAD_MNIST_CACHE="
    ):
        assert looked_up() is None
    opened.chmod(0o700)
    assert looked_up() == folder


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give folders away")
@pytest.mark.parametrize("levels", [0, 1, 2])
def test_folders_of_others_are_not_used(looked_up, levels):
    folder = looked_up()
    given = [folder, *folder.parents][levels]
    os.chown(given, 12345, -1)
    with pytest.warns(RuntimeWarning, match=f"{given} belongs to another user"):
        assert looked_up() is None
    os.chown(given, 0, -1)
    assert looked_up() == folder


def test_nothing_is_made_where_others_can_write(looked_up, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs").chmod(0o777)
    with pytest.warns(RuntimeWarning, match="other users can write"):
        assert looked_up(tmp_path / "theirs" / "cache") is None
    assert list((tmp_path / "theirs").iterdir()) == []


@pytest.mark.parametrize("path", ["cache", "~/cache", ".", "../cache"])
def test_a_relative_folder_is_not_used(looked_up, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(RuntimeWarning, match="which is no absolute path"):
        assert looked_up(path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "words"), [("/proc/no", "/proc/no: No such"), ("/dev/null", "is no folder")]
)
def test_folders_that_cannot_be(looked_up, path, words):
    with pytest.warns(RuntimeWarning, match=words):
        assert looked_up(path) is None


@pytest.mark.parametrize("home", [None, "", "~", "."])
def test_without_a_home_there_is_no_cache(monkeypatch, tmp_path, home):
    monkeypatch.chdir(tmp_path)
    for name in (cache_folder.VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    with pytest.warns(RuntimeWarning, match="HOME names no absolute path.*export TINYGRAD_MNIST_CACHE=/abs"):
        assert cache_folder.cache_directory.__wrapped__() is None
    assert list(tmp_path.iterdir()) == []


def test_one_warning_in_a_process_that_works_all_the_same(copy):
    nowhere = dict.fromkeys((cache_folder.VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"))
    for options in ([], ["-W", "error", "-O"]):
        assert copy.run(*options, warning="HOME names no absolute path", **nowhere) == 0
    assert sorted(path.name for path in copy.root.iterdir()) == ["tinygrad_mnist"]


def test_trust(tmp_path):
    trusted = tmp_path / "trusted"
    trusted.mkdir(mode=0o755)
    assert cache_folder.why_not_trusted(trusted) is None
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    (sticky / "own").mkdir(mode=0o700)
    assert cache_folder.why_not_trusted(sticky / "own") is None
    assert "can write in" in cache_folder.why_not_trusted(sticky)
    assert cache_folder.why_not_trusted(sticky, in_sticky=True) is None
    (sticky / "to").symlink_to(trusted)
    assert cache_folder.why_not_trusted(sticky / "to") is None
    opened = tmp_path / "opened"
    opened.mkdir()
    opened.chmod(0o777)
    (opened / "own").mkdir(mode=0o700)
    assert "can write in" in cache_folder.why_not_trusted(opened / "own")
    link = tmp_path / "link"
    link.symlink_to(trusted)
    assert cache_folder.why_not_trusted(link) is None
    (opened / "link").symlink_to(trusted)  # others could have it lead elsewhere
    assert "can write in" in cache_folder.why_not_trusted(opened / "link")
    through = tmp_path / "through"
    through.symlink_to("opened/own")
    assert "can write in" in cache_folder.why_not_trusted(through)
    round_ = tmp_path / "round"
    round_.symlink_to("round")
    assert "is a link to itself" in cache_folder.why_not_trusted(round_)
    (tmp_path / "file").write_text("")
    assert "is no folder" in cache_folder.why_not_trusted(tmp_path / "file")


def test_import_compiles_nothing(tmp_path):
    code = (
        "import tinygrad_mnist.kernels.elementwise, tinygrad_mnist.kernels.matmul, "
        "tinygrad_mnist.kernels.philox, numba\n"
        "from numba.core.dispatcher import Dispatcher\n"
        "import gc\n"
        "print(sum(len(d.overloads) for d in gc.get_objects() if isinstance(d, Dispatcher)))"
    )
    environment = {**os.environ, cache_folder.VARIABLE: str(tmp_path / "cache")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "0", done.stderr
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({cache_folder.VARIABLE: "/a/b"}, Path("/a/b")),
        ({"XDG_CACHE_HOME": "/c"}, Path("/c/tinygrad_mnist")),
        ({"LOCALAPPDATA": "/d"}, Path("/d/tinygrad_mnist")),
        ({"HOME": "/home/someone"}, Path("/home/someone/.cache/tinygrad_mnist")),
        (
            {"XDG_CACHE_HOME": "relative", "HOME": "/home/someone"},
            Path("/home/someone/.cache/tinygrad_mnist"),
        ),
    ],
)
def test_where_the_cache_is(monkeypatch, variables, expected):
    for name in (cache_folder.VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder._root() == expected


# Staying small ------------------------------------------------------------------------------------------


def _entry(folder, name, size, days):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(bytes(size))
    used = time.time() - days * 24 * 3600
    os.utime(folder / name, (used, used))
    return folder / name


def test_pruning_by_age(tmp_path):
    version, old_version = tmp_path / ("0" * 24), tmp_path / ("1" * 24)
    kept = [
        _entry(version, f"elementwise.sin-{'a' * 24}", 10, 59),
        _entry(version / "programs", f"{cache_folder.PROGRAM}{'a' * 24}.py", 10, 1),
        _entry(version, ".half.part", 10, 0.5),
        # not ours, wherever they are and however old
        _entry(version, "notes.txt", 10, 1000),
        _entry(tmp_path / "photographs", f"holiday-{'a' * 24}", 10, 1000),
        _entry(tmp_path, f"elementwise.sin-{'a' * 24}", 10, 1000),
    ]
    gone = [
        _entry(version, f"elementwise.cos-{'a' * 24}", 10, 61),
        _entry(version / "programs", f"{cache_folder.PROGRAM}{'b' * 24}.py", 10, 61),
        _entry(version, ".forgotten.part", 10, 2),
        _entry(old_version / "programs", f"{cache_folder.PROGRAM}{'b' * 24}.py", 10, 61),
        _entry(old_version, f"elementwise.sin-{'a' * 24}", 10, 61),
    ]
    link = tmp_path / ("2" * 24)
    link.symlink_to(tmp_path / "photographs")
    cache_folder.prune(tmp_path)
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in gone)
    for path in (old_version / "programs", old_version):  # young: something has just been removed from them
        cache_folder.prune(tmp_path)
        assert path.exists()
        os.utime(path, (0, 0))
    cache_folder.prune(tmp_path)
    assert not path.exists()


def test_pruning_by_size_removes_what_was_used_longest_ago(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_folder, "MOST_BYTES", 1000)
    folder = tmp_path / ("0" * 24)
    entries = [_entry(folder, f"kernel{days}-{'a' * 24}", 300, days) for days in (4, 1, 3, 2, 5)]
    cache_folder.prune(tmp_path)
    assert [path.exists() for path in entries] == [False, True, True, True, False]


def test_pruning_at_once_with_others(tmp_path, monkeypatch):
    """What another process has removed in between is no error."""
    folder = tmp_path / ("0" * 24)
    for i in range(20):
        _entry(folder, f"kernel{i}-{'a' * 24}", 10, 61)
    remove = os.unlink

    def both(path):
        remove(path)
        remove(path)

    monkeypatch.setattr(os, "unlink", both)
    cache_folder.prune(tmp_path)
    cache_folder.prune(tmp_path)
    cache_folder.prune(tmp_path / "nothing")
    assert list(folder.iterdir()) == []


def test_reading_an_entry_keeps_it_young(tmp_path):
    path = _entry(tmp_path, "entry", 10, 30)
    assert cache_folder.read(path) == bytes(10)
    assert time.time() - path.stat().st_mtime < 60


# What is kept -------------------------------------------------------------------------------------------


def test_types_in_words():
    t = cache_entry.types
    for kind in (t.none, t.int64, t.uint8, t.float32, t.boolean, t.literal(3), t.UniTuple(t.int64, 2),
                 t.Tuple((t.float32, t.Tuple((t.none,)))), arrays.ArrayObject(t.float32)):  # fmt: skip
        words = json.loads(json.dumps(cache_entry._words(kind)))
        assert cache_entry._type(words) == kind
    for kind in (t.pyobject, t.float32[:], t.unicode_type, t.CPointer(t.int64)):
        with pytest.raises(cache_entry.NotKeepable):
            cache_entry._words(kind)
    for words in ("Any", "os", "Number", "intp[:]", ["getattr", 1], ["ArrayObject", "pyobject"]):
        with pytest.raises((cache_entry.NotKeepable, KeyError)):
            cache_entry._type(words)


def test_only_numba_is_imported_for_an_entry(monkeypatch):
    monkeypatch.delitem(sys.modules, "antigravity", raising=False)
    with pytest.raises(KeyError):
        cache_entry._environment("antigravity", "some name")
    assert "antigravity" not in sys.modules


def test_nothing_in_the_package_unpickles():
    root = Path(kernels.__file__).parent.parent
    for path in root.rglob("*.py"):
        for word in ("pickle", "marshal", "shelve", "allow_pickle=True"):
            assert f"import {word}" not in path.read_text(), path


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
        tiles.row_tile(1, 1),
        tiles.row_tile(1, 2),
        abs,
    ]
    descriptions = [cache.describe(value) for value in values]
    assert len(set(descriptions)) == len(values)
    assert cache.describe(_factory((1, "a"))) == cache.describe(_factory((1, "a")))


def test_what_cannot_be_described_is_refused():
    with pytest.raises(TypeError, match="captured a ndarray"):
        cache.describe(_factory(np.zeros(3)))


def test_flush_removes_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "cache_directory", lambda: tmp_path)

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
