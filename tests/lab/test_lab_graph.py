"""The computation graph as SVG."""

import itertools
import re
import xml.etree.ElementTree as ElementTree

import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import lab, nn
from tinygrad_mnist.errors import GraphError

SPACE = "{http://www.w3.org/2000/svg}"


def parsed(svg):
    """(label and shape of each box, its rectangle (x, y, width, height)), and the paths."""
    root = ElementTree.fromstring(svg)
    texts = [x.text for x in root.iter(f"{SPACE}text")]
    rectangles = [
        tuple(float(x.get(k)) for k in ("x", "y", "width", "height")) for x in root.iter(f"{SPACE}rect")
    ]
    boxes = list(zip(zip(texts[::2], texts[1::2], strict=True), rectangles, strict=True))
    return boxes, [x.get("d") for x in root.iter(f"{SPACE}path")]


@pytest.fixture
def cost():
    model = nn.MLP(3, 4, 2, activation=nn.GELU, generator=tg.Generator(0))
    inputs = tg.ones((5, 3))
    return nn.cross_entropy(model(inputs), [0, 1, 1, 0, 1]), {**dict(model.named_parameters()), "x": inputs}


def test_boxes_are_the_recorded_operations_and_leaves(cost):
    boxes, _ = parsed(lab.graph(*cost))
    labels = [label for label, _ in boxes]
    for label in (
        ("0.weight", "4 × 3"),
        ("2.bias", "2"),
        ("x", "5 × 3"),
        ("linear", "5 × 4"),
        ("erf", "5 × 4"),
    ):
        assert labels.count(label) == 1
    assert ("mul 0.5", "5 × 4") in labels
    assert labels[-1] == ("div 5", "a number")


def test_results_are_below_what_they_are_made_of_and_nothing_overlaps(cost):
    boxes, paths = parsed(lab.graph(*cost))
    for (_, a), (_, b) in itertools.combinations(boxes, 2):
        apart = a[0] + a[2] < b[0] or b[0] + b[2] < a[0] or a[1] + a[3] < b[1] or b[1] + b[3] < a[1]
        assert apart
    for path in paths:
        numbers = [float(x) for x in re.findall(r"-?[\d.]+", path)]
        assert "v" in path or numbers[-1] > numbers[1]


def test_an_operand_that_is_used_twice_has_two_edges():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    boxes, paths = parsed(lab.graph(x * x))
    assert [label for label, _ in boxes] == [("parameter", "2"), ("mul", "2")]
    assert len(paths) == 2


def test_names_are_escaped():
    x = tg.Tensor(1.0, requires_grad=True)
    svg = lab.graph(x.exp(), {"<x & y>": x})
    assert ("<x & y>", "a number") in [label for label, _ in parsed(svg)[0]]
    assert svg._repr_svg_() == svg


def test_a_long_graph_needs_no_recursion():
    y = tg.Tensor(1.0, requires_grad=True)
    for _ in range(1500):
        y = y + 1
    assert len(parsed(lab.graph(y))[0]) == 1501


def test_nothing_to_draw():
    x = tg.Tensor(1.0, requires_grad=True)
    with tg.no_grad():
        y = x.exp()
    for tensor in (x, y):
        with pytest.raises(GraphError, match="not recorded"):
            lab.graph(tensor)
    z = x.exp()
    z.backward()
    with pytest.raises(GraphError, match="freed"):
        lab.graph(z)
