"""The scalar formula of an elementwise primitive says, bit for bit, what its eager kernel computes."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinygrad_mnist.kernels import scalar
from tinygrad_mnist.primitive import REGISTRY

FUNCTIONS = {
    "maximum": np.maximum,
    "minimum": np.minimum,
    "abs": np.absolute,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "rint": np.rint,
    "sign": np.sign,
} | {
    name: getattr(scalar, name)
    for name in ["exp", "expm1", "log", "log1p", "sin", "cos", "atan", "tanh", "sigmoid", "erf", "pow"]
}
LOOPS = [p for p in REGISTRY.values() if p.kind == "loop" and not p.name.startswith("bitwise")]


def test_every_elementwise_primitive_has_a_formula_and_nothing_else_has():
    assert all(bool(p.formula) == (p.kind == "loop") for p in REGISTRY.values())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("primitive", LOOPS, ids=lambda p: p.name)
def test_formula_and_kernel_agree(primitive, dtype):
    code = compile(primitive.formula, primitive.name, "eval")
    params = primitive.cases[0][primitive.arity :] if primitive.cases else ()

    @given(st.tuples(*[st.floats(width=32)] * primitive.arity))
    @example((0.0,) * primitive.arity)
    @example((-0.0,) * primitive.arity)
    @example((math.inf,) * primitive.arity)
    @example((-math.inf,) * primitive.arity)
    @example((math.nan,) * primitive.arity)
    @example((2.5, -1.25, 7.0)[: primitive.arity])
    def check(numbers):
        operands = [dtype(x) for x in numbers]
        if primitive.name == "where":
            operands[0] = np.bool_(numbers[0] > 0)
        with np.errstate(all="ignore"):
            formula = eval(code, FUNCTIONS | dict(zip("abc", operands, strict=False)))
            (kernel,) = primitive(*(np.array([x]) for x in operands), *params)
        assert kernel == formula or (np.isnan(kernel) and np.isnan(formula))

    check()
