"""The cost of sequences without alignment: all alignments are counted, one by one."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.testing import gradcheck

F = nn.functional
RNG = np.random.default_rng(1)
LOGITS = tg.tensor(RNG.normal(size=(5, 3, 4)))
TARGETS, STEPS, LENGTHS = [[1, 2], [3, 3], [2, 0]], [5, 4, 3], [2, 2, 1]


def said(path):
    """What a path says: repeated symbols once, no blanks."""
    return [symbol for symbol, _ in itertools.groupby(path) if symbol]


def by_counting(log_probs, target):
    total = 0.0
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        if said(path) == target:
            total += math.exp(sum(log_probs[t, symbol] for t, symbol in enumerate(path)))
    return -math.log(total) if total else math.inf


def test_every_alignment_is_counted_once():
    log_probs = LOGITS.log_softmax(2)
    found = F.ctc_loss(log_probs, tg.tensor(TARGETS), tg.tensor(STEPS), tg.tensor(LENGTHS), reduction="none")
    expected = [
        by_counting(log_probs.numpy()[:steps, i], target[:n])
        for i, (target, steps, n) in enumerate(zip(TARGETS, STEPS, LENGTHS))
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    flat = tg.tensor([1, 2, 3, 3, 2])
    np.testing.assert_allclose(F.ctc_loss(log_probs, flat, STEPS, LENGTHS, reduction="none"), expected)
    assert F.ctc_loss(log_probs, flat, STEPS, LENGTHS).item() == pytest.approx(
        np.mean(np.array(expected) / LENGTHS)
    )
    one = F.ctc_loss(log_probs[:, 0], tg.tensor([1, 2]), tg.tensor(5), tg.tensor(2), reduction="sum")
    assert one.item() == pytest.approx(expected[0])


def test_what_cannot_be_said():
    log_probs = LOGITS.log_softmax(2)
    arguments = (
        log_probs,
        tg.tensor(TARGETS),
        tg.tensor([5, 2, 3]),
        tg.tensor(LENGTHS),
    )  # 3, 3 needs three steps
    assert F.ctc_loss(*arguments, reduction="none")[1].item() == math.inf
    assert F.ctc_loss(*arguments, reduction="none", zero_infinity=True)[1].item() == 0
    x = tg.tensor(LOGITS.numpy(), requires_grad=True)
    nn.CTCLoss(zero_infinity=True)(x.log_softmax(2), *arguments[1:]).backward()
    assert np.isfinite(x.grad.numpy()).all()
    assert not x.grad.numpy()[:, 1].any()


def test_derivatives_and_programs():
    def cost(x):
        return F.ctc_loss(x.log_softmax(2), tg.tensor(TARGETS), tg.tensor(STEPS), tg.tensor(LENGTHS))

    gradcheck(cost, [LOGITS], order=2)
    targets = tg.tensor(TARGETS)
    compiled = tg.jit(
        lambda x, targets: F.ctc_loss(x.log_softmax(2), targets, tg.tensor(STEPS), tg.tensor(LENGTHS))
    )
    assert compiled(LOGITS, targets).item() == pytest.approx(cost(LOGITS).item())
    assert compiled(LOGITS, targets.flip(0)).item() != pytest.approx(cost(LOGITS).item())


def test_errors():
    log_probs = LOGITS.log_softmax(2)
    for error, arguments in (
        (ShapeError, (log_probs, tg.tensor(TARGETS), STEPS, [2, 2])),
        (ShapeError, (log_probs, tg.tensor(TARGETS[:2]), STEPS, LENGTHS)),
        (ShapeError, (log_probs, tg.tensor(TARGETS), STEPS, [2, 3, 1])),
        (ShapeError, (log_probs, tg.tensor([1, 2]), STEPS, LENGTHS)),
        (ShapeError, (log_probs[0, 0], tg.tensor(TARGETS), STEPS, LENGTHS)),
        (ValueError, (log_probs, tg.tensor(TARGETS), [6, 1, 1], LENGTHS)),
        (IndexError, (log_probs, tg.tensor([[1, 7], [1, 1], [1, 1]]), STEPS, LENGTHS)),
    ):
        with pytest.raises(error, match="ctc_loss"):
            F.ctc_loss(*arguments)
