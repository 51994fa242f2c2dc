"""One pass over memory gives the bits of the rules, and leaves alone what it cannot do."""

import itertools

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import optim

MAKERS = {
    "SGD": lambda p, wd: optim.SGD(p, lr=0.3, weight_decay=wd),
    "momentum": lambda p, wd: optim.SGD(p, lr=0.3, momentum=0.9, weight_decay=wd),
    "nesterov": lambda p, wd: optim.SGD(p, lr=0.3, momentum=0.9, nesterov=True, weight_decay=wd),
    "Adam": lambda p, wd: optim.Adam(p, lr=0.3, weight_decay=wd),
    "AdamW": lambda p, wd: optim.AdamW(p, lr=0.3, weight_decay=wd),
    "RMSprop": lambda p, wd: optim.RMSprop(p, lr=0.3, weight_decay=wd),
    "RMSprop, momentum": lambda p, wd: optim.RMSprop(p, lr=0.3, weight_decay=wd, momentum=0.5),
}
SHAPES = [(), (1,), (7, 33), (0, 3)]


def tensors(shapes, dtype):
    return [tg.Tensor(np.random.default_rng(1).standard_normal(s), dtype, requires_grad=True) for s in shapes]


def give_gradients(parameters, seed):
    rng = np.random.default_rng(seed)
    for p in parameters:
        p.grad = tg.Tensor(rng.standard_normal(p.shape), p.dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MAKERS)
def test_bits_are_those_of_the_rule(name, dtype, monkeypatch):
    for weight_decay in (0.0, 0.1):
        parameters, others = tensors(SHAPES, dtype), tensors(SHAPES, dtype)
        fused, plain = MAKERS[name](parameters, weight_decay), MAKERS[name](others, weight_decay)
        monkeypatch.setattr(plain, "in_one_pass", lambda *arrays, **options: False)
        for seed in range(4):
            give_gradients(parameters, seed)
            give_gradients(others, seed)
            fused.step()
            plain.step()
        for p, q in zip(parameters, others, strict=True):
            assert p.dtype == dtype
            np.testing.assert_array_equal(p, q)
        for x, y in zip(fused._states[0][0].values(), plain._states[0][0].values(), strict=True):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("name", MAKERS)
def test_arrays_of_any_layout(name):
    shape = (5, 4)
    reference, other = tensors([shape], np.float32)[0], tensors([shape], np.float32)[0]
    one, two = MAKERS[name]([reference], 0.1), MAKERS[name]([other], 0.1)
    other.array = np.asfortranarray(other.array)
    for seed in range(3):
        give_gradients([reference, other], seed)
        give_gradients([other], seed)
        give_gradients([reference], seed)
        other.grad.array = np.asfortranarray(other.grad.array)
        one.step()
        two.step()
    np.testing.assert_array_equal(reference, other)


@pytest.mark.parametrize("name", MAKERS)
def test_what_was_read_before_a_step_stays(name):
    [p] = tensors([(3, 3)], np.float32)
    opt = MAKERS[name]([p], 0.1)
    seen, copies = [p.detach().clone(), p.numpy()], [np.array(p), np.array(p)]
    for seed in range(2):
        give_gradients([p], seed)
        gradient = np.array(p.grad)
        opt.step()
        np.testing.assert_array_equal(p.grad, gradient)
    for before, copy in itertools.zip_longest(seen, copies):
        np.testing.assert_array_equal(before, copy)


@pytest.mark.parametrize("name", MAKERS)
def test_a_gradient_of_another_dtype_or_shape_is_not_misread(name):
    [p] = tensors([(4, 4)], np.float32)
    opt = MAKERS[name]([p], 0.0)
    p.grad = tg.Tensor(np.ones((4, 1)), np.float32)
    opt.step()
    assert p.shape == (4, 4)
    [q] = tensors([(4, 4)], np.float32)
    opt = MAKERS[name]([q], 0.0)
    q.grad = tg.Tensor(np.ones((4, 4)), np.float32)
    opt.step()
    np.testing.assert_array_equal(p, q)


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop])
def test_a_subclass_with_a_rule_of_its_own_keeps_it(kind):
    class Upwards(kind):
        rule = staticmethod(lambda p, g, *state, lr, **options: (p + lr * g, *state[:2]))  # not the count

    [p] = tensors([(2, 3)], np.float32)
    before = np.array(p)
    p.grad = tg.Tensor(np.ones((2, 3)), np.float32)
    Upwards([p], lr=0.5).step()
    np.testing.assert_array_equal(p, before + np.float32(0.5))


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "RMSprop, momentum"])
def test_a_parameter_is_overwritten_unless_something_else_refers_to_it(name):
    [p] = tensors([(3, 3)], np.float32)
    opt = MAKERS[name]([p], 0.1)
    views, places = [], []
    for held in (False, False, True, False):
        if held:
            views.append(p.array[1:])
        before = np.array(p)[1:]
        give_gradients([p], 1)
        opt.step()
        places.append(p.array.ctypes.data)
        if held:
            np.testing.assert_array_equal(views[0], before)
    assert places[0] == places[1] != places[2] == places[3]
