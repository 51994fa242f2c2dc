"""A rule compiled to one pass over memory gives the bits of the rule, and no pass is made of what is none."""

import copy
import gc
import itertools
import pickle
import weakref

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import ops, optim
from tinygrad_mnist.compiler.elementwise import InPlace
from tinygrad_mnist.optim.on_arrays import OnArrays

MAKERS = {
    "SGD": lambda p, wd: optim.SGD(p, lr=0.3, weight_decay=wd),
    "momentum": lambda p, wd: optim.SGD(p, lr=0.3, momentum=0.9, weight_decay=wd),
    "nesterov": lambda p, wd: optim.SGD(p, lr=0.3, momentum=0.9, nesterov=True, weight_decay=wd),
    "Adam": lambda p, wd: optim.Adam(p, lr=0.3, weight_decay=wd),
    "AdamW": lambda p, wd: optim.AdamW(p, lr=0.3, weight_decay=wd),
    "RMSprop": lambda p, wd: optim.RMSprop(p, lr=0.3, weight_decay=wd),
    "RMSprop, momentum": lambda p, wd: optim.RMSprop(p, lr=0.3, weight_decay=wd, momentum=0.5),
    "centered": lambda p, wd: optim.RMSprop(p, lr=0.3, weight_decay=wd, momentum=0.5, centered=True),
    "dampening": lambda p, wd: optim.SGD(p, lr=0.3, momentum=0.9, dampening=0.2, weight_decay=wd),
    "amsgrad": lambda p, wd: optim.Adam(p, lr=0.3, weight_decay=wd, amsgrad=True),
    "maximize": lambda p, wd: optim.Adam(p, lr=0.3, weight_decay=wd, maximize=True),
    "NAdam": lambda p, wd: optim.NAdam(p, lr=0.3, weight_decay=wd),
    "RAdam": lambda p, wd: optim.RAdam(p, lr=0.3, weight_decay=wd),
    "Adagrad": lambda p, wd: optim.Adagrad(p, lr=0.3, weight_decay=wd),
    "Adadelta": lambda p, wd: optim.Adadelta(p, lr=0.3, weight_decay=wd),
    "Adamax": lambda p, wd: optim.Adamax(p, lr=0.3, weight_decay=wd),
    "ASGD": lambda p, wd: optim.ASGD(p, lr=0.3, weight_decay=wd, t0=2),
    "Rprop": lambda p, wd: optim.Rprop(p, lr=0.3),
    "Lion": lambda p, wd: optim.Lion(p, lr=0.3),
    "a user's": lambda p, wd: Users(p, {"lr": 0.3, "weight_decay": wd}),
}


class Users(optim.Optimizer):
    @staticmethod
    def rule(p, g, v, *, lr, weight_decay):
        if weight_decay:
            g = g + weight_decay * ops.tanh(p)
        v = ops.where(g > 0, 0.9 * v + g, v - g)
        return p - lr * ops.tanh(v), v

    def new_state(self, p, options):
        return {"v": tg.zeros(*p.shape, dtype=p.dtype)}


SHAPES = [(), (1,), (7, 33), (0, 3)]


def tensors(shapes, dtype):
    return [tg.Tensor(np.random.default_rng(1).standard_normal(s), dtype, requires_grad=True) for s in shapes]


def give_gradients(parameters, seed):
    rng = np.random.default_rng(seed)
    for p in parameters:
        p.grad = tg.Tensor(rng.standard_normal(p.shape), p.dtype)


@pytest.fixture
def as_they_are(monkeypatch):
    """The parameters for which a rule did not run as one pass, at each step."""
    found = []
    by_rule = OnArrays._by_rule

    def noted(self, p, *args):
        found.append(p)
        by_rule(self, p, *args)

    monkeypatch.setattr(OnArrays, "_by_rule", noted)
    return found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MAKERS)
