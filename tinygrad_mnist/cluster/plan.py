"""From which network and batch on more ranks pay: a cost model with what this machine and network measure.

A step of R ranks takes

    ceil(S / R) * shard  +  latency + bytes / bandwidth  +  update

where S is the number of shards, `shard` the seconds of one shard's gradient and its addition, `bytes` what a
rank receives, and `update` what every rank does by itself. Latency and bandwidth are measured between these
ranks, of an exchange as a step does it. Shards are measured twice: by one rank while the others wait, and by
all at once, who may have to share the memory's bandwidth, or cores.
"""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from ..core.tensor import wrap
from ..train import Recipe
from ..train.prepared import measuring
from .data_parallel import DataParallel
from .ranks import OneRank, Ranks
from .training import Together
from .tree import own_shards, subtrees

_SMALL, _LARGE = 64, 1 << 20  # bytes
_SECONDS = 0.3  # for a measurement
_FEWEST, _MOST = 5, 200  # repetitions of it


def plan(together: Together, recipe: Recipe, images: Any, labels: Any, compiled: bool = True) -> str:
    """Measure a step of this recipe and an exchange between these ranks; tell what more ranks would bring.

    Every rank must call it.
    """
    ranks, shards = together.ranks, together.shards
    classes = int(labels.max()) + 1
    parameters = recipe.parameter_count(images[0].size, classes)
    size = 4 * (parameters + 2)
    latency, bandwidth = exchange(ranks, size, 4 * recipe.batch_size * classes)
    step, update, beside = step_seconds(ranks, recipe, images, labels, shards, compiled)
    costs = Costs(shards, (step - update) / shards, (beside - update) / shards, update, latency, bandwidth)
    lines = [
        f"{parameters:,} weights and biases, batch {recipe.batch_size} in {shards} shards",
        f"a step of one rank: {_short(step)}, {_short(update)} of it the update, which every rank does",
        f"all at once: {_short(beside)}; an exchange: {_short(latency)} and {bandwidth / 1e9:.2f} GB/s "
        f"between {ranks.size} ranks"
        if ranks.size > 1
        else "an exchange: not measured, since there is one rank: mpiexec -n 2 ... measures it",
        "",
        "ranks  bytes received  a step, predicted  times one rank",
    ]
    best, fastest = 1, step
    for count in [n for n in (1, 2, 3, 4, 8, 16, 32) if n <= shards and (n == 1 or ranks.size > 1)]:
        seconds = costs.predicted(count, size)
        received = _received(count, shards, size)
        lines.append(f"{count:5}  {received:14,}  {_short(seconds):>17}  {step / seconds:14.2f}")
        if seconds < 0.95 * fastest:
            best, fastest = count, seconds
    if ranks.size > 1:
        lines += ["", _verdict(best, costs, size, recipe)]
    return "\n".join(lines)


class Costs(NamedTuple):
    """What was measured.

    Attributes:
        shards: of a batch.
        shard, beside: seconds of one, by one rank alone, and while others compute theirs.
        update: seconds.
        latency: seconds of an exchange of the outputs alone.
        bandwidth: bytes that a rank receives in a second.
    """

    shards: int
    shard: float
    beside: float
    update: float
    latency: float
    bandwidth: float

    def predicted(self, count: int, size: int) -> float:
        """Seconds of a step of so many ranks with rows of so many bytes; see the module."""
        if count == 1:
            return self.shards * self.shard + self.update
        exchange = self.latency + _received(count, self.shards, size) / self.bandwidth
        return -(-self.shards // count) * self.beside + exchange + self.update


def exchange(ranks: Ranks, size: int, outputs: int) -> tuple[float, float]:
    """Seconds of latency, and bytes per second that each rank receives; (0, inf) for one.

    Args:
        ranks: that exchange.
        size: bytes of a row, which a rank has to send.
        outputs: bytes of the outputs of a batch.
    """
    if ranks.size == 1:
        return 0.0, float("inf")
    large = max(size, _LARGE)
    times = ranks.told([_exchange_seconds(ranks, bytes, outputs) for bytes in (_SMALL, large)])
    return times[0], 2 * (large - _SMALL) / max(times[1] - times[0], 1e-9)


def _exchange_seconds(ranks: Ranks, size: int, outputs: int) -> float:
    own, answers = np.zeros((1, size // 4), np.float32), np.zeros(outputs // ranks.size, np.uint8)
    cuts = [own.shape[1] * rank // ranks.size for rank in range(ranks.size + 1)]
    widths = [b - a for a, b in pairwise(cuts)]

    def once() -> None:
        columns = ranks.exchanged(own, [1] * ranks.size, cuts)
        ranks.gathered(columns[0], widths)
        ranks.gathered(answers, [len(answers)] * ranks.size)

    return seconds_of(once, fixed=30)


def step_seconds(
    ranks: Ranks, recipe: Recipe, images: Any, labels: Any, shards: int, compiled: bool = True
) -> tuple[float, float, float]:
    """Seconds of a step of one rank, of its update, and of such a step while all ranks do theirs."""
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

    def step() -> None:
        parallel.step(measured, positions)

    step()
    ranks.told(None)
    one = ranks.told(seconds_of(step) if ranks.rank == 0 else None)
    all_at_once = max(one, ranks.told(seconds_of(step)))
    step()  # whose gradients the update below takes
    update = ranks.told(seconds_of(optimiser.step))
    return one, min(one, update), all_at_once


def _received(count: int, shards: int, size: int) -> int:
    """The bytes that a rank receives in a step: its columns of all rows, and all columns of the sum."""
    if count == 1:
        return 0
    nodes = [list(subtrees(own_shards(shards, count, rank), (0, shards))) for rank in range(count)]
    return size * sum(map(len, nodes)) // count + size


def seconds_of(function: Any, fixed: int | None = None) -> float:
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


def _verdict(best: int, costs: Costs, size: int, recipe: Recipe) -> str:
    if best > 1:
        return (
            f"more ranks pay here: {best} are the fastest of these, if each has as much of a machine as now"
        )

    def pays(batch: float, width: float) -> bool:
        """Whether two ranks are faster with a batch and layers larger by such factors."""
        larger = costs._replace(
            shard=costs.shard * batch * width,
            beside=costs.beside * batch * width,
            update=costs.update * width,
        )
        return larger.predicted(2, int(size * width)) < 0.95 * larger.predicted(1, int(size * width))

    factors = [2.0**k for k in range(1, 16)]
    batch = next((x for x in factors if pays(x, 1)), None)
    width = next((x for x in factors if pays(1, x)), None)
    where = [f"from batch {recipe.batch_size * batch:.0f} on"] if batch else []
    where += [f"with {width:.0f} times as many weights"] if width else []
    where = where or ["at no batch or width"]
    return f"more ranks do not pay here, one is faster; they would {' or '.join(where)}"


def _short(seconds: float) -> str:
    return f"{1e6 * seconds:.0f} us" if seconds < 1e-3 else f"{1e3 * seconds:.1f} ms"
