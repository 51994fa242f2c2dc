"""Every public name says what it takes and gives, and what docstrings say of dtypes is so."""

import inspect
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import ops
from tinygrad_mnist.describing import completion, described, operations
from tinygrad_mnist.kinds import Loop
from tinygrad_mnist.primitive import COMPOSITES, REGISTRY, Primitive

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
pytest.importorskip("sklearn")
docstrings = pytest.importorskip("docstrings")


def test_every_public_name_and_argument_is_described():
    names, arguments, found = docstrings.count()
    assert names > 900
    assert arguments > 2500
    assert not found, "\n".join(map(str, found))


def example(x, axis, undescribed):
    """An example."""


def no_shape(x: "ops.Value"):
    """Nothing.

    Args:
        x: something.
    """


def test_what_is_missing_is_found():
    def found(thing):
        return [(gap.argument, gap.what) for gap in docstrings.gaps("example", thing)]

    assert [argument for argument, _ in found(example)] == ["x", "axis", "undescribed"]
    assert found(no_shape) == [("x", "shape"), ("x", "dtype")]
    assert found(lambda x: x) == [("", "docstring")]


def test_a_docstring_is_made_whole():
    text = """First line.

    Args:
        x: what
            it is.

    Returns:
        (n,).
    """
    whole = described("core", "example", text, ["x", "axis", "undescribed"])
    axis = completion._SAID["axis"]
    assert (
        whole == f"First line.\n\nArgs:\n    x: what\n        it is.\n    axis: {axis}\n\nReturns:\n    (n,)."
    )
    assert described("core", "example", whole, ["x", "axis"]) == whole


def test_a_reference_is_followed():
    assert tg.nn.functional.conv2d.__doc__.startswith(ops.conv2d.__doc__.splitlines()[0])
    assert "    input: (N, C, H, W)" in tg.nn.functional.conv2d.__doc__
    assert "See `" not in tg.nn.L1Loss.__doc__
    assert tg.Tensor.exp.__doc__ == tg.exp.__doc__


@pytest.mark.parametrize(
    "name", [n for n, p in vars(tg).items() if isinstance(p, Primitive) and isinstance(p.kind, Loop)]
)
def test_what_a_primitive_says_of_its_result_is_so(name):
    primitive = getattr(tg, name)
    given = [tg.ones(2).long()] * primitive.arity
    result = primitive(*given).dtype
    says_bool, says_float = "The result is bool" in primitive.__doc__, "count as float32" in primitive.__doc__
    assert (says_bool, says_float) == (result.kind == "b", result.kind == "f")


#: What DTYPES says -> the dtypes of the results of float64, int32 and bool operands.
RESULTS = {
    "any dtype, which the result has": ("float64", "int32", "bool"),
    "float32 or float64, which the result has; integers and bools count as float32": (
        *("float64", "float32", "float32"),
    ),
    "any dtype; the result is bool": ("bool", "bool", "bool"),
    "any dtype; the result is int64": ("int64", "int64", "int64"),
    "any dtype, which the result has, but int64 for integers and bools": ("float64", "int64", "int64"),
    "numbers of any dtype but bool, which the result has": ("float64", "int32", None),
    "float64, or what becomes it": ("float64", "float64", "float64"),
}
CASES = [(name, said) for said in RESULTS for name in operations.DTYPES[said].split()]


def test_no_operation_has_two_lines():
    names = [name for name, _ in CASES]
    assert len(names) > 200
    assert len(set(names)) == len(names)


def called(name, dtype):
    """The operation on ones: as its first case says, or on matrices."""
    composite = COMPOSITES.get(name)
    function, sequence, shapes, keywords = getattr(ops, name), False, None, {}
    if composite:
        function, sequence, (shapes, keywords) = composite.function, composite.sequence, composite.cases[0]
    else:
        parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
        shapes = [(2, 2) for p in parameters if p.default is p.empty]
    given = [tg.tensor(np.ones(shape, dtype)) for shape in shapes]
    with np.errstate(all="ignore"):
        result = function(given, **keywords) if sequence else function(*given, **keywords)
    while isinstance(result, tuple | list):
        result = result[0]
    return str(getattr(result, "dtype", type(result).__name__))


@pytest.mark.parametrize(("name", "said"), CASES)
def test_dtypes_are_as_they_are_said_to_be(name, said):
    for dtype, wanted in zip(("float64", "int32", "bool"), RESULTS[said], strict=True):
        if wanted is None:
            with pytest.raises((tg.errors.DTypeError, TypeError)):
                called(name, dtype)
        else:
            assert called(name, dtype) == wanted


def test_registry_has_descriptions():
    assert all("Args:" in primitive.__doc__ for primitive in REGISTRY.values())
