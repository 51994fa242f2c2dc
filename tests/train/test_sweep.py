import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from small_task import corners

from tinygrad_mnist.errors import DataError, MissingExtraError
from tinygrad_mnist.sweep import Outcome, Range, SweepError, kinds, plot, summaries, sweep, variations
from tinygrad_mnist.sweep.outcome import outcome_of
from tinygrad_mnist.sweep.shelf import Shelf
from tinygrad_mnist.sweep.standing import Standing
from tinygrad_mnist.train import Recipe, RecipeError, run
from tinygrad_mnist.train.elsewhere.dealing import EngineError

EXAMPLES = corners(60)
BASE = Recipe(hidden=(5,), epochs=3, batch_size=10, rate=2.0, validation=0.25)
DIVERGING = BASE.but(activation="relu", output="none", rate=1e30)
LONG = BASE.but(hidden=(800, 800), batch_size=45, epochs=499)  # one more would be compiled


# Recipes ---------------------------------------------------------------------------------------------


def test_what_is_named_twice_is_tried_once():
    recipes = variations(BASE, {"hidden": [(4,), (4,), (5,)], "seed": [1, 1]})
    assert [(recipe.hidden, recipe.seed) for recipe in recipes] == [((4,), 1), ((5,), 1)]


def test_an_engine_that_is_not_there_is_refused_though_all_is_done(tmp_path):
    with pytest.raises(EngineError, match="there is no engine 'jobliib'"):
        sweep([], *EXAMPLES, tmp_path, backend="jobliib")


def test_variations_are_all_combinations():
    recipes = variations(BASE, {"hidden": [(3,), (4, 4)], "seed": [0, 1, 2]}, epochs=7)
    assert [(r.hidden, r.seed) for r in recipes] == [(h, s) for h in [(3,), (4, 4)] for s in (0, 1, 2)]
    assert {r.epochs for r in recipes} == {7}
    assert recipes[0].but(hidden=(5,), epochs=3) == BASE


def test_what_is_fixed_counts_before_what_an_optimiser_brings():
    choices = {"optimiser": ["sgd", "adam"]}
    assert [r.rate for r in variations(BASE, choices)] == [2.0, Recipe().but(optimiser="adam").rate]
    assert [r.rate for r in variations(BASE, choices, rate=0.5)] == [0.5, 0.5]


def test_samples_are_drawn_once_each_and_always_the_same():
    choices = {"hidden": [(3,), (4,)], "rate": Range(0.01, 10.0), "batch_size": Range(2, 9, whole=True)}
    recipes = variations(BASE, {**choices, "seed": [0, 1]}, sample=40, epochs=2)
    assert recipes == variations(BASE, {**choices, "seed": [0, 1]}, sample=40, epochs=2)
    assert len(set(recipes)) == 80
    rates = [recipe.rate for recipe in recipes]
    assert 0.01 <= min(rates) < 0.1 < 1 < max(rates) <= 10  # each decade is met
    assert {recipe.batch_size for recipe in recipes} == {*range(2, 10)}
    grid = {"hidden": [(3,), (4,)], "rate": [0.1, 0.2]}
    assert variations(BASE, grid, sample=9) == variations(BASE, grid)
    assert len({*variations(BASE, grid, sample=3)}) == 3
    assert len(variations(BASE, {"batch_size": Range(2, 3, whole=True)}, sample=9)) == 2
    with pytest.raises(RecipeError, match=r"rate from 0\.01 to 10 is a range"):
        variations(BASE, choices)
    with pytest.raises(RecipeError, match="at least one sample, not 0"):
        variations(BASE, grid, sample=0)


# Outcomes --------------------------------------------------------------------------------------------


