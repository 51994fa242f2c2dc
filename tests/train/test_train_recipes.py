import dataclasses
from typing import get_args

import numpy as np
import pytest

from tinygrad_mnist import nn, optim
from tinygrad_mnist.train import RECIPES, Recipe, RecipeError, choices, named
from tinygrad_mnist.train.recipes import RecipeName


def test_the_default_is_the_articles_network():
    recipe = Recipe()
    assert recipe == RECIPES["article"]
    model = recipe.build_model(784, 10)
    kinds = [type(layer) for layer in model]
    assert kinds == [nn.Linear, nn.Sigmoid] * 3
    assert [p.shape for p in model.parameters()] == [(16, 784), (16,), (16, 16), (16,), (10, 16), (10,)]
    assert sum(p.numel() for p in model.parameters()) == 13_002
    assert recipe.scale == 0.25 / 255
    assert recipe.cost_function is nn.quadratic_cost
    assert recipe.targets(np.array([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]


def test_first_weights_of_the_default():
    model = Recipe().build_model(784, 10)
    deviations = [p.numpy().std() * np.sqrt(p.shape[1]) for p in model.parameters() if p.ndim == 2]
    assert deviations == pytest.approx([1.5, 2, 2], rel=0.15)
    assert all((p.numpy() == 0).all() for p in model.parameters() if p.ndim == 1)


def test_first_weights_depend_on_the_seed_alone():
    def first(seed):
        return next(Recipe(seed=seed).build_model(784, 10).parameters()).numpy()

    assert (first(3) == first(3)).all()
    assert (first(3) != first(4)).any()


def test_weights_decay_and_biases_do_not():
    for name, optimiser in choices.OPTIMISERS.items():
        recipe = Recipe(optimiser=name, rate=0.5, weight_decay=0.1, schedule="constant")
        model = recipe.build_model(6, 3)
        for p in model.parameters():
            p.assign_(np.ones(p.shape))
            p.grad = p.detach() * 0
        made = recipe.build_optimiser(model, 10)
        assert isinstance(made, optimiser)
        made.step()
        for p in model.parameters():
            assert ((p.numpy() < 1) if p.ndim == 2 else (p.numpy() == 1)).all()


def test_the_rate_falls_as_the_schedule_says():
    def rates(schedule):
        model = Recipe().build_model(4, 2)
        lr = Recipe(schedule=schedule).build_optimiser(model, 10).param_groups[0]["lr"]
        return [lr(0), lr(5), lr(10)]

    assert rates("linear") == pytest.approx([8, 4, 0])
    assert rates("cosine") == pytest.approx([8, 4, 0])
    assert rates("constant") == [8, 8, 8]


def test_momentum_reaches_the_optimiser():
    made = Recipe(momentum=0.9).build_optimiser(Recipe().build_model(4, 2), 10)
    assert isinstance(made, optim.SGD)
    assert {group["momentum"] for group in made.param_groups} == {0.9}


def test_names_and_tables_agree():
    assert get_args(choices.ActivationName) == tuple(choices.ACTIVATIONS)
    assert set(get_args(choices.OutputName)) == set(choices.OUTPUTS)
    assert get_args(choices.CostName) == tuple(choices.COSTS)
    assert get_args(choices.OptimiserName) == tuple(choices.OPTIMISERS)
    assert get_args(choices.ScheduleName) == tuple(choices.SCHEDULES)
    assert get_args(RecipeName) == tuple(RECIPES)


def test_silu128_by_settings_alone():
    settings = {"hidden": (128,), "activation": "silu", "cost": "cross-entropy", "optimiser": "adamw",
                "rate": 0.006, "weight_decay": 0.1, "batch_size": 64, "epochs": 5}  # fmt: skip
    assert Recipe().but(**settings) == RECIPES["silu128"]


def test_what_follows_another_cost_or_optimiser():
    assert Recipe().but(cost="cross-entropy").output == "none"
    assert Recipe().but(cost="cross-entropy", output="softmax").output == "softmax"
    assert Recipe().but(optimiser="adam").rate < 0.1
    assert Recipe().but(optimiser="adam", rate=0.5).rate == 0.5
    same = Recipe(rate=3.0, output="tanh")
    assert same.but(cost="quadratic", optimiser="sgd") == same
    for recipe in RECIPES.values():
        back = recipe.but(optimiser="rmsprop", cost="quadratic").but(optimiser="sgd")
        assert (back.rate, back.input_scale, back.output) == (8.0, 0.25, "sigmoid")


def test_the_small_recipes_are_for_the_articles_network():
    for name in ("fast16", "best16"):
        for augment in (False, True):
            model = named(name, augment=augment).build_model(784, 10)
            assert [p.shape for p in model.parameters() if p.ndim == 2] == [(16, 784), (16, 16), (10, 16)]


def test_augmentation_is_a_choice():
    for name, recipe in RECIPES.items():
        assert named(name) == recipe
        assert recipe.augment == 0
        assert named(name, augment=True).augment > 0
    assert named("article", augment=True) == Recipe(augment=1.0)


@pytest.mark.parametrize(
    ("setting", "value", "complaint"),
    [
        ("hidden", (0,), "at least one neuron"),
        ("hidden", (16, 2.5), "at least one neuron"),
        ("activation", "step", "unknown activation 'step'; there are sigmoid, tanh"),
        ("output", "step", "unknown output"),
        ("cost", "price", "unknown cost"),
        ("cost", ["quadratic"], "unknown cost"),
        ("optimiser", "luck", "unknown optimiser"),
        ("schedule", "late", "unknown schedule"),
        ("rate", -1.0, "rate must be a finite number from 0 up"),
        ("rate", float("nan"), "rate must be"),
        ("rate", "8", "rate must be"),
        ("weight_decay", float("inf"), "weight_decay must be"),
        ("augment", -1.0, "augment must be a finite number from 0 up"),
        ("momentum", 1.0, "momentum must be a share from 0 to below 1"),
        ("validation", 1.0, "validation must be a share"),
        ("epochs", 0, "epochs must be an integer from 1 up"),
        ("epochs", True, "epochs must be"),
        ("batch_size", 1.5, "batch_size must be"),
        ("seed", -1, "seed must be an integer from 0 up"),
        ("seed", 2**64, "seed must be"),
    ],
)
def test_settings_that_make_no_sense(setting, value, complaint):
    with pytest.raises(RecipeError, match=complaint):
        Recipe(**{setting: value})


def test_momentum_where_there_is_none():
    with pytest.raises(RecipeError, match="adamw has no momentum"):
        Recipe(optimiser="adamw", momentum=0.5)


def test_recipes_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().rate = 1.0
