"""Figures: what they need, that they can be saved, and that they say what they show."""

import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from lab_task import corners

from tinygrad_mnist import lab
from tinygrad_mnist.errors import DataError, MissingExtraError

figures = lab.figures


@pytest.fixture(scope="module")
def figure():
    return figures.between(
        np.array([0.0, 0.5, 1.0]), {"a": np.array([1.0, 3, 1])}, {"a": np.array([0.1, 0.5, 0.1])}
    )


def test_lines_are_drawn_through_the_numbers_and_axes_are_labelled(figure):
    left, right = figure.axes
    assert left.lines[0].get_ydata().tolist() == [1, 3, 1]
    assert right.lines[0].get_ydata().tolist() == [10, 50, 10]
    assert [ax.get_ylabel() for ax in figure.axes] == ["average cost", "wrong answers (%)"]
    assert all(ax.get_xlabel() for ax in figure.axes)


def test_images_of_a_mosaic_are_in_their_places():
    images, _ = corners(4)
    figure = figures.rows_of_images({"first": images[:3], "second": images[3:]}, {"second": ["named"]})
    (ax,) = figure.axes
    canvas = ax.images[0].get_array().filled(np.nan)
    height, width = images.shape[1:]
    tall, broad = canvas.shape[0] // 2, canvas.shape[1] // 3
    for k, (row, column) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0)]):
        bottom = tall * (row + 1)
        found = canvas[bottom - height : bottom, broad * column : broad * column + width]
        np.testing.assert_allclose(found, 255 * (images[k] / images[k].max()))
    assert "named" in [text.get_text() for text in ax.texts]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]


def test_saved_in_the_format_of_the_name(figure, tmp_path):
    for name, start in (("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<?xml")):
        figures.save(figure, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["a.cake", "nowhere/a.png"])
def test_places_where_no_figure_can_be_saved(figure, tmp_path, name):
    with pytest.raises(DataError, match="cannot write"):
        figures.save(figure, tmp_path / name)


def test_inline_figures_take_the_ink_of_the_page(figure):
    svg = figures.inline_svg(figure, 'what it "shows"')
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == 'what it "shows"'
    assert "currentColor" in svg
    assert "#000000" not in svg
    assert "wrong answers (%)" in "".join(root.itertext())
    assert figures.inline_svg(figure, 'what it "shows"') == svg


def test_without_matplotlib_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for call in (
        lambda: figures.distributions({"a": lab.Answers(np.ones((2, 2)))}),
        lambda: lab.report("nowhere", corners(5), corners(5)),
    ):
        with pytest.raises(MissingExtraError, match=r"tinygrad_mnist\[plot\]"):
            call()
