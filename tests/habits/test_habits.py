"""What people write for PyTorch, with only the import changed, gives PyTorch's numbers."""

import json
import math

import corpus
import pytest

import tinygrad_mnist as tg

PIECES = corpus.pieces()
PAGE = json.loads(corpus.RECORDED.read_text())


def alike(mine, theirs):
    if isinstance(theirs, list):
        return isinstance(mine, list) and len(mine) == len(theirs) and all(map(alike, mine, theirs))
    if isinstance(theirs, dict):
        return all(alike(mine[key], theirs[key]) for key in theirs)
    if isinstance(theirs, float) and isinstance(mine, float):
        return (
            mine == theirs
            or (math.isnan(mine) and math.isnan(theirs))
            or math.isclose(mine, theirs, rel_tol=2e-5, abs_tol=2e-6)
        )
    return type(mine) is type(theirs) and mine == theirs


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_gives_what_pytorch_gives(name):
    mine, theirs = corpus.plain(PIECES[name](tg)), PAGE["pieces"][name]
    assert len(mine) == len(theirs) or isinstance(theirs, dict)
    assert alike(mine, theirs), f"\nhere  {mine}\nthere {theirs}"


def test_every_piece_is_recorded_and_by_whom_is_said():
    assert PAGE["pieces"].keys() == PIECES.keys(), "record them anew: python tests/habits/record.py"
    assert PAGE["recorded with"].startswith("PyTorch ")


def test_a_difference_is_seen():
    assert not alike(corpus.plain(tg.ones(2)), corpus.plain(tg.zeros(2)))
    assert not alike(corpus.plain(tg.ones(2)), corpus.plain(tg.ones(2, dtype=tg.float64)))
