"""`train --checkpoint`, `--checkpoint-every`, `--resume`."""

import os
import time

import pytest

from tinygrad_mnist import train
from tinygrad_mnist.cli import main

SMALL = ["--hidden", "8", "--batch-size", "20", "--validation", "0.1", "--augment"]


def saved(folder):
    return sorted(name for name in os.listdir(folder) if name.startswith("step-")) if folder.exists() else []


def test_a_killed_training_goes_on(start, program, folder, tmp_path):
    given = ["train", *SMALL, "--epochs", "6", "--data", folder]
    process = start(*given, "--checkpoint", "run", "--checkpoint-every", "10")
    deadline = time.monotonic() + 100
    while len(saved(tmp_path / "run")) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert saved(tmp_path / "run")

    status, output, errors = program(*given, "--checkpoint", "run")
    assert status == 2
    assert errors == "error: run holds checkpoints already: resume that training, or name another folder\n"
    status, output, errors = program(
        "train", "--data", folder, "--checkpoint", "run", "--resume", "--out", "a"
    )
    assert status == 0, errors
    assert "model saved to a" in output
    status, *_ = program(*given, "--out", "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def complaint(capsys, *arguments):
    assert main([*map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_resuming(here, capsys, folder):
    given = ["train", "--data", folder, "--hidden", "4", "--batch-size", "500"]
    assert (
        main([*map(str, given), "--epochs", "1", "--checkpoint", "run", "--resume"]) == 0
    )  # nothing there: begins
    assert saved(here / "run") == ["step-000000000006.safetensors"]
    capsys.readouterr()
    errors = complaint(capsys, *given, "--epochs", "2", "--checkpoint", "run", "--resume")
    assert "of another training: recipe epochs was 1, now it is 2" in errors
    errors = complaint(capsys, "train", "--checkpoint", "run", "--resume")
    assert "data images was" in errors
    (here / "run" / "step-000000000006.safetensors").write_bytes(b"damaged")
    errors = complaint(capsys, "train", "--data", folder, "--checkpoint", "run", "--resume")
    assert "step-000000000006.safetensors cannot be read: it is damaged" in errors


def test_checkpoints_of_a_loop_by_hand(here, capsys):
    train.save_checkpoint("run", 1, number=1)
    assert "are not of this command" in complaint(capsys, "train", "--checkpoint", "run", "--resume")


@pytest.mark.parametrize("options", [["--resume"], ["--checkpoint-every", "5"]])
def test_options_that_need_a_folder(here, capsys, options):
    assert complaint(capsys, "train", *options) == f"error: {options[0]} needs --checkpoint FOLDER\n"


@pytest.mark.parametrize("every", ["0", "-1", "1.5", "x", "s", "0s", "nans", "infs", "1e3", ""])
def test_how_often(here, capsys, every):
    errors = complaint(capsys, "train", "--checkpoint", "run", f"--checkpoint-every={every}")
    assert errors.count("\n") == 1
    assert "takes steps, as in 500, or seconds, as in 30s" in errors
    assert not (here / "run").exists()
