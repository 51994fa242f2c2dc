"""Modules, optimisers and Generators in a file: as they were, or an error; never code."""

import inspect
import io
import json

import numpy as np
import pytest
import safetensors.numpy

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.errors import DataError, DTypeError
from tinygrad_mnist.train import state_tree

#: The arguments for those that need some.
ARGUMENTS = {
    **dict.fromkeys(["Linear", "GroupNorm", "RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"], (4, 4)),
    **dict.fromkeys(["Embedding", "EmbeddingBag"], (4, 3)),
    **{f"Conv{kind}{n}d": (4, 2, 3) for kind in ("", "Transpose") for n in (1, 2, 3)},
    **{f"LazyConv{kind}{n}d": (2, 3) for kind in ("", "Transpose") for n in (1, 2, 3)},
    **{f"Lazy{kind}Norm{n}d": () for kind in ("Batch", "Instance") for n in (1, 2, 3)},
    **dict.fromkeys(["ConstantPad1d", "ConstantPad2d", "ConstantPad3d"], (1, 0.5)),
    "LPPool1d": (2, 3),
    "LPPool2d": (2, 3),
    "LPPool3d": (2, 3),
    "MLP": (4, 3, 2),
    "Bilinear": (2, 3, 4),
    "MultiheadAttention": (4, 2),
    "TransformerEncoderLayer": (4, 2, 8),
    "TransformerDecoderLayer": (4, 2, 8),
    "TransformerEncoder": (nn.TransformerEncoderLayer(4, 2, 8), 2),
    "TransformerDecoder": (nn.TransformerDecoderLayer(4, 2, 8), 2),
    "Transformer": (4, 2, 1, 1, 8),
    "Unflatten": (1, (2, 2)),
    "Unfold": (2,),
    "Fold": (4, 2),
    "Upsample": (None, 2),
    "UpsamplingNearest2d": (None, 2),
    "UpsamplingBilinear2d": (None, 2),
    "Threshold": (0.1, 20.0),
    "Sequential": (nn.Linear(2, 3), nn.ReLU()),
    "ModuleList": ([nn.Linear(2, 3)],),
    "ModuleDict": ({"a": nn.Linear(2, 3)},),
    "ParameterList": ([nn.Parameter([1.0])],),
    "ParameterDict": ({"a": nn.Parameter([1.0])},),
}
MODULES = [
    name
    for name in nn.__all__
    if inspect.isclass(kind := getattr(nn, name)) and issubclass(kind, nn.Module) and kind is not nn.Module
]


def through(obj):
    file = io.BytesIO()
    tg.save(obj, file)
    file.seek(0)
    return tg.load(file)


def made(name):
    kind = getattr(nn, name)
    for arguments in [ARGUMENTS[name]] if name in ARGUMENTS else [(), (4,), (2,)]:
        try:
            return kind(*arguments)
        except TypeError as error:
            last = error
    raise last


@pytest.mark.parametrize("name", MODULES)
def test_every_module_comes_back(name):
    module = made(name).eval()
    found = through(module)
    assert type(found) is type(module)
    assert repr(found) == repr(module)
    assert [n for n, _ in found.named_modules()] == [n for n, _ in module.named_modules()]
    for (n, a), (m, b) in zip(found.state_dict().items(), module.state_dict().items(), strict=True):
        assert n == m
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype
    assert [x.training for x in found.modules()] == [x.training for x in module.modules()]
    plain = {k: v for k, v in vars(module).items() if isinstance(v, bool | int | float | str | tuple)}
    assert {k: vars(found)[k] for k in plain} == plain


def test_a_lazy_layer_that_comes_back_counts_its_inputs():
    found = through(nn.Sequential(nn.LazyConv2d(2, 3, bias=False), nn.LazyBatchNorm2d(momentum=0.3)))
    found(tg.ones(2, 5, 4, 4))
    assert repr(found[0]) == repr(nn.Conv2d(5, 2, 3, bias=False))
    assert repr(found[1]) == repr(nn.BatchNorm2d(2, momentum=0.3))


