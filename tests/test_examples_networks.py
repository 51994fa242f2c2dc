"""The networks of the larger examples, uncompiled: compiling them takes longer than a test may."""

import runpy
from pathlib import Path

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn

FOLDER = Path(__file__).parent.parent / "examples"


def test_convolution():
    example = runpy.run_path(str(FOLDER / "convolution.py"))
    (images, labels), _ = tg.data.mnist()
    model = example["Network"](seed=0)
    cost = nn.cross_entropy(model(tg.Tensor(images[:20, None]).float() / 255), labels[:20])
    cost.backward()
    assert abs(cost.item() - np.log(10)) < 1
    assert all(np.abs(p.grad.numpy()).max() > 0 for p in model.parameters())
    assert 0 <= example["accuracy"](model.eval(), images[:30], labels[:30]) <= 1


def test_characters():
    example = runpy.run_path(str(FOLDER / "characters.py"))
    model = example["Writer"](symbols=11, seed=0)
    text = np.arange(96).reshape(2, 48) % 11
    scores = model(tg.Tensor(text))
    nn.cross_entropy(scores.reshape(96, 11), text.ravel()).backward()
    assert all(p.grad is not None for p in model.parameters())
    changed = text.copy()
    changed[:, 30:] = 0  # what comes later is not seen
    np.testing.assert_allclose(model(tg.Tensor(changed))[:, :30].detach(), scores[:, :30].detach(), atol=1e-5)
    written = example["write"](model, text[0], length=5, seed=1)
    assert len(written) == 5
    assert set(written) <= set(range(11))
