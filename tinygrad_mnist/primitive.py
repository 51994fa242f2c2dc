"""What a primitive is: name, kind, shape and dtype rule, formula and derivative, declared together.

Eager execution, differentiation and the tests are readings of one declaration. A call asks its
operands to bind it: a Tensor records it on the tape, a plain array just runs it, so nothing here
knows what a Tensor is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, NoReturn, TypeVar

import numpy as np
import numpy.typing as npt

from .errors import AxisError, DTypeError, ShapeError, TraceError
from .formulas import array_kernel
from .kinds import Formula, Kind, Loop, Opaque, name_of
from .primitive_docs import Description, Parameters

Shape = tuple[int, ...]
Array = npt.NDArray[Any]

#: What operations take and give: a Tensor, or a plain array; Python scalars beside one of them.
Value = Any

#: A cotangent rule: (cotangent, output, *operands, *params) -> cotangent of one operand.
Vjp = Callable[..., Any]

#: Every primitive by name, in the order of declaration.
REGISTRY: dict[str, Primitive] = {}


class Operand:
    """A value that decides for itself what a primitive applied to it means."""

    #: (primitive, its arguments) -> result, where this value is one of the operands.
    bind: Callable[[Primitive, tuple[Any, ...]], Any]


class Primitive:
    """One operation of the framework.

    Called with its `arity` operands followed by its parameters. Operands are Tensors, arrays or
    Python scalars; parameters are hashable constants (axes, shapes, dtypes).

    Attributes:
        name: unique; also the name in recorded programs.
        kind: a record of `kinds`: all that a compiler may look at.
        arity: how many leading arguments are operands.
        infer: (*operands, *params) -> (shape, dtype) of the result, without computing it.
        run: (*arrays, *params) -> array; the eager kernel.
        vjps: per operand, the cotangent rule in tensor code, or None where the derivative is
            zero or undefined. A rule may return its cotangent in the broadcast shape: the
            backward pass sums it to the operand's shape.
        differentiable: whether any operand has a derivative.
        cases: argument tuples (operand shapes, params) on which the tests exercise it.
        domain: interval from which the tests draw operand values.
        aliases: whether the result is the operand's own elements, in PyTorch a view of it.
        eager: (*operands, *params) -> the result at once, where operands are Tensors; None: they bind it.
    """

    __slots__ = (
        "aliases",
        "arity",
        "cases",
        "differentiable",
        "domain",
        "eager",
        "infer",
        "kind",
        "name",
        "run",
        "vjps",
    )

    #: What chooses the eager call of a primitive; the core says it.
    choose: Callable[[Primitive], Callable[..., Any] | None] = staticmethod(lambda primitive: None)

    def __init__(
        self,
        name: str,
        kind: Kind,
        run: Callable[..., Any],
        infer: Callable[..., tuple[Shape, np.dtype[Any]]],
        vjps: Sequence[Vjp | None],
        *,
        cases: Sequence[tuple[Any, ...]] = (),
        domain: tuple[float, float] = (-3.0, 3.0),
        aliases: bool = False,
    ) -> None:
        self.name, self.kind, self.run, self.infer = name, kind, run, infer
        self.vjps, self.arity = tuple(vjps), len(vjps)
        self.differentiable = any(self.vjps)
        self.cases, self.domain, self.aliases = tuple(cases), domain, aliases
        self.eager = self.choose(self)
        if name in REGISTRY:
            raise ValueError(f"a primitive named {name!r} is already declared")
        REGISTRY[name] = self

    def __call__(self, *args: Any) -> Any:
        """Bind the primitive to its operands: recorded for Tensors, run for plain arrays."""
        for x in args:
            if isinstance(x, Operand):
                return self.eager(*args) if self.eager else x.bind(self, args)
        return self.run(*args)

    def __repr__(self) -> str:
        return f"<primitive {self.name} ({name_of(self.kind)})>"

    @property
    def compiles(self) -> bool:
        """Whether compiled programs can contain it."""
        return not isinstance(self.kind, Opaque)


Primitive.__doc__ = Description(Primitive.__doc__ or "")  # type: ignore[assignment]
Primitive.__signature__ = Parameters()  # type: ignore[attr-defined]


#: Operand shapes and keyword arguments of a call that the tests make.
Case = tuple[tuple[Shape, ...], dict[str, Any]]


class Composite(NamedTuple):
    """A function built of primitives, and what the tests call it with.

    Attributes:
        function: the operation.
        cases: (operand shapes, keyword arguments) pairs.
        domain: interval from which the tests draw operand values.
        sequence: the operands are passed as one list.
        differentiable: whether the result has a derivative.
    """

    function: Callable[..., Any]
    cases: tuple[Case, ...]
    domain: tuple[float, float]
    sequence: bool
    differentiable: bool


#: Every composite by name.
COMPOSITES: dict[str, Composite] = {}

_F = TypeVar("_F", bound=Callable[..., Any])


def composite(
    *cases: Case,
    domain: tuple[float, float] = (-3.0, 3.0),
    sequence: bool = False,
    differentiable: bool = True,
    call: Callable[..., Any] | None = None,
) -> Callable[[_F], _F]:
    """Register a composite with the cases (operand shapes, keyword arguments) that the tests run.

    `call`, (function, *operands, **keywords) -> tensor, is how they call an operation that does not
    take its operands first, or does not give one tensor.
    """

    def declare(function: _F) -> _F:
        @functools.wraps(function)
        def called(*operands: Any, **keywords: Any) -> Any:
            return call(function, *operands, **keywords) if call else function(*operands, **keywords)

        COMPOSITES[function.__name__] = Composite(called, cases, domain, sequence, differentiable)
        return function

    return declare


# Shape and dtype rules ------------------------------------------------------------------------


def broadcast(name: str, *shapes: Shape) -> Shape:
    """Common shape of operands by NumPy's broadcasting rule; ShapeError where there is none."""
    ndim = max(map(len, shapes), default=0)
    out = [1] * ndim
    for shape in shapes:
        for axis, n in enumerate(shape, ndim - len(shape)):
            if n != 1:
                if out[axis] not in (1, n):
                    raise ShapeError(
                        f"{name}: shapes {' and '.join(map(str, shapes))} do not broadcast: "
                        f"axis {axis - ndim} has lengths {out[axis]} and {n}; "
                        "reshape an operand so that the lengths agree or one of them is 1"
                    )
                out[axis] = n
    return tuple(out)


