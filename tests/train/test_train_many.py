"""Many networks at once: each as if it were alone; failures are results; Ctrl-C keeps what is done."""

import os
import random
import signal
import threading
import time
import tracemalloc

import numpy as np
import pytest
import random_recipes

import tinygrad_mnist as tg
from tinygrad_mnist import data, kernels, train
from tinygrad_mnist.compiler.specialization import Specialization
from tinygrad_mnist.errors import DataError
from tinygrad_mnist.kernels import threads
from tinygrad_mnist.train.crew import Crew
from tinygrad_mnist.train.identity import generators_of
from tinygrad_mnist.train.workbench import Workbenches

SMALL = train.Recipe(hidden=(5,), epochs=2, batch_size=25)
MIXED = [
    SMALL,
    SMALL.but(seed=1),
    SMALL.but(hidden=(4, 3), activation="tanh", optimiser="adam"),
    SMALL.but(cost="cross-entropy", rate=0.5, batch_size=40, validation=0.25),
    SMALL.but(epochs=1, augment=1.0),
    SMALL.but(hidden=(), activation="relu"),
]
DIVERGING = SMALL.but(cost="cross-entropy", activation="relu", rate=1e30, schedule="constant")


@pytest.fixture(scope="module")
def examples():
    (images, labels), _ = data.mnist()
    return images[:300], labels[:300]


def weights(network):
    return np.concatenate([p.numpy().ravel() for p in network.model.parameters()])


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_each_is_as_if_it_were_alone(examples, workers):
    jobs = [*MIXED, DIVERGING]
    random.Random(workers).shuffle(jobs)
    came = []
    found = tg.train_many(jobs, examples, workers=workers, on_result=came.append, compiled=False)
    assert [result.job for result in found] == jobs
    assert {id(result) for result in came} == {id(result) for result in found}
    for result in found:
        assert result.done
        if result.job is DIVERGING:
            assert isinstance(result.error, train.DivergenceError)
            assert result.value is None
            continue
        alone = train.run(result.job, *examples, compiled=False)
        np.testing.assert_array_equal(weights(result.value), weights(alone))
        assert result.value.history.to_dict(times=False) == alone.history.to_dict(times=False)


def test_random_recipes():
    """More of them: `python tests/train/random_recipes.py --count 200`."""
    assert random_recipes.check(10, workers=3, seed=3)  # one diverges


def test_compiled_networks_of_one_kind(examples):
    jobs = [SMALL.but(seed=seed) for seed in range(3)]
    for job, result in zip(jobs, tg.train_many(jobs, examples, workers=2), strict=True):
        np.testing.assert_array_equal(weights(result.value), weights(train.run(job, *examples)))


@pytest.mark.parametrize(
    "base",
    [
        SMALL.but(schedule="cosine", momentum=0.5, validation=0.2),
        SMALL.but(optimiser="adamw", cost="cross-entropy", weight_decay=0.1, dropout=0.2),
        SMALL.but(optimiser="rmsprop", momentum=0.5, schedule="constant"),
    ],
    ids=lambda recipe: recipe.optimiser,
)
def test_a_step_is_recorded_once_for_a_kind(base, examples, monkeypatch):
    monkeypatch.setattr("tinygrad_mnist.train.loop._WORTH_COMPILING", 0)
    recorded, record = [], Specialization.record

    def counted(*args):
        recorded.append(args)
        return record(*args)

    jobs = [
        base.but(seed=k, rate=base.rate / (1 + k), weight_decay=0.01 * (k + 1), epochs=1 + k)
        for k in range(3)
    ]
    jobs += [base.but(seed=9, momentum=0.3) if base.momentum else base.but(seed=9, gain=1.5)]
    alone = [train.run(job, *examples) for job in jobs]
    monkeypatch.setattr(Specialization, "record", staticmethod(counted))
    found = tg.train_many(jobs, examples, workers=1)
    assert len(recorded) == 1
    for result, other in zip(found, alone, strict=True):
        np.testing.assert_array_equal(weights(result.value), weights(other))
        assert result.value.history.to_dict(times=False) == other.history.to_dict(times=False)
        states = [list(map(str, generators_of(x.model).values())) for x in (result.value, other)]
        assert states[0] == states[1]
    models = {id(p.array) for result in found for p in result.value.model.parameters()}
    assert len(models) == sum(len(list(result.value.model.parameters())) for result in found)


def test_workbenches_that_nobody_uses_are_forgotten(examples, monkeypatch):
    monkeypatch.setattr("tinygrad_mnist.train.workbench._KEPT", 2)
    crew = Crew(*examples, compiled=False)
    for width in (2, 3, 4):
        crew.train(SMALL.but(hidden=(width,)))
    assert [kind.hidden for kind, _ in crew._benches._free] == [(3,), (4,)]


def test_functions_share_the_data_and_work_alone(examples):
    def job(images, labels):
        assert images is examples[0]
        return threads.get_num_threads(), threading.get_ident(), len(labels)

    before = kernels.threads.get_num_threads()
    found = [result.value for result in tg.train_many([job, job], examples, workers=2)]
    assert {(each[0], each[2]) for each in found} == {(1, 300)}
    assert threads.get_num_threads() == before


