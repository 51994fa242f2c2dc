"""What notebooks show, and the one in `examples/` run from beginning to end."""

import base64
import io
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tinygrad_mnist as tg
from tinygrad_mnist import lab, nn, train
from tinygrad_mnist.errors import MissingExtraError
from tinygrad_mnist.train.progress import Progress

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"


def pixels(html):
    data = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("shape", [(28, 28), (8, 20), (1, 9, 9), (3, 16, 12)])
def test_tensors_shaped_like_an_image_are_one(shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    image = pixels(tg.Tensor(x)._repr_html_())
    expected = np.moveaxis(x, 0, 2) if shape[0] == 3 else x.reshape(shape[-2:])
    expected = np.round((expected - x.min()) / (x.max() - x.min()) * 255)
    np.testing.assert_allclose(image, expected, atol=1)
    assert f"Tensor {shape}, float32" in tg.Tensor(x)._repr_html_()


def test_tensors_that_are_no_image():
    table = tg.Tensor([[1.5, 2.0], [3.0, float("nan")]])._repr_html_()
    assert re.findall(r">([^<>]+)</td>", table) == ["1.5", "2", "3", "nan"]
    long = tg.arange(100)._repr_html_()
    assert long.count("<td") == 9
    assert "…" in long
    tall = tg.ones((1000, 2))._repr_html_()
    assert tall.count("<tr>") == 9
    assert "<pre>3" in tg.Tensor(3.0)._repr_html_()
    assert "Tensor (0, 28)" in tg.ones((0, 28))._repr_html_()
    assert pixels(tg.ones((9, 9))._repr_html_()).max() == 0
    assert pixels(tg.Tensor(np.full((9, 9), np.nan))._repr_html_()).shape == (9, 9)


def test_modules_are_a_table():
    html = nn.Sequential(nn.Linear(3, 2), nn.ReLU())._repr_html_()
    rows = [re.findall(r">([^<>]*)</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    assert rows == [
        ["name", "layer", "shapes", "parameters"],
        ["0", "Linear", "weight (2, 3), bias (2,)", "8"],
        ["1", "ReLU", "", "0"],
        ["total", "", "", "8"],
    ]


def history(count, **numbers):
    return train.History(
        [train.EpochRecord(i + 1, 1 / (i + 1), 0.5 + i / 20, 0.1, **numbers) for i in range(count)]
    )


@pytest.mark.parametrize("count", [1, 2, 10])
def test_histories_are_a_curve(count):
    html = history(count, validation_cost=0.5)._repr_html_()
    svg = ElementTree.fromstring(html[: html.index("</svg>") + 6])
    lines = svg.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 3  # cost of both, accuracy of training
    assert all(len(line.get("points").split()) == count for line in lines)
    assert f"{count} epochs, finished" in html
    assert "0 epochs" in train.History()._repr_html_()


def test_results_of_the_lab_are_their_figure():
    outputs = np.random.default_rng(0).dirichlet(np.ones(4), 30)
    answers, labels = lab.Answers(outputs), np.arange(30) % 4
    for found in (answers, lab.mistakes(answers, labels), lab.calibration(answers, labels)):
        assert "<svg" in found._repr_html_()


def test_a_bar_in_a_terminal(capsys):
    shown = Progress(2)
    shown.step(1, 5, 10)
    shown.epoch(history(1).epochs[0])
    shown.end()
    assert capsys.readouterr().err.split("\r")[-1].startswith("[===============               ] epoch 2/2")


def test_the_notebook():
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # made anew by whoever runs it
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    shown = json.dumps([cell.get("outputs", []) for cell in notebook.cells])
    for part in ("data:image/png", "<table>", "<progress", "polyline", "<svg", "of 10,000 test images"):
        assert part in shown
    accuracy = float(re.search(r"'(\d+\.\d)% of 10,000", shown)[1])
    assert accuracy > 80


def small_network():
    (images, labels), _ = tg.data.mnist()
    recipe = train.Recipe(hidden=(4,), epochs=1, batch_size=100)
    return train.run(recipe, images[:500], labels[:500], compiled=False)


def test_the_glass_network_is_a_widget_that_holds_the_network():
    pytest.importorskip("anywidget")
    network = small_network()
    widget = lab.glass(network)
    assert 'model.get("page")' in widget._esm
    assert "page" in widget.get_state()  # what the notebook's browser is sent
    held = re.search(r'<script type="application/json" id="network">(.*?)</script>', widget.page)[1]
    numbers = np.frombuffer(base64.b64decode(json.loads(held)["parameters"]), "<f4")
    own = [x.detach().numpy().ravel() for x in network.model.parameters()]
    np.testing.assert_array_equal(numbers, np.concatenate(own))


def test_the_glass_network_without_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingExtraError, match=r"tinygrad_mnist\[notebook\]"):
        lab.glass(small_network())
