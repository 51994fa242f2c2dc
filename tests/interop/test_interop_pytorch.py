"""State dicts go to PyTorch and back through safetensors, unchanged, for each layer that both have."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn


def test_a_header_whose_length_looks_like_a_pickle_is_read(tmp_path):
    from safetensors.numpy import save

    for name in ("a" * n for n in range(200)):
        contents = save({"x": np.ones(2, np.float32)}, metadata={"note": "b" * 900 + name})
        if contents.startswith((b"\x80\x04", b"\x80\x03", b"\x80\x02")):
            break
    else:
        raise AssertionError("no such length was met")
    (tmp_path / "file").write_bytes(contents)
    np.testing.assert_array_equal(tg.load(tmp_path / "file")["x"].numpy(), np.ones(2))


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


WORDS = np.array([[1, 2], [3, 6]])

# name: (positional arguments, keywords, inputs)
LAYERS = {
    "Linear": ((4, 3), {}, (numbers(5, 4),)),
    "Bilinear": ((3, 4, 2), {}, (numbers(5, 3), numbers(5, 4))),
    "Conv1d": ((2, 3, 3), {}, (numbers(2, 2, 7),)),
    "Conv2d": ((2, 4, 3), {"padding": 1, "groups": 2}, (numbers(2, 2, 6, 6),)),
    "ConvTranspose2d": ((2, 3, 3), {"stride": 2}, (numbers(2, 2, 4, 4),)),
    "BatchNorm1d": ((4,), {}, (numbers(5, 4),)),
    "BatchNorm2d": ((2,), {}, (numbers(3, 2, 4, 4),)),
    "LayerNorm": ((4,), {}, (numbers(5, 4),)),
    "GroupNorm": ((2, 4), {}, (numbers(3, 4, 5),)),
    "InstanceNorm2d": ((2,), {"affine": True}, (numbers(3, 2, 4, 4),)),
    "RMSNorm": ((4,), {}, (numbers(5, 4),)),
    "Embedding": ((7, 3), {}, (WORDS,)),
    "EmbeddingBag": ((7, 3), {}, (WORDS,)),
    "PReLU": ((), {}, (numbers(3, 4),)),
    "RNN": ((3, 4), {"num_layers": 2, "batch_first": True}, (numbers(2, 5, 3),)),
    "LSTM": ((3, 4), {"bidirectional": True}, (numbers(5, 2, 3),)),
    "GRU": ((3, 4), {}, (numbers(5, 2, 3),)),
    "RNNCell": ((3, 4), {}, (numbers(2, 3),)),
    "LSTMCell": ((3, 4), {}, (numbers(2, 3),)),
    "GRUCell": ((3, 4), {}, (numbers(2, 3),)),
    "MultiheadAttention": ((8, 2), {"batch_first": True}, (numbers(2, 5, 8),) * 3),
    "TransformerEncoderLayer": ((8, 2, 16), {"batch_first": True}, (numbers(2, 5, 8),)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.filterwarnings("ignore")
def test_layers(tmp_path, name):
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer (extra: oracle)")
    from safetensors import torch as files

    args, options, inputs = LAYERS[name]
    theirs = getattr(torch.nn, name)(*args, **options).eval()
    ours = getattr(nn, name)(*args, **options).eval()
    files.save_file(theirs.state_dict(), tmp_path / "file")
    ours.load_state_dict(tg.load(tmp_path / "file"))
    expected, got = theirs(*map(torch.tensor, inputs)), ours(*map(tg.Tensor, inputs))
    while isinstance(expected, tuple):
        expected, got = expected[0], got[0]
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-5)
    tg.save(ours.state_dict(), tmp_path / "file")
    back = files.load_file(tmp_path / "file")
    getattr(torch.nn, name)(*args, **options).load_state_dict(back)
    for key, value in theirs.state_dict().items():
        assert back[key].dtype == value.dtype
        assert (back[key] == value).all()
