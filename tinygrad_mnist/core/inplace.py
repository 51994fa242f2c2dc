"""In-place words: they rebind the same Python object to a new value on the tape.

`x.add_(1)` computes `x + 1`, and from then on the object x is that value. What was recorded of the old one
keeps it, under its number on the tape's clock: see `Node.earlier`. A view is a value too, so a change of it
cannot reach what it was taken from: it is refused, unless nobody can see that any more.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

import numpy as np

from .. import ops
from ..errors import DTypeError, GraphError, ShapeError
from .assignment import assigned, cast_like, filled
from .interpreter import interpreter
from .methods import Method
from .operators import Operators
from .tape import clock, recording

_T = TypeVar("_T")


class Memory:
    """What a tensor and the views of it have in common, in PyTorch: each that is alive holds a reference.

    Attributes:
        changes: how often the tensor was changed in place since; `FOR_GOOD` where views cannot follow it.
        array: the tensor's numbers since its last change, where there are views to show them.
        turned: whether it has another shape now than when views of it were taken.
    """

    changes = 0
    array: Any = None
    turned = False


FOR_GOOD = -1


def _references(x: InPlace[Any]) -> int:
    return sys.getrefcount(x.memory)


def _holders(x: InPlace[Any]) -> int:
    return sys.getrefcount(x)


def reshape(x: InPlace[_T], name: str, compute: Callable[[Any], Any]) -> InPlace[_T]:
    """Rebind x to a view of its present value, whose numbers are the same; returns x. Raises as `change`."""
    _check_leaf(x, name)
    if x.behind is not None or not interpreter.get().owns(x):
        raise GraphError(f"{name}: write x = x.{name[:-1]}(...), which is a value of its own")
    old = x.earlier_self()
    if x.memory is not None:
        x.memory.turned = True
    new = compute(old)
    _rebind(x, new, new.array, old)
    return x


def change(x: InPlace[_T], name: str, compute: Callable[[Any], Any]) -> InPlace[_T]:
    """Rebind x to what `compute` gives for its present value; returns x.

    Raises:
        GraphError: for a leaf that requires a gradient, outside of no_grad, and for a view whose
            base is in use.
        ShapeError: for a value of another shape.
        DTypeError: for floats in integers.
        TraceError: in a compiled function, for an argument, and for gradients in what is from outside.
    """
    _check_leaf(x, name)
    check_view(x, name)
    old = x.earlier_self()
    return replace(x, name, compute(old), old)


def _check_leaf(x: InPlace[Any], name: str) -> None:
    if recording.get() and x.requires_grad and x.primitive is None:
        raise GraphError(
            f"{name}: a leaf that requires a gradient cannot be changed in place while operations are "
            "recorded: do it within tg.no_grad(), or give the result another name, as in y = x + 1"
        )


def check_view(x: InPlace[Any], name: str) -> None:
    """GraphError if x is a view of something that somebody can still see, or the `data` of a view."""
    if x.is_view and (_is_shared(x) if x.behind is None else x.behind.is_view):
        raise GraphError(
            f"{name}: this tensor of shape {x.shape} is a view, and tensors here are values: a change of it "
            "would not reach the tensor it was taken from. Assign to that one by an index, as in "
            "x[0, 1] = v or x[0] += v, or take a copy first, as in x[0].clone()"
        )


def _is_shared(x: InPlace[Any]) -> bool:
    """Whether a tensor besides x has its memory, other than those that only x's own graph holds."""
    own, at = 1, x
    while at.args and isinstance(at.args[0], InPlace) and at.args[0].memory is x.memory:
        if _holders(at.args[0]) > _HELD_BY_GRAPH:
            return True
        own, at = own + 1, at.args[0]
    return _references(x) > _ONE + own - 1


def replace(x: InPlace[_T], name: str, new: Any, old: Any) -> InPlace[_T]:
    """Rebind x, whose value was `old`, to the value `new`."""
    if new.shape != x.shape:
        raise ShapeError(f"{name}: a tensor of shape {x.shape} cannot hold a result of shape {new.shape}")
    dtype = x.array.dtype
    if new.dtype != dtype:
        if _KINDS.index(new.dtype.kind) > _KINDS.index(dtype.kind):
            raise DTypeError(
                f"{name}: a result of {new.dtype} cannot be put into {dtype}: cast the tensor first, as in "
                "x = x.float()"
            )
        new = new.to(dtype)
    if x.primitive is not None and recording.get() and not new.requires_grad and dtype.kind == "f":
        new = ops.where(new.wrapped(np.array(False)), old, new)  # its graph stays, with a slope of zero
    current = interpreter.get()
    current.check_change(x, new, name)
    if x.behind is not None:
        write_behind(x, new)
        return x
    if not current.owns(x):
        current.assign(x, new)
        leave_memory(x, new.array)
        x.assigned = next(clock)
        return x
    array = new.array  # of a view of x, as in x.copy_(x.T), it is not to be had after this
    leave_memory(x, array, new.requires_grad and not x.requires_grad)
    _rebind(x, new, array, old)
    return x


