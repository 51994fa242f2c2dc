"""ONNX out and in: ONNX Runtime agrees, and what cannot be said in ONNX names itself and its line."""

import subprocess
import sys

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.errors import DataError, TraceError
from tinygrad_mnist.interop import onnx as ours
from tinygrad_mnist.interop.onnx import export_onnx, import_onnx
from tinygrad_mnist.interop.onnx_operations import OPERATIONS
from tinygrad_mnist.primitive import REGISTRY

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(3, 6)).astype(np.float32)
IMAGES = RANDOM.normal(size=(3, 2, 6, 6)).astype(np.float32)
WORDS = RANDOM.integers(0, 7, (3, 5))
STEPS = RANDOM.normal(size=(3, 5, 8)).astype(np.float32)
LINES = RANDOM.normal(size=(3, 2, 9)).astype(np.float32)


def run(path, *inputs):
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {x.name: array for x, array in zip(session.get_inputs(), inputs, strict=True)})


@pytest.fixture(autouse=True)
def seeded():
    tg.manual_seed(0)


MODELS = {
    "mlp": (lambda: nn.MLP(6, 4, 3, output=nn.Sigmoid), ROWS),
    "softmax": (lambda: nn.Sequential(nn.Linear(6, 3), nn.Softmax(1)), ROWS),
    "log_softmax": (lambda: nn.Sequential(nn.Linear(6, 3, bias=False), nn.LogSoftmax(-1)), ROWS),
    "batchnorm": (lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5)), ROWS),
    "layernorm": (lambda: nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 2)), ROWS),
    "groupnorm": (lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4)), IMAGES),
    "batchnorm2d": (lambda: nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)), IMAGES),
    "conv": (lambda: nn.Conv2d(2, 4, (3, 2), stride=2, padding=1, dilation=(1, 2), groups=2), IMAGES),
    "conv1d": (lambda: nn.Conv1d(2, 3, 3, padding=1), LINES),
    "transposed": (lambda: nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1), IMAGES),
    "pools": (lambda: nn.Sequential(nn.MaxPool2d(2), nn.AvgPool2d(2, stride=1), nn.Flatten()), IMAGES),
    "adaptive": (lambda: nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(8, 3)), IMAGES),
    "embedding": (lambda: nn.Sequential(nn.Embedding(7, 4), nn.Linear(4, 2)), WORDS),
    "transformer": (lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), STEPS),
    "upsample": (lambda: nn.Upsample(scale_factor=2), IMAGES),
}  # fmt: skip
for _name in ("ELU", "GELU", "SiLU", "Tanh", "Softplus", "LeakyReLU", "SELU", "Hardsigmoid", "Hardswish", "Mish",
              "ReLU6", "CELU", "Softsign", "Hardtanh", "LogSigmoid", "Tanhshrink", "Softshrink", "Hardshrink"):  # fmt: skip
    MODELS[_name] = (getattr(nn, _name), ROWS)


@pytest.mark.parametrize("name", MODELS)
def test_networks(tmp_path, name):
    make, x = MODELS[name]
    model = make()
    for module in model.modules():
        if hasattr(module, "running_mean"):
            module.running_mean.assign_(RANDOM.normal(size=module.running_mean.shape).astype(np.float32))
    export_onnx(model, tmp_path / "a.onnx", x)
    assert model.training  # its mode is its own
    model.eval()
    for batch in (x, np.concatenate([x, x[:2]]), x[:1]):
        expected = model(tg.Tensor(batch)).numpy()
        (got,) = run(tmp_path / "a.onnx", batch)
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    again = import_onnx(tmp_path / "a.onnx")
    np.testing.assert_allclose(again(tg.Tensor(x)).numpy(), model(tg.Tensor(x)).numpy(), rtol=1e-4, atol=1e-5)
    names = {tensor.name for tensor in onnx.load(tmp_path / "a.onnx").graph.initializer}
    assert {name for name, _ in model.named_parameters()} - names == set() or name == "layernorm"


