"""The program as a user meets it: another process, its output and its exit status."""

import json
import re
import signal

import numpy as np
import pytest
from PIL import Image

from tinygrad_mnist import __version__, model_file

QUICK = ("--hidden", 8, "--epochs", 2, "--batch-size", 50)


def test_train_then_evaluate_predict_and_info(program, folder, digits, tmp_path):
    _, (images, labels) = digits
    status, output, errors = program("train", "--data", folder, *QUICK, "--rate", 2, "--seed", 3)
    assert (status, errors) == (0, "")
    lines = output.splitlines()
    assert lines[0] == "network 784-8-10, seed 3, 3,000 training images"
    for number, line in enumerate(lines[1:3], 1):
        assert re.fullmatch(
            rf"epoch {number}/2  cost \d\.\d{{4}}  training accuracy \d+\.\d\d%  [\d,]+ images/s  \d+ s left",
            line,
        )
    assert lines[3] == "model saved to digits.safetensors"
    assert re.fullmatch(r"test accuracy \d\d\.\d\d%", lines[4])
    assert lines[5:] == []

    status, output, errors = program("evaluate", "digits.safetensors", "--data", folder)
    assert (status, errors) == (0, "")
    assert output.splitlines()[-1] == lines[4]
    network = model_file.load(tmp_path / "digits.safetensors")
    evaluation = network.evaluate(images, labels)
    assert lines[4] == f"test accuracy {evaluation.accuracy:.2%}"

    np.save(tmp_path / "one.npy", images[0])
    Image.fromarray(255 - images[0]).resize((140, 140)).save(tmp_path / "two.png")
    status, output, errors = program("predict", "digits.safetensors", "one.npy", "two.png")
    assert (status, errors) == (0, "")
    first, outputs, second, _ = output.splitlines()
    assert first == f"one.npy: {network.outputs(images[:1]).argmax()}"
    assert re.fullmatch(r"  0: \d\.\d{3}(  \d: \d\.\d{3}){9}", outputs)
    assert re.fullmatch(r"two.png: \d", second)

    status, output, errors = program("info", "digits.safetensors")
    assert (status, errors) == (0, "")
    assert "0.weight (8, 784)\n  0.bias (8,)\n" in output
    assert re.search(r"seed +3\n", output)
    assert "trained for 2 epochs" in output


def test_json_lines(program, folder):
    status, output, errors = program(
        "train", "--data", folder, *QUICK, "--json", "--confusion", "--validation", 0.1, "--out", "my.model"
    )
    assert (status, errors) == (0, "")
    events = [json.loads(line) for line in output.splitlines()]
    assert [event["event"] for event in events] == ["start", "epoch", "epoch", "saved", "test"]
    assert events[0]["sizes"] == [784, 8, 10]
    assert events[0]["recipe"]["batch_size"] == 50
    assert events[1]["epoch"] == 1
    assert 0 <= events[2]["validation_accuracy"] <= 1
    assert events[3] == {"event": "saved", "path": "my.model", "interrupted": False}
    confusion = np.array(events[4]["confusion"])
    assert confusion.sum() == 300
    assert events[4]["accuracy"] == confusion.trace() / 300


@pytest.mark.parametrize("way", [[], ["--eager"]])
def test_interrupting_saves_the_model_so_far(start, folder, tmp_path, way):
    process = start("train", "--data", folder, "--hidden", 8, "--epochs", 100_000, *way)
    lines = [process.stdout.readline() for _ in range(3)]
    assert lines[2].startswith("epoch      2/100000")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert output.splitlines()[-1] == "interrupted; the model so far is saved to digits.safetensors"
    network = model_file.load(tmp_path / "digits.safetensors")
    assert network.history.interrupted
    assert len(network.history.epochs) >= 2


def test_mistakes_take_one_line_and_status_2(program, tmp_path):
    (tmp_path / "damaged").write_bytes(b"not a model")
    for arguments in (
        ["train", "--epochs", "many"],
        ["evaluate", "damaged"],
        ["predict", "missing", "a.png"],
    ):
        status, output, errors = program(*arguments)
        assert (status, output) == (2, "")
        assert re.fullmatch(r"error: .+\n", errors)


def test_a_reader_that_leaves(start, folder):
    process = start("train", "--data", folder, *QUICK)
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == ""


def test_version_and_help(program):
    assert program("--version") == (0, f"{__version__}\n", "")
    status, output, _ = program("--help")
    assert status == 0
    for command in ("train", "evaluate", "predict", "info", "sweep"):
        assert command in output
