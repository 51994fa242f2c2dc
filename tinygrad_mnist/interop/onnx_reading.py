"""ONNX graphs as modules: what each ONNX operation is in ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import nn, ops
from ..errors import DataError
from ..nn import functional as F
from ..primitive import Array, check_dtype

_MOST_NODES = 100_000

pool_largest: Callable[..., Any] = F.max_pool2d
pool_mean: Callable[..., Any] = F.avg_pool2d

#: (inputs (None where left out), attributes by name) -> output or outputs
Operation = Callable[[Sequence[Any], Mapping[str, Any]], Any]


class OnnxModule(nn.Module):
    """A graph of ONNX operations; called with its inputs in their order, it gives its output, or a tuple.

    The floats among its constants with at least two elements are parameters, named as in the file with _ for
    what cannot stand in a name; the others are constants of the graph.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        nodes: Sequence[Any],
        constants: Mapping[str, Array],
    ) -> None:
        super().__init__()
        self._inputs, self._outputs, self._nodes = tuple(inputs), tuple(outputs), tuple(nodes)
        self._constants: dict[str, Array] = {}
        self._places: dict[str, str] = {}
        for name, array in constants.items():
            if array.dtype in (np.float32, np.float64) and array.size > 1:
                place = "".join(c if c.isalnum() or c == "_" else "_" for c in name)
                place = place if not hasattr(self, place) else f"{place}_{len(self._places)}"
                self._places[name] = place
                self.register_parameter(place, nn.Parameter(array))
            else:
                self._constants[name] = array

    def forward(self, *args: Any) -> Any:
        """What the graph computes."""
        if len(args) != len(self._inputs):
            raise TypeError(f"this graph takes {', '.join(self._inputs)}, not {len(args)} arguments")
        values: dict[str, Any] = {**self._constants, **dict(zip(self._inputs, args))}
        values |= {name: getattr(self, place) for name, place in self._places.items()}
        for kind, inputs, outputs, attributes in self._nodes:
            found = _READ[kind]([values[x] if x else None for x in inputs], attributes)
            results = found if isinstance(found, tuple) else (found,)
            values |= dict(zip(outputs, results))
        results = tuple(values[name] for name in self._outputs)
        return results[0] if len(results) == 1 else results


def module_of(onnx: Any, contents: bytes) -> OnnxModule:
    """The module of a file's contents; DataError if they are damaged or hold what is not here."""
    try:
        model = onnx.load_model_from_string(contents)
    except Exception as error:  # protobuf's own, whose class depends on its implementation
        raise DataError(f"it is damaged or no ONNX file ({type(error).__name__})") from None
    graph = model.graph
    if not graph.output:
        raise DataError("it is damaged or no ONNX file (there is no graph)")
    if len(graph.node) > _MOST_NODES:
        raise DataError(f"it has {len(graph.node):,} operations, above the limit of {_MOST_NODES:,}")
    unknown = {
        str(n.op_type) for n in graph.node if n.op_type not in _READ or n.domain not in ("", "ai.onnx")
    }
    if unknown:
        raise DataError(f"it holds operations that are not here: {', '.join(sorted(unknown))[:200]}")
    try:
        constants = {t.name: _array(onnx, t) for t in graph.initializer}
        nodes = [
            (n.op_type, tuple(n.input), tuple(n.output), {a.name: _attribute(onnx, a) for a in n.attribute})
            for n in graph.node
        ]
        inputs = [x.name for x in graph.input if x.name not in constants]
        outputs = [x.name for x in graph.output]
        known = {"", *constants, *inputs}
        for kind, needs, makes, _ in nodes:
            missing = [x for x in needs if x not in known]
            if missing:
                raise DataError(f"its {kind} needs {missing[0][:60]!r}, which nothing gives")
            known |= set(makes)
        if not set(outputs) <= known:
            raise DataError("nothing gives its output")
        return OnnxModule(inputs, outputs, nodes, constants).eval()
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"it is damaged ({type(error).__name__}: {str(error)[:200]})") from None


