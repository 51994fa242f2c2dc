"""What one writes wrongly around compiled functions, and errors of programs: said in our words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, primitive
from tinygrad_mnist.errors import DTypeError

X = tg.Tensor([1.0, 2.0])


@pytest.mark.parametrize("given", [3, "f", X, [abs], {}])
@pytest.mark.parametrize("how", [tg.jit, tg.jit(check=False)])
def test_what_is_no_function_is_refused_at_once(given: Any, how: Any) -> None:
    with pytest.raises(TypeError, match=r"jit: takes a function.*@tg\.jit"):
        how(given)


class Model:
    factor = 3.0

    @tg.jit
    @staticmethod
    def outer_static(x: Any) -> Any:
        return x * 2

    @staticmethod
    @tg.jit
    def inner_static(x: Any) -> Any:
        return x * 2

    @tg.jit
    @classmethod
    def outer_class(cls, x: Any) -> Any:
        return x * cls.factor

    @classmethod
    @tg.jit
    def inner_class(cls, x: Any) -> Any:
        return x * cls.factor

    @tg.jit
    @property
    def outer_property(self) -> Any:
        """Of this model."""
        return X * self.factor

    @property
    @tg.jit
    def inner_property(self) -> Any:
        return X * self.factor


@pytest.mark.parametrize("place", ["outer", "inner"])
def test_methods_of_every_kind(place: str) -> None:
    for owner in (Model, Model()):
        assert getattr(owner, f"{place}_static")(X).tolist() == [2.0, 4.0]
        assert getattr(owner, f"{place}_class")(X).tolist() == [3.0, 6.0]
    assert getattr(Model(), f"{place}_property").tolist() == [3.0, 6.0]
    assert Model.outer_property.__doc__ == "Of this model."


TABLE = nn.Embedding(4, 2)
SCORES = tg.Tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])


@pytest.mark.parametrize("bad", [-1, 4])
@pytest.mark.parametrize("wrap", [lambda f: f, tg.jit])
def test_rows_that_are_not_there(bad: int, wrap: Any) -> None:
    """PyTorch takes no negative ones either."""
    with pytest.raises(IndexError, match="position"):
        wrap(lambda i: TABLE(i))(tg.tensor([0, bad]))
    with pytest.raises(IndexError, match="position"):
        nn.EmbeddingBag(4, 2)(tg.tensor([[0, bad]]))


@pytest.mark.parametrize("label", [3, -1, -100])
def test_labels_out_of_range_name_the_line_and_what_to_write(label: int) -> None:
    f = tg.jit(lambda x, y: nn.functional.cross_entropy(x, y))
    with pytest.raises(IndexError, match=r"(?s)label.*functional\.cross_entropy.*ignore_index=-100"):
        f(SCORES, tg.tensor([0, label]))
    with pytest.raises(IndexError, match="ignore_index"):
        f.scan(SCORES[None], tg.tensor([[0, label]]))
    assert np.isfinite(float(f(SCORES, tg.tensor([0, 1]))))


@pytest.mark.parametrize(
    ("text", "operands", "message"),
    [
        ("exp(a, a)", 1, "exp takes 1 operands, and is given 2"),
        ("exp()", 1, "exp takes 1 operands, and is given 0"),
        ("maximum(a)", 1, "maximum takes 2"),
        ("fma(a, b)", 2, "fma takes 3"),
        ("exp(a=a)", 1, "cannot contain"),
        ("a @ b", 2, "cannot contain"),
        ("1.0", 1, "none of its operands"),
        ("a + c", 2, "names 'c'"),
    ],
)
def test_formulas_that_cannot_be(text: str, operands: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        primitive.loop("wrong", text, *[None] * operands)


@pytest.mark.parametrize("text", ["~a", "a & b", "a << 1", "a ^ 3"])
def test_bits_of_floats_are_refused_in_our_words(text: str) -> None:
    count = 2 if "b" in text else 1
    made = primitive.loop(f"bits of {text}", text, *[None] * count)
    whole = [tg.tensor([1, 6])] * count
    assert made(*whole).tolist() == tg.jit(lambda *xs: made(*xs))(*whole).tolist()
    for run in (made, tg.jit(lambda *xs: made(*xs))):
        with pytest.raises(DTypeError, match="bits of"):
            run(*[X] * count)


@pytest.mark.parametrize("text", ["a and b", "a or b", "not a", "+a", "a < b < 3", "a if a else b"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_words_of_python_in_formulas(text: str, dtype: str) -> None:
    count = 2 if "b" in text else 1
    made = primitive.loop(f"word {text} of {dtype}", text, *[None] * count)
    xs = [tg.Tensor([0, 1, 2, 0], dtype=dtype), tg.Tensor([5, 0, 2, 0], dtype=dtype)][:count]
    right = [
        float(eval(text, dict(zip("ab", pair, strict=False)))) for pair in zip(*(x.tolist() for x in xs))
    ]
    assert made(*xs).tolist() == right
    assert tg.jit(lambda *xs: made(*xs))(*xs).tolist() == right
