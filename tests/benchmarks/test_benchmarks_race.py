"""The harness on tiny work: checks before timing, refusals, records, and every measurement's kind."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.jobs import Task, error_of
from benchmarks.peers import EAGER, PEERS, Peer
from benchmarks.race import Plan, Processes, race, settled
from benchmarks.suites import elementwise, fits, latency, matmul, memory, startup
from benchmarks.suites.calls import call_job
from benchmarks.suites.training import first_parameters, training_job, value_and_gradients

NUMPY = "numpy_by_hand"
STRANGE, ABSENT = "tests.benchmarks.strange_peer", "tests.benchmarks.absent_peer"
PLAN = Plan(rounds=3, seconds=0.001, tuning_rounds=1)


def run(job, modules):
    return run_all([job], modules)[0]


def run_all(jobs, modules):
    with Processes({}) as processes:
        return [race(job, modules, PLAN, processes, lambda text: None) for job in jobs]


@pytest.fixture
def strange(monkeypatch):
    for module in (STRANGE, ABSENT):
        monkeypatch.setitem(PEERS, module, Peer(module, module.split(".")[-1]))


def exp_job(wrong=None):
    x = np.linspace(-1, 1, 8, dtype=np.float32)
    job = call_job("exp", "exp", {"x": x}, np.exp(x.astype(np.float64)))
    return replace(job, options={**job.options, "wrong": wrong})


def check_record(record):
    """What `results.json` promises of a job."""
    record = json.loads(json.dumps(record))
    kinds = {
        **dict.fromkeys(("kind", "name", "group", "quantity", "unit"), str),
        **dict.fromkeys(("flops", "bytes", "bound"), float),
        "options": dict,
        "check": int,
        "entries": list,
        "skipped": list,
    }
    for name, kind in kinds.items():
        assert isinstance(record[name], kind), name
    factor, unit = record["shown"]
    assert factor >= 1
    assert unit
    for entry in record["entries"]:
        assert PEERS[entry["module"]].label == entry["peer"]
        assert entry["settings"]["threads"] >= 1
        assert {"python", "numpy"} <= entry["versions"].keys()
        assert 0 <= entry["error"] <= record["bound"]
        assert entry["units_per_round"] >= 1
        assert len(entry["values"]) == len(entry["cpu_seconds"])
        assert all(math.isfinite(x) and x > 0 for x in entry["values"])
        assert entry["settings"] in [t["settings"] for t in entry["tried"]]
    for skip in record["skipped"]:
        assert skip.keys() == {"peer", "settings", "reason"}


def test_training_is_checked_and_timed():
    recipes: list[dict] = [{}, {"classifier": True}, {"classifier": True, "adam": True}]
    tiny = {"lr": 0.01, "check": 4, "examples": 80}
    jobs = [training_job("tiny", (784, 5, 10), 8, **tiny, **recipe) for recipe in recipes]
    for record in run_all(jobs, [EAGER, NUMPY]):
        check_record(record)
        assert [e["module"] for e in record["entries"]] == [EAGER, NUMPY]
        assert [len(e["values"]) for e in record["entries"]] == [3, 3]
        assert [len(e["tried"]) for e in record["entries"]] == [2, 1]
        assert record["skipped"] == []
        assert record["shown"] == (10, "epoch")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("value", "refused: y is off by"),
        ("nan", "refused: y is off by nan"),
        ("shape", "refused: y has the shape (7,), not (8,)"),
        ("precision", "refused: y is float64, not float32"),
        ("missing", "refused: y is missing"),
        ("raises", "failed: RuntimeError: of no use"),
        ("dies", "failed: the process ended"),
        ("skips", "not today"),
    ],
)
def test_a_wrong_peer_is_never_timed(strange, wrong, reason):
    record = run(exp_job(wrong), [STRANGE, NUMPY])
    check_record(record)
    assert [e["module"] for e in record["entries"]] == [NUMPY]
    (skip,) = record["skipped"]
    assert skip["peer"] == "strange_peer"
    assert skip["reason"].startswith(reason)


def test_the_same_peer_without_the_fault_is_timed(strange):
    record = run(exp_job(), [STRANGE, NUMPY])
    assert [e["module"] for e in record["entries"]] == [STRANGE, NUMPY]


def test_a_peer_that_died_takes_part_in_the_next_job(strange):
    died, next_one = run_all([exp_job("dies"), exp_job()], [STRANGE, NUMPY])
    assert [e["module"] for e in died["entries"]] == [NUMPY]
    assert [e["module"] for e in next_one["entries"]] == [STRANGE, NUMPY]


def test_rounds_end_once_they_agree():
    assert settled([[1.0, 2.0, 1.5], [3.0, 6.0, 4.51]])
    assert not settled([[1.0, 2.0, 1.5], [3.0, 6.0, 5.0]])


def test_an_absent_peer_is_skipped_by_name(strange):
    record = run(exp_job(), [ABSENT, NUMPY])
    (skip,) = record["skipped"]
    assert skip["peer"] == "absent_peer"
    assert "a_framework_that_nobody_has" in skip["reason"]


def test_a_peer_whose_training_goes_another_way_is_refused():
    job = training_job("tiny", (784, 5, 10), 8, lr=0.01, check=4, examples=80)
    other = replace(job, options={**job.options, "lr": 0.0101})
    record = run(other, [NUMPY])
    (skip,) = record["skipped"]
    assert skip["reason"].startswith("refused: w0 is off by")
    assert record["entries"] == []


def test_peers_compute_what_the_suites_expect(tmp_path):
    """Ours and NumPy's, in this process."""
    from benchmarks.peers import numpy_by_hand, ours_compiled, ours_eager

    jobs = [*elementwise.jobs(True), *latency.jobs(True), matmul.square(33, "float64", 1)]
    jobs += [matmul.skinny(form, 3, 20, 5, 1) for form in (matmul.FORWARD, matmul.WEIGHT, matmul.INPUT)]
    for number, job in enumerate(jobs):
        job.save(tmp_path / str(number))
        task = Task.load(tmp_path / str(number), {"threads": 1})
        for peer in [ours_eager, numpy_by_hand, *[ours_compiled] * (job.kind == "predict")]:
            work = getattr(peer, job.kind)(task)
            work.run(0, 2)
            assert error_of(job, work.result()) <= job.bound


