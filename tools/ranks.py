"""What ranks bring, and what `train --ranks --plan` says that they bring.

    mpiexec -n 2 python tools/ranks.py                                   # 784-1024-1024-10, batch 512
    mpiexec -n 2 python tools/ranks.py --hidden 16 16 --batch-size 16    # the article's

Each round measures what the plan is made of, then steps of one rank while the others wait, and steps of all
together; all compute with one thread. The last line has the medians. Both ways end with the same bits, or it
fails. It wants a core for each rank, and nothing else on them.
"""

from __future__ import annotations

import argparse
from statistics import median

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import cluster, data
from tinygrad_mnist.cluster.plan import Costs, exchange, seconds_of, step_seconds
from tinygrad_mnist.train import RECIPES
from tinygrad_mnist.train.prepared import measuring

SHARDS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", type=int, nargs="*", default=[1024, 1024])
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    tg.set_num_threads(1)
    ranks = cluster.communicator()
    (images, labels), _ = data.mnist()
    images, labels = images[:10_000], labels[:10_000]
    recipe = RECIPES["article"].but(hidden=tuple(given.hidden), batch_size=given.batch_size)
    rows, targets = tg.tensor(images.reshape(len(images), -1)), recipe.targets(labels, 10)
    positions = np.arange(given.batch_size)
    size = 4 * (recipe.parameter_count(784, 10) + 2)
    ways = []
    for those in (cluster.OneRank(), ranks):
        model = recipe.build_model(784, 10)
        measured = measuring(model, recipe.cost_function, rows, targets, recipe.scale)
        parallel = cluster.DataParallel(
            model, recipe.build_optimiser(model, 10_000), shards=SHARDS, ranks=those
        )
        ways.append((model, lambda parallel=parallel, measured=measured: parallel.step(measured, positions)))
    (alone, one_step), (shared, step) = ways
    table = []
    for _ in range(given.rounds):
        latency, bandwidth = exchange(ranks, size, 4 * 10 * given.batch_size)
        whole, update, beside = step_seconds(ranks, recipe, images, labels, SHARDS)
        costs = Costs(
            SHARDS, (whole - update) / SHARDS, (beside - update) / SHARDS, update, latency, bandwidth
        )
        one = ranks.told(seconds_of(one_step, 10) if ranks.rank == 0 else None)
        together = ranks.told(seconds_of(step, 10))
        table.append([*(1e3 * x for x in (costs.predicted(ranks.size, size), together, one)), one / together])
        table[-1].insert(2, table[-1][0] / table[-1][1])
        if ranks.rank == 0:
            print(_line(table[-1], ranks.size), flush=True)
    if ranks.rank == 0:
        print(f"medians of {given.rounds}: {_line([median(x) for x in zip(*table)], ranks.size)}")
        for x, y in zip(alone.parameters(), shared.parameters(), strict=True):
            np.testing.assert_array_equal(x.numpy(), y.numpy())


def _line(row: list[float], count: int) -> str:
    predicted, together, share, one, gain = row
    return (
        f"{count} ranks: predicted {predicted:.2f} ms, measured {together:.2f} ({share:.2f}); one rank "
        f"{one:.2f} ms: {gain:.2f} times"
    )


if __name__ == "__main__":
    main()
