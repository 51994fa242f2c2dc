import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.core import tensor
from tinygrad_mnist.core.interpreter import Interpreter, interpreter
from tinygrad_mnist.errors import DTypeError, ShapeError

REFERENCE = json.loads(Path(__file__).with_name("reference.json").read_text())["losses"]

N, C = 6, 5
LOGITS = np.array([[3 * math.sin(1 + 5 * i + j) for j in range(C)] for i in range(N)])
CLASSES = np.array([(2 * i) % C for i in range(N)])
WANTED = np.array([[math.cos(2 + 5 * i + j) for j in range(C)] for i in range(N)])
PROBABILITIES = np.exp(WANTED) / np.exp(WANTED).sum(1, keepdims=True)
SHARES = 1 / (1 + np.exp(-WANTED))

LOSSES = {
    "mse_loss": partial(nn.mse_loss, target=WANTED),
    "quadratic_cost": partial(nn.quadratic_cost, target=WANTED),
    "cross_entropy classes": partial(nn.cross_entropy, target=CLASSES),
    "cross_entropy classes smoothed": partial(nn.cross_entropy, target=CLASSES, label_smoothing=0.1),
    "cross_entropy probabilities": partial(nn.cross_entropy, target=PROBABILITIES),
    "cross_entropy probabilities smoothed": partial(
        nn.cross_entropy, target=PROBABILITIES, label_smoothing=0.1
    ),
    "nll_loss": partial(nn.nll_loss, target=CLASSES),
    "binary_cross_entropy_with_logits": partial(nn.binary_cross_entropy_with_logits, target=SHARES),
}


