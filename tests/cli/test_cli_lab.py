"""The commands that look inside a model, and the report, in this process."""

import re
import sys
from xml.etree import ElementTree

import pytest

from tinygrad_mnist import lab, model_file
from tinygrad_mnist.cli import main

COMMANDS = (
    *("importance", "patterns", "excite", "mistakes", "noise", "calibration"),
    *("drawing", "slices", "curvature", "between", "trace", "graph"),
)


def printed(capsys, *arguments):
    status = main([*map(str, arguments)])
    captured = capsys.readouterr()
    assert (status, captured.err) == (0, "")
    return captured.out


def complaint(capsys, *arguments):
    status = main([*map(str, arguments)])
    captured = capsys.readouterr()
    assert status == 2
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help(capsys, command):
    assert f"Usage: tinygrad-mnist lab {command}" in printed(capsys, "lab", command, "--help")


def test_importance_shows_predictions_that_come_true(capsys, model, folder):
    text = printed(capsys, "lab", "importance", model, "--data", folder, "--examples", 500, "--top", 3)
    rows = re.findall(r"(\S+\[\d+(?:, \d+)?\])\s+([+-]\S+)\s+([+-]\S+)", text)
    assert len(rows) == 6
    assert all(abs(float(m) / float(p) - 1) < 0.02 for _, p, m in rows)


def test_what_one_example_wants(capsys, model, folder, digits):
    network = model_file.load(model)
    inputs, targets = lab.examples(network, *(x[7:8] for x in digits[0]))
    alone = lab.importance(network.model, network.recipe.cost_function, (inputs, targets))
    text = printed(capsys, "lab", "importance", model, "--data", folder, "--example", 7, "--top", 1)
    assert f"cost {alone.cost:.5f}" in text
    assert alone.surface.name(int(alone.ranking()[0])) in text


def test_an_example_that_is_not_there(capsys, model, folder):
    assert "no image 3000" in complaint(
        capsys, "lab", "importance", model, "--data", folder, "--example", 3000
    )
    assert "no image -1" in complaint(capsys, "lab", "trace", model, "--data", folder, "--image", -1)


def test_patterns(capsys, model):
    text = printed(capsys, "lab", "patterns", model)
    alike = {name: float(x) for name, x in re.findall(r"(\w+ \w+)\s+\d+\s+(-?[\d.]+)", text)}
    assert alike["after training"] > alike["before training"]


def test_mistakes(capsys, model, folder, digits):
    wrong = 300 - model_file.load(model).evaluate(*digits[1]).correct
    text = printed(capsys, "lab", "mistakes", model, "--data", folder, "--top", 2)
    assert text.startswith(f"{wrong} of 300 test images are wrong")
    assert len(re.findall(r"^ *\d+ +\d +\d +[\d.]+ ", text, re.MULTILINE)) == 2


def test_noise_and_images_of_another_folder(capsys, model, folder, digits):
    found = lab.answers(model_file.load(model), digits[1][0])
    text = printed(capsys, "lab", "noise", model, "--data", folder, "--others", folder)
    line = f"{found.confidence.mean():.3f}  {found.sure(0.5):.1%}"
    rows = {row.split()[0]: " ".join(row.split()) for row in text.splitlines() if row.strip()}
    assert " ".join(line.split()) in rows["test"]
    assert " ".join(line.split()) in rows[folder.name]
    assert rows["blank"].endswith("(100%)")


def test_calibration(capsys, model, folder, digits):
    found = lab.calibration(lab.answers(model_file.load(model), digits[1][0]), digits[1][1])
    text = printed(capsys, "lab", "calibration", model, "--data", folder)
    assert f"expected calibration error {found.expected_error:.4f}" in text


def test_the_way_from_a_network_to_itself_is_level(capsys, model, folder):
    text = printed(capsys, "lab", "between", model, model, "--data", folder, "--examples", 100)
    rows = re.findall(r"^ *([01]\.\d\d) +([\d.]+) +([\d.]+)% *$", text, re.MULTILINE)
    assert len(rows) == 21
    assert len({row[1:] for row in rows}) == 1


def test_trace_names_every_layer(capsys, model, folder):
    text = printed(capsys, "lab", "trace", model, "--data", folder)
    assert [row.split()[:3] for row in text.splitlines()[4:-1]] == [
        ["0", "Linear", "32"],
        ["1", "SiLU", "32"],
        ["2", "Linear", "10"],
        ["(all)", "MLP", "10"],
    ]


def test_graph(capsys, here, model, folder):
    printed(capsys, "lab", "graph", model, "--data", folder, "--out", "g.svg")
    assert ElementTree.parse(here / "g.svg").getroot().tag.endswith("svg")
    assert "cannot write" in complaint(capsys, "lab", "graph", model, "--data", folder, "--out", "no/g.svg")


@pytest.mark.parametrize(
    "arguments",
    [
        "excite --layer 2",
        "drawing --data FOLDER",
        "slices --data FOLDER --examples 100 --directions 2",
        "curvature --data FOLDER --examples 100 --steps 10",
        "trace --data FOLDER",
    ],
)
def test_figures(capsys, here, model, folder, arguments):
    command, *options = arguments.replace("FOLDER", str(folder)).split()
    text = printed(capsys, "lab", command, model, *options, "--figure", "a.png")
    assert text.endswith("figure saved to a.png\n")
    assert (here / "a.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib(capsys, here, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for arguments in (["lab", "patterns", model, "--figure", "a.png"], ["report", "--out", "a"]):
        assert 'pip install "tinygrad_mnist[plot]"' in complaint(capsys, *arguments)
    assert list(here.iterdir()) == []
    assert "Moran" in printed(capsys, "lab", "patterns", model)


def test_report(capsys, here, model, folder, monkeypatch):
    def report(out, train, test, *, network, seeds, source, say):
        say(f"{len(train[0])} {len(test[0])} {network.recipe.hidden} {seeds} {source}")
        return [lab.Claim("the earth is flat", "it is not", "does not hold")]

    monkeypatch.setattr("tinygrad_mnist.lab.report", report)
    text = printed(capsys, "report", "--out", "place", "--model", model, "--data", folder, "--seeds", 3)
    assert text.startswith(f"3000 300 (32,) 3 the data in {folder}\n")
    assert "the earth is flat" in text
    assert "does not hold" in text
    assert text.endswith("report saved to place/index.html\n")