def test_bits_are_those_of_the_rule(name, dtype, monkeypatch, as_they_are):
    for weight_decay in (0.0, 0.1):
        parameters, others = tensors(SHAPES, dtype), tensors(SHAPES, dtype)
        compiled, plain = MAKERS[name](parameters, weight_decay), MAKERS[name](others, weight_decay)
        for seed in range(4):
            give_gradients(parameters, seed)
            give_gradients(others, seed)
            compiled.step()
            with monkeypatch.context() as patch:
                patch.setattr(InPlace, "find", lambda *args: None)
                plain.step()
        for p, q in zip(parameters, others, strict=True):
            assert p.dtype == dtype
            np.testing.assert_array_equal(p, q)
        for k in range(len(SHAPES)):
            for x, y in zip(compiled._states[0][k].values(), plain._states[0][k].values(), strict=True):
                assert x.dtype == y.dtype
                np.testing.assert_array_equal(x, y)
        own = {id(p) for p in parameters}
        assert [p.ndim for p in as_they_are if id(p) in own] == [0] * 4  # the one without axes needs no pass
        assert len(as_they_are) == 4 + 4 * len(SHAPES)
        as_they_are.clear()


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
    for before, same in itertools.zip_longest(seen, copies):
        np.testing.assert_array_equal(before, same)


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop])
def test_a_subclass_with_a_rule_of_its_own_keeps_it(kind):
    class Upwards(kind):
        rule = staticmethod(lambda p, g, *state, lr, **options: (p + lr * g, *state[:2]))  # not the count

    [p] = tensors([(2, 3)], np.float32)
    before = np.array(p)
    p.grad = tg.Tensor(np.ones((2, 3)), np.float32)
    Upwards([p], lr=0.5).step()
    np.testing.assert_array_equal(p, before + np.float32(0.5))


@pytest.mark.parametrize("name", MAKERS)
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


def stepped(rule, options, steps=1, shape=(3, 4)):
    """A parameter after steps of an optimiser with a rule."""

    class Own(optim.Optimizer):
        pass

    Own.rule = staticmethod(rule)
    [p] = tensors([shape], np.float32)
    opt = Own([p], options)
    for seed in range(steps):
        give_gradients([p], seed)
        opt.step()
    return p, opt


@pytest.mark.parametrize(
    "rule",
    [
        lambda p, g, *, lr: (p - lr * g / ops.sqrt((g * g).sum()),),
        lambda p, g, *, lr: (p - lr * g.mean(axis=0, keepdims=True),),
        lambda p, g, *, lr: (p - lr * g[::-1],),
        lambda p, g, *, lr: (p - lr * (g @ g.T) @ p,),
        lambda p, g, *, lr: (p - lr * g.reshape(4, 3).T,),
    ],
    ids=["norm", "mean", "turned", "product", "reshaped"],
)
def test_what_is_not_elementwise_runs_as_it_is(rule, as_they_are):
    before = np.array(tensors([(3, 4)], np.float32)[0])
    changed, _ = stepped(rule, {"lr": 0.5})
    with np.errstate(all="ignore"):
        [expected] = rule(before, np.array(changed.grad), lr=0.5)
    np.testing.assert_array_equal(changed, expected)
    assert len(as_they_are) == 1


def test_a_rule_that_looks_at_the_shape_is_asked_for_each_shape(as_they_are):
    def rule(p, g, *, lr):
        return (p - (lr if len(p.shape) == 2 else 3 * lr) * g,)

    for shape, factor in (((2, 3), 0.5), ((6,), 1.5), ((3, 2), 0.5)):
        before = np.array(tensors([shape], np.float32)[0])
        p, _ = stepped(rule, {"lr": 0.5}, shape=shape)
        np.testing.assert_array_equal(p, before - np.float32(factor) * np.array(p.grad))
    assert not as_they_are


FACTOR = 1.0


def test_what_a_rule_reads_is_read_at_each_step(monkeypatch, as_they_are):
    here = {"factor": 1.0}

    def rule(p, g, *, lr):
        return (p - lr * FACTOR * here["factor"] * g,)

    p, opt = stepped(rule, {"lr": 0.5})
    for factor, other in ((2.0, 1.0), (1.0, 1.0), (1.0, 5.0), (2.0, 5.0)):
        monkeypatch.setitem(globals(), "FACTOR", factor)
        here["factor"] = other
        before = np.array(p)
        opt.step()
        np.testing.assert_array_equal(p, before - np.float32(0.5 * factor * other) * np.array(p.grad))