def told_by_numbers(*operands: Any) -> NoReturn:
    """The shape rule of what finds things among numbers: there is none before the numbers are there."""
    raise TraceError("the shape of this result depends on numbers")


def normalize_axis(name: str, axis: int, ndim: int) -> int:
    """`axis` counted from the front; ShapeError when out of range."""
    if not -ndim <= axis < ndim:
        raise AxisError(f"{name}: axis {axis} does not exist in a tensor of {ndim} axes")
    return axis % ndim


def normalize_axes(name: str, axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """`axis` (None: all of them) as a sorted tuple counted from the front, without repeats.

    A tensor without axes has none, but may be asked for axis 0 or -1, as if it had.
    """
    if axis is None or (ndim == 0 and axis in (0, -1, (0,), (-1,)) and axis is not False):
        return tuple(range(ndim))
    if type(axis) is int and 0 <= axis < ndim:
        return (axis,)
    if isinstance(axis, bool):
        raise ShapeError(f"{name}: {axis} is no axis; give other arguments than axes by name")
    several = [axis] if isinstance(axis, int | np.integer) else axis
    axes = [normalize_axis(name, int(a), ndim) for a in several]
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{name}: axis {axis} names an axis twice; name each once")
    return tuple(sorted(axes))


_ndarray = np.ndarray
_BOOL, _INT64, _FLOAT32 = np.dtype(np.bool_), np.dtype(np.int64), np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)


