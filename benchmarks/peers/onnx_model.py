"""ONNX Runtime: a finished network, for predictions only."""

from __future__ import annotations

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from ..jobs import Array, Task
from .calls import Calls
from .network import parameters

PACKAGES = ("onnx", "onnxruntime")


def predict(task: Task) -> Calls:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task.settings["threads"]
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    model = network(task).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def predict(x: Array) -> Array:
        y: Array = session.run(None, {"x": x})[0]
        return y

    return Calls(predict, [task["x"]])


def network(task: Task) -> onnx.ModelProto:
    """Layers of Gemm and Sigmoid."""
    p, nodes, name = parameters(task), [], "x"
    for layer in range(len(p) // 2):
        nodes.append(helper.make_node("Gemm", [name, f"w{layer}", f"b{layer}"], [f"z{layer}"], transB=1))
        nodes.append(helper.make_node("Sigmoid", [f"z{layer}"], [f"a{layer}"]))
        name = f"a{layer}"
    weights = [numpy_helper.from_array(x, f"{'wb'[i % 2]}{i // 2}") for i, x in enumerate(p)]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(task["x"].shape))
    y = helper.make_tensor_value_info(name, TensorProto.FLOAT, [len(task["x"]), len(p[-1])])
    graph = helper.make_graph(nodes, "network", [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
