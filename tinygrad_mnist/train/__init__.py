"""Training: the loop, what it reports, recipes, and measuring the result."""

from .divergence import DivergenceError, first_not_finite
from .evaluation import Evaluation, evaluate, outputs_of
from .history import EpochRecord, History
from .loop import fit, training_step
from .recipes import RECIPES, Recipe, RecipeError, named
from .trained import TrainedNetwork, run

__all__ = [
    "RECIPES",
    "DivergenceError",
    "EpochRecord",
    "Evaluation",
    "History",
    "Recipe",
    "RecipeError",
    "TrainedNetwork",
    "evaluate",
    "first_not_finite",
    "fit",
    "named",
    "outputs_of",
    "run",
    "training_step",
]
