"""Wrong input and odd surroundings: one line and status 2, no traceback, nothing that steers a terminal."""

import fcntl
import io
import json
import os
import pickle
import pty
import re
import struct
import subprocess
import sys
import termios
import time
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from tinygrad_mnist import model_file, train
from tinygrad_mnist.cli.terminal import printable

PROGRAM = [sys.executable, "-m", "tinygrad_mnist"]


@pytest.fixture
def run(tmp_path):
    """Runs the program: (status, output, errors); one line at most where the status is 2."""

    def run(*arguments, shell=None, **variables):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **variables}
        command = [*PROGRAM, *map(str, arguments)]
        if shell:
            command = ["sh", "-c", f'"$@" {shell}', "sh", *command]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=120)
        errors = done.stderr.decode(errors="replace")
        assert "Traceback" not in errors, errors
        assert "fault of this program" not in errors, errors
        assert all(len(line) <= 520 for line in errors.splitlines()), errors
        assert "\x1b" not in errors
        if done.returncode == 2:
            assert re.fullmatch("error: .+\n", errors), errors
        return done.returncode, done.stdout.decode(errors="replace"), errors

    return run


def test_wrong_variables(run, model):
    for value in ("x", "-1", "0", "1.5", "9" * 5000, "²"):
        status, _, errors = run("evaluate", model, TINYGRAD_MNIST_NUM_THREADS=value)
        assert status == 2
        assert "TINYGRAD_MNIST_NUM_THREADS" in errors
    status, _, errors = run("evaluate", model, TINYGRAD_MNIST_DATA="/no/such/folder")
    assert (status, "/no/such/folder" in errors) == (2, True)


def test_output_that_nobody_reads(run, model, folder):
    assert run("evaluate", model, "--data", folder, shell=">&-")[0] == 0
    assert run("evaluate", model, "--data", folder, shell=">&- 2>&- <&-")[0] == 0
    assert run("evaluate", model, "--data", folder, shell=">/dev/full")[0] == 2
    assert run("lab", "calibration", model, "--data", folder, shell="| true")[1] == ""


def test_names_that_a_terminal_cannot_show(run, model, tmp_path):
    name = "ink\x1b[2J\udcff é.npy"
    np.save(tmp_path / name, np.eye(9))
    status, output, _ = run("predict", model, name, PYTHONIOENCODING="ascii")
    assert status == 0
    assert output.startswith("ink\\x1b[2J\\udcff \\xe9.npy: ")
    assert run("predict", model, "no" + name, PYTHONIOENCODING="ascii")[0] == 2


def test_printable():
    assert printable("a\tb\x1b[0m\x9b\u202e\n") == "a\\tb\\x1b[0m\\x9b\\u202e\n"
    assert printable("plain é") == "plain é"


@pytest.mark.parametrize("columns", ["0", "1", "2", "3", "999999999", "x", "²", "9" * 5000])
def test_terminals_of_any_width(run, columns):
    status, output, _ = run("train", "--help", COLUMNS=columns)
    assert status == 0
    assert len(output) < 1_000_000


