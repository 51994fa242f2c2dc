"""Many networks at once: what the second core brings, whether memory stays, and what other libraries take.

    python -m benchmarks.many                                  # all of it, into docs/many.md
    python -m benchmarks.many --python VENV/bin/python         # the others by a Python that has them
    python -m benchmarks.many --only ours --networks 64        # one part, nothing is written

One epoch of MNIST each. Rounds with one worker and with all alternate; compilation comes before, as it does
for the others (see `many_peers`). A machine that does something else meanwhile says nothing: the load before
each round is printed beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import data
from tinygrad_mnist.train import RECIPES, Recipe

from . import machine
from .many_peers import WAYS

PAGE = Path(__file__).parents[1] / "docs" / "many.md"
SECONDS = 40.0  # for each of the others


def recipes(count: int, shapes: int) -> list[Recipe]:
    """So many recipes of so many shapes; the first shape is the article's."""
    draw = random.Random(0)
    base = RECIPES["article"].but(epochs=1)
    layers = [(16, 16), *((draw.randrange(8, 48), draw.randrange(8, 48)) for _ in range(shapes - 1))]
    return [base.but(hidden=layers[k % shapes], seed=k) for k in range(count)]


def resident() -> int:
    """Bytes of memory that this process has now, without what it has given back to its allocator."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # not with this C library
        ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def trained(jobs: list[Recipe], examples: Any, workers: int | None) -> tuple[float, list[tg.train.Result]]:
    """Seconds of training them all, and the results."""
    begin = time.perf_counter()
    results = tg.train_many(jobs, examples, workers=workers)
    seconds = time.perf_counter() - begin
    for result in results:
        if result.error is not None:
            raise result.error
    return seconds, results


def scaling(networks: int, shapes: int, rounds: int, examples: Any) -> list[float]:
    """Seconds by one worker, by all, their ratio, and bytes that stay, besides the weights: medians."""
    jobs = recipes(networks, shapes)
    trained(jobs[: 2 * shapes], examples, None)
    table = []
    for _ in range(rounds):
        load, before = os.getloadavg()[0], resident()
        one = trained(jobs, examples, 1)[0]
        all_cores, results = trained(jobs, examples, None)
        weights = sum(p.numpy().nbytes for result in results for p in result.value.model.parameters())
        table.append([one, all_cores, one / all_cores, resident() - before - weights])
        print(
            f"{networks} networks, {shapes} shapes: one worker {one:.2f} s, {tg.get_num_threads()} "
            f"{all_cores:.2f} s, {one / all_cores:.2f} times; memory {table[-1][3] / 1e6:+.0f} MB; "
            f"load before {load:.1f}",
            flush=True,
        )
        del results
    return [statistics.median(column) for column in zip(*table)]


def others(python: str, networks: int) -> dict[str, dict[str, float] | None]:
    """What the others take for a network; None for those that are not there."""
    found: dict[str, dict[str, float] | None] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.npz"
        (images, labels), (test_images, test_labels) = data.mnist()
        np.savez(path, images=images, labels=labels, test_images=test_images, test_labels=test_labels)
        for name in WAYS:
            script = Path(__file__).with_name("many_peers.py")
            command = [
                python,
                "-P",  # else modules of this folder would stand for Python's own
                str(script),
                name,
                str(path),
                str(networks),
                str(machine.cores()),
                str(SECONDS),
            ]
            done = subprocess.run(command, capture_output=True, text=True)
            lines = done.stdout.splitlines()
            found[name] = json.loads(lines[-1]) if done.returncode == 0 and lines else None
            print(f"{name}: {found[name] or done.stderr.splitlines()[-1:]}", flush=True)
    return found


def page(
    few: list[float], many: list[float], there: dict[str, Any], accuracy: float, networks: int, load: float
) -> str:
    """The document."""
    info = machine.describe()
    own = few[1] / networks
    rows = [("this package, `train_many`", own, accuracy)]
    rows += [(name, x["seconds"], x["accuracy"]) for name, x in there.items() if x]
    table = "\n".join(
        f"| {name} | {1e3 * seconds:,.1f} | {seconds / own:.1f} | {right:.2%} |"
        for name, seconds, right in sorted(rows, key=lambda row: row[1])
    )
    missing = ", ".join(name for name, x in there.items() if x is None)
    absent = f" Not there: {missing}." if missing else ""
    return f"""# Many networks: how fast

Written by `python -m benchmarks.many`. {info["processor"]}, {info["cores"]} cores, Python
{info["python"]}; the load before was {load:.1f}.

| | one worker, s | all cores, s | one / all | memory kept, MB |
|---|---:|---:|---:|---:|
| {networks} networks of the article's kind | {_cells(few)} |
| 1,000 networks of 20 shapes | {_cells(many)} |

One epoch of MNIST each; medians of rounds; memory kept does not count the weights, which are the result.

## Beside others

784-16-16-10, one epoch, batches of 16, float32, gradient descent with a rate that falls to zero, both cores,
each library the way that suits it best; starting processes and compiling come before. Milliseconds for one
network, of {networks} or as many as fit into {SECONDS:.0f} s; mean accuracy on the test images after it.

| | ms | times ours | accuracy |
|---|---:|---:|---:|
{table}

scikit-learn has no quadratic cost, and so descends on cross-entropy. "Stacked" and "vmap" train networks of
equal shapes together, as products of batches of matrices; "processes" is one network after another in a
process for each core.{absent}
"""


def _cells(row: list[float]) -> str:
    one, all_cores, ratio, kept = row
    return f"{one:.2f} | {all_cores:.2f} | {ratio:.2f} | {kept / 1e6:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--shapes", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["ours", "others"])
    parser.add_argument("--python", default=sys.executable, help="that has the others")
    given = parser.parse_args()
    examples, (test_images, test_labels) = data.mnist()
    if given.only == "others":
        others(given.python, given.networks)
        return
    load = os.getloadavg()[0]
    few = scaling(given.networks, given.shapes, given.rounds, examples)
    if given.only == "ours":
        print(f"median {few[2]:.2f} times, of {given.rounds}")
        return
    many = scaling(1000, 20, 1, examples)
    _, results = trained(recipes(8, 1), examples, None)
    accuracy = statistics.mean(r.value.evaluate(test_images, test_labels).accuracy for r in results)
    PAGE.write_text(page(few, many, others(given.python, given.networks), accuracy, given.networks, load))
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
