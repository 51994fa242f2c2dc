"""Every piece of networks/, with nothing but the import changed, gives the numbers that PyTorch gave."""

import json
import math

import pytest
from pieces import HERE, pieces, plain

RECORDED = json.loads((HERE / "networks.json").read_text())["results"]
PIECES = pieces("networks", changed=True)


def differences(ours, theirs, at=""):
    """Where two results differ by more than the rounding of float32 along the way."""
    if isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        return [d for i, pair in enumerate(zip(ours, theirs)) for d in differences(*pair, f"{at}[{i}]")]
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (ours, theirs))
    same = math.isclose(ours, theirs, rel_tol=1e-4, abs_tol=2e-5) if numbers else ours == theirs
    return [] if same else [f"{at}: here {ours!r}, there {theirs!r}"]


def test_every_piece_was_recorded():
    assert PIECES.keys() == RECORDED.keys()
    assert len(PIECES) >= 90


@pytest.mark.parametrize("name", PIECES)
def test_piece(name):
    assert differences(plain(PIECES[name]()), RECORDED[name]) == []
