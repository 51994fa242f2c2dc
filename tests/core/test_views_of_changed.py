"""Views, `detach()` and `data` taken before a tensor is changed: they show the change, or are an error."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import GraphError

#: Ways to take a tensor that in PyTorch share its memory.
VIEWS = [
    lambda x: x[0],
    lambda x: x[:1],
    lambda x: x[None],
    lambda x: x.detach(),
    lambda x: x.data,
    lambda x: x.data[0],
    lambda x: x.detach().view(-1),
    lambda x: x.reshape(4),
    lambda x: x.T,
    lambda x: x.expand(3, 2, 2),
    lambda x: x.unbind()[0],
    lambda x: x.chunk(2)[0],
    lambda x: x.diagonal(),
    lambda x: x.flatten(),
    lambda x: next(iter(x)),
    lambda x: x.view_as(x),
    lambda x: x.detach().contiguous(),
]


def _step(x: Any) -> None:
    optimiser = tg.optim.SGD([x], lr=1.0)
    (x * x).sum().backward()
    optimiser.step()


def _adam(x: Any) -> None:
    optimiser = tg.optim.Adam([x], lr=1.0)
    (x * x).sum().backward()
    optimiser.step()


def _compiled(x: Any) -> None:
    tg.jit(lambda: x.assign_(x.detach() + 1) * 1)()


#: Ways to change a leaf.
CHANGES = [
    lambda x: x.assign_(x.detach() * 2),
    lambda x: x.data.zero_(),
    lambda x: x.data.__setitem__(0, 7.0),
    lambda x: tg.no_grad()(x.mul_)(2.0),
    lambda x: tg.nn.init.zeros_(x),
    _step,
    _adam,
    _compiled,
]


@pytest.mark.parametrize("change", range(len(CHANGES)))
@pytest.mark.parametrize("take", range(len(VIEWS)))
def test_no_view_goes_on_with_old_numbers(take: int, change: int) -> None:
    """It shows the change, as in PyTorch; one that a graph goes through is an error; a copy stays."""
    x = tg.nn.Parameter([[1.0, 2.0], [3.0, 4.0]])
    view, copy = VIEWS[take](x), VIEWS[take](x).clone()
    with tg.no_grad():
        inside, further = VIEWS[take](x), VIEWS[take](x)[:1]
    then = copy.tolist()
    CHANGES[change](x)
    now = VIEWS[take](x).tolist()
    assert copy.tolist() == then != now
    assert inside.tolist() == now
    assert further.tolist() == now[:1]
    if not view.requires_grad:
        assert (view * 1).tolist() == view.tolist() == now
        return
    with pytest.raises(GraphError, match="view of one that was changed in place"):
        view.tolist()
    with pytest.raises(GraphError, match="view of one that was changed in place"):
        view + 1


@pytest.mark.parametrize("take", range(len(VIEWS)))
def test_data_that_is_set_leaves_views_their_memory(take: int) -> None:
    """As in PyTorch, where `x.data = y` gives x other memory."""
    x = tg.nn.Parameter([[1.0, 2.0], [3.0, 4.0]])
    view = VIEWS[take](x)
    then = view.tolist()
    x.data = tg.zeros(2, 2)
    assert view.tolist() == then


@pytest.mark.parametrize("take", range(len(VIEWS)))
def test_no_change_of_a_view_is_lost(take: int) -> None:
    x = tg.nn.Parameter([[1.0, 2.0], [3.0, 4.0]])
    with tg.no_grad():
        view = VIEWS[take](x)
        for change in (lambda v: v.zero_(), lambda v: v.assign_(v + 2), lambda v: v.data.add_(1.0)):
            if view.behind is None:
                with pytest.raises(GraphError, match="clone"):
                    change(view)
            else:  # it is `x.data`
                then = x.tolist()
                change(view)
                assert x.tolist() != then
                view = VIEWS[take](x)
        if view.behind is None:
            with pytest.raises(GraphError, match=r"SGD: parameter 0: .*clone"):
                tg.optim.SGD([view], lr=1.0)


def test_a_recording_that_fails_leaves_views_as_they_were() -> None:
    x = tg.nn.Parameter([1.0, 2.0])
    view = x[0]

    def fails() -> None:
        x.assign_(x.detach() + 1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tg.jit(fails)()
    assert (view.item(), x.tolist()) == (1.0, [1.0, 2.0])
    x.assign_([5.0, 5.0])
    with pytest.raises(GraphError):
        view.item()


def test_a_program_that_captured_a_view_asks_for_it_anew() -> None:
    x = tg.nn.Parameter([1.0, 2.0])
    view, shown = x[0], x.detach()[0]
    f, g = tg.jit(lambda y: y * view), tg.jit(lambda y: y * shown)
    assert f(tg.ones(1)).tolist() == g(tg.ones(1)).tolist() == [1.0]
    x.data.fill_(5.0)
    assert g(tg.ones(1)).tolist() == [5.0]
    with pytest.raises(GraphError):
        f(tg.ones(1))


def test_a_copy_of_a_view_is_of_what_it_shows() -> None:
    x = tg.zeros(2, 3)
    row, other = x[0], x[0]
    x[0, 1] = 7.0
    copied, sent = copy.deepcopy(row), pickle.loads(pickle.dumps(other))
    x.zero_()
    assert copied.tolist() == sent.tolist() == [0.0, 7.0, 0.0]


def test_a_view_outlives_what_it_was_taken_from() -> None:
    def made() -> Any:
        x = tg.zeros(2, 3)
        row = x[0]
        x[0, 1] = 7.0
        return row

    assert made().tolist() == [0.0, 7.0, 0.0]


def test_a_view_follows_every_change_and_its_own_views_too() -> None:
    x = tg.zeros(2, 3)
    row = x.t()[1]
    first = row[:1]
    for i in range(3):
        x[0, 1] = i
        x += 1
        assert row.tolist() == x[:, 1].tolist()
        assert first.tolist() == x[:1, 1].tolist()


def test_what_was_computed_with_a_view_keeps_or_misses_its_numbers() -> None:
    """As in PyTorch, where the derivative asks for numbers that are gone; never for others."""
    x, w = tg.ones(2), tg.ones(2, requires_grad=True)
    view = x.view(2)
    unread, read = (w * view).sum(), (w * view).sum()
    x.add_(1)
    unread.backward()
    assert w.grad.tolist() == [1.0, 1.0]
    assert view.tolist() == [2.0, 2.0]
    with pytest.raises(GraphError, match="assigned a new value after it was used"):
        read.backward()


def test_a_view_that_would_become_part_of_a_graph_is_an_error() -> None:
    x, w = tg.zeros(2), tg.ones(2, requires_grad=True)
    view = x[:1]
    x[0] = w[0] * 2
    with pytest.raises(GraphError, match="view of one that was changed in place"):
        view.tolist()


def test_a_view_of_what_got_another_shape_is_an_error_once_it_is_changed() -> None:
    x = tg.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    row = x[0]
    x.unsqueeze_(0)
    assert row.tolist() == [0.0, 1.0, 2.0]
    del x


def test_views_in_programs_follow_too() -> None:
    def f(a: Any) -> Any:
        x = a.clone()
        row = x[0]
        x[0, 1] = 7.0
        before = row * 1
        x *= 2.0
        return before, row + 0

    a = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    for run in (f, tg.jit(f)):
        assert [y.tolist() for y in run(a)] == [[1.0, 7.0], [2.0, 14.0]]
