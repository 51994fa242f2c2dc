"""From which network and batch on more ranks pay: a cost model with what this machine and network measure.

A step of R ranks takes

    ceil(S / R) * shard  +  exchange(R, bytes)  +  update

where S is the number of shards, `shard` the seconds of one shard's gradient and its addition, `bytes` what a
rank sends, and `update` what every rank does by itself. An exchange takes latency + bytes / bandwidth, both
measured between these ranks.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import numpy as np

from ..core.tensor import wrap
from ..train import Recipe
from ..train.prepared import measuring
from .data_parallel import DataParallel
from .ranks import OneRank, Ranks
from .training import Together
from .tree import own_shards, subtrees

_SMALL = 64  # bytes
_LARGE = 4 << 20
_SECONDS = 0.3  # for a measurement
_FEWEST, _MOST = 5, 200  # repetitions of it


def plan(together: Together, recipe: Recipe, images: Any, labels: Any, compiled: bool = True) -> str:
    """Measure a step of this recipe and an exchange between these ranks; tell what more ranks would bring.

    Every rank must call it. A step is measured on rank 0 while the others wait.
    """
    ranks, shards = together.ranks, together.shards
    latency, bandwidth = exchange(ranks)
    parameters = recipe.parameter_count(images[0].size, int(labels.max()) + 1)
    size = 4 * (parameters + 2)
    measured = step_seconds(recipe, images, labels, shards, compiled) if ranks.rank == 0 else None
    step, update = ranks.told(measured)
    shard = (step - update) / shards
    lines = [
        f"{parameters:,} weights and biases, batch {recipe.batch_size} in {shards} shards",
        f"a step of one rank: {_short(step)}, {_short(update)} of it the update, which every rank does",
        f"an exchange: {_short(latency)} and {bandwidth / 1e9:.2f} GB/s between {ranks.size} ranks"
        if ranks.size > 1
        else "an exchange: not measured, since there is one rank: mpiexec -n 2 ... measures it",
        "",
        "ranks  bytes sent  a step, predicted  times one rank",
    ]
    best, fastest = 1, step
    for count in [n for n in (1, 2, 3, 4, 8, 16, 32) if n <= shards and (n == 1 or ranks.size > 1)]:
        seconds = predicted(count, shards, shard, update, size, latency, bandwidth)
        sent = _sent(count, shards, size)
        lines.append(f"{count:5}  {sent:10,}  {_short(seconds):>17}  {step / seconds:14.2f}")
        if seconds < 0.95 * fastest:
            best, fastest = count, seconds
    if ranks.size > 1:
        lines += ["", _verdict(best, shards, shard, update, size, latency, bandwidth, recipe)]
    return "\n".join(lines)


def predicted(
    count: int, shards: int, shard: float, update: float, size: int, latency: float, bandwidth: float
) -> float:
    """Seconds of a step of so many ranks, each with a core of its own; see the module."""
    most = -(-shards // count)
    together = 0.0 if count == 1 else latency + count * _sent(count, shards, size) / bandwidth
    return most * shard + together + update


def exchange(ranks: Ranks) -> tuple[float, float]:
    """Seconds of latency, and bytes per second that all ranks together receive each; (0, inf) for one."""
    if ranks.size == 1:
        return 0.0, float("inf")
    times = []
    for size in (_SMALL, _LARGE):
        own = np.zeros((1, size // 4), np.float32)
        counts = [1] * ranks.size
        times.append(_seconds(lambda own=own, counts=counts: ranks.gathered(own, counts), fixed=30))
    latency, large = ranks.told(times)
    return latency, (_LARGE - _SMALL) * ranks.size / max(large - latency, 1e-9)


def step_seconds(
    recipe: Recipe, images: Any, labels: Any, shards: int, compiled: bool = True
) -> tuple[float, float]:
    """Seconds of a step of one rank, and of its update."""
    classes = int(labels.max()) + 1
    model = recipe.build_model(images[0].size, classes)
    optimiser = recipe.build_optimiser(model, 10_000)
    some = slice(0, min(len(images), 10 * recipe.batch_size))
    rows = wrap(images[some].reshape(len(images[some]), -1))
    measured = measuring(
        model, recipe.cost_function, rows, recipe.targets(labels[some], classes), recipe.scale
    )
    parallel = DataParallel(model, optimiser, shards=shards, ranks=OneRank(), compiled=compiled)
    positions = np.arange(min(recipe.batch_size, len(rows)), dtype=np.int64)
    step = _seconds(lambda: parallel.step(measured, positions))
    parallel.step(measured, positions)  # whose gradients the update below takes
    return step, min(step, _seconds(optimiser.step))


def _sent(count: int, shards: int, size: int) -> int:
    """The bytes that the rank with the most sends in a step."""
    if count == 1:
        return 0
    nodes = [list(subtrees(own_shards(shards, count, rank), (0, shards))) for rank in range(count)]
    return max(map(len, nodes)) * size


def _seconds(function: Any, fixed: int | None = None) -> float:
    """The median of some calls, after one that may compile."""
    function()
    begin = time.perf_counter()
    function()
    once = time.perf_counter() - begin
    count = fixed or int(min(max(_SECONDS / max(once, 1e-9), _FEWEST), _MOST))
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return median(times)


def _verdict(
    best: int,
    shards: int,
    shard: float,
    update: float,
    size: int,
    latency: float,
    bandwidth: float,
    recipe: Recipe,
) -> str:
    if best > 1:
        return f"more ranks pay here: {best} are the fastest of these, if each has a core of its own"

    def pays(batch: float, width: float) -> bool:
        """Whether two ranks are faster with a batch and layers larger by such factors."""
        work, own = shard * batch * width, update * width
        two = predicted(2, shards, work, own, int(size * width), latency, bandwidth)
        return two < 0.95 * (shards * work + own)

    factors = [2.0**k for k in range(1, 16)]
    batch = next((x for x in factors if pays(x, 1)), None)
    width = next((x for x in factors if pays(1, x)), None)
    where = [f"from batch {recipe.batch_size * batch:.0f} on"] if batch else []
    where += [f"with {width:.0f} times as many weights"] if width else []
    where = where or ["at no batch or width"]
    return f"more ranks do not pay here, one is faster; they would {' or '.join(where)}"


def _short(seconds: float) -> str:
    return f"{1e6 * seconds:.0f} us" if seconds < 1e-3 else f"{1e3 * seconds:.1f} ms"