def _rebind(x: InPlace[Any], new: Any, array: Any, old: Any) -> None:
    """Give x the value `new`, of these numbers, and its place on the tape."""
    if new.requires_grad:
        x.versions = (*(v for v in x.versions if v[1].args or v[1].primitive is None), (new.number, old))
        x.requires_grad, x.primitive, x.number = True, new.primitive, new.number
        x.args = tuple(old if a is x else a for a in new.args)  # as in x += x
    elif x.primitive is not None:  # within no_grad: the gradient goes on to where it went
        x.versions = (*x.versions, (next(clock), old))
        x.primitive, x.args, x.number = ops.alias, (old,), next(clock)
    x.array = array
    x.assigned = x.number if x.primitive is not None else next(clock)


def assign(x: InPlace[_T], value: Any) -> InPlace[_T]:
    """Give the leaf x the numbers of a tensor; see `Tensor.assign_`."""
    if x.primitive is not None:
        raise GraphError(
            f"assign_: only a leaf can be assigned, and this is a result of {x.primitive.name!r}"
        )
    if value.array.shape != x.array.shape:
        raise ShapeError(f"assign_: cannot put shape {value.shape} into a tensor of shape {x.shape}")
    check_view(x, "assign_")
    value = value.to(x.array.dtype)
    if x.behind is not None:
        write_behind(x, value)
        return x
    interpreter.get().assign(x, value)
    if x.memory is not None:
        leave_memory(x, value.array)
    x.assigned = next(clock)
    return x


def leave_memory(x: InPlace[Any], array: Any, begins_graph: bool = False) -> None:
    """x has these numbers from here on: views of it are taken anew where they are read next.

    Not where x is a view itself, has another shape than it had, or had no graph and `begins_graph`, which in
    PyTorch its views would be part of then.
    """
    if x.memory is not None:
        if _references(x) == _ONE:  # there are none
            x.memory = None
        elif x.is_view or x.memory.turned or begins_graph:
            x.memory.changes, x.memory = FOR_GOOD, None
        else:
            x.memory.changes, x.memory.array = x.memory.changes + 1, array
    x.is_view, x.path = False, None


def write_behind(data: InPlace[Any], new: Any) -> None:
    """What `x.data` is told is told to x."""
    base = data.behind
    interpreter.get().assign(base, new)
    leave_memory(base, new.array)
    base.assigned = next(clock)
    if not interpreter.get().owns(data):
        return  # it is out of date, and is taken anew where it is read
    if base.memory is None:
        data.memory = base.memory = Memory()  # the next change of either is to be seen by the other
    data.array, data.seen = new.array, base.memory.changes


_KINDS = "buif"  # of dtypes: a kind can be cast to those after it


def _changing(function: Callable[..., Any]) -> Callable[..., Any]:
    """An operation as an in-place word."""
    name = f"{getattr(function, '__name__', getattr(function, 'name', ''))}_"

    def word(self: Any, *args: Any, **keywords: Any) -> Any:
        return change(self, name, lambda old: function(old, *args, **keywords))

    word.__name__ = word.__qualname__ = name
    word.__doc__ = f"`{name[:-1]}` in place; returns self."
    return word


def _reshaping(function: Callable[..., Any]) -> Callable[..., Any]:
    """An operation that gives the same numbers in another shape, as an in-place word."""
    name = f"{function.__name__}_"

    def word(self: Any, *args: Any, **keywords: Any) -> Any:
        return reshape(self, name, lambda old: function(old, *args, **keywords))

    word.__name__ = word.__qualname__ = name
    word.__doc__ = f"`{name[:-1]}` of the object itself; returns self."
    return word


