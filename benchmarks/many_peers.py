"""Many networks of one shape by other libraries, each the way that suits it best: run by `benchmarks.many`.

    python many_peers.py NAME DATA.npz NETWORKS CORES SECONDS

Every way trains up to NETWORKS networks 784-16-16-10 for one epoch, batches of 16, float32, each from weights
and in an order of its own; sigmoids and the quadratic cost, plain gradient descent with a rate that falls in
a straight line (scikit-learn has no such cost: cross-entropy there). Starting processes, reading data,
compiling and measuring accuracy are not in the time. As many networks as fit into SECONDS, at least those
that are trained at once. Prints JSON: seconds of one network, and the mean accuracy.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

LAYERS = (784, 16, 16, 10)
BATCH, RATE, DECAY, SCALE, GAINS = 16, 8.0, 1.5e-5, 0.25, (1.5, 2.0, 2.0)


class Way:
    """How networks are trained.

    Args:
        train: (seeds, whether to measure) -> the accuracy of each network, or nothing.
        at_once: how many are trained side by side.
    """

    def __init__(self, train: Callable[[Sequence[int], bool], list[float]], at_once: int) -> None:
        self.train, self.at_once = train, at_once


class Data:
    """Pixels from 0 to SCALE, float32, and labels, to train on and to test with."""

    def __init__(self, path: str) -> None:
        found = np.load(path)
        self.x = found["images"].reshape(-1, 784).astype(np.float32) * np.float32(SCALE / 255)
        self.test = found["test_images"].reshape(-1, 784).astype(np.float32) * np.float32(SCALE / 255)
        self.labels, self.test_labels = found["labels"], found["test_labels"]
        self.rows = np.eye(10, dtype=np.float32)[self.labels]
        self.steps = len(self.x) // BATCH

    def order(self, seed: int) -> Any:
        """Positions of the examples of each step: (steps, batch)."""
        order = np.random.default_rng(seed).permutation(len(self.x))
        return order[: self.steps * BATCH].reshape(self.steps, BATCH)

    def accuracy(self, outputs: Any) -> float:
        return float((np.asarray(outputs).argmax(1) == self.test_labels).mean())


def first(seed: int) -> list[Any]:
    """Weights (inputs, outputs) and biases of each layer."""
    random = np.random.default_rng(seed)
    found: list[Any] = []
    for gain, n_in, n_out in zip(GAINS, LAYERS, LAYERS[1:]):
        found.append((random.standard_normal((n_in, n_out)) * gain / np.sqrt(n_in)).astype(np.float32))
        found.append(np.zeros(n_out, np.float32))
    return found


def rate(step: Any, steps: int) -> Any:
    return RATE * (1 - step / steps)


def sklearn_fit(data: Data, seed: int, measure: bool) -> float:
    from sklearn.neural_network import MLPClassifier

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that one epoch does not converge
        network = MLPClassifier(
            LAYERS[1:-1], activation="logistic", solver="sgd", learning_rate_init=1.0, momentum=0.0,
            alpha=DECAY, batch_size=BATCH, max_iter=1, random_state=seed,
        ).fit(data.x, data.labels)  # fmt: skip
        return float(network.score(data.test, data.test_labels)) if measure else 0.0


def sklearn_joblib(path: str, cores: int) -> Way:
    """joblib's processes, one network each, with the examples shared by memory map."""
    from joblib import Parallel, delayed

    data, pool = Data(path), Parallel(n_jobs=cores)

    def train(seeds: Sequence[int], measure: bool) -> list[float]:
        return list(pool(delayed(sklearn_fit)(data, seed, measure) for seed in seeds))

    return Way(train, cores)


def torch_one(data: Data) -> Callable[[int, bool], float]:
    import torch

    torch.set_num_threads(1)
    x, rows, test = map(torch.from_numpy, (data.x, data.rows, data.test))

    def train(seed: int, measure: bool) -> float:
        model = torch.nn.Sequential()
        for values_w, values_b in zip(first(seed)[::2], first(seed)[1::2]):
            layer = torch.nn.Linear(*values_w.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(values_w.T))
                layer.bias.copy_(torch.from_numpy(values_b))
            model.extend([layer, torch.nn.Sigmoid()])
        groups = [
            {"params": [p for p in model.parameters() if p.ndim == 2], "weight_decay": DECAY},
            {"params": [p for p in model.parameters() if p.ndim == 1]},
        ]
        optimiser = torch.optim.SGD(groups, lr=RATE, fused=True)
        for step, index in enumerate(torch.from_numpy(data.order(seed))):
            for group in optimiser.param_groups:
                group["lr"] = rate(step, data.steps)
            cost = (model(x[index]) - rows[index]).square().sum() / BATCH
            optimiser.zero_grad()
            cost.backward()
            optimiser.step()
        with torch.inference_mode():
            return data.accuracy(model(test).numpy()) if measure else 0.0

    return train


