"""Many networks at once: what the second core brings, and whether memory stays.

    python -m benchmarks.many                                  # 64 networks of the article's kind
    python -m benchmarks.many --networks 1000 --shapes 20      # of mixed shapes

One epoch each. Rounds with one worker and with all alternate; compilation comes before. A machine that does
something else meanwhile says nothing: the load before each round is printed beside it.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import time
from pathlib import Path

import tinygrad_mnist as tg
from tinygrad_mnist import data
from tinygrad_mnist.train import RECIPES, Recipe


def recipes(count: int, shapes: int) -> list[Recipe]:
    """So many recipes of so many shapes; the first shape is the article's."""
    draw = random.Random(0)
    base = RECIPES["article"].but(epochs=1)
    layers = [(16, 16), *((draw.randrange(8, 48), draw.randrange(8, 48)) for _ in range(shapes - 1))]
    return [base.but(hidden=layers[k % shapes], seed=k) for k in range(count)]


def resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def seconds(jobs: list[Recipe], examples: tuple[object, object], workers: int | None) -> float:
    """Of training them all."""
    begin = time.perf_counter()
    for result in tg.train_many(jobs, examples, workers=workers):
        if result.error is not None:
            raise result.error
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--shapes", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    examples, _ = data.mnist()
    jobs = recipes(given.networks, given.shapes)
    seconds(jobs[: given.shapes], examples, None)
    before, ratios = resident(), []
    for _ in range(given.rounds):
        load = os.getloadavg()[0]
        one, all_cores = seconds(jobs, examples, 1), seconds(jobs, examples, None)
        ratios.append(one / all_cores)
        print(
            f"{len(jobs)} networks: one worker {one:.1f} s, {tg.get_num_threads()} {all_cores:.1f} s, "
            f"{ratios[-1]:.2f} times; load before {load:.1f}; memory {(resident() - before) / 1e6:+.0f} MB",
            flush=True,
        )
    print(f"median {statistics.median(ratios):.2f} times, of {given.rounds}")


if __name__ == "__main__":
    main()
