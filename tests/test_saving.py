"""`tg.save` and `tg.load`."""

import io

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.errors import DataError, DTypeError


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    opt = optim.Adam(model.parameters(), lr=0.1)
    model(tg.ones((4, 2))).sum().backward()
    opt.step()
    path = tmp_path / "checkpoint.pt"
    saved = {
        "model": model.state_dict(),
        "optimizer": opt.state_dict(),
        "epoch": 3,
        "losses": [1.5, float("inf")],
        "sizes": (2, None, True, "text"),
        7: np.arange(3),
    }
    tg.save(saved, path)
    found = tg.load(path, map_location="cpu", weights_only=True)
    assert (found["epoch"], found["losses"], found["sizes"]) == (
        3,
        [1.5, float("inf")],
        (2, None, True, "text"),
    )
    assert isinstance(found[7], tg.Tensor)
    other = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    other.load_state_dict(found["model"])
    resumed = optim.Adam(other.parameters())
    resumed.load_state_dict(found["optimizer"])
    for net, o in ((model, opt), (other, resumed)):
        net.zero_grad()
        (net(tg.tensor([[1.0, 2.0], [3.0, 5.0]])) ** 2).sum().backward()
        o.step()
    for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_a_state_dict_is_an_ordinary_safetensors_file(tmp_path):
    model = nn.Linear(2, 3)
    tg.save(model.state_dict(), tmp_path / "model.pth")
    assert sorted(load_file(tmp_path / "model.pth")) == ["bias", "weight"]
    save_file({"weight": np.zeros((3, 2), np.float32), "bias": np.ones(3, np.float32)}, tmp_path / "other")
    assert str(model.load_state_dict(tg.load(tmp_path / "other"))) == "<All keys matched successfully>"


def test_a_tensor_and_a_file_object():
    buffer = io.BytesIO()
    tg.save(tg.tensor([[1, 2]]), buffer)
    buffer.seek(0)
    assert tg.load(buffer).tolist() == [[1, 2]]


@pytest.mark.parametrize("begin", [b"PK\x03\x04", b"\x80\x02", b"\x80\x04"])
def test_a_pickle_is_refused_with_how_to_convert_it(tmp_path, begin):
    (tmp_path / "old.pt").write_bytes(begin + b"anything")
    with pytest.raises(DataError, match=r"old\.pt: it is a pickle .*save_file\(torch\.load"):
        tg.load(tmp_path / "old.pt")


def test_what_cannot_be_saved_or_loaded(tmp_path):
    with pytest.raises(DTypeError, match=r"value\.a\.0: a object cannot be saved"):
        tg.save({"a": [object()]}, tmp_path / "x")
    assert not (tmp_path / "x").exists()
    with pytest.raises(DataError, match=r"cannot load .*missing"):
        tg.load(tmp_path / "missing")
    (tmp_path / "bad").write_bytes(b"nonsense")
    with pytest.raises(DataError, match="damaged or no safetensors"):
        tg.load(tmp_path / "bad")
    with pytest.raises(ValueError, match="cuda"):
        tg.load(tmp_path / "bad", map_location="cuda")