def check_dtype(dtype: Any) -> np.dtype[Any]:
    """`dtype` as a NumPy dtype this package computes with: bool, integers, float32, float64."""
    try:
        found = np.dtype(dtype) if dtype is not None else None
    except TypeError:
        found = None
    if found is not None:
        native = np.dtype(found.type)  # NumPy's own object, in native order: compared by identity
        if native.kind in "biu" or native in (_FLOAT32, _FLOAT64):
            return native
    raise DTypeError(
        f"dtype {found or dtype} is not supported: use float32, float64, an integer type or bool"
    )


def plain(array: Array) -> Array:
    """The array without what a class of its own makes of it; DTypeError for what is masked."""
    if isinstance(array, np.ma.MaskedArray):
        raise DTypeError(
            "a masked array is not supported, since its masked numbers would count as any others: write "
            "x.filled(value) with what they shall be, or x.compressed() without them"
        )
    return array.view(_ndarray)


def native(array: Array, dtype: Any = None) -> Array:
    """The array, or a copy, in the dtype of `check_dtype`, by default of its own: NumPy's own object.

    The dtype of an array may be a copy of that, with metadata or from a pickle.
    """
    array = array if array.__class__ is _ndarray else plain(array)
    found = check_dtype(array.dtype if dtype is None else dtype)
    return array if array.dtype is found else np.asarray(array.astype(found, copy=False), found)


def result_dtype(*operands: Any) -> np.dtype[Any]:
    """Common dtype of arrays and Python scalars.

    Floats win over integers and integers over booleans whatever their width (float32 with int64
    gives float32, as in PyTorch); within a category NumPy's promotion holds. Python scalars are
    weak: they raise the category (to float32 or int64), never the width.
    """
    dtypes = [x.dtype for x in operands if hasattr(x, "dtype")]
    scalars = [x for x in operands if not hasattr(x, "dtype")]
    for dtype in dtypes:
        if dtype.kind not in "fiub" or dtype.itemsize > 8:
            check_dtype(dtype)  # raises
    if any(isinstance(x, complex) for x in scalars):
        check_dtype(np.complex128)
    for category in ("f", "iu", "b"):
        of_category = [d for d in dtypes if d.kind in category]
        if of_category:
            found = np.result_type(*of_category)
            break
    else:
        found = _BOOL
    if found.kind in "biu" and any(isinstance(x, float) for x in scalars):
        return _FLOAT32
    if found.kind == "b" and any(isinstance(x, int) and not isinstance(x, bool) for x in scalars):
        return _INT64
    return np.dtype(found)


def undefined(name: str, operands: Sequence[Any]) -> DTypeError:
    """The error for operands that a primitive does not compute with."""
    dtypes = ", ".join(
        str(x.dtype) if hasattr(x, "shape") and hasattr(x, "dtype") else type(x).__name__ for x in operands
    )
    listed = any(isinstance(x, list | tuple) for x in operands)
    write = "make a list a Tensor first: tg.tensor([...])" if listed else "cast an operand first"
    return DTypeError(f"{name}: not defined for {dtypes}; {write}")


