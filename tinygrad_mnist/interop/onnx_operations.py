"""What each of our primitives is in ONNX (opset 18)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..compiler.trace import Symbol
from ..primitive import Array
from .recording import Batch


class Graph:
    """ONNX nodes and constants being put together.

    Attributes:
        nodes: of ONNX.
        constants: arrays by name.
        shapes: of our symbols, see `Recorded`.
    """

    def __init__(self, onnx: Any, shapes: dict[str, tuple[Any, ...]], example: str) -> None:
        self.onnx, self.shapes, self._example = onnx, shapes, example
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}
        self._known: dict[Any, str] = {}
        self._count = 0

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The name of a node's only result; the same node is made once."""
        key = (kind, inputs, repr(attributes))
        if key not in self._known:
            self._count += 1
            name = self._known[key] = f"{kind}.{self._count}"  # no name of ours has a dot and a capital
            self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [name], name, **attributes))
        return self._known[key]

    def constant(self, values: Any, dtype: Any = np.int64) -> str:
        """The name of an array."""
        array = np.asarray(values, dtype)
        key = ("constant", array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = name = f"Constant.{len(self.constants)}"
            self.constants[name] = array
        return self._known[key]

    def lengths(self, shape: Sequence[Any]) -> str:
        """The name of a shape as a tensor, in which the number of examples may stand."""
        if not any(isinstance(n, Batch) for n in shape):
            return self.constant(list(shape))
        parts = []
        for n in shape:
            if isinstance(n, Batch):
                count = self.node("Gather", self.node("Shape", self._example), self.constant([0]))
                parts.append(count if n.times == 1 else self.node("Mul", count, self.constant([n.times])))
            else:
                parts.append(self.constant([n]))
        return self.node("Concat", *parts, axis=0)

    def operand(self, x: Any, dtype: Any) -> str:
        """The name of an operand in a dtype."""
        if not isinstance(x, Symbol):
            return self.constant(x, dtype)
        return x.name if x.dtype == dtype else self.cast(x.name, dtype)

    def cast(self, name: str, dtype: Any) -> str:
        """The name of a tensor in another dtype."""
        return self.node("Cast", name, to=self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


#: (graph, arguments of the call, result) -> name of the result
Emitter = Callable[[Graph, tuple[Any, ...], Symbol], str]


def _loop(kind: str) -> Emitter:
    """Element by element, in the dtype of the result."""
    return lambda g, args, y: g.node(kind, *(g.operand(x, y.dtype) for x in args))


def _compare(kind: str, negated: bool = False) -> Emitter:
    def emit(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
        arrays = [np.empty(0, x.dtype) if isinstance(x, Symbol) else x for x in args]
        dtype = np.result_type(*arrays)
        if dtype.kind == "b" and kind != "Equal":
            dtype = np.dtype(np.int64)
        name = g.node(kind, *(g.operand(x, dtype) for x in args))
        return g.node("Not", name) if negated else name

    return emit


def _where(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    return g.node("Where", g.operand(args[0], np.bool_), *(g.operand(x, y.dtype) for x in args[1:]))


def _reduce(kind: str) -> Emitter:
    def emit(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
        x, axes, keepdims = args
        if not axes:
            return g.node("Identity", g.operand(x, y.dtype))
        return g.node(kind, g.operand(x, y.dtype), g.constant(list(axes)), keepdims=int(keepdims))

    return emit


def _place(kind: str) -> Emitter:
    return lambda g, args, y: g.node(kind, args[0].name, axis=args[1], keepdims=int(args[2]))


def _argsort(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    x, axis = args
    count = g.lengths([g.shapes[x.name][axis]])
    g.node("TopK", x.name, count, axis=axis, largest=0, sorted=1)
    node = g.nodes[-1]
    if len(node.output) == 1:
        node.output.append(f"{node.output[0]}_positions")
    return str(node.output[1])


def _slice(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    x, ranges = args
    starts, ends, axes, steps = [], [], [], []
    for axis, ((start, n, step), length) in enumerate(zip(ranges, g.shapes[x.name])):
        if (start, n, step) == (0, length, 1):
            continue
        starts.append(start)
        ends.append(start + (n - 1) * step + 1 if n else start)
        axes.append(axis)
        steps.append(step)
    if not axes:
        return g.node("Identity", x.name)
    return g.node("Slice", x.name, *map(g.constant, (starts, ends, axes, steps)))


def _pad(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    x, shape, ranges, value = args
    name, old = x.name, list(g.shapes[x.name])
    filler = g.constant(value, x.dtype)
    for axis, (_, n, step) in enumerate(ranges):
        if step > 1 and n > 1:  # so many less one fillers after each element
            spread = [*old[: axis + 1], 1, *old[axis + 1 :]]
            pads = [0] * (2 * len(spread))
            pads[len(spread) + axis + 1] = step - 1
            name = g.node("Reshape", name, g.lengths(spread))
            name = g.node("Pad", name, g.constant(pads), filler)
            old[axis] = n * step
            name = g.node("Reshape", name, g.lengths(old))
    before = [0 if isinstance(n, Batch) else start for start, n, _ in ranges]
    after = [
        0 if isinstance(n, Batch) else full - start - (n * step if step > 1 and n > 1 else n)
        for full, (start, n, step) in zip(shape, ranges)
    ]
    return g.node("Pad", name, g.constant([*before, *after]), filler)


def _flip(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    x, axes = args
    if not axes:
        return g.node("Identity", x.name)
    each = [[-1] * len(axes), [np.iinfo(np.int64).min] * len(axes), list(axes), [-1] * len(axes)]
    return g.node("Slice", x.name, *map(g.constant, each))


def _linear(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    x, w, b = (g.operand(a, y.dtype) for a in args)
    if y.ndim == 2:
        return g.node("Gemm", x, w, b, transB=1)
    return g.node("Add", g.node("MatMul", x, g.node("Transpose", w, perm=[1, 0])), b)


def _windows(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    x, axis, size, step, dilation = args
    count = y.shape[axis]
    places = np.arange(count)[:, None] * step + np.arange(size) * dilation
    name = g.node("Gather", x.name, g.constant(places), axis=axis)
    order = [i for i in range(y.ndim) if i != axis + 1]
    return g.node("Transpose", name, perm=[*order, axis + 1])


def _convolution(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    x, w, step, gap, groups = args
    return g.node("Conv", x.name, w.name, strides=list(step), dilations=list(gap), group=groups)


def _transposed(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    x, w, size, step, gap, groups = args
    least = [
        (n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(x.shape[2:], step, gap, w.shape[2:], strict=True)
    ]
    return g.node(
        "ConvTranspose",
        x.name,
        w.name,
        strides=list(step),
        dilations=list(gap),
        group=groups,
        output_padding=[n - m for n, m in zip(size, least, strict=True)],
    )


def _positions(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    index, low, size = args
    name = g.operand(index, np.int64)
    if low >= 0:
        return g.node("Identity", name)
    return g.node("Where", g.node("Less", name, g.constant(0)), g.node("Add", name, g.constant(size)), name)


def _signbit(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    x = args[0]
    zero = g.constant(0, x.dtype)
    if x.dtype.kind != "f":
        return g.node("Less", x.name, zero)
    one = g.constant(1, x.dtype)  # 1 / -0.0 is minus infinity
    minus = g.node("And", g.node("Equal", x.name, zero), g.node("Less", g.node("Div", one, x.name), zero))
    return g.node("Or", g.node("Less", x.name, zero), minus)


def _floor_divide(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    a, b = (g.operand(x, y.dtype) for x in args)
    if y.dtype.kind == "f":
        return g.node("Floor", g.node("Div", a, b))
    rest = g.node("Mod", a, b)  # of the divisor's sign
    return g.node("Div", g.node("Sub", a, rest), b)


def _remainder(g: Graph, args: tuple[Any, ...], y: Symbol) -> str:
    a, b = (g.operand(x, y.dtype) for x in args)
    if y.dtype.kind != "f":
        return g.node("Mod", a, b)
    return g.node("Sub", a, g.node("Mul", g.node("Floor", g.node("Div", a, b)), b))


def _bitwise(kind: str, of_bools: str) -> Emitter:
    return lambda g, args, y: g.node(
        of_bools if y.dtype.kind == "b" else kind, *(g.operand(x, y.dtype) for x in args)
    )


def _made_of(build: Callable[..., str]) -> Emitter:
    """Made of other nodes: (graph, dtype of the result, names of the operands) -> name."""
    return lambda g, args, y: build(g, y.dtype, *(g.operand(x, y.dtype) for x in args))


_ALIKE = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "neg": "Neg", "pow": "Pow", "maximum": "Max",
    "minimum": "Min", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "sin": "Sin", "cos": "Cos", "atan": "Atan",
    "tanh": "Tanh", "sigmoid": "Sigmoid", "softplus": "Softplus", "erf": "Erf", "relu": "Relu", "abs": "Abs",
    "sign": "Sign", "floor": "Floor", "round": "Round", "matmul": "MatMul",
}  # fmt: skip

#: By the name of the primitive.
OPERATIONS: dict[str, Emitter] = {
    **{ours: _loop(theirs) for ours, theirs in _ALIKE.items()},
    "square": _made_of(lambda g, dtype, x: g.node("Mul", x, x)),
    "expm1": _made_of(lambda g, dtype, x: g.node("Sub", g.node("Exp", x), g.constant(1, dtype))),
    "log1p": _made_of(lambda g, dtype, x: g.node("Log", g.node("Add", x, g.constant(1, dtype)))),
    "sigmoid_pull": _made_of(
        lambda g, dtype, a, y: g.node("Mul", a, g.node("Mul", y, g.node("Sub", g.constant(1, dtype), y)))
    ),
    "tanh_pull": _made_of(
        lambda g, dtype, a, y: g.node("Mul", a, g.node("Sub", g.constant(1, dtype), g.node("Mul", y, y)))
    ),
    "eq": _compare("Equal"),
    "ne": _compare("Equal", negated=True),
    "lt": _compare("Less"),
    "le": _compare("LessOrEqual"),
    "gt": _compare("Greater"),
    "ge": _compare("GreaterOrEqual"),
    "where": _where,
    "cast": lambda g, args, y: g.cast(args[0].name, y.dtype),
    "signbit": _signbit,
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "bitwise_and": _bitwise("BitwiseAnd", "And"),
    "bitwise_or": _bitwise("BitwiseOr", "Or"),
    "bitwise_xor": _bitwise("BitwiseXor", "Xor"),
    "sum": _reduce("ReduceSum"),
    "prod": _reduce("ReduceProd"),
    "max": _reduce("ReduceMax"),
    "min": _reduce("ReduceMin"),
    "logsumexp": _reduce("ReduceLogSumExp"),
    "argmax": _place("ArgMax"),
    "argmin": _place("ArgMin"),
    "argsort": _argsort,
    "cumsum": lambda g, args, y: g.node("CumSum", g.operand(args[0], y.dtype), g.constant(args[1])),
    "softmax": lambda g, args, y: g.node("Softmax", args[0].name, axis=args[1]),
    "log_softmax": lambda g, args, y: g.node("LogSoftmax", args[0].name, axis=args[1]),
    "linear": _linear,
    "convolution": _convolution,
    "convolution_input": _transposed,
    "reshape": lambda g, args, y: g.node("Reshape", args[0].name, g.lengths(args[1]), allowzero=1),
    "expand": lambda g, args, y: g.node("Expand", g.operand(args[0], y.dtype), g.lengths(args[1])),
    "permute": lambda g, args, y: g.node("Transpose", args[0].name, perm=list(args[1])),
    "slice": _slice,
    "pad": _pad,
    "flip": _flip,
    "fill": lambda g, args, y: g.node("Expand", g.constant(args[0], y.dtype), g.lengths(args[1])),
    "windows": _windows,
    "take": lambda g, args, y: g.node("Gather", args[0].name, g.operand(args[1], np.int64), axis=args[2]),
    "positions": _positions,
    "detach": lambda g, args, y: g.node("Identity", args[0].name),
    "alias": lambda g, args, y: g.node("Identity", args[0].name),
}
