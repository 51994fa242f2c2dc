"""The compiler knows kinds and no primitives, makes text at the end only, and checks its middle."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_programs import check, random_program

import tinygrad_mnist as tg
from tinygrad_mnist import nn, ops, optim
from tinygrad_mnist.compiler import build, specialization
from tinygrad_mnist.compiler.loops import Const, Load, Place, Section, Store
from tinygrad_mnist.compiler.verify import verify
from tinygrad_mnist.declaring import reduction, running, view
from tinygrad_mnist.kinds import Formula, View
from tinygrad_mnist.primitive import REGISTRY, loop

FOLDER = Path(build.__file__).parent
STAGES = (
    *(
        "build",
        "elements",
        "export",
        "loops",
        "lower",
        "machine",
        "pieces",
        "names",
        "naming",
        "native",
        "nesting",
        "pace",
        "products",
    ),
    *("program", "reducing", "share", "specialization", "stages", "text", "totals", "trace", "updating"),
    *("verify", "viewing"),
)
OWN = set(REGISTRY)


@pytest.fixture(autouse=True)
def _in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specialization, "compiled", build.interpreted)


@pytest.fixture(autouse=True)
def _nothing_stays_declared() -> Any:
    yield
    for name in set(REGISTRY) - OWN:
        del REGISTRY[name]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_no_primitive_and_reads_no_text(stage: str) -> None:
    tree = ast.parse((FOLDER / f"{stage}.py").read_text())
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert not {s for s in strings if isinstance(s, str)} & OWN
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "re" not in imported


def test_primitives_of_ones_own() -> None:
    cube = loop("own_cube", "a * a * a", lambda g, y, x: 3 * x * x * g)
    shifted = view(
        "own_shifted",
        lambda shape, by: shape,
        lambda index, shape, by: (*index[:-1], index[-1] - by),
        lambda g, y, x, by: shifted(g, -by),
        inside=lambda index, shape, by: [index[-1] >= by, index[-1] < shape[-1] + by],
        outside=lambda by: 0.0,
    )
    mirrored = view(
        "own_mirrored",
        lambda shape: (*shape[:-1], 2 * shape[-1]),
        lambda index, shape: (*index[:-1], index[-1] % shape[-1]),
        lambda g, y, x: g[..., : x.shape[-1]] + g[..., x.shape[-1] :],
    )
    norm = reduction(
        "own_norm",
        lambda dtype: 0,
        "a + b * b",
        lambda g, y, x, axes, keepdims: 2 * x * (g if keepdims or not g.ndim else ops.unsqueeze(g, axes[0])),
    )
    products = running(
        "own_products",
        lambda dtype: 1,
        "a * b",
        lambda g, y, x, axis: ops.flip(ops.cumsum(ops.flip(g * y, axis), axis), axis) / x,
    )
    x = np.random.default_rng(0).uniform(0.5, 2, (3, 4))
    for f in (
        cube,
        lambda x: shifted(x, 1),
        lambda x: shifted(x, -2) * 2,
        mirrored,
        lambda x: norm(x, (1,), False),
        lambda x: norm(x, (0,), True) * x,
        lambda x: norm(x, (0, 1), False),
        lambda x: products(x, 1),
        lambda x: products(x, 0) + 1,
    ):
        tg.testing.gradcheck(f, [x], order=2)
        check(f, [tg.Tensor(x)], interpret=True)
        check(tg.grad(lambda x, f=f: (f(x) ** 2).sum()), [tg.Tensor(x)], interpret=True)
    np.testing.assert_array_equal(shifted(x, 1)[:, 1:], x[:, :-1])
    np.testing.assert_array_equal(cube(np.array([2, 3])), [8, 27])


def test_formulas_say_what_they_cannot_be() -> None:
    for text in ("a +* b", "a if b", "unknown(a)", "a.real", "[a]", "'a'", "lambda: a"):
        with pytest.raises((ValueError, SyntaxError)):
            Formula(text)


def test_equality_of_an_index_is_refused() -> None:
    odd = view(
        "own_odd",
        lambda shape: shape,
        lambda index, shape: index,
        None,
        inside=lambda index, shape: [index[0] % 2 == 1],
        outside=lambda: 0.0,
    )
    with pytest.raises(TypeError, match="own_odd: conditions"):
        tg.jit(odd)(np.ones(3))
    decided = view(
        "own_decided", lambda shape: shape, lambda index, shape: (index[0] if index[0] else 0,), None
    )
    with pytest.raises(TypeError, match="without if"):
        tg.jit(decided)(np.ones(1))


def test_a_wrong_middle_is_found() -> None:
    f = tg.jit(lambda x: (x * 2).sum(1))
    f(np.ones((2, 3), np.float32))
    loops = f.loops
    verify(loops)
    x = loops.arguments[0]
    other = Place("other", (2,), np.dtype(np.float32))
    wrong = [
        Store(loops.buffers[0], (Const(0, None),), Const(1, np.dtype(np.float64))),
        Store(loops.buffers[0], (), Const(1, np.dtype(np.float32))),
        Store(loops.buffers[0], (Const(0, None),), Load(x, (Const(5, None), Const(0, None)))),
        Store(loops.buffers[0], (Const(0, None),), Load(other, (Const(0, None),))),
        Store(other, (Const(0, None),), Const(1, np.dtype(np.float32))),
    ]
    for statement in wrong:
        section = Section("wrong", (statement,), set(), set())
        with pytest.raises(AssertionError, match="wrong: "):
            verify(loops._replace(sections=(*loops.sections, section)))
    section = dataclasses.replace(loops.sections[0], reads={(loops.buffers[0], 7)})
    with pytest.raises(AssertionError, match="has no 7 parts"):
        verify(loops._replace(sections=(section,)))


def test_random_middles_are_right() -> None:
    for seed in range(40):
        f, args = random_program(seed)
        with np.errstate(all="ignore"):
            compiled = tg.jit(f)
            compiled(*args)
        verify(compiled.loops)


def test_people_find_their_names() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2))
    optimiser = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    labels = tg.Tensor(np.zeros((5, 2), np.float32))

    def training_step(images: Any, scale: float) -> Any:
        cost = ((model(images) - labels) ** 2).mean() * scale
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost

    step = tg.jit(training_step)
    step(np.ones((5, 4), np.float32), 2.0)
    text = step.source
    signature = next(line for line in text.splitlines() if line.startswith("def program("))
    for name in ("images", "model_0_weight", "model_2_bias", "labels", "lr", "result"):
        assert f" {name}," in signature or f" {name})" in signature, signature
    for words in (
        "of training_step",
        "images float32 (5, 4)",
        "# forward: cost = ((model(images) - labels) ** 2).mean() * scale",
        "# backward: cost.backward()",
        "# update: optimiser.step()",
        "d_sigmoid_1",
        "d_model_0_bias",
    ):
        assert words in text, words
    places = [node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    assert not [name for name in places if len(name) > 1 and name[1:].isdigit()]
    assert "worker" not in text
    assert str(step.program).startswith("argument images: float32[5, 4]")


def test_a_view_of_ones_own_is_known_by_what_it_does() -> None:
    turned = view(
        "own_turned",
        lambda shape: shape[::-1],
        lambda index, shape: index[::-1],
        lambda g, y, x: turned(g),
    )
    assert isinstance(turned.kind, View)
    a, b = np.random.default_rng(0).random((2, 40, 4))  # more columns than the small products take
    f = tg.jit(lambda a, b: a @ turned(b))
    np.testing.assert_allclose(f(a, b).numpy(), a @ b.T, rtol=1e-12)
    assert ".T" in f.source  # read where it lies, as the package's own transposition
