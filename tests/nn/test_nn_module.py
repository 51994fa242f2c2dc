import copy
import pickle

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.errors import DTypeError, StateError


class Block(nn.Module):
    """A module with one of everything that can belong to it."""

    def __init__(self):
        super().__init__()
        g = tg.Generator(1)
        self.scale = nn.Parameter([1.0, 2.0])
        self.register_buffer("steps", tg.tensor(3))
        self.inner = nn.Linear(2, 3, generator=g)
        self.heads = nn.ModuleList([nn.Linear(3, 1, generator=g), nn.Sigmoid()])
        self.extra = nn.ParameterList([nn.Parameter(0.5)])
        self.width = 3
        self.generator = g

    def forward(self, x, *, shift=0.0):
        return self.heads[1](self.heads[0](self.inner(x * self.scale))) + shift


NAMES = [
    "scale",
    "steps",
    "inner.weight",
    "inner.bias",
    "heads.0.weight",
    "heads.0.bias",
    "extra.0",
]


def test_what_belongs_to_a_module_is_found_in_order():
    m = Block()
    assert list(m.state_dict()) == NAMES
    assert [name for name, _ in m.named_parameters()] == [n for n in NAMES if n != "steps"]
    assert [x.shape for x in m.parameters()] == [(2,), (3, 2), (3,), (1, 3), (1,), ()]
    assert [(name, type(x)) for name, x in m.named_modules()] == [
        ("", Block),
        ("inner", nn.Linear),
        ("heads", nn.ModuleList),
        ("heads.0", nn.Linear),
        ("heads.1", nn.Sigmoid),
        ("extra", nn.ParameterList),
    ]


def test_calling_is_forward():
    m = Block()
    x = tg.ones((4, 2))
    np.testing.assert_array_equal(m(x, shift=1.0), m.forward(x, shift=1.0))
    assert m(x).shape == (4, 1)


def test_a_module_without_forward_says_so():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty must define forward"):
        Empty()(1)


