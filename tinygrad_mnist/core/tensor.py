"""The Tensor: an array with a place on the tape, its operators, and gradients."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from .. import ops
from ..errors import DTypeError, GraphError, ShapeError
from ..primitive import (
    Array,
    Primitive,
    Shape,
    check_dtype,
    native,
    normalize_axis,
    plain,
)
from .assignment import as_gradient
from .conversions import Conversions
from .eager import give, record
from .following import Following
from .gradients import as_inputs, with_added
from .hints import HINTS, OF_TENSORS, Absent
from .html import shown
from .inplace import Memory, assign
from .interpreter import EAGER, interpreter
from .numpy_functions import array_function, array_ufunc
from .one_number import NUMBERS, as_numbers, number
from .printing import printed
from .steps import Steps
from .tape import clock, pull_back, pull_back_each, recording
from .words import Words

# The methods int, float and bool hide these names in the class.
_Int: TypeAlias = int
_Float: TypeAlias = float
_Bool: TypeAlias = bool


class Tensor(Conversions["Tensor"], Words["Tensor"], Steps):
    """An n-dimensional array of numbers that remembers how it was computed.

    Tensors are values: arithmetic gives new ones and none changes. `shape`, `dtype` and broadcasting are
    NumPy's; method names are PyTorch's. Arithmetic with an ndarray gives a Tensor.

    Args:
        data: nested sequences of numbers, which become float32 (`tg.tensor` keeps integers), an ndarray
            or a Tensor, copied, with its dtype; or integers: the sizes of a tensor of zeros.
        dtype: float32, float64, an integer type or bool; None chooses as above.
        requires_grad: whether `backward` should leave a gradient in `grad`.

    Raises:
        DTypeError: for a dtype that is not supported, or `requires_grad` of integers or bools.
        ShapeError: for nested sequences of unequal lengths.
    """

    _grad: Tensor | None = None
    _copies_grad = True

    def __init__(self, data: Any = (), dtype: Any = None, requires_grad: _Bool = False, *more: _Int) -> None:
        current = interpreter.get()
        if data.__class__ is _Int and (dtype is None or dtype.__class__ is _Int):
            lengths = [n for n in (data, dtype, requires_grad, *more) if n.__class__ is _Int]
            data, dtype, requires_grad = np.zeros(lengths, np.float32), None, requires_grad is True
        if isinstance(data, np.ma.MaskedArray):
            plain(data)  # raises
        taken = current.taken(data)
        if taken is not None:
            self.array = (taken if dtype is None else taken.to(dtype)).array
            self.requires_grad_(requires_grad)
            return
        if isinstance(data, Tensor):
            data = data.array
        try:
            array = np.array(data, None if dtype is None else check_dtype(dtype))
        except ValueError as error:
            raise ShapeError(f"a tensor needs numbers in sequences of equal lengths: {error}") from None
        kinds = "biuf" if isinstance(data, list | tuple) else "f"
        if dtype is None and not hasattr(data, "dtype") and array.dtype.kind in kinds:
            array = array.astype(np.float32)
        self.array = native(array)
        current.makes(self)
        self.requires_grad_(requires_grad)

    def bind(self, primitive: Primitive, args: tuple[Any, ...]) -> Tensor:
        """Let the interpreter run `primitive`, and record it if a gradient may be asked through it."""
        current, tracked, foreign = interpreter.get(), False, False
        values: list[Any] = []
        for x in args:
            if isinstance(x, Tensor):
                values.append(x.array)
                if x.requires_grad:
                    tracked = True
            elif x.__class__ in NUMBERS:
                values.append(x)
            elif isinstance(x, np.ndarray):
                values.append(x if x.dtype is _FLOAT32 and x.__class__ is _ndarray else native(x))
                foreign = True
            else:
                found = x.item() if isinstance(x, _generic) else x  # which are as weak as Python's
                if found.__class__ not in NUMBERS and len(values) < primitive.arity:
                    return self.bind(primitive, as_numbers(primitive, args))
                values.append(found)
        data = primitive.run(*values) if current is EAGER else current.run(primitive, args)
        out = _view(args[0], primitive, args[1:]) if primitive.aliases else _new(Tensor)
        out.array = np.asarray(data) if isinstance(data, _generic) else data
        if tracked:
            if foreign and current is EAGER:  # an array may change before backward: the graph keeps a copy
                args = tuple([x.copy() if isinstance(x, np.ndarray) else x for x in args])
            record(out, primitive, args)
        return out

    # Facts ------------------------------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        """Length of every axis."""
        shape: Shape = self.array.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        dtype: np.dtype[Any] = self.array.dtype
        return dtype

    @property
    def ndim(self) -> _Int:
        """Number of axes."""
        return self.array.ndim

    def size(self, dim: _Int | None = None) -> Any:
        """The shape, or the length of one axis."""
        return self.shape if dim is None else self.shape[normalize_axis("size", dim, self.ndim)]

    def numel(self) -> _Int:
        """Number of elements."""
        return self.array.size

    nelement = numel

    def dim(self) -> _Int:
        """Number of axes."""
        return self.array.ndim

    ndimension = dim

    @property
    def is_leaf(self) -> _Bool:
        """Whether this is where a graph starts rather than the result of a recorded operation."""
        return self.primitive is None

    def __len__(self) -> _Int:
        if not self.ndim:
            raise ShapeError("len() of a tensor without axes")
        return self.shape[0]

    def __repr__(self) -> str:
        text = printed(self._numbers, "Tensor(")
        dtype = "" if self.dtype in (np.float32, np.int64, np.bool_) else f", dtype={self.dtype}"
        return f"Tensor({text}{dtype}{', requires_grad=True' if self.requires_grad else ''})"

    def _repr_html_(self) -> str:
        """What a notebook shows: a small table, or a picture if it is shaped like one."""
        return shown(self._numbers, f"Tensor {tuple(self.shape)}, {self.dtype}")

    # Numbers out ------------------------------------------------------------------------------

    @property
    def _numbers(self) -> Array:
        """The numbers, for somebody who will look at them: TraceError where they are symbols of a program."""
        return interpreter.get().numbers(self)

    def numpy(self) -> Array:
        """The numbers as an array: a read-only view; `.copy()` of it is yours."""
        view = self._numbers.view()
        view.setflags(write=False)
        return view

    def __array__(self, dtype: Any = None, copy: _Bool | None = None) -> Array:
        return np.array(self._numbers, dtype, copy=True) if copy else np.asarray(self.numpy(), dtype)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return array_function(function, args, kwargs)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return array_ufunc(ufunc, method, inputs, kwargs)

    def item(self) -> Any:
        """The only element, as a Python number; ShapeError if there are others."""
        if self.array.size != 1:
            raise ShapeError(f"a tensor of shape {self.shape} holds {self.array.size} elements, not one")
        return self._numbers.item()

    def tolist(self) -> Any:
        """The numbers as nested lists."""
        return self._numbers.tolist()

    def __float__(self) -> _Float:
        return _Float(self.item())

    def __int__(self) -> _Int:
        return _Int(self.item())

    def __bool__(self) -> _Bool:
        return _Bool(self.item())

    def __index__(self) -> _Int:
        if self.dtype.kind not in "iu" or self.ndim:
            raise DTypeError(f"only an integer tensor without axes is an index: {self.dtype} {self.shape}")
        return _Int(self._numbers)

    def __format__(self, spec: str) -> str:
        return repr(self) if self.ndim and not spec else format(self.item(), spec)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    # Gradients --------------------------------------------------------------------------------

    @property
    def grad(self) -> Tensor | None:
        """What `backward` has left here so far, or None."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        interpreter.get().keep_grad(self)
        self._grad = value if value is None else as_gradient(self, value)

    def requires_grad_(self, requires_grad: _Bool = True) -> Tensor:
        """Say whether `backward` should leave a gradient here; returns self. Only floats can have one."""
        if requires_grad and self.array.dtype.kind != "f":
            raise DTypeError(f"only float32 and float64 tensors have gradients, not {self.dtype}")
        if self.primitive is not None and not requires_grad:
            raise GraphError("a computed tensor is part of its graph: use detach() for one that is not")
        self.requires_grad = requires_grad
        return self

    def detach(self) -> Tensor:
        """The same values, without the graph behind them."""
        return ops.stop_gradient(self)

    def backward(
        self,
        gradient: Any = None,
        retain_graph: _Bool | None = None,
        create_graph: _Bool = False,
        inputs: Any = None,
    ) -> None:
        """Add to the `grad` of every leaf the gradient of this tensor with respect to it.

        Args:
            gradient: cotangent of this tensor, of its shape; may be left out for one element.
            retain_graph: keep the graph for another call; by default as `create_graph`.
            create_graph: compute the gradients so that they can be differentiated again.
            inputs: a Tensor or several, leaves or not, which alone get gradients; None for all leaves.

        Raises:
            GraphError: if nothing here requires a gradient, the graph was freed by an earlier
                call, or a leaf was assigned since.
            ShapeError: if a cotangent is needed, or does not have this tensor's shape.
        """
        if not self.requires_grad:
            raise GraphError(
                "backward: this tensor depends on nothing that requires a gradient; create the leaves with "
                "requires_grad=True and compute outside no_grad()"
            )
        current = interpreter.get()
        if gradient is None:
            if self.array.size != 1:
                raise ShapeError(
                    f"backward: a tensor of shape {self.shape} is no single number; reduce it with "
                    ".sum() or .mean(), or pass gradient= of that shape"
                )
            gradient = wrap(current.fill(1.0, self.array.shape, self.array.dtype))
        else:
            gradient = gradient if isinstance(gradient, Tensor) else Tensor(gradient, self.dtype)
            if gradient.shape != self.shape:
                raise ShapeError(f"backward: gradient has shape {gradient.shape}, the tensor {self.shape}")
        on_tensors = create_graph or current.symbolic
        token = recording.set(create_graph)
        try:
            free = not (create_graph if retain_graph is None else retain_graph)
            if inputs is None:
                found = pull_back([self], [gradient], None, record=on_tensors, free=free)
            else:
                found = [*pull_back_each([self], [gradient], as_inputs(inputs), record=on_tensors, free=free)]
            seen: set[int] = set()
            for leaf, g in found:
                assert isinstance(leaf, Tensor)
                if on_tensors:  # as in a program
                    current.add_grad(leaf)
                    g = g if create_graph else wrap(g.array)
                else:  # no two gradients in one memory, nor in that of the caller's
                    seen = seen or {_memory(gradient.array)}
                    memory = _memory(g)
                    g = wrap(g.copy() if memory in seen else g)
                    seen.add(memory)
                leaf._grad = g if leaf._grad is None else with_added(leaf._grad, g, create_graph)
        finally:
            recording.reset(token)

    @property
    def data(self) -> Tensor:
        """The same numbers without the graph; what is changed in them in place is changed here too."""
        out = _beside(self)
        out.array = interpreter.get().value(self)
        out.behind = self if self.behind is None else self.behind
        out.path = self.path
        return out

    @data.setter
    def data(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            value = Tensor(value, self.dtype)
        if value.behind is self:
            return  # x.data -= v has changed x already
        interpreter.get().assign(self, value)
        self.memory, self.is_view, self.path = None, False, None  # views go on with the memory this leaves
        self.assigned = next(clock)

    def earlier_self(self) -> Tensor:
        """What this is now, as a value of its own that an in-place word leaves behind."""
        old = _new(Tensor)
        old.array, old.requires_grad = interpreter.get().value(self), self.requires_grad
        old.primitive, old.args, old.number = self.primitive, self.args, self.number
        old.assigned = 0 if self.primitive is None else self.number
        old.hooks = self.hooks
        return old

    def __deepcopy__(self, memo: dict[_Int, Any]) -> Tensor:
        made = _new(type(self))
        memo[id(self)] = made
        vars(made).update(copy.deepcopy(self.__getstate__(), memo))
        if self._copies_grad and self._grad is not None:
            made._grad = copy.deepcopy(self._grad, memo)
        return made

    def wrapped(self, array: Any) -> Tensor:
        """An array as a Tensor, which is not copied."""
        return wrap(array)

    def assign_(self, value: Any) -> Tensor:
        """Replace this leaf's numbers by those of `value` (same shape; cast to this dtype); returns self.

        This is how optimisers update parameters. Raises GraphError for a computed tensor, for a view of
        one that is in use, and later for a backward through a graph in which the old numbers were used.
        """
        assign(self, value if isinstance(value, Tensor) else Tensor(value, self.dtype))
        return self


def _memory(array: Any) -> int:
    """Which memory an array is in."""
    base = array.base
    return id(array if base is None else base)


def wrap(data: Any) -> Tensor:
    """A leaf Tensor around an array, which is not copied, or around a symbol of a traced program."""
    out = _new(Tensor)
    out.array = np.asarray(data) if isinstance(data, np.generic) else data
    return out


def of_numbers(array: Any) -> Tensor:
    """A leaf Tensor around an array, for a user: in a traced program it may be changed as one of its own."""
    out = wrap(array)
    interpreter.get().makes(out)
    return out


class View(Following, Tensor):
    """What a view operation gives; see `following`."""


def _view(base: Tensor, primitive: Primitive, params: tuple[Any, ...]) -> Tensor:
    """A view of `base` by a primitive, whose numbers are yet to be put in."""
    out = _beside(base)
    out.path = base.path, primitive, params
    return out


def _beside(base: Tensor) -> Tensor:
    """What shares the numbers of `base`, which are yet to be put in."""
    out = _new(View)
    memory = base.memory
    if memory is None:
        memory = base.memory = Memory()
    out.memory = memory
    if memory.changes:
        out.seen = memory.changes
    return out


def filled(value: float, shape: Shape, dtype: np.dtype[Any]) -> Tensor:
    """A leaf Tensor of one value; a literal in a traced program."""
    return wrap(interpreter.get().fill(number(value, dtype), shape, dtype))


for _name in (*HINTS, *OF_TENSORS):
    if not hasattr(Tensor, _name):
        setattr(Tensor, _name, Absent("Tensor", _name))

give(Tensor, _view)
_new, _generic, _ndarray, _FLOAT32 = object.__new__, np.generic, np.ndarray, np.dtype(np.float32)