def test_a_network_of_many_layers_answers_as_it_did(tmp_path):
    net = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 3, 3, padding="same"), nn.BatchNorm2d(3), nn.GELU(),
        nn.MaxPool2d(2), nn.Flatten(2),
        nn.TransformerEncoderLayer(16, 2, 8, batch_first=True, activation="gelu"),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(48, 10),
    )  # fmt: skip
    x = tg.randn(5, 64)
    net(x)  # moves the running means
    net[5].requires_grad_(False)
    net[9].weight.requires_grad_(False)
    net.input_scale = 0.25
    tg.save(net.eval(), tmp_path / "net.safetensors")
    found = tg.load(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(found(x).numpy(), net(x).numpy())
    assert found.input_scale == 0.25
    assert [p.requires_grad for p in found.parameters()] == [p.requires_grad for p in net.parameters()]
    assert all(isinstance(p, nn.Parameter) for p in found.parameters())
    found[0].unflattened_size  # what one may look at
    found.extra = nn.Linear(2, 2)
    assert "extra.weight" in found.state_dict()


@pytest.mark.parametrize("kind", [k for k in optim.__all__ if inspect.isclass(getattr(optim, k))])
def test_training_goes_on_with_the_same_bits(kind):
    if kind in ("Optimizer", "EMA"):
        pytest.skip("no rule of its own")
    model = nn.Sequential(
        nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5, generator=tg.Generator(1)), nn.Linear(4, 1)
    )
    optimiser = getattr(optim, kind)(
        [{"params": model[0].parameters(), "lr": 0.03}, {"params": model[3].parameters()}]
        if kind != "LBFGS" else model.parameters(), lr=0.05,
    )  # fmt: skip

    def step(model, optimiser):
        def closure():
            optimiser.zero_grad()
            cost = (model(tg.Tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])) ** 2).mean()
            cost.backward()
            return cost

        optimiser.step(closure)

    for _ in range(3):
        step(model, optimiser)
    found = through({"optimizer": optimiser, "model": model, "epoch": 3})
    assert found["epoch"] == 3
    assert found["optimizer"].param_groups[0]["params"][0] is found["model"][0].weight
    for _ in range(3):
        step(model, optimiser)
        step(found["model"], found["optimizer"])
    for a, b in zip(model.parameters(), found["model"].parameters(), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_what_is_shared_stays_shared():
    tied = nn.ModuleDict({"in": nn.Linear(3, 3), "out": nn.Linear(3, 3)})
    tied["out"].weight = tied["in"].weight
    generator = tg.Generator(3)
    drops = [nn.Dropout(0.5, generator=generator), nn.Dropout(0.5, generator=generator)]
    found = through((tied, nn.ModuleList(drops), generator, tied))
    assert found[0]["in"].weight is found[0]["out"].weight
    assert found[1][0].generator is found[1][1].generator is found[2]
    assert found[3] is found[0]
    assert found[2].state.tolist() == generator.state.tolist()


class Own(nn.Module):
    pass


def test_code_is_refused_and_its_place_is_named(tmp_path):
    hooked = nn.Linear(2, 2)
    hooked.register_forward_hook(lambda *_: None)
    scheduled = optim.SGD(nn.Linear(2, 2).parameters(), lr=lambda step: 0.1)
    odd = nn.Linear(2, 2)
    odd.function = lambda x: x
    for obj, words in [
        (Own(), "value is a Own, a class that tg.nn does not have"),
        ({"model": nn.Sequential(nn.ReLU(), Own())}, r"value.model.1 is a Own.*state_dict"),
        (hooked, "hooks"),
        ({"opt": scheduled}, "value.opt has a function as its lr"),
        (odd, "value.function is <function"),
        (lambda: 1, "cannot be saved"),
    ]:
        with pytest.raises(DTypeError, match=words):
            tg.save(obj, tmp_path / "x")
    assert not list(tmp_path.iterdir())


def forged(change):
    file = io.BytesIO()
    tg.save(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), file)
    contents = file.getvalue()
    arrays = safetensors.numpy.load(contents)
    length = int.from_bytes(contents[:8], "little")
    text = json.loads(contents[8 : 8 + length])["__metadata__"]["tinygrad_mnist_tree"]
    changed = change(text)
    assert changed != text
    return io.BytesIO(safetensors.numpy.save(arrays, metadata={"tinygrad_mnist_tree": changed}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Sequential"', '"Module.__class__"'),
        ('"Sequential"', '"functional"'),
        ('"Sequential"', '"init"'),
        ('"in_features"', '"forward"'),
        ('"in_features"', '"_hooks"'),
        ('"in_features"', '"__class__"'),
        ('"module"', '"nothing"'),
        ('["what", "parameter"]', '["what", "generator"]'),
        ('["what", "parameter"]', '["what", "same"]'),
        ('["what", "module"]', '["what", "function"]'),
        ('"weight"', '"wait"'),
        ('["class", "ReLU"]', '["klass", "ReLU"]'),
        ('["number", 0]', '["number", [0]]'),
    ],
)
def test_a_forged_description_is_refused(old, new):
    with pytest.raises(DataError, match="cannot load the file"):
        tg.load(forged(lambda text: text.replace(old, new, 1)))


def test_a_module_that_contains_itself_is_refused():
    def inside_itself(text):
        tree = json.loads(text, object_hook=without_relu)
        assert json.dumps(tree).count('["what", "same"], ["number", 0]') == 1
        return json.dumps(tree)

    def without_relu(found):
        if ["class", "ReLU"] in found.get("dict", ()):
            return {"dict": [["what", "same"], ["number", 0]]}
        return found

    with pytest.raises(DataError, match="cannot load the file"):
        tg.load(forged(inside_itself))


def test_a_checkpoint_holds_no_objects(tmp_path):
    file = io.BytesIO()
    tg.save(nn.Linear(2, 2), file)
    arrays = safetensors.numpy.load(file.getvalue())
    length = int.from_bytes(file.getvalue()[:8], "little")
    text = json.loads(file.getvalue()[8 : 8 + length])["__metadata__"]["tinygrad_mnist_tree"]
    with pytest.raises(DataError, match="means nothing"):
        state_tree.unpacked(json.loads(text), arrays)
