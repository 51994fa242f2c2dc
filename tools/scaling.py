"""Past these machines: what a sweep of thousands, and a step of hundreds of ranks, would take.

    python tools/scaling.py [--task 1.0 --per-task 0.001 --latency 2e-6 --bandwidth 3e9 --noise 0.05]

Prints, for both, what a formula says beside what a simulation with the same latencies gives, event by event:
each task is sent by a scheduler that does one thing at a time; each exchange goes along the rounds of a ring,
and every rank waits for the slowest. `docs/scaling.md` says what follows.
"""

from __future__ import annotations

import argparse
import heapq
import math

import numpy as np

TASKS = 100_000


def sweep_predicted(tasks: int, workers: int, task: float, per_task: float) -> float:
    """Seconds of a sweep: either the workers are busy throughout, or the scheduler is."""
    rounds = math.ceil(tasks / workers)
    return max(rounds * (task + per_task), tasks * per_task + task)


def sweep_simulated(tasks: int, workers: int, task: float, per_task: float, noise: float, seed: int) -> float:
    """The same, task by task: the scheduler hands out one after another, workers come back when done."""
    random = np.random.default_rng(seed)
    durations = task * np.exp(noise * random.standard_normal(tasks) - noise**2 / 2)
    free = [0.0] * min(workers, tasks)  # when each worker asks for its next task
    scheduler = end = 0.0
    for duration in durations:
        scheduler = max(scheduler, heapq.heappop(free)) + per_task
        heapq.heappush(free, scheduler + duration)
        end = max(end, scheduler + duration)
    return end


def step_predicted(
    ranks: int, shards: int, shard: float, size: float, latency: float, bandwidth: float, noise: float
) -> float:
    """Seconds of a step: the slowest rank's shards, and two ways round a ring, of a part of the sum each."""
    most = math.ceil(shards / ranks)
    slowest = shard * (most + math.sqrt(most) * noise * _highest(ranks))
    return slowest + 2 * (ranks - 1) * (latency + size / ranks / bandwidth)


def step_simulated(
    ranks: int,
    shards: int,
    shard: float,
    size: float,
    latency: float,
    bandwidth: float,
    noise: float,
    seed: int,
) -> float:
    """The mean of steps whose shards take more or less time; in a round each waits for a neighbour."""
    random = np.random.default_rng(seed)
    counts = np.diff(shards * np.arange(ranks + 1) // ranks)
    ends = []
    for _ in range(50):
        ready = np.array([np.sum(shard * (1 + noise * random.standard_normal(n))) for n in counts])
        for _ in range(2 * (ranks - 1)):
            ready = np.maximum(ready, np.roll(ready, 1)) + latency + size / ranks / bandwidth
        ends.append(ready.max())
    return float(np.mean(ends))


def _highest(count: int) -> float:
    """About the mean of the highest of so many normal numbers (Blom 1958)."""
    if count == 1:
        return 0.0
    share = (count - 0.375) / (count + 0.25)
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 * (1 + math.erf(middle / math.sqrt(2))) < share else (low, middle)
    return low


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", type=float, default=1.0, help="seconds")
    parser.add_argument("--per-task", type=float, default=0.001, help="seconds of the scheduler")
    parser.add_argument("--latency", type=float, default=2e-6, help="seconds, between two ranks")
    parser.add_argument("--bandwidth", type=float, default=3e9, help="bytes per second")
    parser.add_argument("--noise", type=float, default=0.05, help="deviation of a duration, as a share of it")
    given = parser.parse_args()
    print(f"{TASKS:,} tasks of {given.task:g} s, {1e3 * given.per_task:g} ms each for the scheduler")
    print("workers  predicted, s  simulated, s  times one worker")
    one = TASKS * given.task
    for workers in (10, 100, 1_000, 3_000, 10_000):
        predicted = sweep_predicted(TASKS, workers, given.task, given.per_task)
        simulated = sweep_simulated(TASKS, workers, given.task, given.per_task, given.noise, 0)
        print(f"{workers:7,}  {predicted:12,.0f}  {simulated:12,.0f}  {one / simulated:16,.0f}")
    for name, parameters, batch in (("784-1024-1024-10", 1_863_690, 8192), ("784-16-16-10", 13_002, 8192)):
        shards, size = 256, 4.0 * parameters
        shard = 6 * parameters * batch / shards / 5e10
        one_step = shards * shard
        print(f"\n{name}, batch {batch} in {shards} shards of {1e3 * shard:.2f} ms")
        print("ranks  predicted, ms  simulated, ms  times one rank")
        for ranks in (1, 2, 4, 8, 16, 64, 256):
            numbers = (ranks, shards, shard, size, given.latency, given.bandwidth, given.noise)
            predicted, simulated = step_predicted(*numbers), step_simulated(*numbers, 0)
            print(
                f"{ranks:5}  {1e3 * predicted:13.2f}  {1e3 * simulated:13.2f}  {one_step / simulated:14.1f}"
            )


if __name__ == "__main__":
    main()
