"""What is made of the rounds: ratios, tables, the README's part, plots, and the command."""

import importlib
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import benchmarks
from benchmarks.__main__ import SUITES, empty_results, load, main, plan_of, run
from benchmarks.peers import COMPILED, EAGER, PEERS
from benchmarks.race import Plan
from benchmarks.readme import BEGIN, END, markdown, rewrite
from benchmarks.statistics import (
    Summary,
    digits,
    fastest_peer,
    mean_ratio,
    our_best,
    ratio,
    roof,
    si_time,
)
from benchmarks.suites import Suite, roofs
from benchmarks.suites.training import training_job

FOLDER = Path(benchmarks.__file__).parent


def entry(module, values, threads=1):
    return {
        "module": module,
        "peer": PEERS[module].label,
        "settings": {"threads": threads},
        "values": values,
        "cpu_seconds": values,
        "versions": {"numpy": "2.0"},
        "error": 0.0,
    }


def job(name="a job", group="", **rest):
    values = {COMPILED: [1.0, 2.0, 4.0], EAGER: [2.0, 2.0, 5.0], "numpy_by_hand": [3.0, 10.0, 4.0]}
    facts = {"options": {"dtype": "float32"}, "quantity": "s", "shown": [1, "call"], "bytes": 0.0}
    entries = [entry(module, v) for module, v in values.items()]
    return {"name": name, "group": group, "flops": 8e9, **facts, "entries": entries, "skipped": [], **rest}


@pytest.fixture
def results():
    skipped = [{"peer": "JAX", "settings": "1 thread", "reason": "not installed"}]
    peak = job(group="arithmetic", entries=[entry("hardware", [0.5, 0.25])])
    suites = [
        {"name": "roofs", "title": "Roofs", "grid": True, "jobs": [peak]},
        {"name": "epoch", "title": "An epoch", "grid": False, "jobs": [job("small", skipped=skipped)]},
        {
            "name": "matmul",
            "title": "Products",
            "grid": True,
            "jobs": [job("8", "squares"), job("16", "squares")],
        },
    ]
    for j in suites[2]["jobs"]:
        j["threads"] = 1
    machine = {"processor": "a processor", "cores": 2, "system": "Linux"}
    plan = {"rounds": 3, "threads": [1, 2]}
    created = "2026-01-02T03:04:05+00:00"
    return {
        "created": created,
        "command": "python -m benchmarks",
        "machine": machine,
        "plan": plan,
        "suites": suites,
    }


def test_ratios_are_taken_within_rounds():
    compiled, eager, numpy = job()["entries"]
    assert ratio(numpy, compiled) == Summary(3.0, 2.0, 4.0)  # of 3, 5, 1
    assert ratio(numpy, eager).median == 1.5
    assert our_best(job()) == compiled
    assert fastest_peer(job()) == numpy
    assert mean_ratio([job(), job()]) == pytest.approx(3.0)
    assert mean_ratio([job(entries=[compiled])]) is None


def test_rates_are_compared_with_the_best_round_of_the_hardware(results):
    assert roof(results, results["suites"][1]["jobs"][0]) == ("flops", 8e9 / 0.25)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(99.96, "100 s"), (1.5, "1.50 s"), (0.012, "12.0 ms"), (2e-6, "2.00 µs"), (5e-10, "0.50 ns")],
)
def test_times_have_three_digits(seconds, words):
    assert si_time(seconds) == words


def test_digits():
    assert [digits(x) for x in (0.123, 9.99, 9.999, 99.94, 99.96, 1234.5)] == [
        "0.12", "9.99", "10.0", "99.9", "100", "1234"
    ]  # fmt: skip


def test_markdown_has_a_row_per_peer_and_a_row_per_group(results):
    text = markdown(results)
    assert "| NumPy by hand | 4.00 s (3.00×) |" in text
    assert "| tinygrad_mnist, compiled | 2.00 s |" in text
    assert "| squares | 2 | 3.00× | 3.00× |" in text
    assert "Roofs" not in text
    assert "a processor, 2 cores" in text


def test_curves_have_a_column_for_each_point(results):
    points = [job(f"width {n}", "784-n-n-10") for n in (16, 64)]
    results["suites"].append({"name": "scaling", "title": "An epoch", "grid": True, "jobs": points})
    text = markdown(results)
    assert "**An epoch: 784-n-n-10** (per call)\n\n|  | width 16 | width 64 |" in text
    assert "| NumPy by hand | 4.00 s (3.00×) | 4.00 s (3.00×) |" in text


def test_the_readme_is_rewritten_between_its_marks_and_nowhere_else(results, tmp_path):
    readme, file = tmp_path / "README.md", tmp_path / "results.json"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    file.write_text(json.dumps(results))
    command = ["readme", str(file), "--readme", str(readme)]
    assert main(command) == 0
    once = readme.read_text()
    assert once == f"before\n{BEGIN}\n\n{markdown(results)}\n\n{END}\nafter\n"
    assert main(command) == 0
    assert readme.read_text() == once


@pytest.mark.parametrize("content", ["none", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_readme_without_the_marks_stays_as_it_is(results, tmp_path, content):
    readme = tmp_path / "README.md"
    readme.write_text(content)
    with pytest.raises(ValueError, match="needs these two lines"):
        rewrite(readme, results)
    assert readme.read_text() == content


def test_the_readme_command_says_what_is_wrong(tmp_path, capsys):
    assert main(["readme", str(tmp_path / "nothing.json")]) == 2
    assert "nothing.json" in capsys.readouterr().out


def test_a_run_is_shown_and_saved(tmp_path):
    def jobs(quick):
        yield training_job("tiny", (784, 5, 10), 8, lr=0.5, check=4, examples=80)

    suites = [Suite("epoch", "Tiny", ("numpy_by_hand",), jobs, grid=grid) for grid in (False, True)]
    console = Console(file=io.StringIO(), width=200)
    plan = Plan(rounds=2, seconds=0.001, tuning_rounds=1)
    results = empty_results("python -m benchmarks", plan)
    run(results, suites, plan, None, console, tmp_path / "new")
    written = json.loads((tmp_path / "new" / "results.json").read_text())
    assert written.keys() == {"schema", "created", "command", "machine", "plan", "suites"}
    assert written["schema"] == 1
    assert {"processor", "cores", "memory_bytes", "load_average"} <= written["machine"].keys()
    assert [s["name"] for s in written["suites"]] == ["epoch", "epoch"]
    shown = console.file.getvalue()
    assert "tiny" in shown
    assert "NumPy by hand" in shown
    assert markdown(written).count("| NumPy by hand |") == 1


def test_plots_are_written(results, tmp_path):
    pytest.importorskip("matplotlib")
    from benchmarks import plots

    assert plots.write(results, tmp_path) == ["epoch.png", "matmul.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("epoch.png", "matmul.png"))


def test_suites_name_peers_that_exist_and_take_part():
    for suite in [roofs.SUITE, *map(load, SUITES)]:
        assert set(suite.peers) <= PEERS.keys()
        assert len(set(suite.peers)) == len(suite.peers)
    used = {module for suite in [roofs.SUITE, *map(load, SUITES)] for module in suite.peers}
    assert used == PEERS.keys()
    assert all((FOLDER / "peers" / f"{module}.py").exists() for module in PEERS)


def test_the_quick_plan_is_the_shorter_one():
    benchmark = importlib.import_module("benchmarks.__main__")
    quick, full = (plan_of(benchmark.parser().parse_args(options)) for options in (["--quick"], []))
    assert quick.rounds < full.rounds
    assert quick.quick
    assert 1 in full.threads