def test_an_outcome_is_that_of_the_run():
    shares = []
    outcome = outcome_of(BASE, *EXAMPLES, shares.append)
    network = run(BASE, *EXAMPLES)
    last = network.history.epochs[-1]
    assert (outcome.accuracy, outcome.cost) == (last.validation_accuracy, last.validation_cost)
    assert outcome.parameters == sum(p.numel() for p in network.model.parameters())
    assert outcome.failure is None
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {1 / 3, 2 / 3} < {*shares}


def test_diverging_is_an_outcome():
    outcome = outcome_of(DIVERGING, *EXAMPLES, lambda share: None)
    assert (outcome.accuracy, outcome.cost) == (None, None)
    assert "epoch 1" in outcome.failure


def test_the_shelf_gives_back_what_was_put_there(tmp_path):
    shelf = Shelf(tmp_path / "new" / "folder", *EXAMPLES)
    assert shelf.find(BASE) is None
    outcomes = [outcome_of(recipe, *EXAMPLES, lambda share: None) for recipe in (BASE, DIVERGING)]
    for outcome in outcomes:
        shelf.put(outcome)
    again = Shelf(tmp_path / "new" / "folder", *EXAMPLES)
    assert [again.find(BASE), again.find(DIVERGING)] == outcomes
    assert again.find(BASE.but(seed=1)) is None


def test_the_shelf_is_for_these_examples_and_this_version(tmp_path, monkeypatch):
    images, labels = EXAMPLES
    outcome = Outcome(BASE, 10, 1.0, 0.9, 0.1)
    Shelf(tmp_path, images, labels).put(outcome)
    assert Shelf(tmp_path, images, labels).find(BASE) == outcome
    assert Shelf(tmp_path, images, labels[::-1]).find(BASE) is None
    assert Shelf(tmp_path, images ^ 1, labels).find(BASE) is None
    monkeypatch.setattr("tinygrad_mnist.sweep.shelf.__version__", "next")
    assert Shelf(tmp_path, images, labels).find(BASE) is None


def test_a_damaged_file_is_as_good_as_none(tmp_path):
    shelf = Shelf(tmp_path, *EXAMPLES)
    shelf.put(Outcome(BASE, 10, 1.0, 0.9, 0.1))
    (path,) = tmp_path.iterdir()
    whole = path.read_text()
    other = json.dumps(json.loads(whole) | {"recipe": {"hidden": [4]}})
    for text in (whole[:-10], "", "[]", "{}", "\0", "[" * 100_000, whole.replace("sgd", "luck"), other):
        path.write_text(text)
        assert shelf.find(BASE) is None
    path.write_text(whole)
    assert shelf.find(BASE) is not None


def test_folders_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot make the folder"):
        Shelf(tmp_path / "file", *EXAMPLES)
    shelf = Shelf(tmp_path / "gone", *EXAMPLES)
    (tmp_path / "gone").rmdir()
    with pytest.raises(DataError, match="cannot write"):
        shelf.put(Outcome(BASE, 10, 1.0, 0.9, 0.1))


# Sweeps ----------------------------------------------------------------------------------------------


def test_each_run_gives_what_it_gives_alone_and_only_once(tmp_path, monkeypatch):
    recipes = [BASE, DIVERGING, BASE.but(hidden=(9, 4)), BASE.but(seed=1), BASE]
    heard, shares = [], []
    outcomes = sweep(
        recipes, *EXAMPLES, tmp_path, workers=2,
        on_outcome=lambda *news: heard.append(news), on_progress=lambda *news: shares.append(news),
    )  # fmt: skip
    assert [outcome.recipe for outcome in outcomes] == recipes
    for outcome in outcomes:
        alone = outcome_of(outcome.recipe, *EXAMPLES, lambda share: None)
        assert (outcome.accuracy, outcome.cost) == (alone.accuracy, alone.cost)
        assert (outcome.failure is None) == (outcome.recipe != DIVERGING)
    assert sorted(map(str, heard)) == sorted(str((outcome, False)) for outcome in outcomes[:-1])
    assert {recipe for recipe, share in shares if share == 0} == {*recipes}
    assert {recipe for recipe, share in shares if share == 1} == {*recipes} - {DIVERGING}

    monkeypatch.setattr("tinygrad_mnist.sweep.trainings.outcome_of", None)  # nothing is trained now
    kept = []
    assert sweep(recipes, *EXAMPLES, tmp_path, on_outcome=lambda *news: kept.append(news)) == outcomes
    assert kept == [(outcome, True) for outcome in outcomes]


