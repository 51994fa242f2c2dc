"""The closed set of kinds: what a primitive tells a compiler, in records that it fills in.

The set of primitives is open and a compiler knows none of them by name: it looks at the class of the
record that a primitive carries, and reads its fields. A formula is written once, in Python; compilers
build what they need of it, and eager kernels are made of it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from string import ascii_lowercase
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

T = TypeVar("T")


class Function(NamedTuple):
    """What a program applies to numbers or arrays: an operator of Python, or a function of a module."""

    name: str
    module: str = ""

    @property
    def is_operator(self) -> bool:
        """Whether it is written between its operands, or before one."""
        return not self.name.isidentifier() or self.name in ("and", "or", "not")


_KERNELS = "tinygrad_mnist.kernels"
_MODULES = {
    "": "abs",
    "numpy": "floor rint sqrt sign",
    f"{_KERNELS}.bits": "copysign fma",
    f"{_KERNELS}.runtime": "greater less maximum minimum position",
    f"{_KERNELS}.angles": "atan cos sin",
    f"{_KERNELS}.scalar": "erf exp expm1 log log1p pow sigmoid tanh",
}
#: The functions that formulas may call, by name.
FUNCTIONS = {name: Function(name, module) for module, names in _MODULES.items() for name in names.split()}

#: How many operands those take that do not take one.
_TAKES = dict.fromkeys(["copysign", "greater", "less", "maximum", "minimum", "pow"], 2)
_TAKES |= {"fma": 3, "position": 3}

_OF_BITS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift, ast.Invert)
_OPERATORS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
    ast.USub: "-", ast.Invert: "~", ast.Not: "not", ast.And: "and", ast.Or: "or",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip


class Algebra(Protocol[T]):
    """What a formula is to be built of."""

    def constant(self, value: float) -> T:
        """A number of the formula."""

    def apply(self, function: Function, args: Sequence[T]) -> T:
        """An operator or a function, applied."""

    def select(self, condition: T, yes: T, no: T) -> T:
        """The one or the other."""


class Formula:
    """A scalar expression in Python over the operands `a`, `b`, `c`, ..., operators and `FUNCTIONS`.

    Args:
        text: the expression.
        operands: how many there are; None if they are not known yet.

    Raises ValueError for text that is something else, or names an operand that there is not.
    """

    def __init__(self, text: str, operands: int | None = None) -> None:
        self.text = text
        try:
            self.tree = ast.parse(text, mode="eval").body
        except (SyntaxError, TypeError) as error:
            raise ValueError(
                f"a formula is one expression of Python as text, and {text!r} is none: {error}"
            ) from None
        self.build(_CHECK, [None] * 26)
        if operands is not None:
            self._check_operands(operands)

    def _check_operands(self, count: int) -> None:
        known = ascii_lowercase[:count]
        if not any(isinstance(node, ast.Name) and node.id in known for node in ast.walk(self.tree)):
            raise ValueError(f"the formula {self.text!r} names none of its operands, {', '.join(known)}")
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and node.id not in FUNCTIONS and node.id not in known:
                raise ValueError(
                    f"the formula {self.text!r} names {node.id!r}, and its operands are {', '.join(known)}: "
                    "one letter for each derivative that is given with it"
                )

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    @property
    def operator(self) -> str:
        """The operator, if the formula is a single one applied to its operands in order; else nothing."""
        tree = self.tree
        match tree:
            case ast.BinOp(left=ast.Name(id="a"), op=op, right=ast.Name(id="b")):
                return _OPERATORS[type(op)]
            case ast.UnaryOp(op=op, operand=ast.Name(id="a")):
                return _OPERATORS[type(op)]
            case ast.Compare(left=ast.Name(id="a"), ops=[op], comparators=[ast.Name(id="b")]):
                return _OPERATORS[type(op)]
        return ""

    @property
    def is_of_bits(self) -> bool:
        """Whether it works on the bits of integers."""
        return any(isinstance(node, _OF_BITS) for node in ast.walk(self.tree))

    @property
    def is_operand(self) -> bool:
        """Whether it gives its first operand as it is."""
        return isinstance(self.tree, ast.Name) and self.tree.id == "a"

    def build(self, algebra: Algebra[T], operands: Sequence[T]) -> T:
        """The formula of these operands, built of what an algebra gives."""

        def build(node: ast.expr) -> T:
            match node:
                case ast.Name(id=name) if len(name) == 1 and "a" <= name <= "z":
                    return operands[ord(name) - ord("a")]
                case ast.Constant(value=bool() | int() | float() as value):
                    return algebra.constant(value)
                case ast.UnaryOp(op=ast.UAdd(), operand=x):
                    return build(x)
                case ast.UnaryOp(op=op, operand=x):
                    return algebra.apply(Function(_OPERATORS[type(op)]), [build(x)])
                case ast.BinOp(left=a, op=op, right=b) if type(op) in _OPERATORS:
                    return algebra.apply(Function(_OPERATORS[type(op)]), [build(a), build(b)])
                case ast.BoolOp(op=op, values=values):
                    return _chain(algebra, _OPERATORS[type(op)], [build(x) for x in values])
                case ast.Compare(left=left, ops=ops, comparators=rights) if all(
                    type(op) in _OPERATORS for op in ops
                ):
                    sides = [build(x) for x in (left, *rights)]
                    tests = [
                        algebra.apply(Function(_OPERATORS[type(op)]), [a, b])
                        for a, op, b in zip(sides, ops, sides[1:], strict=False)
                    ]
                    return _chain(algebra, "and", tests)
                case ast.IfExp(test=test, body=yes, orelse=no):
                    return algebra.select(build(test), build(yes), build(no))
                case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
                    return algebra.apply(FUNCTIONS[name], [build(x) for x in args])
            raise ValueError(
                f"a formula cannot contain {ast.unparse(node)!r}: write it in operands a, b, ..., numbers, "
                f"operators, comparisons, 'x if condition else y' and the functions {', '.join(FUNCTIONS)}"
            )

        return build(self.tree)


def _chain(algebra: Algebra[T], operator: str, values: Sequence[T]) -> T:
    """The values joined by `and` or `or`."""
    result = values[0]
    for value in values[1:]:
        result = algebra.apply(Function(operator), [result, value])
    return result


class _Check:
    """Builds nothing."""

    def constant(self, value: float) -> None:
        return None

    def apply(self, function: Function, args: Sequence[None]) -> None:
        takes = _TAKES.get(function.name, 1)
        if function.name in FUNCTIONS and len(args) != takes:
            raise ValueError(f"in a formula {function.name} takes {takes} operands, and is given {len(args)}")

    def select(self, condition: None, yes: None, no: None) -> None:
        return None


_CHECK = _Check()


class Loop(NamedTuple):
    """Each element of the result is a formula of the elements at the same place of the operands.

    Attributes:
        formula: in the operands, and after them the parameters that are numbers.
        work: of one element, in units of an addition.
        bools, integers: the formula for operands of these, where it is another one.
        own: the operands that keep their own dtype; all others come in the common one.
    """

    formula: Formula
    work: int = 1
    bools: Formula | None = None
    integers: Formula | None = None
    own: tuple[int, ...] = ()

    def of(self, dtype_kind: str) -> Formula:
        """The formula for operands of a dtype of this kind."""
        return (
            self.bools if dtype_kind == "b" else self.integers if dtype_kind in "iu" else None
        ) or self.formula


class View(NamedTuple):
    """Elements of the operand at other places; those that come from nowhere have one value.

    Attributes:
        at: (index of the result, shape of x, *params) -> index into x, by integer arithmetic; or None, for
            what is made of nothing.
        inside: (index of the result, shape of x, *params) -> conditions on which there is such an element.
        outside: (*params) -> the value where there is none.
        in_order: the elements come in the row-major order of the operand, all of them.
        work: of one element, in units of an addition.
    """

    at: Callable[..., tuple[Any, ...]] | None
    inside: Callable[..., Sequence[Any]] | None = None
    outside: Callable[..., float] | None = None
    in_order: bool = False
    work: int = 1


class Reduce(NamedTuple):
    """(x, axes, keepdims): all elements along axes combined into one; or (x, axis, keepdims), a position.

    Attributes:
        start: (dtype) -> what the total is at first.
        combine: the next total, of the total `a` and an element `b`. With `position`: whether the element
            `a` is to be taken in place of the best one so far, `b`; the result is where that is.
        position: see `combine`.
    """

    start: Callable[[Any], Any] | None
    combine: Formula
    position: bool = False


class Scan(NamedTuple):
    """(x, axis): each element combined with all before it along an axis.

    Attributes:
        start: (dtype) -> what the total is at first.
        combine: the next total, of the total `a` and an element `b`.
        wide: totals of floats are kept in float64.
    """

    start: Callable[[Any], Any]
    combine: Formula
    wide: bool = False


class Matrices(NamedTuple):
    """A product of two matrices a and b: (a, b), or (a, b, row) with a row added to each one of the result.

    Attributes:
        turned: b is given as its transpose.
        biased: there is such a row.
    """

    turned: bool = False
    biased: bool = False


class Images(NamedTuple):
    """A routine (x, w, y, first, last, *geometry) that workers may call for some of the images each.

    Attributes:
        order: where the operands and the result (number 2) stand as its x, w and y.
        params: how many parameters, from the end, are the geometry.
        total: the result is a sum over images.
    """

    order: tuple[int, int, int]
    params: int
    total: bool = False


class Lanes(NamedTuple):
    """(x, axis): a routine (vector, vector of the result) for each vector along an axis.

    Attributes:
        work: of one element, in units of an addition.
    """

    work: int


class Contract(NamedTuple):
    """A routine of the kernels, which takes whole arrays.

    Attributes:
        call: the routine.
        split: how it is called, and what workers may share out.
    """

    call: Function
    split: Matrices | Images | Lanes


class Gather(NamedTuple):
    """Elements found at computed positions: (x, where, axis) reads them, (x, where, axis, size) adds to them.

    Attributes:
        add: elements of x are added, at these positions of an axis of that size, to zeros.
        work: of one element, in units of an addition.
    """

    add: bool = False
    work: int = 2


class Random(NamedTuple):
    """(state, shape, dtype): random numbers, each a function of the state and of its place.

    Attributes:
        draw: (key, first block, place) -> a number, by the dtype's name.
        work: of one element, in units of an addition.
    """

    draw: Mapping[str, Function]
    work: int


class Repeat(NamedTuple):
    """A loop: (*first states, *elements, *what is used in each step[, count]), a program again and again.

    Attributes:
        body: the recorded program of a step; a compiler's own record.
        steps: how many there are, or with `counted` the most that there can be.
        reverse: the last element comes first.
        counted: the last operand says how many steps there are.
    """

    body: Any
    steps: int
    reverse: bool = False
    counted: bool = False


class Part(NamedTuple):
    """(call, number): one of the results of a call that has several."""


class Composed(NamedTuple):
    """Made of other primitives, with an eager kernel of its own; programs contain what it is made of.

    Attributes:
        of: (*operands, *params) -> the same in tensor code.
    """

    of: Callable[..., Any]


class Opaque(NamedTuple):
    """A library's routine, which programs cannot contain."""


Kind: TypeAlias = Loop | View | Reduce | Scan | Contract | Gather | Random | Repeat | Part | Composed | Opaque


def name_of(kind: Kind) -> str:
    """The word for a kind."""
    return type(kind).__name__.lower()