def test_numbers_decide_and_change(as_they_are):
    def rule(p, g, *, lr, clip):
        return (p - lr * (g.clip(-clip, clip) if clip < 1.0 else g),)

    p, opt = stepped(rule, {"lr": 0.5, "clip": 2.0})
    group = opt.param_groups[0]
    for lr, clip in ((0.5, 0.25), (0.25, 0.125), (0.25, 2.0), (0.125, 3.0), (0.5, 0.5)):
        group.update(lr=lr, clip=clip)
        before, g = np.array(p), np.array(p.grad)
        opt.step()
        np.testing.assert_array_equal(p, before - np.float32(lr) * (g.clip(-clip, clip) if clip < 1 else g))
    assert not as_they_are


def test_options_that_change_in_place_count(as_they_are):
    def rule(p, g, *, lr, factors):
        return (p - lr * factors[0] * g,)

    p, opt = stepped(rule, {"lr": 0.5, "factors": (1.0,)})
    opt.param_groups[0]["factors"] = [1.0]
    for factor in (2.0, 3.0):
        opt.param_groups[0]["factors"][0] = factor
        before = np.array(p)
        opt.step()
        np.testing.assert_array_equal(p, before - np.float32(0.5 * factor) * np.array(p.grad))
    assert not as_they_are


def test_a_rule_that_decides_by_a_number_of_its_own_each_time_stays_right(as_they_are):
    def rule(p, g, *, lr):
        return (p - float(lr) * g,)

    p, opt = stepped(rule, {"lr": 0.5})
    for k in range(8):
        opt.param_groups[0]["lr"] = 0.5 / (k + 1)
        before = np.array(p)
        opt.step()
        np.testing.assert_array_equal(p, before - np.float32(0.5 / (k + 1)) * np.array(p.grad))
    assert as_they_are  # too many passes: the rule as it is


def test_random_numbers_differ_at_each_step():
    generator = np.random.default_rng(0)
    moved = []

    def rule(p, g, *, lr):
        return (p + lr * generator.standard_normal(p.shape).astype(np.float32),)

    p, opt = stepped(rule, {"lr": 1.0})
    for _ in range(3):
        before = np.array(p)
        opt.step()
        moved.append(np.array(p) - before)
    assert not np.array_equal(moved[0], moved[1])
    assert not np.array_equal(moved[1], moved[2])


def test_groups_have_their_own_numbers(as_they_are):
    one, two = tensors([(3,), (3,)], np.float32)
    opt = optim.Adam([{"params": [one], "lr": 0.1}, {"params": [two], "lr": 0.2, "weight_decay": 0.1}])
    alone = [optim.Adam(tensors([(3,)], np.float32), lr=0.1)]
    alone += [optim.Adam([tensors([(3,), (3,)], np.float32)[1]], lr=0.2, weight_decay=0.1)]
    for seed in range(3):
        give_gradients([one, two], seed)
        for other, p in zip(alone, (one, two), strict=True):
            other.param_groups[0]["params"][0].grad = p.grad
        opt.step()
        for other in alone:
            other.step()
    for other, p in zip(alone, (one, two), strict=True):
        np.testing.assert_array_equal(other.param_groups[0]["params"][0], p)
    assert not as_they_are


def test_a_tensor_as_the_rate_works_and_changes():
    [p] = tensors([(3,)], np.float32)
    rate = tg.tensor(0.5)
    opt = optim.SGD([p], lr=rate)
    for value in (0.5, 0.25):
        rate.fill_(value)
        give_gradients([p], 0)
        before = np.array(p)
        opt.step()
        np.testing.assert_array_equal(p, before - np.float32(value) * np.array(p.grad))


def test_optimisers_that_ran_are_copied_pickled_and_go():
    [p] = tensors([(3,)], np.float32)
    opt = optim.Adam([p], lr=0.1)
    give_gradients([p], 0)
    opt.step()
    for other in (copy.deepcopy(opt), pickle.loads(pickle.dumps(opt))):
        q = other.param_groups[0]["params"][0]
        np.testing.assert_array_equal(p, q)
        give_gradients([q], 1)
        other.step()
    seen = weakref.ref(opt)
    del opt
    gc.collect()
    assert seen() is None


def test_what_a_rule_closes_over_goes_with_its_optimiser():
    class Held:
        factor = 2.0

    def made():
        held = Held()
        _, opt = stepped(lambda p, g, *, lr: (p - lr * held.factor * g,), {"lr": 0.5})
        return weakref.ref(held), opt

    seen, opt = made()
    opt.step()
    assert seen() is not None
    del opt
    gc.collect()
    assert seen() is None