def test_an_interruption_keeps_what_is_done_and_ends_the_rest(tmp_path):
    def interrupt(recipe, share):
        if recipe.hidden == LONG.hidden and share:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        sweep(
            [BASE, LONG.but(seed=1), BASE.but(seed=2)], *EXAMPLES, tmp_path, workers=1, on_progress=interrupt
        )
    assert threading.active_count() == before
    found = [Shelf(tmp_path, *EXAMPLES).find(BASE.but(seed=seed)) for seed in (0, 2)]
    assert [outcome is not None for outcome in found] == [True, False]
    assert len(list(tmp_path.iterdir())) == 1


def test_too_little_memory_is_that_networks_outcome_and_is_tried_again(tmp_path):
    huge = BASE.but(hidden=(2**30, 2**30))
    failed, done = sweep([huge, BASE], *EXAMPLES, tmp_path)
    assert "not enough memory" in failed.failure
    assert done.failure is None
    shelf = Shelf(tmp_path, *EXAMPLES)
    assert (shelf.find(huge), shelf.find(BASE)) == (None, done)
    assert summaries([failed, done])[1].diverged == 1


def test_the_hopeless_are_ended_only_where_that_is_asked(tmp_path):
    good = [BASE.but(seed=seed, epochs=10) for seed in range(6)]
    hopeless = BASE.but(rate=1e-6, epochs=10, seed=7)
    recipes = [*good, hopeless]
    outcomes = sweep(recipes, *EXAMPLES, tmp_path, workers=1, stop_hopeless=True)
    last = outcomes[-1]
    assert last.stopped
    assert 2 <= len(last.curve) < 10
    assert summaries(outcomes)[-1].stopped == 1
    assert sweep(recipes, *EXAMPLES, tmp_path, stop_hopeless=True) == outcomes
    whole = sweep(recipes, *EXAMPLES, tmp_path)
    assert not any(outcome.stopped for outcome in whole)
    assert whole[-1].curve[: len(last.curve)] == last.curve
    for outcome, early in zip(whole, outcomes, strict=True):
        if not early.stopped:
            assert outcome == early


def test_what_is_hopeless():
    standing = Standing()
    for k in range(4):
        standing.add(Outcome(BASE, 50, 1.0, 0.9, 0.1, curve=(0.1 * k, 0.9)))
    assert not standing.is_hopeless([0.0] * 5, 10)  # beside fewer than five
    standing.add(Outcome(BASE, 50, 1.0, 0.9, 0.1, curve=(0.5, 0.9)))
    standing.add(Outcome(BASE, 50, 1.0, failure="diverged", curve=(1.0, 1.0)))
    standing.add(Outcome(BASE, 50, 1.0, 0.9, 0.1, curve=(1.0,), stopped=True))
    assert not standing.is_hopeless([0.0], 10)  # too early to say
    assert standing.is_hopeless([0.19, 0.1], 4)
    assert not standing.is_hopeless([0.2, 0.1], 4)
    assert standing.is_hopeless([0.89] * 4, 4)


def test_what_a_run_raises_is_raised(tmp_path):
    with pytest.raises(DataError, match="both need at least one"):
        sweep([BASE.but(validation=0.001)], *EXAMPLES, tmp_path)


def test_nobody_to_train(tmp_path):
    with pytest.raises(SweepError, match="at least one worker, not 0"):
        sweep([BASE], *EXAMPLES, tmp_path, workers=0)