@pytest.mark.parametrize("name", LOSSES)
def test_equal_to_pytorch(name):
    value, gradient = tg.value_and_grad(LOSSES[name])(tg.Tensor(LOGITS))
    assert value.item() == pytest.approx(REFERENCE[name]["value"], rel=1e-12)
    np.testing.assert_allclose(gradient.numpy(), REFERENCE[name]["gradient"], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_arrays_give_the_same_as_tensors(name):
    assert float(LOSSES[name](LOGITS)) == LOSSES[name](tg.Tensor(LOGITS)).item()


def test_targets_of_any_kind_do_not_widen_the_cost():
    x = tg.Tensor(LOGITS.astype(np.float32))
    for target in (WANTED, tg.Tensor(WANTED).float(), WANTED.tolist()):
        assert nn.quadratic_cost(x, target).dtype == nn.mse_loss(x, target).dtype == np.float32
    assert nn.mse_loss(x, tg.Tensor(WANTED)).dtype == np.float64  # as in PyTorch
    for target in (CLASSES, CLASSES.astype(np.uint8), tg.Tensor(CLASSES), CLASSES.tolist(), PROBABILITIES):
        assert nn.cross_entropy(x, target).dtype == np.float32


far = hnp.arrays(np.float32, (3, 4), elements=st.floats(-1e4, 1e4, width=32))


@settings(deadline=None)
@given(far, st.lists(st.integers(0, 3), min_size=3, max_size=3), st.sampled_from([0.0, 0.1, 1.0]))
def test_cross_entropy_is_stable_far_from_zero(logits, classes, smoothing):
    f = partial(nn.cross_entropy, target=np.array(classes), label_smoothing=smoothing)
    value, gradient = tg.value_and_grad(f)(tg.Tensor(logits))
    exact, exact_gradient = tg.value_and_grad(f)(tg.Tensor(logits.astype(np.float64)))
    assert value.dtype == gradient.dtype == np.float32
    assert value.item() == pytest.approx(exact.item(), rel=1e-5, abs=1e-6)
    np.testing.assert_allclose(gradient.numpy(), exact_gradient.numpy(), rtol=1e-3, atol=1e-6)


@settings(deadline=None)
@given(far, hnp.arrays(np.float32, (3, 4), elements=st.floats(0, 1, width=32)))
def test_binary_cross_entropy_is_stable_far_from_zero(logits, target):
    f = partial(nn.binary_cross_entropy_with_logits, target=target)
    value, gradient = tg.value_and_grad(f)(tg.Tensor(logits))
    exact, exact_gradient = tg.value_and_grad(f)(tg.Tensor(logits.astype(np.float64)))
    assert value.item() == pytest.approx(exact.item(), rel=1e-5, abs=1e-30)
    np.testing.assert_allclose(gradient.numpy(), exact_gradient.numpy(), rtol=1e-3, atol=1e-7)


def test_binary_cross_entropy_keeps_small_costs():
    logits = tg.Tensor([30.0, -30.0])
    cost = nn.binary_cross_entropy_with_logits(logits, [1.0, 0.0]).item()
    assert cost == pytest.approx(math.log1p(math.exp(-30)), rel=1e-5)


def test_cross_entropy_of_a_masked_class():
    with_mask = nn.cross_entropy(tg.Tensor([[1.0, 2.0, -math.inf]]), [0]).item()
    assert with_mask == pytest.approx(nn.cross_entropy(tg.Tensor([[1.0, 2.0]]), [0]).item(), rel=1e-6)


@pytest.mark.parametrize("cost", [nn.quadratic_cost, nn.cross_entropy])
def test_a_recorded_program_reads_a_target_array_anew(cost):
    target = CLASSES if cost is nn.cross_entropy else WANTED
    read = []

    class Recorder(Interpreter):
        def taken(self, numbers):
            return tensor.wrap(numbers)

        def run(self, primitive, args):
            values = [x.array if isinstance(x, tg.Tensor) else x for x in args]
            read.extend(map(id, values))
            return primitive.run(*values)

    logits = tg.Tensor(LOGITS.astype(np.float32))
    token = interpreter.set(Recorder())
    try:
        cost(logits, target)
    finally:
        interpreter.reset(token)
    assert id(target) in read


def test_quadratic_cost_of_one_output_each():
    assert nn.quadratic_cost(tg.Tensor([1.0, 2.0]), [0.0, 0.0]).item() == 2.5


def test_the_mean_over_no_examples_is_nan():
    empty = tg.Tensor(np.zeros((0, 3), np.float32))
    assert math.isnan(nn.quadratic_cost(empty, empty).item())
    assert math.isnan(nn.nll_loss(empty, np.zeros(0, int)).item())


def test_gradient_reaches_a_target_of_probabilities():
    q = tg.Tensor(PROBABILITIES, requires_grad=True)
    nn.cross_entropy(tg.Tensor(LOGITS), q).backward()
    assert q.grad.shape == q.shape


@pytest.mark.parametrize(
    "cost", [nn.quadratic_cost, nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits]
)
@pytest.mark.parametrize("shapes", [((4,), (4, 1)), ((4, 1), (4,)), ((4, 3), (1, 3)), ((4, 3), ())])
def test_shapes_are_never_broadcast(cost, shapes):
    output, target = (np.zeros(s, np.float32) for s in shapes)
    with pytest.raises(ShapeError) as error:
        cost(tg.Tensor(output), target)
    assert str(shapes[0]) in str(error.value)
    assert str(shapes[1]) in str(error.value)
    assert cost.__name__ in str(error.value)


@pytest.mark.parametrize("cost", [nn.mse_loss, nn.l1_loss, nn.smooth_l1_loss, nn.huber_loss])
def test_other_shapes_are_broadcast_with_a_warning(cost):
    output, target = tg.Tensor(np.zeros((4, 1), np.float32)), np.ones(4)
    with pytest.warns(
        UserWarning, match=r"target size \(\(4,\)\) that is different to the input size \(\(4, 1\)\)"
    ):
        each = cost(output, target, reduction="none")
    assert each.shape == (4, 4)


def test_the_default_mark_of_what_does_not_count():
    target = np.array([1, -100, 0])
    x = tg.Tensor(LOGITS[:3], requires_grad=True)
    cost = nn.cross_entropy(x, target)
    cost.backward()
    assert cost.item() == pytest.approx(nn.cross_entropy(tg.Tensor(LOGITS[[0, 2]]), target[[0, 2]]).item())
    assert not x.grad.numpy()[1].any()
    written = tg.jit(lambda x: nn.cross_entropy(x, tg.Tensor(target), ignore_index=-100))
    assert written(x.detach()).item() == pytest.approx(cost.item())
    with pytest.raises(IndexError, match="outside its axis"):
        tg.jit(lambda x: nn.cross_entropy(x, tg.Tensor(target)))(x.detach())


def test_quadratic_cost_needs_examples():
    with pytest.raises(ShapeError, match="examples"):
        nn.quadratic_cost(tg.Tensor(1.0), 2.0)


@pytest.mark.parametrize(
    ("logits", "target", "got"),
    [
        ((6, 5), np.zeros((6, 1), int), "int64 \\(6, 1\\)"),
        ((6, 5), np.zeros(5, int), "int64 \\(5,\\)"),
        ((6, 5), np.zeros((5, 6)), "float64 \\(5, 6\\)"),
        ((6, 5), np.zeros(6), "float64 \\(6,\\)"),
        ((6,), np.zeros(6, int), "\\(6,\\)"),
        ((2, 6, 5), np.zeros((2, 6), int), "\\(2, 6, 5\\)"),
    ],
)
def test_cross_entropy_says_which_shapes_it_got(logits, target, got):
    with pytest.raises(ShapeError, match=got):
        nn.cross_entropy(tg.Tensor(np.zeros(logits, np.float32)), target)


def test_nll_loss_says_what_it_got():
    x = tg.Tensor(LOGITS)
    with pytest.raises(ShapeError, match="\\(6, 5\\)"):
        nn.nll_loss(x, PROBABILITIES)
    with pytest.raises(DTypeError, match="float64"):
        nn.nll_loss(x, np.zeros(6))
    with pytest.raises(DTypeError, match="bool"):
        nn.cross_entropy(x, PROBABILITIES > 0)


@pytest.mark.parametrize("bad", [-1, 5])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_classes_out_of_range(bad, smoothing):
    with pytest.raises(IndexError, match=str(bad)):
        nn.cross_entropy(tg.Tensor(LOGITS), [0, 1, 2, 3, 4, bad], label_smoothing=smoothing)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, math.nan])
