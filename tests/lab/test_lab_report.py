"""The report, on networks that are trained in a moment."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from lab_task import RECIPE, SIZE, corners

import tinygrad_mnist as tg
from tinygrad_mnist import lab, nn, train
from tinygrad_mnist.errors import DataError
from tinygrad_mnist.lab.story.networks import trained
from tinygrad_mnist.train.given import network_of

TWEAKED = RECIPE.but(hidden=(9,), epochs=2)
TRAIN, TEST = corners(300), corners(100, seed=1)
TEST[1][:3] = 1 - TEST[1][:3].clip(0, 1)  # some that nobody can get right


class Page(HTMLParser):
    """What is on a page: texts, and every place it would load something from."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.loads, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        self.loads += [names[key] for key in ("src", "href", "xlink:href") if key in names]

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def folder(network, tmp_path_factory):
    place = tmp_path_factory.mktemp("report") / "new" / "folder"
    said = []
    lab.report(
        place, TRAIN, TEST, network=network, seeds=2, tweaked=TWEAKED, source="corners", say=said.append
    )
    assert sum(line.startswith("trained") for line in said) == 2
    return place


def test_the_page_stands_alone(folder):
    page = Page((folder / "index.html").read_text())
    assert all(place.startswith(("#", "data:image/png")) for place in page.loads)
    text = " ".join(page.texts)
    assert "64-6-5-4, trained on 300 images of corners" in text
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", (folder / "index.html").read_text())


def test_every_figure_is_a_file_too(folder):
    page = (folder / "index.html").read_text()
    names = {path.stem for path in folder.iterdir()}
    assert {"patterns", "importance", "noise", "drawings", "slices", "between", "mistakes", "graph"} <= names
    assert page.count("<figure") == len([n for n in folder.iterdir() if n.suffix in (".png", ".svg")])


def test_numbers_are_those_of_the_networks(folder, network):
    numbers = json.loads((folder / "numbers.json").read_text())
    other = train.run(RECIPE.but(seed=1), *TRAIN, compiled=False)
    expected = [n.evaluate(*TEST).accuracy for n in (network, other)]
    assert numbers["accuracy"]["accuracies"] == expected
    assert numbers["network"]["parameters"] == 64 * 6 + 6 + 6 * 5 + 5 + 5 * 4 + 4
    assert numbers["gradient"]["largest_relative_error"] < 0.01
    assert numbers["mistakes"]["wrong"] == round((1 - expected[0]) * 100) >= 3
    verdicts = {claim["said"]: claim["verdict"] for claim in numbers["claims"]}
    assert verdicts["the network has 13,002 weights and biases"] == "does not hold"
    assert verdicts["an entry of the gradient says how much its weight matters"] == "holds"
    assert "not measured" not in verdicts.values()


def test_claims_are_in_a_table_at_the_end(folder):
    numbers = json.loads((folder / "numbers.json").read_text())
    table = (folder / "index.html").read_text().split('id="claims"')[1]
    text = "|".join(Page(table).texts)
    for claim in numbers["claims"]:
        assert f"{claim['said']}|{claim['measured']}|{claim['verdict']}" in text


def test_inputs_that_are_no_pictures_and_a_single_seed(tmp_path):
    rows = [corners(n, seed, shape=(1, SIZE * SIZE)) for n, seed in ((150, 0), (60, 1))]
    recipe = RECIPE.but(hidden=(), epochs=1)
    claims = lab.report(tmp_path, *rows, recipe=recipe, seeds=1, tweaked=TWEAKED)
    text = (tmp_path / "index.html").read_text()
    assert "rows of 64 numbers" in text
    assert "no other minimum" in text
    assert {"patterns", "drawings", "exciting", "between"}.isdisjoint(
        path.stem for path in tmp_path.iterdir()
    )
    assert [c.verdict for c in claims if "no pictures" in c.measured] == ["not measured"] * 3


def test_networks_trained_side_by_side_are_those_trained_alone():
    recipes = [RECIPE.but(epochs=1, seed=seed) for seed in (4, 5)] + [TWEAKED.but(epochs=1)]
    for network, recipe in zip(trained(recipes, TRAIN, lambda line: None), recipes, strict=True):
        alone = train.run(recipe, *TRAIN)
        assert network.recipe == recipe
        for name, values in alone.model.state_dict().items():
            np.testing.assert_array_equal(network.model.state_dict()[name], values)


def test_what_cannot_be_reported(network, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot make the folder"):
        lab.report(tmp_path / "file" / "folder", TRAIN, TEST, network=network)
    with pytest.raises(DataError, match="8 x 8 pixels, these have 1 x 64"):
        lab.report(tmp_path, TRAIN, corners(9, shape=(1, 64)), network=network)
    with pytest.raises(ValueError, match="seeds must be at least 1"):
        lab.report(tmp_path, TRAIN, TEST, network=network, seeds=0)


def test_a_module_without_a_recipe_gets_what_fits_it(tmp_path):
    module = nn.Sequential(nn.Linear(64, 6, generator=tg.Generator(0)), nn.ReLU(), nn.Linear(6, 4))
    claims = lab.report(tmp_path, TRAIN, TEST, network=network_of(module), seeds=3, tweaked=TWEAKED)
    text = " ".join(Page((tmp_path / "index.html").read_text()).texts)
    assert "saved without a recipe" in text
    assert "Left out" not in text
    assert any(claim.measured == "only one seed was trained" for claim in claims)
    deep = nn.Sequential(nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 4))
    network = train.TrainedNetwork(deep, network_of(module).recipe, (8, 8), 4, train.History())
    lab.report(tmp_path, TRAIN, TEST, network=network, seeds=1, tweaked=TWEAKED)
    text = " ".join(Page((tmp_path / "index.html").read_text()).texts)
    assert "Left out: patterns" in text
    assert "pictures of 8 x 8 pixels need that many inputs" in text