def test_without_validation_there_is_nothing_to_compare(tmp_path):
    with pytest.raises(RecipeError, match="give a validation share"):
        sweep([BASE, BASE.but(validation=0.0)], *EXAMPLES, tmp_path)


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from test_sweep import BASE, EXAMPLES, LONG
from tinygrad_mnist.sweep import sweep

def tell(recipe, share):
    if recipe == LONG and share:
        print("begun", flush=True)

sweep([BASE, LONG], *EXAMPLES, {folder!r}, workers=2, on_progress=tell)
"""


def test_killed_nothing_is_lost(tmp_path):
    script = tmp_path / "script.py"
    folder = tmp_path / "results"
    script.write_text(KILLED.format(tests=str(Path(__file__).parent), folder=str(folder)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "begun\n"
        until = time.monotonic() + 60
        while Shelf(folder, *EXAMPLES).find(BASE) is None and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    (kept,) = sweep([BASE], *EXAMPLES, folder)
    assert Shelf(folder, *EXAMPLES).find(BASE) == kept
    assert len(list(folder.iterdir())) == 1


# Summaries and the plot --------------------------------------------------------------------------------

OUTCOMES = [
    Outcome(BASE, 50, 1.0, 0.90, 0.3),
    Outcome(BASE.but(seed=1), 50, 3.0, 0.94, 0.2),
    Outcome(BASE.but(hidden=(9, 4)), 90, 2.0, 0.97, 0.1),
    Outcome(BASE.but(hidden=(9, 4), seed=7), 90, 4.0, failure="diverged"),
    Outcome(DIVERGING, 50, 1.0, failure="diverged"),
]


def test_summaries():
    best, second, diverged = summaries(OUTCOMES)
    assert (best.hidden, best.accuracies, best.diverged, best.seconds) == ("9-4", (0.97,), 1, 3.0)
    assert (second.hidden, second.accuracies, second.diverged) == ("5", (0.90, 0.94), 0)
    assert second.accuracy == pytest.approx(0.92)
    assert (diverged.accuracies, diverged.diverged, diverged.accuracy) == ((), 1, 0)


def test_kinds_name_what_differs():
    assert kinds(summaries(OUTCOMES)) == ["sigmoid", "sigmoid", "relu"]
    assert kinds(summaries(OUTCOMES[:3])) == ["", ""]
    rates = [Outcome(BASE.but(rate=rate), 50, 1.0, 0.9, 0.3) for rate in (0.5, 1e-3)]
    assert kinds(summaries(rates)) == ["rate 0.5", "rate 0.001"]
    other = Outcome(BASE.but(optimiser="adam", cost="cross-entropy"), 50, 1.0, 0.99, 0.1)
    assert kinds(summaries([OUTCOMES[0], other])) == ["cross-entropy, adam", "quadratic, sgd"]


def test_the_plot_shows_means_ranges_and_landmarks(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: figures.append(self))
    plot(summaries(OUTCOMES), tmp_path / "plot.png")
    (axes,) = figures[0].axes
    (container,) = axes.containers  # what diverged is not drawn
    points, _, (bars,) = container
    np.testing.assert_allclose(points.get_xydata(), [[50, 92], [90, 97]])
    np.testing.assert_allclose(bars.get_segments(), [[[50, 90], [50, 94]], [[90, 97], [90, 97]]])
    assert {text.get_text() for text in axes.texts} == {"96%", "98%", "5", "9-4"}


def test_the_plot_is_a_picture(tmp_path):
    plot(summaries(OUTCOMES), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_plots_that_cannot_be(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="all runs diverged"):
        plot(summaries(OUTCOMES[-1:]), tmp_path / "plot.png")
    with pytest.raises(DataError, match="cannot write"):
        plot(summaries(OUTCOMES), tmp_path / "no" / "plot.png")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"tinygrad_mnist\[plot\]"):
        plot(summaries(OUTCOMES), tmp_path / "plot.png")
