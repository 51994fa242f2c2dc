"""What the reference numbers were made with; read by the tests and by make_reference.py."""

import math

STEPS = 100
SAVED = (1, 2, 10, 100)  # after which steps the parameters are compared
START = [[[0.5, -1.0, 2.0], [1.5, 0.0, -0.25]], [1.0, -2.0, 3.0]]


def gradient(x: float, k: int, i: int) -> float:
    """Of element i at step k: a bowl that moves."""
    return (0.5 + 0.3 * i) * x + math.sin(0.7 * k + i)


#: name -> (class, options, options of the second group or None, whether odd steps skip parameter 1)
OPTIMISERS = {
    "sgd": ("SGD", {"lr": 0.05}, None, False),
    "sgd momentum": ("SGD", {"lr": 0.05, "momentum": 0.9}, None, False),
    "sgd nesterov": ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}, None, False),
    "sgd decay": ("SGD", {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1}, None, True),
    "sgd groups": ("SGD", {"lr": 0.05, "weight_decay": 0.1}, {"lr": 0.01, "weight_decay": 0.0}, False),
    "adam": ("Adam", {}, None, False),
    "adam options": (
        "Adam",
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
        None,
        True,
    ),
    "adam groups": ("Adam", {"lr": 0.02}, {"lr": 0.1, "betas": (0.5, 0.9)}, False),
    "adamw": ("AdamW", {}, None, False),
    "adamw options": (
        "AdamW",
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.3},
        None,
        True,
    ),
    "rmsprop": ("RMSprop", {}, None, False),
    "rmsprop options": (
        "RMSprop",
        {"lr": 0.02, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1, "momentum": 0.5},
        None,
        True,
    ),
    "adagrad": ("Adagrad", {"lr": 0.01}, None, False),
    "adagrad options": (
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3},
        None,
        True,
    ),
    "nadam": ("NAdam", {"lr": 0.002}, None, False),
    "nadam options": (
        "NAdam",
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1, "momentum_decay": 0.1},
        None,
        True,
    ),
    "nadam decoupled": (
        "NAdam",
        {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True},
        None,
        False,
    ),
    "sgd dampening": ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3}, None, True),
    "sgd maximize": ("SGD", {"lr": 0.001, "momentum": 0.9, "maximize": True}, None, False),
    "adam amsgrad": ("Adam", {"lr": 0.02, "amsgrad": True, "weight_decay": 0.1}, None, True),
    "adamw amsgrad": ("AdamW", {"lr": 0.02, "amsgrad": True, "maximize": True}, None, False),
    "adam decoupled": (
        "Adam",
        {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True},
        None,
        False,
    ),
    "rmsprop centered": ("RMSprop", {"centered": True, "momentum": 0.5, "weight_decay": 0.1}, None, True),
    "adadelta": ("Adadelta", {"lr": 1.0}, None, False),
    "adadelta options": ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}, None, True),
    "adamax": ("Adamax", {"lr": 0.002}, None, False),
    "adamax options": ("Adamax", {"lr": 0.02, "betas": (0.8, 0.95), "weight_decay": 0.1}, None, True),
    "radam": ("RAdam", {}, None, False),
    "radam options": ("RAdam", {"lr": 0.02, "betas": (0.8, 0.95), "weight_decay": 0.1}, None, True),
    "radam decoupled": ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}, None, False),
    "rprop": ("Rprop", {"lr": 0.01}, None, False),
    "rprop options": ("Rprop", {"lr": 0.05, "etas": (0.4, 1.1), "step_sizes": (1e-3, 0.1)}, None, True),
    "asgd": ("ASGD", {"lr": 0.01}, None, False),
    "asgd options": (
        "ASGD",
        {"lr": 0.05, "lambd": 0.01, "alpha": 0.6, "t0": 20, "weight_decay": 0.1},
        None,
        True,
    ),
}
