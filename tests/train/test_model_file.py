import json
import os
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from small_task import corners, numbers

from tinygrad_mnist import __version__, model_file, writing
from tinygrad_mnist.errors import DataError
from tinygrad_mnist.train import History, Recipe, run

RECIPE = Recipe(hidden=(6, 5), epochs=2, batch_size=5, validation=0.2, seed=3)


@pytest.fixture(scope="module")
def network():
    return run(RECIPE, *corners(40))


@pytest.fixture
def path(network, tmp_path):
    model_file.save(network, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_there_and_back(network, path):
    loaded = model_file.load(path)
    assert numbers(loaded.model) == numbers(network.model)
    assert (loaded.recipe, loaded.image_size, loaded.classes) == (RECIPE, (6, 6), 4)
    assert loaded.history == History.from_json(network.history.to_json(times=False))
    images, labels = corners(20, seed=1)
    assert (loaded.outputs(images) == network.outputs(images)).all()
    assert loaded.evaluate(images, labels).cost == network.evaluate(images, labels).cost
    assert not loaded.model.training


def test_what_is_in_it(network, path):
    weights = load_file(path)
    assert {name: x.shape for name, x in weights.items()} == {
        "0.weight": (6, 36),
        "0.bias": (6,),
        "2.weight": (5, 6),
        "2.bias": (5,),
        "4.weight": (4, 5),
        "4.bias": (4,),
    }
    assert {x.dtype for x in weights.values()} == {np.dtype(np.float32)}
    description = json.loads(metadata(path)["tinygrad_mnist"])
    assert description["version"] == __version__
    assert description["image_size"] == [6, 6]
    assert description["recipe"]["activation"] == "sigmoid"
    assert len(description["history"]["epochs"]) == 2


def test_same_recipe_same_bytes(path, tmp_path):
    model_file.save(run(RECIPE, *corners(40)), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_replaces_whole_or_not_at_all(network, path, monkeypatch):
    before = path.read_bytes()

    def fail(source, destination):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail)
        with pytest.raises(DataError, match=r"cannot write .*model.safetensors: No space left on device"):
            model_file.save(network, path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["model.safetensors"]
    path.write_bytes(b"old")
    model_file.save(network, path)
    assert path.read_bytes() == before


def test_places_where_no_file_can_be(network, tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        model_file.save(network, tmp_path / "nowhere" / "model")
    with pytest.raises(DataError, match="no regular file"):
        model_file.save(network, tmp_path)
    with pytest.raises(DataError, match="no regular file"):
        model_file.check_place(os.devnull, 1, 1)
    with pytest.raises(DataError, match="do not fit into a model file"):
        model_file.check_place(tmp_path / "model", 1 << 60, 1)


def test_the_room_that_is_asked_for_is_enough(path, network):
    parameters = sum(p.numel() for p in network.model.parameters())
    asked = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writing, "check_place", lambda path, size: asked.append(size))
        model_file.check_place(path, parameters, RECIPE.epochs)
    assert path.stat().st_size - 2000 < asked[0]


# Files that are no models --------------------------------------------------------------------------


def metadata(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length])["__metadata__"]


def rewrite(path, weights=None, **changes):
    """Write the file again, with other weights or changes in its description."""
    description = json.loads(metadata(path)["tinygrad_mnist"]) | changes
    save_file(weights or load_file(path), path, {"tinygrad_mnist": json.dumps(description)})


def complaint(path):
    with pytest.raises(DataError) as caught:
        model_file.load(path)
    message = str(caught.value)
    assert message.startswith(f"cannot load {path}: ")
    assert "\n" not in message
    return message


def test_rewriting_alone_is_harmless(path):
    rewrite(path)
    model_file.load(path)


def test_missing(tmp_path):
    assert "missing or not a regular file" in complaint(tmp_path / "nothing")
    assert "missing or not a regular file" in complaint(tmp_path)


@pytest.mark.parametrize("content", [b"", b"short", b"\x00" * 100, b"\xff" * 100, b"{}" * 500])
def test_not_safetensors(tmp_path, content):
    (tmp_path / "model").write_bytes(content)
    assert "damaged or no model file" in complaint(tmp_path / "model")


def test_cut_off_anywhere(path):
    content = path.read_bytes()
    for length in range(0, len(content), 37):
        path.write_bytes(content[:length])
        assert "damaged or no model file" in complaint(path)


def test_foreign_safetensors(tmp_path):
    for described in (None, {"format": "pt"}):
        save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "foreign", described)
        assert "not a model of this package" in complaint(tmp_path / "foreign")


def test_weights_that_do_not_fit(path):
    good = load_file(path)
    rewrite(path, {name: x for name, x in good.items() if name != "2.bias"})
    assert "holds 276" in complaint(path)
    swapped = good | {"0.weight": good["0.weight"].T.copy()}
    rewrite(path, swapped)
    assert "size mismatch for 0.weight: copying a param with shape (36, 6)" in complaint(path)
    renamed = {name.replace("0.", "9."): x for name, x in good.items()}
    rewrite(path, renamed)
    assert 'Missing key(s) in state_dict: "0.weight"' in complaint(path)
    rewrite(path, good | {"2.bias": np.full(5, np.nan, np.float32)})
    assert "not finite" in complaint(path)


def test_a_description_of_absurd_size_allocates_nothing(path):
    recipe = json.loads(metadata(path)["tinygrad_mnist"])["recipe"]
    rewrite(path, recipe=recipe | {"hidden": [10**9, 10**9]})
    assert "6-1000000000-1000000000-4 with 1,000,000,0" in complaint(path)
    rewrite(path, image_size=[2**40, 2**40])
    assert "description is damaged" in complaint(path)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [("activation", "step", "unknown activation 'step'"), ("hidden", 3, "description is damaged"),
     ("hidden", None, "description is damaged"), ("rate", None, "rate must be"), ("strange", 1, "strange")],
)  # fmt: skip
def test_a_damaged_recipe(path, setting, value, words):
    recipe = json.loads(metadata(path)["tinygrad_mnist"])["recipe"]
    rewrite(path, recipe=recipe | {setting: value})
    assert words in complaint(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("recipe", None), ("recipe", {}), ("history", None), ("history", {"epochs": [1], "interrupted": False}),
     ("image_size", [6]), ("image_size", [6, 0]), ("image_size", "66"), ("classes", None), ("classes", 0),
     ("classes", 4.0)],
)  # fmt: skip
def test_a_damaged_description(path, key, value):
    rewrite(path, **{key: value})
    assert "damaged" in complaint(path)


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "{", "[" * 10_000])
def test_a_description_that_is_none(path, text):
    save_file(load_file(path), path, {"tinygrad_mnist": text})
    assert "description is damaged" in complaint(path)