def test_label_smoothing_out_of_range(smoothing):
    with pytest.raises(ValueError, match="label_smoothing"):
        nn.cross_entropy(tg.Tensor(LOGITS), CLASSES, label_smoothing=smoothing)


def by_hand(q, weight, share):
    log_p = LOGITS - np.log(np.exp(LOGITS).sum(1, keepdims=True))
    return -(q * weight * log_p).sum() / share


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("ignored", [None, 4, -100])
def test_classes_that_weigh_more_and_examples_that_do_not_count(smoothing, ignored):
    weight, target = np.array([0.5, 1.0, 2.0, 0.1, 3.0]), CLASSES.copy()
    if ignored is not None:
        target[1] = target[4] = ignored
    counts = target != ignored
    q = np.eye(C)[np.where(counts, target, 0)] * (1 - smoothing) + smoothing / C
    q, share = q * counts[:, None], weight[target[counts]].sum()
    cost = nn.CrossEntropyLoss(weight, ignore_index=ignored, label_smoothing=smoothing)
    assert cost(tg.Tensor(LOGITS), target).item() == pytest.approx(by_hand(q, weight, share))
    plain = nn.CrossEntropyLoss(ignore_index=ignored, label_smoothing=smoothing)
    assert plain(tg.Tensor(LOGITS), target).item() == pytest.approx(by_hand(q, 1, counts.sum()))
    each = nn.cross_entropy(tg.Tensor(LOGITS), target, weight, None, ignored, None, "none", smoothing)
    assert each.sum().item() == pytest.approx(by_hand(q, weight, 1))
    assert list(cost.state_dict()) == ["weight"]


def test_weights_of_probabilities_leave_the_mean_over_examples():
    weight = np.arange(1.0, C + 1)
    cost = nn.cross_entropy(tg.Tensor(LOGITS), PROBABILITIES, weight)
    assert cost.item() == pytest.approx(by_hand(PROBABILITIES, weight, N))
    with pytest.raises(ShapeError, match="a weight for each of 5 classes, not"):
        nn.cross_entropy(tg.Tensor(LOGITS), CLASSES, np.ones(4))
    with pytest.raises(ValueError, match="ignore_index is not supported"):
        nn.cross_entropy(tg.Tensor(LOGITS), PROBABILITIES, ignore_index=0)


def test_one_example_and_examples_at_every_place():
    pixels = np.moveaxis(LOGITS.reshape(2, 3, C), -1, 1)
    whole = nn.cross_entropy(tg.Tensor(LOGITS), CLASSES).item()
    assert nn.cross_entropy(tg.Tensor(pixels), CLASSES.reshape(2, 3)).item() == pytest.approx(whole)
    one = nn.cross_entropy(tg.Tensor(LOGITS[2]), CLASSES[2])
    assert one.item() == pytest.approx(nn.cross_entropy(tg.Tensor(LOGITS[2:3]), CLASSES[2:3]).item())


def test_weights_of_binary_costs():
    w, p = np.arange(1.0, C + 1), np.arange(2.0, C + 2)
    plain = -SHARES * np.log(1 / (1 + np.exp(-LOGITS)))
    rest = -(1 - SHARES) * np.log(1 / (1 + np.exp(LOGITS)))
    cost = nn.binary_cross_entropy_with_logits(tg.Tensor(LOGITS), SHARES, w, pos_weight=p)
    assert cost.item() == pytest.approx(((plain * p + rest) * w).mean())
    cost = nn.binary_cross_entropy(tg.Tensor(1 / (1 + np.exp(-LOGITS))), SHARES, w)
    assert cost.item() == pytest.approx(((plain + rest) * w).mean())