def _as_float(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.kind == "f" else _FLOAT32


Result = Literal["same", "number", "float", "bool"]


def _shape(x: Any) -> Shape:
    return getattr(x, "shape", ())


# Declaring elementwise primitives ---------------------------------------------------------------


def loop(
    name: str,
    formula: str,
    *vjps: Vjp | None,
    kernel: Callable[..., Any] | None = None,
    result: Result = "same",
    cases: Sequence[tuple[Any, ...]] = (),
    domain: tuple[float, float] = (-3.0, 3.0),
    work: int = 1,
    bools: str | None = None,
    integers: str | None = None,
) -> Primitive:
    """Declare an elementwise primitive.

    Args:
        name: of the primitive.
        formula: the scalar expression in `a`, `b`, `c`; see `kinds.Formula`.
        vjps: per operand, its cotangent rule or None.
        kernel: array function with broadcasting that gives the bits of the formula in less time than the
            kernel that is made of it.
        result: dtype rule: the operands' common dtype, that if it is not bool, that as a float, or bool.
        cases: as in `Primitive`; without any the tests generate shapes.
        domain: interval on which the tests exercise it.
        work, bools, integers: as in `kinds.Loop`.
    """

    of_bools, of_integers = (None if text is None else Formula(text, len(vjps)) for text in (bools, integers))
    kind = Loop(Formula(formula, len(vjps)), work, of_bools, of_integers)
    kernel = kernel or array_kernel(name, kind.formula, len(vjps))
    floats, answers = result == "float", result == "bool"
    of_floats = floats or not kind.formula.is_of_bits

    def infer(*operands: Any) -> tuple[Shape, np.dtype[Any]]:
        dtype = result_dtype(*operands)
        if dtype.kind == "f" and not of_floats:
            raise DTypeError(f"{name}: works on the bits of integers, and is not defined for {dtype}")
        if dtype.kind == "b" and result == "number":
            raise undefined(name, operands)
        dtype = _BOOL if answers else _as_float(dtype) if floats else dtype
        if dtype.kind in "iu" and any(type(x) is int for x in operands):
            check_range(name, operands, dtype)
        return broadcast(name, *map(_shape, operands)), dtype

    def checked(*operands: Any) -> Any:
        try:
            if floats:
                return kernel(*promoted(operands, "float"))
            y = kernel(*operands)
            if answers or y.dtype == result_dtype(*operands):
                return y
            found = infer(*operands)[1]  # where NumPy's promotion is not ours
            return np.asarray(kernel(*promoted(operands))).astype(found, copy=False)
        except (ValueError, OverflowError):
            infer(*operands)  # says which shapes do not broadcast, or which number is out of range
            raise
        except (TypeError, AttributeError) as error:
            raise undefined(name, operands) from error

    # The plain cases first, without looking at the operands.
    entry: Any = getattr(kernel, "entry", None)

    def run_entry(a: Any) -> Any:
        y = entry.single(a)
        return checked(a) if y is None else y

    def run_binary_entry(a: Any, b: Any) -> Any:
        y = entry.single(a, b)
        return checked(a, b) if y is None else y

    def run_unary(a: Any) -> Any:
        return kernel(a) if a.__class__ is _ndarray and a.dtype is _FLOAT32 else checked(a)

    def run_binary(a: Any, b: Any) -> Any:
        try:
            y = kernel(a, b)
        except (ValueError, TypeError, AttributeError, OverflowError):
            return checked(a, b)  # says what is wrong, if it is
        return y if answers or y.dtype is _FLOAT32 else checked(a, b)

    run: Callable[..., Any] = checked
    if entry:
        run = run_entry if len(vjps) == 1 else run_binary_entry
    elif len(vjps) == 1 and of_floats:
        run = run_unary
    elif len(vjps) == 2:
        run = run_binary
    return Primitive(name, kind, run, infer, vjps, cases=cases, domain=domain)


def check_range(name: str, operands: tuple[Any, ...], dtype: np.dtype[Any]) -> None:
    """DTypeError for a Python integer that a result of this dtype cannot be computed with."""
    info = np.iinfo(dtype)
    for x in operands:
        if type(x) is int and not info.min <= x <= info.max:
            raise DTypeError(
                f"{name}: the number {x} is outside {dtype}, which goes from {info.min} to {info.max}; "
                "cast the tensor first, as in x.long() or x.float()"
            )


def promoted(operands: tuple[Any, ...], result: Result = "same") -> tuple[Any, ...]:
    """The operands in their common dtype; the same tuple where they have one that NumPy finds too."""
    if len(operands) == 1 and operands[0].dtype is _FLOAT32:
        return operands
    dtype = None
    for x in operands:
        kind = type(x)
        if kind is float or kind is int or kind is bool:
            continue
        found = x.dtype
        if (found is not _FLOAT32 and found is not _FLOAT64) or (dtype is not None and found is not dtype):
            break
        dtype = found
    else:
        if dtype is not None:
            return operands
    common = result_dtype(*operands)
    common = _as_float(common) if result == "float" else common
    try:
        return tuple(np.asarray(x, common) for x in operands)
    except OverflowError:
        check_range("an operation", operands, common)
        raise
