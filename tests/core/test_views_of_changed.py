"""Views, `detach()` and `data` taken before a tensor is changed: never old numbers without a word."""

from __future__ import annotations

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
    """In PyTorch it would show the change: here it is an error, and a copy is what one asked for."""
    x = tg.nn.Parameter([[1.0, 2.0], [3.0, 4.0]])
    view, copy = VIEWS[take](x), VIEWS[take](x).clone()
    then = copy.tolist()
    CHANGES[change](x)
    assert copy.tolist() == then != VIEWS[take](x).tolist()
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
    view = x[0]
    f = tg.jit(lambda y: y * view)
    assert f(tg.ones(1)).tolist() == [1.0]
    x.data.zero_()
    with pytest.raises(GraphError):
        f(tg.ones(1))