def test_tied_parameters_come_once_but_keep_both_names():
    a = nn.Linear(2, 2, generator=tg.Generator(0))
    b = nn.Linear(2, 2, generator=tg.Generator(1))
    b.weight = a.weight
    m = nn.Sequential(a, b, a)
    assert [name for name, _ in m.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
    assert list(m.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias"]
    assert [name for name, _ in m.named_modules()] == ["", "0", "1"]
    assert m.table().endswith("8")


def test_state_dict_is_a_copy():
    m = Block()
    state = m.state_dict()
    m.scale.assign_([7.0, 7.0])
    assert state["scale"].tolist() == [1.0, 2.0]
    assert all(isinstance(x, tg.Tensor) and not x.requires_grad for x in state.values())
    assert m.state_dict(keep_vars=True)["scale"] is m.scale


def test_loading_what_was_saved():
    m, other = Block(), Block()
    for x in m.parameters():
        x.assign_(x.array + 1)
    m.steps.assign_(9)
    other.load_state_dict(m.state_dict())
    for (name, a), b in zip(m.state_dict().items(), other.state_dict().values(), strict=True):
        assert a.dtype == b.dtype, name
        np.testing.assert_array_equal(a, b)


def test_loading_takes_tensors_and_lists_and_casts():
    m = nn.Linear(2, 1, generator=tg.Generator(0))
    m.load_state_dict({"weight": [[1, 2]], "bias": tg.Tensor([3.0], dtype=np.float64)})
    assert m.weight.dtype == m.bias.dtype == np.float32
    assert m(tg.Tensor([1.0, 1.0])).tolist() == [6.0]


def test_loaded_numbers_are_not_shared():
    m = nn.Linear(2, 1, generator=tg.Generator(0))
    weight = np.ones((1, 2), np.float32)
    m.load_state_dict({"weight": weight, "bias": np.zeros(1, np.float32)})
    weight[:] = 5
    assert m.weight.tolist() == [[1.0, 1.0]]


def test_all_that_does_not_fit_is_named_and_nothing_changed():
    m = Block()
    before = m.state_dict()
    values = {
        "scale": np.zeros(2),
        "steps": "three",
        "inner.weight": np.zeros((2, 3)),
        "heads.0.weight": np.zeros(3),
        "heads.0.bias": [[1, 2], [3]],
        "extra.0": 1.0,
        "extra.1": 1.0,
        "head.0.weight": np.zeros(3),
    }
    with pytest.raises(StateError) as error:
        m.load_state_dict(values)
    assert str(error.value).split("\n\t") == [
        "Error(s) in loading state_dict for Block:",
        'Unexpected key(s) in state_dict: "extra.1", "head.0.weight".',
        'Missing key(s) in state_dict: "inner.bias".',
        *(
            f"size mismatch for {name}: copying a param with shape {there} from checkpoint, the shape in "
            f"current "
            f"model is {here}."
            for name, there, here in [("inner.weight", (2, 3), (3, 2)), ("heads.0.weight", (3,), (1, 3))]
        ),
        "not numbers: steps (<U5)",
        "not numbers: heads.0.bias (object)",
    ]
    for name, x in m.state_dict().items():
        np.testing.assert_array_equal(x, before[name])


def test_train_and_eval_reach_every_module():
    m = Block()
    assert m.training
    assert m.eval() is m
    assert not any(x.training for _, x in m.named_modules())
    assert m.train() is m
    assert all(x.training for _, x in m.named_modules())
    assert list(m.state_dict()) == NAMES


def test_zero_grad():
    m = Block()
    m(tg.ones((4, 2))).sum().backward()
    assert m.scale.grad is not None
    assert m.extra[0].grad is None
    m.zero_grad()
    assert all(x.grad is None for x in m.parameters())


def test_a_parameter_is_a_leaf_that_requires_a_gradient():
    p = nn.Parameter(np.ones(2))
    assert p.requires_grad
    assert p.is_leaf
    assert p.dtype == np.float64
    assert type(p * 2) is tg.Tensor
    assert nn.Parameter([1, 2], dtype=np.float32).dtype == np.float32
    with pytest.raises(DTypeError):
        nn.Parameter(tg.tensor([1, 2]))


def test_the_table():
    assert Block().table() == "\n".join(
        [
            "name     layer          shapes                    parameters",
            "         Block          scale (2,), steps ()               2",
            "inner    Linear         weight (3, 2), bias (3,)           9",
            "heads.0  Linear         weight (1, 3), bias (1,)           4",
            "heads.1  Sigmoid                                           0",
            "extra    ParameterList  0 ()                               1",
            "total                                                     16",
        ]
    )


def test_copies_are_independent():
    m = Block()
    for other in (copy.deepcopy(m), pickle.loads(pickle.dumps(m))):
        other.scale.assign_([5.0, 5.0])
        assert m.scale.tolist() == [1.0, 2.0]
        assert list(other.state_dict()) == NAMES


def test_trace_gives_every_intermediate_by_name_in_order():
    model = nn.MLP(3, 4, 2, activation=nn.Tanh, generator=tg.Generator(0))
    x = tg.Tensor([[1.0, -2.0, 0.5]])
    found = model.trace(x)
    assert list(found) == ["0", "1", "2", ""]
    inside = x.numpy() @ model[0].weight.numpy().T + model[0].bias.numpy()
    np.testing.assert_allclose(found["0"].numpy(), inside, rtol=1e-6)
    np.testing.assert_allclose(found["1"].numpy(), np.tanh(inside), rtol=1e-6)
    np.testing.assert_array_equal(found[""].numpy(), model(x).numpy())
    assert "forward" not in vars(model) | vars(model[0])


def test_a_traced_intermediate_has_its_graph():
    model = nn.MLP(3, 4, 2, generator=tg.Generator(0))
    model.trace(tg.ones((1, 3)))["1"].sum().backward()
    assert model[0].weight.grad is not None
    assert model[2].weight.grad is None


def test_trace_numbers_a_module_that_runs_again_and_survives_an_error():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.step = nn.Linear(2, 2, generator=tg.Generator(0))

        def forward(self, x):
            return self.step(self.step(x))

    model = Twice()
    found = model.trace(tg.ones((1, 2)))
    assert list(found) == ["step", "step#2", ""]
    np.testing.assert_array_equal(model.step(found["step"]).numpy(), found["step#2"].numpy())
    with pytest.raises(tg.errors.ShapeError):
        model.trace(tg.ones((1, 3)))
    assert "forward" not in vars(model) | vars(model.step)


def test_state_that_is_no_numbers():
    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.seen = {"count": 3}
            self.weight = nn.Parameter([1.0])

        def get_extra_state(self):
            return dict(self.seen)

        def set_extra_state(self, state):
            self.seen = dict(state)

    model, other = nn.Sequential(Counter()), nn.Sequential(Counter())
    state = model.state_dict()
    assert list(state) == ["0.weight", "0._extra_state"]
    other[0].seen = {}
    with pytest.raises(StateError, match=r"0\.weight"):
        other.load_state_dict({**state, "0.weight": [1.0, 2.0]})
    assert other[0].seen == {}
    del state["0.weight"]
    assert other.load_state_dict(state, strict=False).missing_keys == ["0.weight"]
    assert other[0].seen == {"count": 3}
    with pytest.raises(StateError, match=r"Missing key.*_extra_state"):
        other.load_state_dict({"0.weight": [1.0]})
    with pytest.raises(StateError, match=r"Unexpected key.*_extra_state"):
        nn.Linear(1, 1).load_state_dict({"weight": [[1.0]], "bias": [1.0], "_extra_state": 3})


def test_modules_by_their_names():
    model, act = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU())), nn.Tanh()
    model.set_submodule("1.0", act)
    assert model[1][0] is act
    for wrong, error in (("", ValueError), ("2.0", AttributeError)):
        with pytest.raises(error):
            model.set_submodule(wrong, act)
    with pytest.raises(AttributeError):
        model.set_submodule("1.1", act, strict=True)
    both = nn.Sequential(act, act)
    assert [len(list(both.modules(remove_duplicate=once))) for once in (True, False)] == [2, 3]


def test_parameters_in_a_dict_as_in_one_of_pythons():
    a = nn.Parameter([1.0])
    found = nn.ParameterDict({"a": a})
    assert (found.get("a"), found.get("b"), found.get("b", 3)) == (a, None, 3)
    assert found.setdefault("b", tg.ones(1)) is found["b"]
    assert found.copy()["a"] is a
    assert found.popitem()[0] == "b"
    assert list(found) == ["a"]
