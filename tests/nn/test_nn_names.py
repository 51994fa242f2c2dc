"""Names that are not there say the nearest one, or what to write instead."""

import importlib

import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim


@pytest.mark.parametrize(
    ("owner", "name", "hint"),
    [
        (nn, "Liner", "did you mean 'Linear'?"),
        (nn, "BatchNorm2D", "did you mean 'BatchNorm2d'?"),
        (nn, "SyncBatchNorm", "there is one machine here"),
        (nn.functional, "relu_", "write x.relu_(...)"),
        (nn.Linear(2, 3), "wieght", "did you mean 'weight'?"),
        (tg, "batch_norm", "write tg.nn.functional.batch_norm(...)"),
        (tg.ones(2), "storage_type", "docs/from-pytorch.md lists what there is"),
        (nn.functional, "crossentropy", "did you mean 'cross_entropy'?"),
        (nn.init, "kaiming_normal", "did you mean 'kaiming_normal_'?"),
        (nn.utils, "clip_grad_norm", "did you mean 'clip_grad_norm_'?"),
        (optim, "Adamw", "did you mean 'AdamW'?"),
        (optim, "Muon", "write optim.AdamW"),
        (optim.lr_scheduler, "CosineAnnealing", "did you mean 'CosineAnnealingLR'?"),
        (tg.utils.data, "Dataloader", "did you mean 'DataLoader'?"),
        (tg.autograd, "gradd", "did you mean 'grad'?"),
        (tg.func, "jacref", "did you mean 'jacrev'?"),
    ],
)
def test_hints(owner, name, hint):
    with pytest.raises(AttributeError) as error:
        getattr(owner, name)
    assert hint in str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        "nn",
        "nn.functional",
        "nn.init",
        "nn.utils",
        "optim",
        "optim.lr_scheduler",
        "utils.data",
        "autograd",
        "func",
    ],
)
def test_every_public_name_is_there_and_has_a_docstring(name):
    module = importlib.import_module(f"tinygrad_mnist.{name}")
    for each in module.__all__:
        assert getattr(module, each).__doc__, each
