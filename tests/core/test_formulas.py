"""The scalar formula of an elementwise primitive says, bit for bit, what its eager kernel computes."""

import itertools
import math

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tinygrad_mnist.kernels import scalar
from tinygrad_mnist.kinds import Loop
from tinygrad_mnist.primitive import REGISTRY

FUNCTIONS = vars(scalar) | {
    "maximum": np.maximum,
    "minimum": np.minimum,
    "abs": np.absolute,
    "copysign": np.copysign,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "rint": np.rint,
    "sign": np.sign,
}
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
