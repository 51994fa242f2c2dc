"""Trainings by joblib, dask and submitit: the bits of training here; lost workers; what is refused."""

import os
import pickle
import sys
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from small_task import corners

import tinygrad_mnist as tg
from tinygrad_mnist import data, train
from tinygrad_mnist.errors import DataError, MissingExtraError
from tinygrad_mnist.kernels import threads
from tinygrad_mnist.sweep import sweep
from tinygrad_mnist.train import DivergenceError, Recipe
from tinygrad_mnist.train.elsewhere import source, task
from tinygrad_mnist.train.elsewhere.dealing import EngineError, WorkerLostError, dealt

EXAMPLES = corners(60)
BASE = Recipe(hidden=(5,), epochs=3, batch_size=10, rate=2.0, validation=0.25)
DIVERGING = BASE.but(activation="relu", output="none", rate=1e30)
RECIPES = [*(BASE.but(seed=seed) for seed in range(3)), DIVERGING, BASE.but(hidden=(9, 4), dropout=0.2)]


def same(outcomes, others):
    for one, other in zip(outcomes, others, strict=True):
        assert (one.recipe, one.accuracy, one.cost, one.failure, one.curve) == (
            other.recipe, other.accuracy, other.cost, other.failure, other.curve,
        )  # fmt: skip


def weights(network):
    return np.concatenate([p.numpy().ravel() for p in network.model.parameters()])


