"""Compiled programs give what eager execution gives: the registry, composites, random programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from random_programs import check, random_program

import tinygrad_mnist as tg
from tinygrad_mnist.kinds import Gather, Loop, Random, View
from tinygrad_mnist.primitive import COMPOSITES, REGISTRY, Primitive


def _operands(primitive: Primitive, case: tuple[Any, ...], rng: np.random.Generator) -> list[tg.Tensor]:
    operands = []
    for shape in case[: primitive.arity]:
        if shape and isinstance(shape[0], tuple):  # positions: (shape, length of the axis)
            operands.append(tg.Tensor(rng.integers(0, shape[1], shape[0])))
        else:
            operands.append(tg.Tensor(rng.uniform(*primitive.domain, shape).astype(np.float32)))
    return operands


def _cases() -> list[Any]:
    cases: list[Any] = []
    for name, primitive in REGISTRY.items():
        if (
            isinstance(primitive.kind, Random)
            or not primitive.compiles
            or name in ("fill", "positions", "searchsorted", "where")
        ):
            continue  # below, with operands of their own
        shapes: list[Any] = list(primitive.cases)
        if isinstance(primitive.kind, Loop) and not shapes:
            n = primitive.arity
            shapes = [((2, 3),) * n, ((3, 1), (2, 3, 4), (4,))[:n], ((),) * n]
        cases += [pytest.param(primitive, case, id=f"{name}-{i}") for i, case in enumerate(shapes)]
    return cases


@pytest.mark.parametrize(("primitive", "case"), _cases())
def test_every_primitive_interpreted(primitive: Primitive, case: tuple[Any, ...]) -> None:
    operands = _operands(primitive, case, np.random.default_rng(0))
    params = case[primitive.arity :]
    exact = isinstance(primitive.kind, Loop | View | Gather)
    check(lambda *xs: primitive(*xs, *params), operands, interpret=True, exact=exact)
    if primitive.differentiable and operands[0].dtype.kind == "f":
        cost = lambda *xs: (primitive(*xs, *params) ** 2).sum()
        check(tg.grad(cost), operands, interpret=True)


@pytest.mark.parametrize(
    ("name", "index"), [(n, i) for n, c in COMPOSITES.items() for i in range(len(c.cases))]
)
def test_every_composite_interpreted(name: str, index: int) -> None:
    composite = COMPOSITES[name]
    shapes, options = composite.cases[index]
    rng = np.random.default_rng(1)
    operands = [tg.Tensor(rng.uniform(*composite.domain, s).astype(np.float32)) for s in shapes]

    def call(*xs: Any) -> Any:
        operands = (list(xs),) if composite.sequence else xs
        return composite.function(*operands, **options)

    cost = lambda *xs: (call(*xs) ** 2).sum()
    check(call, operands, interpret=True)
    if not composite.differentiable:
        return
    check(tg.grad(cost), operands, interpret=True)
    check(tg.grad(lambda *xs: (tg.grad(cost)(*xs) ** 2).sum()), operands, interpret=True)


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=200)
def test_random_programs_interpreted(seed: int) -> None:
    with np.errstate(all="ignore"):
        check(*random_program(seed), interpret=True)


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_compiled(seed: int) -> None:
    with np.errstate(all="ignore"):
        check(*random_program(seed), interpret=False)


def test_a_wrong_emitter_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(REGISTRY["flip"], "kind", View(lambda index, shape, axes: index))
    x = tg.Tensor([1.0, 2.0])
    with pytest.raises(AssertionError):
        check(lambda x: x.flip() * 2, [x], interpret=True)


OTHERS = ("cast", "where", "pow", "positions")
LOOPS = [
    p
    for p in REGISTRY.values()
    if isinstance(p.kind, Loop) and p.name not in OTHERS and "bitwise" not in p.name
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_loops_compiled_bit_for_bit(dtype: Any) -> None:
    rng = np.random.default_rng(2)
    xs = [tg.Tensor(rng.uniform(0.3, 3, (5, 7)).astype(dtype)) for _ in range(2)]

    def everything(a: Any, b: Any) -> list[Any]:
        return [p(*(a, b)[: p.arity]) for p in LOOPS]

    for p, eager, compiled in zip(LOOPS, everything(*xs), tg.jit(everything)(*xs)):
        np.testing.assert_array_equal(compiled.numpy(), eager.numpy(), err_msg=p.name)


def test_where_cast_fill_and_positions() -> None:
    x = tg.Tensor(np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4))

    def f(x: Any) -> list[Any]:
        return [tg.where(x > 0, x, -1.5), x.int(), x.double(), x.bool(), tg.full((2, 2), 3.0) * 2,
                tg.one_hot(x.argmax(axis=1), 4), x.argmin(axis=0), (x > 0) + (x < 1)]  # fmt: skip

    for eager, compiled in zip(f(x), tg.jit(f)(x)):
        assert eager.dtype == compiled.dtype
        np.testing.assert_array_equal(eager.numpy(), compiled.numpy())


def test_random_numbers_and_the_state_of_their_generator() -> None:
    eager, compiled = tg.Generator(7), tg.Generator(7)

    def f(generator: tg.Generator) -> list[Any]:
        normal = generator.normal((4,), dtype=np.float64)
        return [generator.uniform((3, 5)), normal, generator.uniform((2,), -1, 1)]

    step = tg.jit(lambda: f(compiled))
    for _ in range(3):
        for a, b in zip(f(eager), step()):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
        assert eager.state.tolist() == compiled.state.tolist()


def test_an_argument_in_the_shape_of_another_shape() -> None:
    x = tg.Tensor([[1.0, 2.0], [3.0, 4.0]])
    row = lambda x: x.reshape(4).reshape(1, 4)
    check(lambda x: (row(x) @ row(x).T).sigmoid() + x.reshape(4).reshape(2, 2) * 2, [x], interpret=False)


def test_memory_is_used_again() -> None:
    a = tg.Tensor(np.random.default_rng(0).standard_normal((3, 3)))
    f = tg.jit(lambda x: (((x @ a).sigmoid() @ a).sigmoid() @ a).sigmoid() @ a)
    np.testing.assert_allclose(f(a).numpy(), f._function(a).numpy(), rtol=1e-12)
    assert len(f._latest.form.buffers) == 2
    shared = [line for line in f.source.splitlines() if "the same memory, one after the other" in line]
    assert sum(line.count(" = ") for line in shared) >= 2


@pytest.mark.parametrize("other", ["int64", "uint8", "bool", "float64"])
def test_products_of_two_dtypes(other):
    a, b = tg.Tensor([[1, 0], [1, 1]], dtype=other), tg.Tensor([[0.5, 1.5], [2.0, 3.0]])
    for f in (lambda a, b: a @ b, lambda a, b: b @ a, lambda a, b: tg.nn.functional.linear(a, b, b[0])):
        eager, compiled = f(a, b), tg.jit(f)(a, b)
        assert compiled.dtype == eager.dtype
        np.testing.assert_allclose(compiled.numpy(), eager.numpy(), rtol=1e-6)
