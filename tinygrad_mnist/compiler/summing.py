"""Products of matrices that a loop adds up, such as the gradients of weights: added where the sum is.

The bits are those of a product that is stored and then added: it is added up by itself, in registers.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..kernels import runtime
from ..kernels.tuning import DEPTH
from ..kinds import Function, Loop, Matrices
from .loops import Array, Call, Place, whole
from .nesting import Nesting
from .products import matrix, unturned
from .program import Program
from .trace import Instruction, Symbol
from .tuning import MULTIPLY_ADDS
from .viewing import turns

_ONTO = Function("accumulate", runtime.__name__)


def summed(program: Program, producers: Mapping[Symbol, Instruction]) -> dict[Symbol, Symbol]:
    """The products that are added to a state and used for nothing else: of each, which state."""
    uses, found = program.uses(), dict[Symbol, Symbol]()
    for state, value in program.updates:
        terms: list[Symbol] = []  # the last one first
        while value is not state and uses[value] == 1 and _is_sum(producers.get(value)):
            a, b = producers[value].args
            if not _is_product(b, producers, uses):
                a, b = b, a
            if not _is_product(b, producers, uses):
                break
            terms.append(b)
            value = a
        order = [x for x in producers if x in terms]
        if value is state and uses[state] == 1 and order == terms[::-1]:
            found |= dict.fromkeys(terms, state)
    return found


def _is_sum(instruction: Instruction | None) -> bool:
    kind = instruction.primitive.kind if instruction else None
    plain = instruction is not None and all(
        isinstance(x, Symbol) and (x.shape, x.dtype) == (instruction.result.shape, instruction.result.dtype)
        for x in instruction.args
    )
    return isinstance(kind, Loop) and kind.formula.operator == "+" and plain


def _is_product(x: Symbol, producers: Mapping[Symbol, Instruction], uses: Mapping[Symbol, int]) -> bool:
    """Whether it is a product whose sums are not made in parts, of two matrices that lie as they must."""
    instruction = producers.get(x)
    if instruction is None or instruction.matrices != Matrices() or x.ndim != 2 or uses[x] != 1:
        return False
    left, right = instruction.args
    depth, by = left.shape[1], producers.get(left)
    if min(x.shape) < 2 or not 0 < depth <= DEPTH or right.ndim != 2:
        return False
    other = producers.get(right)
    return depth == 1 or (by is not None and turns(by) and not (other is not None and turns(other)))


def add_product(to: Nesting, instruction: Instruction, target: Place) -> None:
    """target += the product."""
    a, right = instruction.args[0], matrix(to, instruction.args[1])
    (m, n), depth = instruction.result.shape, a.shape[1]
    if depth == 1:  # however they lie
        left = matrix(to, a).place
        arrays = Array(left, shape=(1, m)), Array(right.place, shape=(1, n))
    else:
        left = unturned(to, a)
        arrays = Array(left), right.array()
    call = Call(_ONTO, (*arrays, Array(target), whole(0), whole(m)))
    title, cost = f"{target.name} += {instruction.primitive.name}", m * n * depth / MULTIPLY_ADDS
    reads = [(left, 0), (right.place, 0), (target, 0)]
    to.add(title, [call], reads, [(target, 0)], cost=cost)