@pytest.fixture(scope="module")
def npz(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "examples.npz"
    np.savez(path, images=EXAMPLES[0], labels=EXAMPLES[1])
    return path


# Engines ---------------------------------------------------------------------------------------------


def as_alone(backend, examples):
    """Recipes and a function, one of which fails, give what they give here."""

    def job(images, labels):
        if len(labels) != 60:
            raise ValueError("others")
        return threads.get_num_threads(), os.getpid()

    came = []
    found = tg.train_many([*RECIPES, job], examples, backend=backend, workers=2, on_result=came.append)
    assert [result.job for result in found] == [*RECIPES, job]
    assert {id(result) for result in came} == {id(result) for result in found}
    assert found[-1].value[0] == 1
    assert found[-1].value[1] != os.getpid()
    for result in found[:-1]:
        if result.job == DIVERGING:
            assert isinstance(result.error, DivergenceError)
        else:
            alone = train.run(result.job, *EXAMPLES)
            np.testing.assert_array_equal(weights(result.value), weights(alone))
            assert result.value.history.to_dict(times=False) == alone.history.to_dict(times=False)


def test_joblib(npz, tmp_path):
    pytest.importorskip("joblib")
    as_alone("joblib", EXAMPLES)  # arrays, which are put into a file
    same(
        sweep(RECIPES, *EXAMPLES, tmp_path / "there", backend="joblib", path=npz),
        sweep(RECIPES, *EXAMPLES, tmp_path / "here"),
    )


def test_dask(npz, tmp_path):
    pytest.importorskip("distributed")
    from dask_cluster import cluster

    with cluster(str(tmp_path / "dask")) as made:
        backend = f"dask://{made.address}"
        as_alone(backend, npz)
        folder = tmp_path / "there"
        begun = sweep(RECIPES[:2], *EXAMPLES, folder)  # begun here, gone on with there
        kept = []
        outcomes = sweep(
            RECIPES, *EXAMPLES, folder, backend=backend, path=npz,
            on_outcome=lambda outcome, was_kept: kept.append((outcome, was_kept)),
        )  # fmt: skip
        assert [outcome for outcome, was_kept in kept if was_kept] == begun
        same(outcomes, sweep(RECIPES, *EXAMPLES, tmp_path / "here"))


def test_submitit(npz, tmp_path, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.chdir(tmp_path)
    outcomes = sweep(RECIPES, *EXAMPLES, tmp_path / "there", backend="submitit:local", path=npz, workers=2)
    same(outcomes, sweep(RECIPES, *EXAMPLES, tmp_path / "here"))


def test_the_hopeless_are_ended_elsewhere_too(npz, tmp_path):
    pytest.importorskip("joblib")
    good = [BASE.but(seed=seed, epochs=10) for seed in range(5)]
    sweep(good, *EXAMPLES, tmp_path)
    hopeless = BASE.but(rate=1e-6, epochs=10, seed=7)
    outcomes = sweep(
        [*good, hopeless], *EXAMPLES, tmp_path, stop_hopeless=True, backend="joblib", path=npz, workers=1
    )
    assert outcomes[-1].stopped


# Workers that are lost -----------------------------------------------------------------------------------


class Unlucky:
    """An engine here whose workers are lost: for one job always, for others the first time."""

    seconds = 1.0

    def __init__(self, always=(), once=()):
        self.always, self.once, self.tasks = set(always), set(once), []

    def finished(self, tasks):
        for given in tasks:
            numbers = {number for number, _ in given.jobs}
            self.tasks.append(numbers)
            lost = numbers & (self.always | self.once)
            self.once -= numbers
            yield None
            yield given, None if lost else task.carry_out(given)


def square(job, images, labels):
    return job * job


def reports(engine, count, npz):
    jobs = list(enumerate(range(count)))
    where = source.Source(str(npz), source.source_of(EXAMPLES, npz, npz.parent).digest)
    return [x for x in dealt(jobs, EXAMPLES, engine, lambda: square, where) if x is not None]


def test_what_a_lost_worker_had_is_dealt_out_again(npz):
    engine = Unlucky(once=[1, 3])
    found = reports(engine, 5, npz)
    assert sorted((report.number, report.value) for report in found) == [(k, k * k) for k in range(5)]
    assert engine.tasks[-2:] == [{1}, {3}]


def test_who_loses_its_worker_alone_has_an_error_and_stops_no_other(npz):
    found = {report.number: report for report in reports(Unlucky(always=[2], once=[0, 1, 3]), 4, npz)}
    assert sorted(found) == [0, 1, 2, 3]
    assert isinstance(found[2].error, WorkerLostError)
    assert [found[k].value for k in (0, 1, 3)] == [0, 1, 9]


def test_a_worker_of_joblib_that_is_killed(npz, tmp_path):
    pytest.importorskip("joblib")
    mark = tmp_path / "killed"

    def killing(images, labels):
        if not mark.exists():
            mark.touch()
            time.sleep(0.2)
            os.kill(os.getpid(), 9)
        return "done"

    found = tg.train_many([BASE, killing, BASE.but(seed=1)], npz, backend="joblib", workers=2)
    assert found[1].value == "done"
    for result in (found[0], found[2]):
        np.testing.assert_array_equal(weights(result.value), weights(train.run(result.job, *EXAMPLES)))


def test_when_the_engine_ends_what_is_done_is_returned(npz, monkeypatch):
    class Ending:
        seconds = 0.0

        def finished(self, tasks):
            yield (given := next(tasks)), task.carry_out(given)
            raise EngineError("it does not answer any more")

    import contextlib

    @contextlib.contextmanager
    def opened(*_):
        yield Ending()

    monkeypatch.setattr("tinygrad_mnist.train.elsewhere.engines._opened", opened)
    first, second = tg.train_many([BASE, BASE.but(seed=1)], npz, backend="joblib")
    assert first.done
    assert not second.done
    assert isinstance(second.error, EngineError)


# What a task carries ----------------------------------------------------------------------------------


def test_tasks_carry_no_data(npz):
    where = source.source_of(EXAMPLES, npz, npz.parent)
    sent = pickle.dumps(task.Task(tuple(enumerate(RECIPES)), task.trained, where))
    assert len(sent) < 4000
    package = source.source_of(data.mnist()[0], None, npz.parent)
    assert package.path is None


def header(dtype, shape, version=1):
    """What an .npy file begins with, whatever follows."""
    said = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(said).to_bytes(2 if version == 1 else 4, "little") + said


@pytest.mark.parametrize(
    ("images", "labels", "compression", "message"),
    [
        (header("|u1", (10**9, 28, 28)), header("<i8", (3,)), zipfile.ZIP_STORED, "is said to be uint8"),
        (header("|u1", (3, 28, 28)), header("<i8", (3,)), zipfile.ZIP_STORED, "is said to be uint8"),
        (header("|u1", (3, 28, 28), 9), header("<i8", (3,)), zipfile.ZIP_STORED, "another version"),
        (header("|O", (0, 28, 28)), header("<i8", (0,)), zipfile.ZIP_STORED, "Object arrays"),
        (header("|u1", (0, 28, 28)), header("<i8", (0,)), zipfile.ZIP_LZMA, "unusual"),
        (header("|u1", (0, 28, 28)), header("<f4", (0,)), zipfile.ZIP_DEFLATED, "integers"),
        (b"no array", header("<i8", (0,)), zipfile.ZIP_STORED, "magic"),
    ],
    ids=["huge", "cut", "version", "objects", "lzma", "floats", "other"],
)
def test_examples_that_claim_too_much(images, labels, compression, message, tmp_path):
    with zipfile.ZipFile(tmp_path / "examples.npz", "w", compression) as archive:
        archive.writestr("images.npy", images)
        archive.writestr("labels.npy", labels)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=message):
            source.read(tmp_path / "examples.npz")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_single_array_is_no_examples(tmp_path):
    (tmp_path / "one.npz").write_bytes(header("|u1", (3, 28, 28), 2)[:8] + b"\xff\xff\xff\x7f")
    with pytest.raises(DataError, match="neither a folder"):
        source.read(tmp_path / "one.npz")


def test_data_that_is_elsewhere_another_or_nowhere(npz, tmp_path):
    where = source.source_of(EXAMPLES, npz, tmp_path)
    jobs = ((0, BASE),)
    (report,) = task.carry_out(task.Task(jobs, task.trained, source.Source(str(npz), "0" * 64)))
    assert isinstance(report.error, DataError)
    assert "holds other images and labels than were meant" in str(report.error)
    (report,) = task.carry_out(task.Task(jobs, task.trained, source.Source("/no/where.npz", where.digest)))
    assert "name data at a path that every node sees" in str(report.error)
    (report,) = task.carry_out(task.Task(jobs, task.trained, where, version="0.0.1"))
    assert "the task is of version 0.0.1" in str(report.error)
    assert threads.get_num_threads() >= 1
    for contents in (b"", b"PK\3\4 no zip", b"\x93NUMPY"):
        (tmp_path / "bad.npz").write_bytes(contents)
        with pytest.raises(DataError, match="neither a folder of IDX files nor an"):
            tg.train_many([BASE], tmp_path / "bad.npz")
    np.savez(tmp_path / "bad.npz", images=EXAMPLES[0].astype(float), labels=EXAMPLES[1])
    with pytest.raises(DataError, match="not uint8"):
        tg.train_many([BASE], tmp_path / "bad.npz")


def test_errors_that_do_not_survive_the_way_back():
    class Local(Exception):
        pass

    assert str(task._sendable(Local("here"))) == "Local: here"
    assert type(task._sendable(ValueError("a"))) is ValueError


# What is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ray", "dask", "dask://", "dask:127.0.0.1:1", "submitit", "submitit:", ""])
def test_engines_that_are_not(name):
    with pytest.raises(EngineError, match="there are joblib, dask://HOST:PORT, submitit:PARTITION"):
        tg.train_many([BASE], EXAMPLES, backend=name)


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("joblib", "joblib", "dask"),
        ("dask://h:1", "distributed", "dask"),
        ("submitit:x", "submitit", "slurm"),
    ],
)
def test_without_the_extra(monkeypatch, name, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package} .*tinygrad_mnist\[{extra}\]"):
        tg.train_many([BASE], EXAMPLES, backend=name)


def test_a_scheduler_that_is_not_there(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("tinygrad_mnist.train.elsewhere.engines._PATIENCE", 0.5)
    with pytest.raises(EngineError, match=r"no dask scheduler answers at 127\.0\.0\.1:9"):
        tg.train_many([BASE], EXAMPLES, backend="dask://127.0.0.1:9")
