"""The board: what is chosen, what is measured, and that it goes on where it was stopped."""

import importlib
import io
import json

import numpy as np
import pytest
from rich.console import Console

import tinygrad_mnist as tg
from benchmarks.board import command, page, search, ways
from benchmarks.board.recipe import BoardRecipe

SMALL = BoardRecipe().but(
    hidden=(4,), activation="relu", cost="cross-entropy", optimiser="adamw", batch_size=50, epochs=2
)
CONVOLVES = SMALL.but(filters=(2, 3), rate=0.002)


def tried(goal, cpu_seconds, accuracies, **changes):
    recipe = SMALL.but(**changes).plain()
    return {"goal": goal, "cpu_seconds": cpu_seconds, "accuracies": accuracies, "recipe": recipe}


def test_the_fastest_that_surely_reaches_the_share_is_chosen():
    unsure = tried("96", 0.1, [0.955, 0.965, 0.97, 0.959, 0.962], hidden=(5,))
    few = tried("96", 0.2, [0.97, 0.97], hidden=(6,))
    sure = tried("96", 0.3, [0.964, 0.965, 0.966, 0.965, 0.964], hidden=(7,))
    slow = tried("96", 0.4, [0.98] * 5, hidden=(8,))
    assert search.chosen([slow, sure, few, unsure], "96") is sure
    assert search.chosen([slow, sure, few, unsure], "97") is None


@pytest.mark.parametrize(
    ("accuracies", "given_up"),
    [([], False), ([0.957], True), ([0.959], False), ([0.959, 0.962, 0.958], True), ([0.961] * 4, False)],
)
def test_a_candidate_is_given_up_early(accuracies, given_up):
    assert search.hopeless(accuracies, "96") is given_up


def test_candidates_are_ordered_and_fill_their_batches():
    for goal in search.GOALS:
        recipes = search.candidates(goal)
        assert [search.work(r) for r in recipes] == sorted(search.work(r) for r in recipes)
        assert all(60_000 % r.batch_size == 0 and 60_000 // r.batch_size * r.epochs >= 500 for r in recipes)


def test_the_recipes_are_what_the_outcomes_say():
    found = json.loads(search.FILE.read_text(encoding="utf-8"))
    for goal, recipe in search.recipes().items():
        assert recipe == BoardRecipe.from_dict(search.chosen(found["tried"], goal)["recipe"])


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The board of one small network on few images."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (200, 28, 28)).astype(np.uint8)
    labels = np.arange(200) % 10
    monkeypatch.setattr(command.data, "mnist", lambda: ((images, labels), (images, labels)))
    monkeypatch.setattr(command, "recipes", lambda: {"96": SMALL})
    monkeypatch.setattr(command.machine, "cores", lambda: 1)
    (tmp_path / "speed.md").write_text(f"before\n{page.BEGIN}\n{page.END}\nafter\n")

    def run(*arguments):
        out = io.StringIO()
        given = ["--libraries", "ours", "--whole", "1", "--page", "speed.md", *arguments]
        return command.main(given, Console(file=out, width=200)), out.getvalue()

    return run


def test_the_board_is_measured_written_and_gone_on_with(small, tmp_path, monkeypatch):
    assert small("--seeds", "2")[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "board-results.jsonl").read_text().splitlines()]
    assert [(x["how"], x["seed"]) for x in lines] == [
        ("tuning", 0),
        ("warmed", 0),
        ("warmed", 1),
        ("cold", 0),
        ("warm", 0),
    ]
    text = (tmp_path / "speed.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| **96%** | tinygrad_mnist |" in text
    assert "784-4-10 relu" in text
    whole = lines[-1]
    assert whole["seconds"] > lines[1]["seconds"]  # a process is longer than the training within

    asked = []
    monkeypatch.setattr(command.Runs, "do", lambda self, one: asked.append((one["how"], one["seeds"])))
    assert small("--seeds", "4")[0] == 0
    assert asked == [("warmed", [2, 3])]
    asked.clear()
    assert small("--seeds", "2", "--anew", "cold")[0] == 0
    assert asked == [("cold", [0])]


def test_a_warm_process_has_the_cache_of_the_cold_one_before(small, monkeypatch):
    ran = []

    def run(self, one, threads, cache):
        ran.append((one["how"], cache.name))
        return [{"seed": seed, "accuracy": 1.0, "seconds": 1.0, "cpu_seconds": 1.0} for seed in one["seeds"]]

    monkeypatch.setattr(command.Runs, "run", run)
    assert small("--seeds", "1", "--whole", "2")[0] == 0
    (first, a), (second, b), (third, c), (fourth, d) = ran[2:]
    assert [first, second, third, fourth] == ["cold", "warm", "cold", "warm"]
    assert a == b != c == d
    ran.clear()
    assert small("--seeds", "1", "--anew", "warm")[0] == 0
    assert ran == [("warm", "warm")] * 2  # the first fills it


def test_only_what_is_asked_for_is_forgotten(tmp_path):
    kept = [
        {"goal": "96", "library": "ours", "how": "warm"},
        {"goal": "97", "library": "torch", "how": "warm"},
    ]
    gone = {"goal": "96", "library": "torch", "how": "warm"}
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [kept[0], gone, kept[1]]))
    results = command.Results(path)
    results.forget(how=["warm", "cold"], goal=["96"], library=["torch"])
    assert results.lines == command.Results(path).lines == kept


