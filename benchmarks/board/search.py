"""Which recipe reaches which share: the fastest of those that do on images kept from the training.

    python -m benchmarks board search    # writes benchmarks/board/recipes.json; goes on if it was stopped

The test images take no part. A candidate is trained on 50,000 of the 60,000 training images and measured
on the other 10,000, another 10,000 for each seed. It is given up when its first seed, or the mean of its
first three, stays below the share. The choice is the fastest whose mean over five seeds is above the share
by two standard errors; candidates come in the order of their multiply-adds, and those with twice as many
as a choice are not tried.
"""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tinygrad_mnist as tg
from tinygrad_mnist import data
from tinygrad_mnist.train import DivergenceError, run
from tinygrad_mnist.train.workbench import Workbenches

from .recipe import BoardRecipe

FILE = Path(__file__).with_name("recipes.json")
GOALS = ("96", "97", "98", "99")  # per cent
SEEDS = 5
_HELD_OUT = 1 / 6
_BASE = BoardRecipe().but(
    cost="cross-entropy", optimiser="adamw", activation="relu", first_gain=1.0, gain=1.4, weight_decay=0.01
)
_WIDER: dict[str, tuple[Any, ...]] = {
    "hidden": ((128,),),
    "batch_size": (50,),
    "rate": (0.004,),
    "first_gain": (1.4,),
}
#: What varies, by the share to reach; all of them divide the images into whole batches.
GRIDS: dict[str, tuple[dict[str, tuple[Any, ...]], ...]] = {
    "96": (
        {
            "hidden": ((32,), (64,), (96,), (128,)),
            "epochs": (1, 2, 3),
            "batch_size": (50, 100),
            "rate": (0.01, 0.02),
        },
    ),
    "97": (
        {
            "hidden": ((64,), (96,), (128,), (192,)),
            "epochs": (1, 2, 3, 4),
            "batch_size": (50, 100),
            "rate": (0.006, 0.012),
        },
    ),
    "98": (
        {
            "hidden": ((128,), (256,), (384,), (512,)),
            "epochs": (3, 4, 6),
            "batch_size": (100,),
            "rate": (0.004, 0.008),
            "weight_decay": (0.1,),
        },
        {
            "filters": ((8,), (12,)),
            "hidden": ((100,),),
            "epochs": (1,),
            "batch_size": (100,),
            "rate": (0.008,),
            "first_gain": (1.4,),
        },
        {
            "filters": ((6, 16),),
            "hidden": ((120, 84),),
            "epochs": (1,),
            "batch_size": (50, 100),
            "rate": (0.006,),
            "first_gain": (1.4,),
        },
    ),
    "99": (
        {"filters": ((8, 24), (12, 24)), "epochs": (3,), **_WIDER},
        {"filters": ((12, 24),), "epochs": (4,), **_WIDER, "augment": (0.7,)},
        {"filters": ((8, 24),), "epochs": (3,), **_WIDER, "augment": (0.7,)},
    ),
}


def candidates(goal: str) -> list[BoardRecipe]:
    """Every combination of the grids, those with least work first."""
    settings = [
        dict(zip(grid, values, strict=True))
        for grid in GRIDS[goal]
        for values in itertools.product(*grid.values())
    ]
    return sorted((_BASE.but(**each) for each in settings), key=work)


def work(recipe: BoardRecipe) -> int:
    """Multiply-adds of a training for each image, about, in units that cancel."""
    return recipe.epochs * recipe.multiply_adds()


def hopeless(accuracies: list[float], goal: str) -> bool:
    """Whether no more seeds are to be tried."""
    share = int(goal) / 100
    return bool(accuracies) and (
        accuracies[0] < share - 0.002 or (len(accuracies) >= 3 and statistics.mean(accuracies) < share)
    )


def reaches(accuracies: list[float], goal: str) -> bool:
    """Whether their mean is above the share by two standard errors."""
    if len(accuracies) < SEEDS:
        return False
    error = statistics.stdev(accuracies) / len(accuracies) ** 0.5
    return statistics.mean(accuracies) - 2 * error >= int(goal) / 100


def chosen(found: list[dict[str, Any]], goal: str) -> dict[str, Any] | None:
    """The entry of the fastest candidate that reaches the share."""
    reaching = [x for x in found if x["goal"] == goal and reaches(x["accuracies"], goal)]
    return min(reaching, key=lambda x: x["cpu_seconds"], default=None)


def recipes() -> dict[str, BoardRecipe]:
    """What was chosen, by share. Raises FileNotFoundError before a search."""
    found = json.loads(FILE.read_text(encoding="utf-8"))["chosen"]
    return {goal: BoardRecipe.from_dict(values) for goal, values in found.items()}


def search(goals: tuple[str, ...], say: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Try every candidate not yet tried, keep all outcomes in the file, and give the choices.

    Args:
        goals: which shares.
        say: hears (words, candidates done, of how many).
    """
    tg.set_num_threads(1)  # the processor time of one thread is what candidates are compared by
    images, labels = data.mnist()[0]
    benches = Workbenches(images, labels)
    found = json.loads(FILE.read_text(encoding="utf-8"))["tried"] if FILE.exists() else []
    tried = {(x["goal"], BoardRecipe.from_dict(x["recipe"])) for x in found}
    todo = [(goal, recipe) for goal in goals for recipe in candidates(goal)]
    for done, (goal, recipe) in enumerate(todo):
        best = chosen(found, goal)
        if (goal, recipe) in tried or (
            best and work(recipe) > 2 * work(BoardRecipe.from_dict(best["recipe"]))
        ):
            continue
        say(f"{goal}%: {recipe.words()}", done, len(todo))
        accuracies, spent = [], []
        while len(accuracies) < SEEDS and not hopeless(accuracies, goal):
            begin = time.process_time()
            try:
                network = run(
                    recipe.but(seed=len(accuracies), validation=_HELD_OUT), images, labels, benches=benches
                )
            except DivergenceError:
                accuracies.append(0.0)
            else:
                accuracies.append(network.history.epochs[-1].validation_accuracy or 0.0)
            spent.append(time.process_time() - begin)
        found.append(
            {
                "goal": goal,
                "cpu_seconds": round(min(spent), 4),
                "accuracies": [round(x, 4) for x in accuracies],
                "recipe": recipe.plain(),
            }
        )
        write(found)
    return {goal: chosen(found, goal) for goal in goals}


def write(found: list[dict[str, Any]]) -> None:
    """The file, with the choice that these outcomes lead to."""
    best = {goal: x["recipe"] for goal in GOALS if (x := chosen(found, goal))}
    facts = {"command": "python -m benchmarks board search", "chosen": best, "tried": found}
    lines = json.dumps(facts, indent=None).replace('{"goal"', '\n{"goal"')  # a line for each candidate
    FILE.write_text(lines + "\n", encoding="utf-8")