def _sign(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """An operation as one of Python's signs: `x += y`."""

    def sign(self: Any, other: Any) -> Any:
        if self.is_view and sys.getrefcount(self) <= _TEMPORARY and _is_stored(sys._getframe(1)):
            return function(self, other)  # x[0] += 1: Python assigns the result to x[0] next
        return change(self, name, lambda old: function(old, other))

    return sign


def _is_stored(frame: FrameType) -> bool:
    """Whether what the frame's present instruction gives is then assigned to an index."""
    following = (i for i in dis.get_instructions(frame.f_code) if i.offset > frame.f_lasti)
    after = next(i.opname for i in following if i.opname not in ("SWAP", "CACHE", "NOP", "ROT_THREE"))
    return after == "STORE_SUBSCR"


class InPlace(Operators[_T]):
    """The words that end in an underscore, `x += y`, and `x[i] = y`."""

    #: What views of this tensor, or this view, have in common with it.
    memory: Memory | None = None
    #: For what `x.data` gives: x, which is changed with it.
    behind: Any = None
    is_view = False
    #: Of a view: the way to it from the tensor that it is one of, and after how many changes it was taken.
    path: Any = None
    seen = 0

    shape: Any
    earlier_self: Callable[[], Any]

    __iadd__ = _sign("+=", ops.add)
    __isub__ = _sign("-=", ops.sub)
    __imul__ = _sign("*=", ops.mul)
    __itruediv__ = _sign("/=", ops.div)
    __ifloordiv__ = _sign("//=", ops.floor_divide)
    __imod__ = _sign("%=", ops.remainder)
    __ipow__ = _sign("**=", lambda x, y: x**y)
    __iand__ = _sign("&=", ops.bitwise_and)
    __ior__ = _sign("|=", ops.bitwise_or)
    __ixor__ = _sign("^=", ops.bitwise_xor)
    __ilshift__ = _sign("<<=", ops.bitwise_left_shift)
    __irshift__ = _sign(">>=", ops.bitwise_right_shift)

    abs_: Method[_T] = _changing(ops.abs)
    acos_: Method[_T] = _changing(ops.acos)
    acosh_: Method[_T] = _changing(ops.acosh)
    add_: Method[_T] = _changing(ops.add)
    addcdiv_: Method[_T] = _changing(ops.addcdiv)
    addcmul_: Method[_T] = _changing(ops.addcmul)
    addmm_: Method[_T] = _changing(ops.addmm)
    addmv_: Method[_T] = _changing(ops.addmv)
    addr_: Method[_T] = _changing(ops.addr)
    asin_: Method[_T] = _changing(ops.asin)
    asinh_: Method[_T] = _changing(ops.asinh)
    atan_: Method[_T] = _changing(ops.atan)
    atan2_: Method[_T] = _changing(ops.atan2)
    atanh_: Method[_T] = _changing(ops.atanh)
    baddbmm_: Method[_T] = _changing(ops.baddbmm)
    bitwise_and_: Method[_T] = _changing(ops.bitwise_and)
    bitwise_not_: Method[_T] = _changing(ops.bitwise_not)
    bitwise_or_: Method[_T] = _changing(ops.bitwise_or)
    bitwise_xor_: Method[_T] = _changing(ops.bitwise_xor)
    ceil_: Method[_T] = _changing(ops.ceil)
    clamp_: Method[_T] = _changing(ops.clamp)
    clamp_max_: Method[_T] = _changing(ops.clamp_max)
    clamp_min_: Method[_T] = _changing(ops.clamp_min)
    copysign_: Method[_T] = _changing(ops.copysign)
    cos_: Method[_T] = _changing(ops.cos)
    cosh_: Method[_T] = _changing(ops.cosh)
    cumprod_: Method[_T] = _changing(ops.cumprod)
    cumsum_: Method[_T] = _changing(ops.cumsum)
    deg2rad_: Method[_T] = _changing(ops.deg2rad)
    digamma_: Method[_T] = _changing(ops.digamma)
    div_: Method[_T] = _changing(ops.div)
    eq_: Method[_T] = _changing(ops.eq)
    erf_: Method[_T] = _changing(ops.erf)
    erfc_: Method[_T] = _changing(ops.erfc)
    erfinv_: Method[_T] = _changing(ops.erfinv)
    exp_: Method[_T] = _changing(ops.exp)
    exp2_: Method[_T] = _changing(ops.exp2)
    expm1_: Method[_T] = _changing(ops.expm1)
    float_power_: Method[_T] = _changing(ops.float_power)
    floor_: Method[_T] = _changing(ops.floor)
    floor_divide_: Method[_T] = _changing(ops.floor_divide)
    fmod_: Method[_T] = _changing(ops.fmod)
    frac_: Method[_T] = _changing(ops.frac)
    ge_: Method[_T] = _changing(ops.ge)
    gt_: Method[_T] = _changing(ops.gt)
    heaviside_: Method[_T] = _changing(ops.heaviside)
    hypot_: Method[_T] = _changing(ops.hypot)
    index_add_: Method[_T] = _changing(ops.index_add)
    index_copy_: Method[_T] = _changing(ops.index_copy)
    index_fill_: Method[_T] = _changing(ops.index_fill)
    le_: Method[_T] = _changing(ops.le)
    lerp_: Method[_T] = _changing(ops.lerp)
    lgamma_: Method[_T] = _changing(ops.lgamma)
    log_: Method[_T] = _changing(ops.log)
    log10_: Method[_T] = _changing(ops.log10)
    log1p_: Method[_T] = _changing(ops.log1p)
    log2_: Method[_T] = _changing(ops.log2)
    logical_and_: Method[_T] = _changing(ops.logical_and)
    logical_not_: Method[_T] = _changing(ops.logical_not)
    logical_or_: Method[_T] = _changing(ops.logical_or)
    logical_xor_: Method[_T] = _changing(ops.logical_xor)
    logit_: Method[_T] = _changing(ops.logit)
    lt_: Method[_T] = _changing(ops.lt)
    masked_fill_: Method[_T] = _changing(ops.masked_fill)
    masked_scatter_: Method[_T] = _changing(ops.masked_scatter)
    mul_: Method[_T] = _changing(ops.mul)
    nan_to_num_: Method[_T] = _changing(ops.nan_to_num)
    ne_: Method[_T] = _changing(ops.ne)
    neg_: Method[_T] = _changing(ops.neg)
    rad2deg_: Method[_T] = _changing(ops.rad2deg)
    reciprocal_: Method[_T] = _changing(ops.reciprocal)
    relu_: Method[_T] = _changing(ops.relu)
    remainder_: Method[_T] = _changing(ops.remainder)
    round_: Method[_T] = _changing(ops.round)
    rsqrt_: Method[_T] = _changing(ops.rsqrt)
    scatter_: Method[_T] = _changing(ops.scatter)
    scatter_add_: Method[_T] = _changing(ops.scatter_add)
    scatter_reduce_: Method[_T] = _changing(ops.scatter_reduce)
    sigmoid_: Method[_T] = _changing(ops.sigmoid)
    sign_: Method[_T] = _changing(ops.sign)
    sin_: Method[_T] = _changing(ops.sin)
    sinc_: Method[_T] = _changing(ops.sinc)
    sinh_: Method[_T] = _changing(ops.sinh)
    softmax_: Method[_T] = _changing(ops.softmax)
    sqrt_: Method[_T] = _changing(ops.sqrt)
    square_: Method[_T] = _changing(ops.square)
    sub_: Method[_T] = _changing(ops.sub)
    tan_: Method[_T] = _changing(ops.tan)
    tanh_: Method[_T] = _changing(ops.tanh)
    tril_: Method[_T] = _changing(ops.tril)
    triu_: Method[_T] = _changing(ops.triu)
    trunc_: Method[_T] = _changing(ops.trunc)
    xlogy_: Method[_T] = _changing(ops.xlogy)
    clip_: Method[_T] = _changing(ops.clamp)
    multiply_: Method[_T] = _changing(ops.mul)
    divide_: Method[_T] = _changing(ops.div)
    subtract_: Method[_T] = _changing(ops.sub)
    negative_: Method[_T] = _changing(ops.neg)
    absolute_: Method[_T] = _changing(ops.abs)
    squeeze_: Method[_T] = _reshaping(ops.squeeze)
    swapaxes_: Method[_T] = _reshaping(ops.swapaxes)
    t_: Method[_T] = _reshaping(ops.t)
    transpose_: Method[_T] = _reshaping(ops.transpose)
    unsqueeze_: Method[_T] = _reshaping(ops.unsqueeze)
    leaky_relu_: Method[_T] = _changing(ops.leaky_relu)
    elu_: Method[_T] = _changing(ops.elu)

    def pow_(self, exponent: Any) -> _T:
        """Each element to a power, in place; returns self."""
        return change(self, "pow_", lambda old: old**exponent)  # type: ignore[return-value]

    def fill_(self, value: Any) -> _T:
        """One value everywhere; returns self."""
        return change(self, "fill_", lambda old: filled(old, value))  # type: ignore[return-value]

    def zero_(self) -> _T:
        """Zeros everywhere; returns self."""
        return change(self, "zero_", lambda old: filled(old, 0))  # type: ignore[return-value]

    def copy_(self, source: Any, non_blocking: bool = False) -> _T:
        """The numbers of `source`, broadcast and cast; returns self."""
        return change(self, "copy_", lambda old: cast_like(old, source))  # type: ignore[return-value]

    def _drawn(self, name: str, values: Any) -> _T:
        """Random values in place of these."""
        return change(self, name, lambda old: values)  # type: ignore[return-value]

    def __setitem__(self, key: Any, value: Any) -> None:
        change(self, "x[...] = ...", lambda old: assigned(old, key, value))


# What references there are where nobody else looks: counted once, on probes of the same kind ---------


class _Probe(InPlace[Any]):
    """A value that is counted."""

    def __getitem__(self, key: Any) -> Any:
        return _Probe()

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __iadd__(self, other: Any) -> Any:  # type: ignore[misc]
        _Probe.seen = sys.getrefcount(self)
        return self

    seen = 0


def _counted() -> tuple[int, int, int]:
    probe = _Probe()
    probe.memory = Memory()
    end = _Probe()
    end.args = (_Probe(),)
    held = _holders(end.args[0])
    probe[0] += 1
    return _references(probe), held, _Probe.seen


_ONE, _HELD_BY_GRAPH, _TEMPORARY = _counted()