def test_a_board_of_some_shares_leaves_the_others_in_the_table():
    line = {"library": "ours", "how": "warmed", "accuracy": 0.97, "seconds": 1.0, "cpu_seconds": 1.0}
    line |= {"threads": 1, "load": 0.0}
    chosen = {"96": SMALL, "97": SMALL.but(hidden=(5,)), "98": CONVOLVES}
    lines = [{**line, "goal": goal, "recipe": chosen[goal].plain()} for goal in ("96", "98")]
    text = page.markdown(chosen, lines, {"processor": "one", "cores": 1, "python": "3"})
    assert "**96%**" in text
    assert "**98%**" in text
    assert "3 filters of 5 x 5, 48-4-10" in text
    assert "97%" not in text


def test_a_stopped_board_keeps_its_measurements(small, tmp_path, monkeypatch):
    def interrupted(self, one):
        self.results.add({"goal": "96", "seed": 0})
        raise KeyboardInterrupt

    monkeypatch.setattr(command.Runs, "do", interrupted)
    status, said = small()
    assert status == 130
    assert "goes on" in said
    path = tmp_path / "board-results.jsonl"
    with path.open("a") as file:
        file.write('{"goal": "96", "recipe": {}')  # the plug was pulled while a line was written
    results = command.Results(path)
    results.add({"seed": 1})
    assert results.lines == command.Results(path).lines == [{"goal": "96", "seed": 0}, {"seed": 1}]


def test_a_library_that_is_not_there_is_said(small, monkeypatch):
    monkeypatch.setitem(ways.LIBRARIES, "nowhere", "Nowhere")
    status, said = small("--libraries", "nowhere")
    assert status == 2
    assert "Nowhere failed" in said
    assert "--libraries ours" in said


@pytest.mark.parametrize(
    ("settings", "words", "multiply_adds"),
    [
        ({}, "784-4-10 relu", 785 * 4 + 5 * 10),
        ({"filters": (6,)}, "6 filters of 5 x 5, 864-4-10 relu", 25 * 6 * 24**2 + 865 * 4 + 5 * 10),
        (
            {"filters": (2, 3)},
            "2 filters of 5 x 5, 3 filters of 5 x 5, 48-4-10 relu",
            25 * 2 * 24**2 + 25 * 2 * 3 * 8**2 + 49 * 4 + 5 * 10,
        ),
    ],
)
def test_a_recipe_says_its_network(settings, words, multiply_adds):
    recipe = SMALL.but(**settings)
    assert recipe.words().startswith(words)
    assert recipe.multiply_adds() == multiply_adds
    assert BoardRecipe.from_dict(json.loads(json.dumps(recipe.plain()))) == recipe
    model = recipe.build_model(784, 10)
    assert model(tg.zeros(3, 784)).shape == (3, 10)
    assert [p.shape for p in model.parameters() if p.ndim > 1] == ways.shapes(recipe.filters, recipe.hidden)


def test_first_weights_of_convolutions():
    recipe = SMALL.but(filters=(300, 4), gain=1.4, seed=1)
    first, second = ([p.numpy() for p in recipe.build_model(784, 10).parameters()] for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert [first[k].std() * first[k][0].size ** 0.5 for k in (0, 2)] == pytest.approx([1.4, 1.4], rel=0.03)
    assert not any(first[k].any() for k in (1, 3))


@pytest.mark.parametrize("recipe", [SMALL, CONVOLVES], ids=["layers", "convolutions"])
@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_others_do_the_same_work(library, recipe):
    """Weights after two epochs of theirs, and of our operations from their first weights and batches."""
    pytest.importorskip(library)
    recipe = recipe.but(weight_decay=0.1)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (200, 28, 28)).astype(np.uint8), np.arange(200) % 10
    way = importlib.import_module(f"benchmarks.board.{library}_way").Way(
        recipe.plain(), {"images": images, "labels": labels}, 1
    )
    theirs = np.asarray(way.outputs(way.train(3, 2), images))

    random = np.random.default_rng(3)
    model = recipe.build_model(784, 10)
    for p, value in zip(model.parameters(), ways.first(recipe.plain(), random), strict=True):
        p.assign_(value)
    optimiser = recipe.build_optimiser(model, 8)
    x = tg.Tensor(images.reshape(-1, 784).astype(np.float32) / 255)
    for _ in range(2):
        for index in ways.batches(200, 50, random):
            optimiser.zero_grad()
            tg.nn.cross_entropy(model(x[index]), labels[index]).backward()
            optimiser.step()
    np.testing.assert_allclose(theirs, model(x).numpy(), rtol=1e-3, atol=1e-3)
