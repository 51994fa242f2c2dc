"""Training: the loop, what it reports, recipes, and measuring the result."""

from ..describing import complete as _complete
from .checkpoints import Checkpoints, CheckpointWarning, load_checkpoint, save_checkpoint
from .divergence import DivergenceError, first_not_finite
from .evaluation import Evaluation, evaluate, outputs_of
from .history import EpochRecord, History
from .logs import JsonLines, Log
from .loop import fit, training_step
from .many import Result, train_many
from .recipes import RECIPES, Recipe, RecipeError, named
from .stopping import EarlyStopping
from .trained import TrainedNetwork, run

__all__ = [
    "RECIPES",
    "CheckpointWarning",
    "Checkpoints",
    "DivergenceError",
    "EarlyStopping",
    "EpochRecord",
    "Evaluation",
    "History",
    "JsonLines",
    "Log",
    "Recipe",
    "RecipeError",
    "Result",
    "TrainedNetwork",
    "evaluate",
    "first_not_finite",
    "fit",
    "load_checkpoint",
    "named",
    "outputs_of",
    "run",
    "save_checkpoint",
    "train_many",
    "training_step",
]

_complete("train", __all__, globals())