def torch_stacked(path: str, cores: int) -> Way:
    """One process: the networks' weights stacked, products of batches of matrices, threads of its own."""
    import torch

    torch.set_num_threads(cores)
    data = Data(path)
    x, rows, test = map(torch.from_numpy, (data.x, data.rows, data.test))

    def outputs(p: list[Any], batch: Any) -> Any:
        for w, b in zip(p[::2], p[1::2]):
            batch = torch.sigmoid(torch.baddbmm(b[:, None], batch, w))
        return batch

    def train(seeds: Sequence[int], measure: bool, steps: int = data.steps) -> list[float]:
        each = [first(seed) for seed in seeds]
        p = [torch.from_numpy(np.stack(k)).requires_grad_() for k in zip(*each)]
        order = torch.from_numpy(np.stack([data.order(seed) for seed in seeds], 1))
        for step, index in enumerate(order[:steps]):
            gradients = torch.autograd.grad((outputs(p, x[index]) - rows[index]).square().sum() / BATCH, p)
            now = rate(step, data.steps)
            with torch.no_grad():
                torch._foreach_mul_(p[::2], 1 - now * DECAY)
                torch._foreach_add_(p, gradients, alpha=-now)
        with torch.inference_mode():
            each = [[q[k : k + 1] for q in p] for k in range(len(seeds) if measure else 0)]
            return [data.accuracy(outputs(q, test[None])[0]) for q in each]

    return grouped(train)


def jax_train(data: Data) -> tuple[Any, Any]:
    """(weights, order) -> trained weights, as one loop; and the outputs of weights for images."""
    import jax

    def outputs(p: Any, batch: Any) -> Any:
        for w, b in zip(p[::2], p[1::2]):
            batch = jax.nn.sigmoid(batch @ w + b)
        return batch

    x, rows = jax.numpy.asarray(data.x), jax.numpy.asarray(data.rows)

    def train(p: Any, order: Any) -> Any:
        def one(p: Any, given: Any) -> Any:
            step, index = given
            cost = lambda p: ((outputs(p, x[index]) - rows[index]) ** 2).sum() / BATCH
            now = rate(step, data.steps)
            shrunk = [q * (1 - now * DECAY) if q.ndim == 2 else q for q in p]
            return [q - now * g for q, g in zip(shrunk, jax.grad(cost)(p))], None

        return jax.lax.scan(one, p, (jax.numpy.arange(len(order), dtype=np.float32), order))[0]

    return train, outputs


def jax_one(data: Data) -> Callable[[int, bool], float]:
    import jax

    train, outputs = jax_train(data)
    compiled, test = jax.jit(train), jax.numpy.asarray(data.test)

    def one(seed: int, measure: bool) -> float:
        p = jax.block_until_ready(compiled(first(seed), data.order(seed).astype(np.int32)))
        return data.accuracy(outputs(p, test)) if measure else 0.0

    return one


def jax_vmap(path: str, cores: int) -> Way:
    """One process: the loop of one network over the networks by vmap, threads of its own."""
    import jax

    data = Data(path)
    train, outputs = jax_train(data)
    compiled, test = jax.jit(jax.vmap(train)), jax.numpy.asarray(data.test)

    def several(seeds: Sequence[int], measure: bool, steps: int = data.steps) -> list[float]:
        p = [np.stack(k) for k in zip(*(first(seed) for seed in seeds))]
        order = np.stack([data.order(seed)[:steps].astype(np.int32) for seed in seeds])
        p = jax.block_until_ready(compiled(p, order))
        each = [[q[k] for q in p] for k in range(len(seeds) if measure else 0)]
        return [data.accuracy(outputs(q, test)) for q in each]

    return grouped(several)


def grouped(train: Any) -> Way:
    """So many networks at a time as is fastest for some steps."""
    best = 0, float("inf")
    for size in (8, 64):
        train(range(size), False, 100)
        begin = time.perf_counter()
        train(range(size), False, 100)
        best = min(best, (size, (time.perf_counter() - begin) / size), key=lambda found: found[1])
    size = best[0]

    def in_groups(seeds: Sequence[int], measure: bool) -> list[float]:
        return [x for k in range(0, len(seeds), size) for x in train(seeds[k : k + size], measure)]

    return Way(in_groups, size)


def in_processes(of: Callable[[Data], Callable[[int, bool], float]], path: str, cores: int) -> Way:
    """A process for each core, each with one thread."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(cores, spawn, _begin, (of, path))  # says so where a process does not start

    def train(seeds: Sequence[int], measure: bool) -> list[float]:
        return list(pool.map(_do, seeds, [measure] * len(seeds)))

    return Way(train, cores)


def _begin(of: Any, path: str) -> None:
    global _train
    _train = of(Data(path))
    _train(0, False)  # compiles


def _do(seed: int, measure: bool) -> float:
    return _train(seed, measure)


_train: Any = None

WAYS: dict[str, Callable[[str, int], Way]] = {
    "scikit-learn, joblib": sklearn_joblib,
    "PyTorch, processes": lambda path, cores: in_processes(torch_one, path, cores),
    "PyTorch, stacked": torch_stacked,
    "JAX, processes": lambda path, cores: in_processes(jax_one, path, cores),
    "JAX, vmap": jax_vmap,
}


def main() -> None:
    name, path, networks, cores, seconds = sys.argv[1:]
    way = WAYS[name](path, int(cores))
    size = way.at_once
    begin = time.perf_counter()
    accuracies = way.train(range(1, size + 1), True)
    count = int(min(int(networks), float(seconds) * size / (time.perf_counter() - begin))) // size * size
    begin = time.perf_counter()
    way.train(range(1, max(count, size) + 1), False)
    spent = (time.perf_counter() - begin) / max(count, size)
    print(json.dumps({"seconds": spent, "accuracy": float(np.mean(accuracies)), "count": max(count, size)}))


if __name__ == "__main__":
    main()
