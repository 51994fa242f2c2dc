"""Random recipes trained side by side: each gives the bits that it gives alone.

    python tests/train/random_recipes.py --count 200

Prints how many were trained by how many workers; fails at the first that differs.
"""

from __future__ import annotations

import argparse
import random

import numpy as np
from small_task import corners

import tinygrad_mnist as tg
from tinygrad_mnist.train import DivergenceError, Recipe, TrainedNetwork, run

EXAMPLES = corners(210)


def random_recipe(draw: random.Random) -> Recipe:
    """Of tiny networks, some of which diverge; half of them take enough steps to be compiled."""
    base = Recipe().but(
        cost=draw.choice(["quadratic", "cross-entropy"]),
        optimiser=draw.choice(["sgd", "adam", "adamw", "rmsprop"]),
    )
    changes = {
        "hidden": draw.choice([(), (5,), (8,), (6, 4)]),
        "activation": draw.choice(["sigmoid", "relu", "silu"]),
        "schedule": draw.choice(["constant", "linear", "cosine"]),
        "epochs": draw.choice([1, 2, 26]),
        "batch_size": draw.choice([10, 17]),
        "seed": draw.randrange(5),
        "validation": draw.choice([0.0, 0.1]),
        "dropout": draw.choice([0.0, 0.0, 0.3]),
        "augment": draw.choice([0.0, 0.0, 1.0]),
    }
    if draw.random() < 0.1:
        changes |= {"rate": 1e30, "activation": "relu", "cost": "cross-entropy", "output": "none"}
    return base.but(**changes)


def trained_alone(recipe: Recipe) -> tuple[TrainedNetwork | None, DivergenceError | None]:
    try:
        return run(recipe, *EXAMPLES), None
    except DivergenceError as error:
        return None, error


def check(count: int, workers: int, seed: int = 0, backend: str | None = None) -> int:
    """Train so many; AssertionError where one differs. Returns how many failed."""
    draw = random.Random(seed)
    recipes = [random_recipe(draw) for _ in range(count)]
    draw.shuffle(recipes)
    options = {} if backend is None else {"backend": backend}
    failures = 0
    for result in tg.train_many(recipes, EXAMPLES, workers=workers, **options):
        alone, error = trained_alone(result.job)
        assert (type(result.error), str(result.error)) == (type(error), str(error)), result.job
        if error is not None:
            failures += 1
            continue
        for own, other in zip(
            result.value.model.state_dict().values(), alone.model.state_dict().values(), strict=True
        ):
            np.testing.assert_array_equal(own.numpy(), other.numpy(), str(result.job))
        assert result.value.history.to_dict(times=False) == alone.history.to_dict(times=False), result.job
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--backend")
    arguments = parser.parse_args()
    for workers in (1, 2, 3, 4):
        count = -(-arguments.count // 4)
        failures = check(count, workers, seed=workers, backend=arguments.backend)
        print(f"{count} recipes, {workers} workers: all as alone, {failures} of them diverged", flush=True)


if __name__ == "__main__":
    main()
