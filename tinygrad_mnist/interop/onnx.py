"""ONNX: networks and recorded functions out (extra: onnx), and graphs of operations we have in.

from tinygrad_mnist.interop.onnx import export_onnx, import_onnx
export_onnx(model, "model.onnx", images[:2])
again = import_onnx("model.onnx")
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .. import writing
from ..core.tensor import Tensor
from ..describing import complete
from ..errors import DataError, MissingExtraError, TraceError
from ..nn import Module
from ..primitive import Array
from .onnx_operations import OPERATIONS, Graph
from .onnx_reading import OnnxModule, module_of
from .recording import Batch, Recorded, recorded

_OPSET = 18
_IR_VERSION = 8
_KEPT_WHOLE = OPERATIONS.keys() & {"softmax", "log_softmax", "logsumexp"}
_CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def export_onnx(
    model_or_function: Module | Callable[..., Any],
    path: str | os.PathLike[str],
    example: Any,
    *,
    names: Sequence[str] | None = None,
) -> None:
    """Write a network, or any function of Tensors, as an ONNX file, and check that it computes the same.

    A module is exported as in use (`eval`); bytes become float32 inside where it has an `input_scale`. If
    nothing but shapes depends on the number of examples, the file takes any number of them.

    Args:
        model_or_function: gives a Tensor, or a tuple or list of them.
        path: of the file.
        example: an array or Tensor, or a tuple of them for several arguments; the first axis counts examples.
        names: of the inputs; else `input`, or `input_0`, `input_1`, ...

    Raises:
        MissingExtraError: without the packages onnx and onnxruntime.
        TraceError: naming the operation and the line that calls it, for one that ONNX has not; and where
            the function changes tensors or asks for their numbers.
        DataError: naming the first operation whose results differ in ONNX Runtime, or which that does not
            take; and where the file cannot be written.
    """
    onnx, runtime = _library("onnx"), _library("onnxruntime")
    given = example if isinstance(example, tuple | list) else (example,)
    examples = [np.ascontiguousarray(x.numpy() if isinstance(x, Tensor) else x) for x in given]
    examples = [
        x.astype(np.float32) if x.dtype == np.float64 and _is_plain(y) else x for x, y in zip(examples, given)
    ]
    names = (
        list(names)
        if names
        else ["input"]
        if len(examples) == 1
        else [f"input_{i}" for i, _ in enumerate(examples)]
    )
    modules = list(model_or_function.modules()) if isinstance(model_or_function, Module) else []
    modes = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        found = recorded(model_or_function, examples, _KEPT_WHOLE.__contains__)
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
    labels = _labels(model_or_function, found)
    model = _printed(onnx, found, names, labels, [s.name for s in found.outputs])
    with _explained(model):
        onnx.checker.check_model(model, full_check=True)
    _compare(onnx, runtime, found, names, labels, examples, model)
    if found.any_batch:
        _compare(onnx, runtime, found, names, labels, examples, model, model_or_function, modules)
    writing.write(path, model.SerializeToString())


def import_onnx(path: str | os.PathLike[str]) -> OnnxModule:
    """The network in an ONNX file, as a module with its weights as parameters.

    Raises:
        MissingExtraError: without the package onnx.
        DataError: naming the path, for a file that is missing, damaged, or holds an operation that is not
            here, naming it.
    """
    onnx = _library("onnx")
    path = Path(path)
    try:
        contents = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot load {path}: {error.strerror}") from None
    try:
        return module_of(onnx, contents)
    except DataError as error:
        raise DataError(f"cannot load {path}: {error}") from None


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(
            f"this needs the package {name}: pip install 'tinygrad_mnist[onnx]'"
        ) from None


def _is_plain(x: Any) -> bool:
    return not hasattr(x, "dtype")


def _labels(function: Any, found: Recorded) -> dict[str, str]:
    """Names for what was captured: those of a module's tensors."""
    if not isinstance(function, Module):
        return {}
    own = {id(x.array): name for name, x in [*function.named_parameters(), *function.named_buffers()]}
    return {name: own[id(array)] for name, array in found.captured.items() if id(array) in own}