def _array(onnx: Any, tensor: Any) -> Array:
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise DataError("its weights lie in another file")
    size = math.prod(tensor.dims)
    if size < 0 or any(n < 0 for n in tensor.dims) or size > max(tensor.ByteSize(), 64) * 8:
        raise DataError(f"it claims a tensor of shape {list(tensor.dims)[:8]}, more than the file holds")
    array: Array = np.array(onnx.numpy_helper.to_array(tensor))
    check_dtype(array.dtype)
    return array


def _attribute(onnx: Any, attribute: Any) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return _array(onnx, value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else value


def _plain(function: Callable[..., Any]) -> Operation:
    return lambda x, a: function(*x)


def _numbers(x: Any) -> list[int]:
    """A tensor of integers that a shape is made of."""
    return [int(n) for n in np.asarray(x).ravel()]


def _folded(function: Callable[[Any, Any], Any]) -> Operation:
    def read(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
        result = x[0]
        for other in x[1:]:
            result = function(result, other)
        return result

    return read


def _binary(function: Callable[[Any, Any], Any]) -> Operation:
    """Of two tensors; whole numbers of a shape stay numbers."""
    return lambda x, a: function(x[0], x[1])


def _div(x: Any, y: Any) -> Any:
    whole = np.asarray(getattr(x, "array", x)).dtype.kind in "iu"
    return ops.floor_divide(x, y) if whole else x / y


def _reduced(function: Callable[..., Any]) -> Operation:
    def read(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
        axes = _numbers(x[1]) if len(x) > 1 and x[1] is not None else a.get("axes")
        if not axes:
            if a.get("noop_with_empty_axes"):
                return x[0]
            axes = list(range(x[0].ndim))
        return function(x[0], tuple(axes), bool(a.get("keepdims", 1)))

    return read


def _place_of(function: Callable[..., Any]) -> Operation:
    return lambda x, a: function(x[0], a.get("axis", 0), bool(a.get("keepdims", 1)))


def _gemm(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    left, right = (ops.transpose(m) if a.get(f"trans{k}") else m for m, k in zip(x, "AB"))
    y = ops.matmul(left, right)
    y = y if a.get("alpha", 1.0) == 1 else y * a["alpha"]
    if len(x) < 3 or x[2] is None:
        return y
    return y + (x[2] if a.get("beta", 1.0) == 1 else x[2] * a["beta"])


def _pads(a: Mapping[str, Any], x: Any, kernel: Sequence[int]) -> tuple[list[int], list[int]]:
    """Rows and columns before and after."""
    k, steps, gaps = len(kernel), a.get("strides"), a.get("dilations")
    if a.get("auto_pad", "NOTSET") in ("NOTSET", "VALID"):
        pads = a.get("pads", [0] * 2 * k)
        return list(pads[:k]), list(pads[k:])
    before, after = [], []
    for i, size in enumerate(kernel):
        step, gap = (steps or [1] * k)[i], (gaps or [1] * k)[i]
        n = x.shape[2 + i]
        more = max((-(-n // step) - 1) * step + (size - 1) * gap + 1 - n, 0)
        first = more // 2 if a["auto_pad"] == "SAME_UPPER" else -(-more // 2)
        before.append(first)
        after.append(more - first)
    return before, after


def _padded(x: Any, before: Sequence[int], after: Sequence[int], value: float = 0.0) -> Any:
    if not any([*before, *after]):
        return x
    pairs = [n for b, e in reversed(list(zip(before, after))) for n in (b, e)]
    return ops.pad(x, tuple(pairs), value=value)


def _conv(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    kernel = a.get("kernel_shape") or x[1].shape[2:]
    image = _padded(x[0], *_pads(a, x[0], kernel))
    two = len(kernel) == 2
    convolve = F.conv2d if two else F.conv1d
    step, gap = a.get("strides", [1] * len(kernel)), a.get("dilations", [1] * len(kernel))
    bias = x[2] if len(x) > 2 else None
    return convolve(
        image,
        x[1],
        bias,
        tuple(step) if two else step[0],
        0,
        tuple(gap) if two else gap[0],
        a.get("group", 1),
    )


def _conv_transpose(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    if "output_shape" in a or a.get("auto_pad", "NOTSET") != "NOTSET" or x[0].ndim != 4:
        raise DataError("it holds a ConvTranspose with output_shape, auto_pad or other than two axes")
    pads = a.get("pads", [0, 0, 0, 0])
    if pads[:2] != pads[2:]:
        raise DataError("it holds a ConvTranspose with uneven pads")

    def pair(name: str, default: int) -> tuple[int, ...]:
        return tuple(a.get(name, [default] * 2))

    bias = x[2] if len(x) > 2 else None
    return F.conv_transpose2d(
        x[0], x[1], bias, pair("strides", 1), tuple(pads[:2]), pair("output_padding", 0), a.get("group", 1),
        pair("dilations", 1),
    )  # fmt: skip


def _pool(largest: bool) -> Operation:
    def read(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
        kernel = a["kernel_shape"]
        if len(kernel) != 2 or a.get("ceil_mode") or a.get("storage_order"):
            raise DataError("it holds a pooling of other than two axes, or with ceil_mode")
        before, after = _pads(a, x[0], kernel)
        step, gap = a.get("strides", [1, 1]), a.get("dilations", [1, 1])
        if not largest and any([*before, *after]) and not a.get("count_include_pad"):
            raise DataError("it holds an average over windows that leaves the padding out")
        image = _padded(x[0], before, after, -math.inf if largest else 0.0)
        if largest:
            return pool_largest(image, tuple(kernel), tuple(step), 0, tuple(gap))
        return pool_mean(image, tuple(kernel), tuple(step))

    return read


def _normalised(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    if a.get("training_mode"):
        raise DataError("it holds a BatchNormalization in training")
    return F.batch_norm(x[0], x[3], x[4], x[1], x[2], False, 0.0, a.get("epsilon", 1e-5))


def _layer_normalised(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    axis = a.get("axis", -1) % x[0].ndim
    return F.layer_norm(x[0], x[0].shape[axis:], x[1], x[2] if len(x) > 2 else None, a.get("epsilon", 1e-5))


def _reshape(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    shape = _numbers(x[1])
    if not a.get("allowzero"):
        shape = [x[0].shape[i] if n == 0 else n for i, n in enumerate(shape)]
    return ops.reshape(x[0], shape)


def _flattened(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    axis = a.get("axis", 1)
    return ops.reshape(x[0], (math.prod(x[0].shape[:axis]), math.prod(x[0].shape[axis:])))


def _sliced(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    starts, ends = (_numbers(x[i]) if len(x) > i else a[name] for i, name in ((1, "starts"), (2, "ends")))
    axes = _numbers(x[3]) if len(x) > 3 and x[3] is not None else a.get("axes", list(range(len(starts))))
    steps = _numbers(x[4]) if len(x) > 4 and x[4] is not None else [1] * len(starts)
    key = [slice(None)] * x[0].ndim
    for axis, start, end, step in zip(axes, starts, ends, steps):
        low = end < -x[0].shape[axis] if step < 0 else False
        key[axis] = slice(start, None if low else end, step)
    return x[0][tuple(key)]


def _unsqueezed(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    axes = _numbers(x[1]) if len(x) > 1 else a["axes"]
    rank = x[0].ndim + len(axes)
    shape = list(x[0].shape)
    for axis in sorted(n % rank for n in axes):
        shape.insert(axis, 1)
    return ops.reshape(x[0], shape)


def _squeezed(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    axes = _numbers(x[1]) if len(x) > 1 and x[1] is not None else a.get("axes")
    return ops.squeeze(x[0], None if axes is None else tuple(axes))


def _expanded(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    return ops.expand(x[0], np.broadcast_shapes(tuple(x[0].shape), tuple(_numbers(x[1]))))


def _padding(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    if a.get("mode", "constant") != "constant" or (len(x) > 3 and x[3] is not None):
        raise DataError("it holds a Pad that is not constant, or of some axes")
    pads = _numbers(x[1]) if len(x) > 1 else a["pads"]
    value = float(np.asarray(x[2])) if len(x) > 2 and x[2] is not None else a.get("value", 0.0)
    return _padded(x[0], pads[: x[0].ndim], pads[x[0].ndim :], value)


def _split(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    axis = a.get("axis", 0) % x[0].ndim
    sizes = _numbers(x[1]) if len(x) > 1 and x[1] is not None else a.get("split")
    if sizes is None:
        parts = a["num_outputs"]
        each = -(-x[0].shape[axis] // parts)
        sizes = [min(each, x[0].shape[axis] - i * each) for i in range(parts)]
    ends = np.cumsum(sizes).tolist()
    whole = [slice(None)] * axis
    return tuple(x[0][(*whole, slice(end - n, end))] for n, end in zip(sizes, ends))


def _cast(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    dtype = check_dtype(_DTYPES.get(a["to"], np.void))
    return x[0].astype(dtype) if isinstance(x[0], np.ndarray) else ops.cast(x[0], dtype)


_DTYPES = {
    1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_,
    11: np.float64, 12: np.uint32, 13: np.uint64,
}  # fmt: skip


def _constant(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    for name, dtype in (("value", None), ("value_float", np.float32), ("value_floats", np.float32),
                        ("value_int", np.int64), ("value_ints", np.int64)):  # fmt: skip
        if name in a:
            return np.asarray(a[name], dtype)
    raise DataError("it holds a Constant that is no number")


def _filled(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    value = a.get("value", np.zeros(1, np.float32))
    return np.full(_numbers(x[0]), value.ravel()[0], value.dtype)


def _joined(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    if all(isinstance(part, np.ndarray) for part in x):
        return np.concatenate(x, a["axis"])
    return ops.concatenate(x, a["axis"])


def _clipped(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    low = x[1] if len(x) > 1 and x[1] is not None else a.get("min")
    high = x[2] if len(x) > 2 and x[2] is not None else a.get("max")
    y = x[0] if low is None else ops.maximum(x[0], low)
    return y if high is None else ops.minimum(y, high)


def _positions_sorted(x: Sequence[Any], a: Mapping[str, Any]) -> Any:
    axis = a.get("axis", -1) % x[0].ndim
    (count,) = _numbers(x[1])
    order = ops.argsort(-x[0] if a.get("largest", 1) else x[0], axis)
    places = order[(*[slice(None)] * axis, slice(count))]
    return ops.take_along_axis(x[0], places, axis), places


_SAME: dict[str, Callable[..., Any]] = {
    "Neg": lambda x: -x, "Exp": ops.exp, "Log": ops.log, "Sqrt": ops.sqrt, "Sin": ops.sin, "Cos": ops.cos,
    "Atan": ops.atan, "Tanh": ops.tanh, "Sigmoid": ops.sigmoid, "Softplus": ops.softplus, "Erf": ops.erf,
    "Relu": ops.relu, "Abs": ops.abs, "Sign": ops.sign, "Floor": ops.floor, "Round": ops.round,
    "Ceil": ops.ceil,
    "Reciprocal": lambda x: 1 / x, "Identity": lambda x: x, "Mish": F.mish, "Softsign": F.softsign,
    "Where": ops.where, "MatMul": ops.matmul,
}  # fmt: skip

_READ: dict[str, Operation] = {
    **{name: _plain(function) for name, function in _SAME.items()},
    "Add": _binary(lambda x, y: x + y),
    "Sub": _binary(lambda x, y: x - y),
    "Mul": _binary(lambda x, y: x * y),
    "Div": _binary(_div),
    "Pow": _binary(lambda x, y: x**y),
    "Mod": lambda x, a: ops.fmod(x[0], x[1]) if a.get("fmod") else ops.remainder(x[0], x[1]),
    "Max": _folded(ops.maximum),
    "Min": _folded(ops.minimum),
    "Sum": _folded(lambda x, y: x + y),
    "Equal": _binary(ops.eq),
    "Less": _binary(ops.lt),
    "LessOrEqual": _binary(ops.le),
    "Greater": _binary(ops.gt),
    "GreaterOrEqual": _binary(ops.ge),
    "Not": lambda x, a: ops.eq(x[0], False),
    "And": _binary(ops.bitwise_and),
    "Or": _binary(ops.bitwise_or),
    "Xor": _binary(ops.bitwise_xor),
    "BitwiseAnd": _binary(ops.bitwise_and),
    "BitwiseOr": _binary(ops.bitwise_or),
    "BitwiseXor": _binary(ops.bitwise_xor),
    "ReduceSum": _reduced(ops.sum),
    "ReduceMean": _reduced(ops.mean),
    "ReduceProd": _reduced(ops.prod),
    "ReduceMax": _reduced(ops.amax),
    "ReduceMin": _reduced(ops.amin),
    "ReduceLogSumExp": _reduced(ops.logsumexp),
    "ReduceSumSquare": _reduced(lambda x, axes, keep: ops.sum(x * x, axes, keep)),
    "ArgMax": _place_of(ops.argmax),
    "ArgMin": _place_of(ops.argmin),
    "TopK": _positions_sorted,
    "CumSum": lambda x, a: ops.cumsum(x[0], _numbers(x[1])[0]),
    "Softmax": lambda x, a: ops.softmax(x[0], a.get("axis", -1)),
    "LogSoftmax": lambda x, a: ops.log_softmax(x[0], a.get("axis", -1)),
    "Gelu": lambda x, a: F.gelu(x[0], approximate=a.get("approximate", "none")),
    "LeakyRelu": lambda x, a: F.leaky_relu(x[0], a.get("alpha", 0.01)),
    "Elu": lambda x, a: F.elu(x[0], a.get("alpha", 1.0)),
    "PRelu": lambda x, a: ops.where(x[0] > 0, x[0], x[0] * x[1]),
    "Gemm": _gemm,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MaxPool": _pool(largest=True),
    "AveragePool": _pool(largest=False),
    "GlobalAveragePool": lambda x, a: ops.mean(x[0], tuple(range(2, x[0].ndim)), True),
    "GlobalMaxPool": lambda x, a: ops.amax(x[0], tuple(range(2, x[0].ndim)), True),
    "BatchNormalization": _normalised,
    "LayerNormalization": _layer_normalised,
    "Dropout": lambda x, a: x[0],
    "Reshape": _reshape,
    "Flatten": _flattened,
    "Transpose": lambda x, a: ops.permute(x[0], a.get("perm", list(range(x[0].ndim))[::-1])),
    "Unsqueeze": _unsqueezed,
    "Squeeze": _squeezed,
    "Concat": _joined,
    "Slice": _sliced,
    "Gather": lambda x, a: ops.take(x[0], x[1], a.get("axis", 0)),
    "Split": _split,
    "Pad": _padding,
    "Expand": _expanded,
    "Shape": lambda x, a: np.array(x[0].shape[a.get("start", 0) : a.get("end")], np.int64),
    "Size": lambda x, a: np.array(math.prod(x[0].shape), np.int64),
    "Cast": _cast,
    "Clip": _clipped,
    "Constant": _constant,
    "ConstantOfShape": _filled,
}  # fmt: skip
