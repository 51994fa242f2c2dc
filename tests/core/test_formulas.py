"""The scalar formula of an elementwise primitive says, bit for bit, what its eager kernel computes."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from tinygrad_mnist.declaring import reduction
from tinygrad_mnist.kernels import angles, scalar
from tinygrad_mnist.kinds import Loop
from tinygrad_mnist.primitive import REGISTRY, loop

FUNCTIONS = (
    vars(angles)
    | vars(scalar)
    | {
        "maximum": np.maximum,
        "minimum": np.minimum,
        "abs": np.absolute,
        "copysign": np.copysign,
        "sqrt": np.sqrt,
        "floor": np.floor,
        "rint": np.rint,
        "sign": np.sign,
    }
)
LOOPS = [
    p
    for p in REGISTRY.values()
    if isinstance(p.kind, Loop) and not p.name.startswith(("bitwise", "positions"))
]
CODE = {p.name: compile(p.kind.formula.text, p.name, "eval") for p in LOOPS}
PARAMS = {p.name: p.cases[0][p.arity :] if p.cases else () for p in LOOPS}


@given(st.tuples(*[st.floats(width=32)] * 3))
@example((0.0,) * 3)
@example((-0.0,) * 3)
@example((math.inf,) * 3)
@example((-math.inf,) * 3)
@example((math.nan,) * 3)
@example((2.5, -1.25, 7.0))
def test_formula_and_kernel_agree(numbers):
    for primitive, dtype in itertools.product(LOOPS, [np.float32, np.float64]):
        operands = [dtype(x) for x in numbers[: primitive.arity]]
        if primitive.name == "where":
            operands[0] = np.bool_(numbers[0] > 0)
        with np.errstate(all="ignore"):
            formula = eval(CODE[primitive.name], FUNCTIONS | dict(zip("abc", operands, strict=False)))
            (kernel,) = primitive(*(np.array([x]) for x in operands), *PARAMS[primitive.name])
        assert kernel == formula or (np.isnan(kernel) and np.isnan(formula)), primitive.name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a + z", "'a \\+ z' names 'z', and its operands are a"),
        ("a * b", "names 'b'"),
        ("a + foo", "cannot contain 'foo'"),
        ("sqroot(a)", "cannot contain 'sqroot"),
        ("a +", "'a \\+' is none"),
        ("", "'' is none"),
        (None, "None is none"),
    ],
)
def test_formulas_that_are_none_are_refused_where_they_are_declared(text, says):
    with pytest.raises(ValueError, match=says):
        loop("mistaken", text, None)
    if text is not None:
        with pytest.raises(ValueError, match=says):
            loop("mistaken", "a", None, integers=text)
    if text != "a * b":  # a total and an element
        with pytest.raises(ValueError, match=says.partition(",")[0]):
            reduction("mistaken", lambda dtype: 0, text, None)
    assert "mistaken" not in REGISTRY