def test_a_terminal_of_two_columns(model, folder, tmp_path):
    """A real one, in which a bar moves while the network is trained."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 2, 0, 0))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    command = [*PROGRAM, "train", "--data", folder, "--hidden", "4", "--epochs", "1", "--batch-size", "50"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    until, seen = time.monotonic() + 100, b""
    while time.monotonic() < until:
        try:
            seen += os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            break
    os.close(ours)
    assert process.wait(timeout=20) == 0, seen[-500:]


# Models -------------------------------------------------------------------------------------------------


def rewrite(path, target, **changes):
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    head = json.loads(content[8 : 8 + length])
    description = json.loads(head["__metadata__"]["tinygrad_mnist"])
    for name, value in changes.items():
        place = description["recipe"] if name in description["recipe"] else description
        place[name] = value
    head["__metadata__"]["tinygrad_mnist"] = json.dumps(description)
    text = json.dumps(head).encode()
    target.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])
    return target


@pytest.mark.parametrize(
    "changes",
    [
        {"rate": 10**400}, {"input_scale": 10**400}, {"seed": 10**400}, {"classes": 10**400},
        {"hidden": [10**400]}, {"hidden": [1] * 150_000}, {"hidden": [2**30] * 900},
        {"image_size": [10**400, 1]}, {"activation": "\x1b[31m" + "x" * 10_000},
        {"history": {"interrupted": False, "epochs": [{"epoch": 1, "cost": 10**400, "rate": 1}]}},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_descriptions_of_models(run, model, tmp_path, changes):
    start = time.process_time()
    assert run("info", rewrite(model, tmp_path / "changed", **changes))[0] == 2
    assert time.process_time() - start < 10


def test_a_model_of_many_bytes(run, tmp_path):
    path = tmp_path / "sparse"
    path.write_bytes((100).to_bytes(8, "little"))
    os.truncate(path, 1 << 40)
    assert "a model at most 1,073,741,824" in run("info", path)[2]
    path.write_bytes((50 << 20).to_bytes(8, "little"))
    os.truncate(path, 60 << 20)
    assert "its description has 52,428,800 bytes" in run("info", path)[2]


def test_a_long_history_is_kept_as_far_as_a_file_goes(model, tmp_path):
    network = model_file.load(model)
    epochs = [train.EpochRecord(i, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 1 / 3) for i in range(1, 40_001)]
    network.history.epochs[:] = epochs
    model_file.save(network, tmp_path / "long")
    kept = model_file.load(tmp_path / "long").history.epochs
    assert kept == epochs[-len(kept) :]
    assert len(kept) > 20_000


# Pictures -----------------------------------------------------------------------------------------------


def png_of(width, height):
    """A picture of zeros of that size, in a file of some kilobytes."""

    def chunk(name, body):
        return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x01\x00\x00\x00\x00"
    pack = zlib.compressobj(9)
    rows = b"".join(pack.compress(bytes((width + 7) // 8 + 1)) for _ in range(height)) + pack.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_pictures_of_many_pixels(run, model, tmp_path):
    (tmp_path / "large.png").write_bytes(png_of(13_300, 13_300))
    assert (tmp_path / "large.png").stat().st_size < 50_000
    status, _, errors = run("predict", model, "large.png", shell="")
    assert (status, "13,300 x 13,300 pixels" in errors) == (2, True)


def test_only_the_formats_of_the_help_are_opened(run, model, tmp_path):
    picture = Image.fromarray(np.eye(40, dtype=np.uint8) * 255)
    read = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
    for kind in read:
        picture.save(tmp_path / kind, kind)
    assert run("predict", model, *read)[0] == 0
    for kind in ("EPS", "PPM", "PCX", "TGA", "ICO", "PDF"):
        picture.convert("L").save(tmp_path / "picture.png", kind)
        assert run("predict", model, "picture.png")[0] == 2
    assert "PNG, JPEG, GIF, BMP, TIFF, WEBP" in " ".join(run("predict", "--help")[1].replace("│", "").split())


class Runs:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_arrays_that_are_none(run, model, tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", b"x")
    header = b"\x93NUMPY\x01\x00"

    def npy(text):
        return header + len(text).to_bytes(2, "little") + text.encode()

    good = io.BytesIO()
    np.save(good, np.array([[1.0, np.inf], [0, 1]]))
    contents = [
        b"", b"x", file.getvalue(), pickle.dumps(Runs()), good.getvalue(),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (" + "9" * 400 + ", 1)}"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 1)}"),
        npy("(" * 5000), npy("{'descr': 'O', 'fortran_order': False, 'shape': (1, 1)}"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}"), npy("\x00"), npy("1 +"),
    ]  # fmt: skip
    for content in contents:
        (tmp_path / "a.npy").write_bytes(content)
        assert run("predict", model, "a.npy")[0] == 2, content[:80]
    assert not (tmp_path / "ran").exists()
    np.save(tmp_path / "a.npy", np.array([[1e308, -1e308], [-1e308, -1e308]]))
    assert run("predict", model, "a.npy")[0] == 0


# Places -------------------------------------------------------------------------------------------------


def test_the_place_of_the_model_is_tried_before_the_training(run, folder, tmp_path):
    (tmp_path / "folder").mkdir()
    for out in ("x" * 300, "folder", "no/such/folder/model"):
        status, output, errors = run("train", "--data", folder, "--out", out)
        assert (status, output) == (2, "")
        assert "cannot write" in errors
    status, _, _ = run("train", "--data", folder, "--epochs", 1, "--hidden", 4, "--out", "x" * 252)
    assert status == 0


def test_gradcheck_does_not_take_the_working_folder_for_the_standard_library(tmp_path):
    (tmp_path / "colorsys.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "mine.py").write_text("import colorsys\ndef check_nothing(): pass\n")
    code = "import sys; from tinygrad_mnist.cli import main; sys.exit(main(['gradcheck', 'mine']))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-P", "-c", code]  # -P: Python itself does not look there
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert "shadowed" not in done.stderr
    assert "check_nothing" in done.stdout, done.stderr
