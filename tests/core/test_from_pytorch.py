"""The page for people from PyTorch says what is so now, and names that are not there say what to write."""

import runpy
from pathlib import Path

import pytest

import tinygrad_mnist as tg

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "from_pytorch.py"))


def test_the_page_is_current():
    assert TOOL["PAGE"].read_text() == TOOL["page"](), "write it anew: python tools/from_pytorch.py"


def test_what_the_page_says_of_names():
    row = TOOL["row"]
    assert row("torch", "zeros")[1] == "same"
    assert row("torch", "save")[1] == "same but"
    assert row("torch", "vmap") == ("vmap", "not here", TOOL["HINTS"]["vmap"])
    assert "x = x.repeat" in row("torch.Tensor", "repeat_")[2] or row("torch.Tensor", "squeeze_")[1] == "same"


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda: tg.complex64, "complex numbers are not supported"),
        (lambda: tg.tensr, "did you mean 'tensor'"),
        (lambda: tg.zeros(1).half, "half precision is not supported"),
        (lambda: tg.zeros(1).resize_, "tensors keep their shape"),
        (lambda: tg.nothing_of_the_kind_xyz, r"docs/from-pytorch\.md"),
    ],
)
def test_names_that_are_not_there(ask, answer):
    with pytest.raises(AttributeError, match=answer):
        ask()


def test_dir_shows_public_names_only():
    names = dir(tg)
    assert "zeros" in names
    assert not {"core", "kernels", "creation", "primitive", "np"} & set(names)
    assert all(hasattr(tg, name) for name in names)
    assert callable(tg.tensor)


@pytest.mark.parametrize("device", ["cuda", "mps", "cuda:0"])
def test_there_is_one_device(device):
    x = tg.ones(2)
    assert x.to("cpu") is x.cpu() is x
    assert not tg.cuda.is_available()
    for ask in (lambda: x.to(device), lambda: tg.zeros(2, device=device), lambda: tg.device(device), x.cuda):
        with pytest.raises(ValueError, match="only device is 'cpu'"):
            ask()


def test_words_for_arguments():
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    for words in ({"dim": 0, "keepdim": True}, {"axis": 0, "keepdims": True}, {"dim": 0, "keepdims": True}):
        assert x.sum(**words).tolist() == tg.mean(input=x, **words).mul(2).tolist() == [[4, 6]]
    with pytest.raises(TypeError, match="out= is not here"):
        tg.sum(x, out=x)
    with pytest.raises(TypeError, match="did you mean keepdim="):
        x.sum(0, keepdimm=True)
    with pytest.raises(TypeError, match="given twice"):
        x.sum(dim=0, axis=1)