def test_published_networks_are_trained_as_the_suite_expects(tmp_path):
    """Ours, in this process."""
    from benchmarks.peers import ours_compiled, ours_eager

    rng = np.random.default_rng(0)
    x, target = (rng.standard_normal((30, 4)).astype(np.float32) for _ in range(2))
    images, labels = rng.random((12, 1, 28, 28), np.float32), rng.integers(0, 10, 12)
    jobs = [
        bags_of_words(),
        fits.fit_job("tanh", "tanh", [(5, 4), (5,), (4, 5), (4,)], x, target, None, check=3),
        fits.fit_job("images", "lenet", fits.LENET, images, labels, 4, check=2),
    ]
    for job in jobs:
        job.save(tmp_path / job.name)
        task = Task.load(tmp_path / job.name, {"threads": 1})
        for peer in [ours_eager, *[ours_compiled] * (job.name != "images")]:
            assert error_after_check(job, peer.fit(task)) <= job.bound


def test_sparse_products_by_hand_give_the_same():
    pytest.importorskip("scipy", reason="SciPy is a peer of the benchmarks, and may be absent")
    from benchmarks.peers import scipy_sparse

    job = bags_of_words()
    task = Task(job.options, dict(job.arrays), {"threads": 1}, "")
    assert error_after_check(job, scipy_sparse.fit(task)) <= job.bound


def bags_of_words():
    rng = np.random.default_rng(0)
    bags = (rng.random((60, 90)) < 0.1).astype(np.float32)
    shapes = [(8, 90), (8,), (10, 8), (10,)]
    return fits.fit_job("words", "words", shapes, bags, rng.integers(0, 10, 60), 20, check=3)


def error_after_check(job, work):
    work.reset()
    work.run(0, job.check)
    return error_of(job, work.result())


def test_whole_processes():
    training = training_job("tiny", (784, 5, 10), 8, lr=0.5, check=2, examples=80)
    nothing = replace(training, arrays={}, expected={}, scales={}, options={"dtype": "float32"})
    imported = startup.whole_process(nothing, "importing", rounds=1)
    step = startup.whole_process(training, "first_steps", steps=2, cold=True, rounds=1)
    jobs = [imported, step, memory.measured(training)]
    for job, record in zip(jobs, run_all(jobs, [NUMPY]), strict=True):
        check_record(record)
        assert [len(e["values"]) for e in record["entries"]] == [min(3, job.rounds)]
    assert record["quantity"] == "bytes"
    assert record["entries"][0]["values"][0] > 2**20


def test_why_a_whole_process_fails_is_said():
    training = training_job("tiny", (784, 5, 10), 8, lr=0.5, check=2, examples=80)
    odd = replace(training, arrays={})
    (skip,) = run(startup.whole_process(odd, "first_steps", steps=2, rounds=1), [NUMPY])["skipped"]
    assert skip["reason"] == "KeyError: 'w0'"


@pytest.mark.parametrize("classifier", [False, True])
def test_the_reference_has_the_right_gradients(classifier):
    rng = np.random.default_rng(0)
    p = {name: x.astype(np.float64) for name, x in first_parameters((6, 4, 10), rng).items()}
    x, labels = rng.standard_normal((5, 6)), rng.integers(0, 10, 5)
    target = labels if classifier else np.eye(10)[labels]
    _, gradients = value_and_gradients(p, x, target, classifier)
    for name, g in gradients.items():
        direction = rng.standard_normal(g.shape)
        costs = [
            value_and_gradients({**p, name: p[name] + h * direction}, x, target, classifier)[0]
            for h in (1e-6, -1e-6)
        ]
        assert (costs[0] - costs[1]) / 2e-6 == pytest.approx(np.vdot(g, direction), rel=1e-5)
