import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import tinygrad_mnist as tg
from tinygrad_mnist.optim import schedules as s

REFERENCE = json.loads(Path(__file__).with_name("reference.json").read_text())["schedules"]
SCHEDULES = {
    "constant": s.constant(0.1),
    "step_decay": s.step_decay(0.1, every=30, gamma=0.3),
    "linear": s.linear(0.1, 80, end=0.02),
    "cosine": s.cosine(0.1, 99, end=0.01),
    "warmup": s.warmup(s.cosine(0.1, 90), 10, start=0.02),
    "one_cycle": s.one_cycle(0.1, 100),
    "one_cycle options": s.one_cycle(0.1, 100, pct_start=0.45, div_factor=10, final_div_factor=100),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_equal_to_pytorch(name):
    rates = [SCHEDULES[name](step) for step in range(100)]
    assert all(type(rate) is float for rate in rates)
    np.testing.assert_allclose(rates, REFERENCE[name], rtol=1e-10)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_tensor_gives_what_a_number_gives(name):
    schedule = SCHEDULES[name]
    for step in range(120):
        rate = schedule(tg.tensor(step))
        if isinstance(rate, tg.Tensor):
            assert rate.dtype == np.float64
        assert float(rate) == pytest.approx(schedule(step), rel=1e-14)


@settings(deadline=None)
@given(st.floats(1e-3, 10), st.integers(1, 1000), st.floats(0, 10), st.integers(0, 10**9))
def test_ends_are_reached_and_kept(lr, steps, end, later):
    for make in (s.linear, s.cosine):
        schedule = make(lr, steps, end)
        assert schedule(0) == pytest.approx(lr, rel=1e-12)
        assert schedule(steps + later) == pytest.approx(end, rel=1e-12, abs=1e-12)
        assert min(lr, end) - 1e-9 <= schedule(steps // 2) <= max(lr, end) + 1e-9


@settings(deadline=None)
@given(st.integers(1, 300), st.floats(0, 0.99), st.floats(1, 100), st.floats(1, 1e5))
def test_one_cycle_rises_and_falls(steps, pct_start, div_factor, final_div_factor):
    schedule = s.one_cycle(1.0, steps, pct_start, div_factor, final_div_factor)
    rates = [schedule(k) for k in range(steps)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert max(rates) <= 1 + 1e-12
    assert schedule(steps - 1) == pytest.approx(1 / div_factor / final_div_factor, abs=1e-12)
    assert schedule(steps + 10**6) == schedule(steps)


def test_a_short_warmup():
    schedule = s.warmup(s.linear(1.0, 2), 2)
    assert [schedule(k) for k in range(6)] == [0.0, 0.5, 1.0, 0.5, 0.0, 0.0]
    assert s.warmup(s.constant(1), 4, start=0.2)(1) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: s.constant(-1), "constant: lr"),
        (lambda: s.constant(math.nan), "constant: lr"),
        (lambda: s.linear(-1, 10), "linear: lr"),
        (lambda: s.linear(1, 0), "linear: steps"),
        (lambda: s.linear(1, 10, -1), "linear: end"),
        (lambda: s.cosine(math.inf, 10), "cosine: lr"),
        (lambda: s.cosine(1, 0), "cosine: steps"),
        (lambda: s.step_decay(1, 0, 0.5), "step_decay: every"),
        (lambda: s.step_decay(1, 1, -0.5), "step_decay: gamma"),
        (lambda: s.warmup(s.constant(1), 0), "warmup: steps"),
        (lambda: s.warmup(s.constant(1), 5, -1), "warmup: start"),
        (lambda: s.one_cycle(1, 0), "one_cycle: steps"),
        (lambda: s.one_cycle(1, 10, pct_start=1.0), "pct_start"),
        (lambda: s.one_cycle(1, 10, div_factor=0), "div_factor|factors"),
    ],
)
def test_errors(make, word):
    with pytest.raises(ValueError, match=word):
        make()