FUNCTIONS = {
    "arithmetic": lambda x: (x * 2 - 1) / (x * x + 1) + x.abs().sqrt() - (-x).exp() + x.abs().log1p(),
    "comparisons": lambda x: tg.where((x > 0) & (x <= 1), x, 0.5) + (x != 0).float() + (x == x).float(),
    "reductions": lambda x: (x.sum(1), x.max(1)[0], x.min(), x.prod(1), x.argmax(1), x.mean(), x.logsumexp(1)),
    "shapes": lambda x: (x.reshape(-1, 3, 2).permute(0, 2, 1), x[:, 1:5:2], x[:, -1], x.flip(1), x.unsqueeze(1)),
    "joins": lambda x: tg.concatenate([x, x * 2], 1),
    "broadcast": lambda x: x + tg.ones((6,)) + x[:, :1] * tg.tensor([[2.0]]),
    "sorted": lambda x: x.argsort(1),
    "running": lambda x: x.cumsum(1),
    "whole": lambda x: ((x * 10).long() // 3, (x * 10).long() % 3, x // 0.3, x % 0.3, (x * 3).round(), x.floor()),
    "products": lambda x: (x @ x.T, x.T @ x),
    "steepness": lambda x: tg.grad(lambda z: (z.tanh() * z.sigmoid()).sum())(x),
    "taken": lambda x: x[:, tg.tensor([2, 0, -1])],
    "trigonometry": lambda x: (x.sin(), x.cos(), x.atan(), x.tan(), x.sinh()),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(tmp_path, name):
    function = FUNCTIONS[name]
    export_onnx(function, tmp_path / "a.onnx", ROWS)
    for x in (ROWS, np.concatenate([ROWS, ROWS[:2]]) if name not in ("products", "reductions") else ROWS):
        expected = function(tg.Tensor(x))
        expected = expected if isinstance(expected, tuple) else (expected,)
        got = run(tmp_path / "a.onnx", x)
        again = import_onnx(tmp_path / "a.onnx")(tg.Tensor(x))
        again = again if isinstance(again, tuple) else (again,)
        for a, b, c in zip(expected, got, again, strict=True):
            np.testing.assert_allclose(b, a.numpy(), rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(c.numpy(), a.numpy(), rtol=1e-4, atol=1e-5)


def test_every_operation_is_a_primitive_of_ours():
    assert OPERATIONS.keys() <= REGISTRY.keys()


def test_several_inputs_and_names(tmp_path):
    export_onnx(lambda a, b: a @ b.T, tmp_path / "a.onnx", (ROWS, ROWS[:2]), names=["left", "right"])
    session = runtime.InferenceSession(str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"])
    assert [(x.name, x.shape) for x in session.get_inputs()] == [("left", [3, 6]), ("right", [2, 6])]


def test_the_mean_over_the_examples_keeps_their_number(tmp_path):
    export_onnx(lambda x: x.mean(0), tmp_path / "a.onnx", ROWS)
    (model,) = [onnx.load(tmp_path / "a.onnx")]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 3


def test_what_onnx_has_not_names_the_operation_and_the_line(tmp_path):
    counter = tg.Tensor(0.0)

    def counting(x):
        counter.assign_(counter + x.sum())
        return x

    def drawn(x):
        return x + tg.Generator(0).uniform((6,))

    with pytest.raises(TraceError, match=r"`uniform` does \(.*test_interop_onnx.py:\d+, in drawn\)"):
        export_onnx(drawn, tmp_path / "a.onnx", ROWS)
    with pytest.raises(TraceError, match="changes tensors"):
        export_onnx(counting, tmp_path / "a.onnx", ROWS)
    assert not (tmp_path / "a.onnx").exists()


FOR_SO_MANY = {
    "rows by position": lambda x: x.sort(1)[0],
    "a mask": lambda x: x.tril(),
    "positions": lambda x: x.gather(1, (x > 0).long()),
    "each example by itself": lambda x: tg.stack([row * 2 for row in x]),
    "how many there are": lambda x: x * tg.tensor(float(len(x))),
    "how many, a number": lambda x: x / len(x),
}


@pytest.mark.parametrize("name", FOR_SO_MANY)
def test_what_depends_on_the_number_of_examples_is_for_that_number(name, tmp_path):
    path, function = tmp_path / "m.onnx", FOR_SO_MANY[name]
    export_onnx(function, path, ROWS)
    (got,) = run(path, ROWS)
    np.testing.assert_allclose(got, function(tg.Tensor(ROWS)).numpy(), rtol=1e-5)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [3, 6]


@pytest.mark.parametrize("function", [lambda x: x.cummax(1), lambda x: tg.atan2(x, x + 1)])
def test_what_onnx_runtime_does_not_take_names_the_line(function, tmp_path):
    with pytest.raises(DataError, match=r"ONNX does not take this \(.*test_interop_onnx\.py:\d+"):
        export_onnx(function, tmp_path / "m.onnx", ROWS)
    assert not list(tmp_path.iterdir())


def test_it_finds_the_first_operation_that_differs(tmp_path, monkeypatch):
    wrong = lambda g, args, y: g.node("Sin", args[0].name)
    monkeypatch.setitem(ours.OPERATIONS, "cos", wrong)
    with pytest.raises(DataError, match=r"computes `cos` otherwise \(.*test_interop_onnx.py:\d+"):
        export_onnx(lambda x: (x.exp() * x.cos()).tanh(), tmp_path / "a.onnx", ROWS)
    assert not (tmp_path / "a.onnx").exists()


def test_damaged_files(tmp_path):
    path = tmp_path / "a.onnx"
    with pytest.raises(DataError, match="No such file"):
        import_onnx(path)
    for contents in (b"", b"text", b"\x08\x08\x12\x00"):
        path.write_bytes(contents)
        with pytest.raises(DataError, match=r"cannot load .*a.onnx: it is damaged or no ONNX file"):
            import_onnx(path)
    node = onnx.helper.make_node("NonMaxSuppression", ["x", "x"], ["y"])
    x = onnx.helper.make_tensor_value_info("x", 1, [2])
    y = onnx.helper.make_tensor_value_info("y", 1, [2])
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([node], "g", [x], [y])), path)
    with pytest.raises(DataError, match="not here: NonMaxSuppression"):
        import_onnx(path)


def test_without_onnx():
    script = (
        "import sys; sys.modules['onnx'] = None\n"
        "import tinygrad_mnist as tg\n"
        "from tinygrad_mnist.interop.onnx import export_onnx\n"
        "try:\n    export_onnx(tg.nn.ReLU(), 'a.onnx', tg.ones((1, 2)))\n"
        "except tg.errors.MissingExtraError as error:\n    assert 'tinygrad_mnist[onnx]' in str(error)\n"
        "else:\n    raise SystemExit('exported')\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_command(tmp_path, capsys, monkeypatch):
    from tinygrad_mnist import model_file, train
    from tinygrad_mnist.cli import main

    monkeypatch.chdir(tmp_path)
    (images, labels), (test, _) = tg.data.mnist()
    network = train.run(train.Recipe(hidden=(8,), epochs=1, batch_size=100), images[:2000], labels[:2000])
    model_file.save(network, "model.safetensors")
    assert main(["export", "model.safetensors", "--onnx", "model.onnx"]) == 0
    assert "takes pixels (N, 784) as bytes and gives 10 outputs" in capsys.readouterr().out
    (got,) = run("model.onnx", test[:500].reshape(500, 784))
    np.testing.assert_allclose(got, network.outputs(test[:500]), atol=1e-5)
    assert main(["export", "model.safetensors", "--onnx", "nowhere/model.onnx"]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert main(["export", "missing", "--onnx", "a.onnx"]) == 2
