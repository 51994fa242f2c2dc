"""Random programs of in-place words: see random_words.py, whose command runs as many as one likes."""

import random_words

import tinygrad_mnist as tg
from tinygrad_mnist.compiler import build, specialization


def test_eager_programs_refuse_changes_through_views_and_nothing_else():
    wrong = [x for x in (random_words.check(seed, tg, compiled=False) for seed in range(300)) if x]
    assert not wrong, wrong[:3]


def test_programs_compiled_and_eager_agree(monkeypatch):
    monkeypatch.setattr(specialization, "compiled", build.interpreted)
    wrong = [x for x in (random_words.check(seed, tg) for seed in range(300, 400)) if x]
    assert not wrong, wrong[:3]


def test_a_wrong_program_is_found(monkeypatch):
    monkeypatch.setattr(random_words, "program", lambda seed: (["x += 1.0"], True))
    assert "was not refused" in random_words.check(0, tg, compiled=False)