def _printed(
    onnx: Any, found: Recorded, names: Sequence[str], labels: dict[str, str], wanted: Sequence[str]
) -> Any:
    """The ONNX model, whose outputs are the results of these names."""
    graph = Graph(onnx, found.shapes, names[0])
    rename = {s.name: name for s, name in zip(found.arguments, names, strict=True)} | labels
    made = {x: rename.get(x, x) for x in [*(s.name for s in found.arguments), *found.captured]}
    for name, args, result, line in found.calls:
        if name not in OPERATIONS:
            raise TraceError(f"ONNX has nothing that does what `{name}` does ({line})")
        before = len(graph.nodes)
        made[result.name] = _emitted(graph, name, args, result, made)
        for node in graph.nodes[before:]:
            node.doc_string = line
    outputs = []
    for i, name in enumerate(wanted):
        out = "output" if len(wanted) == 1 else f"output_{i}"
        graph.nodes.append(onnx.helper.make_node("Identity", [made[name]], [out], out))
        outputs.append(_info(onnx, out, found, name))
    inputs = [_info(onnx, made[s.name], found, s.name) for s in found.arguments]
    arrays = {made[name]: x for name, x in found.captured.items()} | graph.constants
    used = {x for node in graph.nodes for x in node.input}
    tensors = [
        onnx.numpy_helper.from_array(np.array(x, order="C"), n) for n, x in arrays.items() if n in used
    ]
    return onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "tinygrad_mnist", inputs, outputs, tensors),
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
        producer_name="tinygrad_mnist",
        ir_version=_IR_VERSION,
    )


def _emitted(graph: Graph, name: str, args: tuple[Any, ...], result: Any, made: dict[str, str]) -> str:
    """Emit a call, whose operands have other names in the graph."""
    first = len(graph.nodes)
    out = OPERATIONS[name](graph, args, result)
    for node in graph.nodes[first:]:
        for i, x in enumerate(node.input):
            node.input[i] = made.get(x, x)
    return made.get(out, out)


def _info(onnx: Any, name: str, found: Recorded, symbol: str) -> Any:
    shape = [
        ("batch" if n.times == 1 else f"{n.times} * batch") if isinstance(n, Batch) else n
        for n in found.shapes[symbol]
    ]
    symbols = [
        *found.program.arguments,
        *found.program.captured,
        *(c.result for c in found.program.instructions),
    ]
    dtype = next(s.dtype for s in symbols if s.name == symbol)
    return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(dtype), shape)


def _run(runtime: Any, model: Any, feed: dict[str, Array]) -> list[Array]:
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    with _explained(model):
        session = runtime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return list(session.run(None, feed))


@contextmanager
def _explained(model: Any) -> Iterator[None]:
    """An error of these libraries about a node as one of ours, which names the user's line."""
    try:
        yield
    except Exception as error:  # they have a class for each kind of failure
        text = str(error)
        lines = [node.doc_string for node in model.graph.node if re.search(rf"\b{node.name}\b", text)]
        where = f" ({lines[0]})" if lines and lines[0] else ""
        raise DataError(f"ONNX does not take this{where}: {text.splitlines()[0]}") from error


def _compare(
    onnx: Any,
    runtime: Any,
    found: Recorded,
    names: Sequence[str],
    labels: dict[str, str],
    examples: Sequence[Array],
    model: Any,
    function: Any = None,
    modules: Sequence[Module] = (),
) -> None:
    """Raise DataError, naming the first operation that differs, if ONNX Runtime computes something else."""
    if function is not None:  # other numbers of examples
        examples = [np.concatenate([x, x[::-1], x[:1]]) for x in examples]
        modes = [module.training for module in modules]
        for module in modules:
            module.training = False
        result = function(*map(Tensor, examples))
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
        expected = [x.numpy() for x in (result if isinstance(result, tuple | list) else (result,))]
    else:
        values = found.values(examples)
        expected = [values[s.name] for s in found.outputs]
    feed = dict(zip(names, examples, strict=True))
    if all(map(_agree, _run(runtime, model, feed), expected)):
        return
    if function is None:
        wanted = [result.name for _, _, result, _ in found.calls]
        everything = _run(runtime, _printed(onnx, found, names, labels, wanted), feed)
        for (name, _, result, line), got in zip(found.calls, everything, strict=True):
            if not _agree(got, values[result.name]):
                how = _furthest(got, values[result.name])
                raise DataError(f"ONNX Runtime computes `{name}` otherwise ({line}): {how}")
    raise DataError("ONNX Runtime computes other outputs than this package")


def _agree(a: Array, b: Array) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and np.allclose(a, b, equal_nan=True, **_CLOSE)


def _furthest(a: Array, b: Array) -> str:
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"{a.dtype} {a.shape} for {b.dtype} {b.shape}"
    return f"up to {float(np.nanmax(np.abs(a.astype(float) - b.astype(float)))):.3g} apart"


complete("onnx", ("export_onnx", "import_onnx"), globals())