def test_ctrl_c_gives_what_is_done(examples):
    def interrupting(images, labels):
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        return "sent"

    long = SMALL.but(epochs=10_000)
    jobs = [SMALL, interrupting, long, *[SMALL.but(seed=k) for k in range(2, 40)]]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        found = tg.train_many(jobs, examples, workers=1, compiled=False)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (found[0].done, found[1].value) == (True, "sent")
    assert not found[2].done
    assert not any(result.done for result in found[3:])
    np.testing.assert_array_equal(
        weights(found[0].value), weights(train.run(SMALL, *examples, compiled=False))
    )


def test_what_a_listener_raises_ends_everything(examples):
    def refuse(result):
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        tg.train_many([SMALL.but(seed=k) for k in range(20)], examples, on_result=refuse, compiled=False)


def test_what_is_refused(examples):
    with pytest.raises(ValueError, match="at least one worker, not 0"):
        tg.train_many([SMALL], examples, workers=0)
    with pytest.raises(TypeError, match="a Recipe or a function, not a str"):
        tg.train_many(["article"], examples)
    with pytest.raises(DataError, match="300 images and 2 labels"):
        tg.train_many([SMALL], (examples[0], examples[1][:2]))
    with pytest.raises(DataError, match=r"such as tg.data.mnist\(\)\[0\]"):
        tg.train_many([SMALL], (examples, examples))
    assert tg.train_many([], examples) == []
    for workers in ("2", 2.0, True):
        with pytest.raises(TypeError, match="workers is a whole number, not"):
            tg.train_many([SMALL], examples, workers=workers)
    for jobs in (SMALL, None):
        with pytest.raises(TypeError, match="takes a sequence of jobs"):
            tg.train_many(jobs, examples)
    for pair in (examples[0], None, (*examples, 1)):
        with pytest.raises(TypeError, match="data is images and labels"):
            tg.train_many([SMALL], pair)
    with pytest.raises(TypeError, match="on_result is a function, not a int"):
        tg.train_many([SMALL], examples, on_result=3)
    with pytest.raises(DataError, match="not float64 and int64"):
        tg.train_many([SMALL], (examples[0] / 255, examples[1]))
    with pytest.raises(DataError, match="not uint8 and float64"):
        tg.train_many([SMALL], (examples[0], examples[1] * 1.0))
    with pytest.raises(DataError, match="there is a -3"):
        tg.train_many([SMALL], (examples[0], examples[1] - 3))
    with pytest.raises(DataError, match="no images"):
        tg.train_many([SMALL], (examples[0][:0], examples[1][:0]))


def test_jobs_of_any_iterable(examples):
    jobs = [SMALL.but(epochs=1, seed=k) for k in (0, 1, 0)]
    found = tg.train_many((job for job in jobs), examples, compiled=False)
    assert [result.job for result in found] == jobs
    np.testing.assert_array_equal(weights(found[0].value), weights(found[2].value))


def test_many_within_many(examples):
    def job(images, labels):
        return weights(tg.train_many([SMALL], (images, labels), workers=2, compiled=False)[0].value)

    expected = weights(train.run(SMALL, *examples, compiled=False))
    for result in tg.train_many([job, job, job], examples, workers=2):
        np.testing.assert_array_equal(result.value, expected)


def test_ctrl_c_in_a_listener_gives_what_is_done(examples):
    def interrupted(result):
        raise KeyboardInterrupt

    found = tg.train_many(
        [SMALL.but(seed=k) for k in range(20)], examples, workers=1, on_result=interrupted, compiled=False
    )
    assert found[0].done
    assert not found[-1].done


def test_progress_is_said(examples, capsys):
    tg.train_many([SMALL], examples, progress=True, compiled=False)
    assert "1 of 1 trained" in capsys.readouterr().err


def test_the_data_is_shared_and_never_copied(examples):
    images = np.concatenate([examples[0]] * 40)
    labels = np.concatenate([examples[1]] * 40)
    jobs = [train.Recipe(hidden=(2,), epochs=1, batch_size=100, seed=seed) for seed in range(3)]
    tracemalloc.start()
    try:
        tg.train_many(jobs, (images, labels), workers=2, compiled=False)
        assert tracemalloc.get_traced_memory()[1] < images.nbytes
    finally:
        tracemalloc.stop()


def test_a_network_has_no_gradients_that_nobody_needs(examples):
    for recipe in (SMALL, SMALL.but(augment=1.0)):
        network = train.run(recipe, *examples, compiled=False)
        assert all(p.grad is None for p in network.model.parameters())


def test_workbenches_of_other_images_are_not_used(examples):
    images, labels = examples
    benches = Workbenches(images, labels)
    given = train.run(SMALL, 255 - images, labels, compiled=False, benches=benches)
    np.testing.assert_array_equal(
        weights(given), weights(train.run(SMALL, 255 - images, labels, compiled=False))
    )


def test_hidden_layers_may_be_a_list(examples):
    (found,) = tg.train_many([train.Recipe(hidden=[5], epochs=1)], examples, compiled=False)
    assert found.job == train.Recipe(hidden=(5,), epochs=1)
    assert found.value.recipe.hidden == (5,)
