"""Gradients of what was computed, with respect to any Tensors it was computed from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.tape import pull_back_each, set_recording
from ..core.tensor import Tensor, filled, wrap
from ..errors import GraphError, ShapeError

__all__ = ["Variable", "backward", "grad"]

Tensors = Tensor | Sequence[Tensor]


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The sums of the gradients of `outputs` with respect to each of `inputs`; no `grad` is touched.

    Args:
        outputs: Tensors, or one.
        inputs: Tensors they were computed from, leaves or not, or one.
        grad_outputs: cotangents of the outputs, of their shapes; None for 1 where an output is one number.
        retain_graph: keep the graph for another call; by default as `create_graph`.
        create_graph: compute the gradients so that they can be differentiated again.
        only_inputs: PyTorch's old word, which changes nothing.
        allow_unused: give None for inputs that the outputs do not depend on, instead of raising.
        is_grads_batched: not supported.
        materialize_grads: give zeros for them.

    Raises:
        GraphError: for inputs that require no gradient, or that are unused; or a graph that was freed.
        ShapeError: for an output that is not one number and has no cotangent, or one of another shape.
    """
    if is_grads_batched:
        raise NotImplementedError(
            "autograd.grad: is_grads_batched is a vmap, which is not here; see tg.func.jacrev"
        )
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True")
    ends, sources = _several(outputs), _several(inputs)
    for x in sources:
        if not x.requires_grad:
            raise GraphError("One of the differentiated Tensors does not require grad")
    given = [None] * len(ends) if grad_outputs is None else _several(grad_outputs)
    if len(given) != len(ends):
        raise GraphError(f"got {len(ends)} tensors and {len(given)} gradients")
    starts, seeds = [], []
    for y, g in zip(ends, given, strict=True):
        seed = _seed(y, g)
        if y.requires_grad:
            starts.append(y)
            seeds.append(seed)
    if not starts:
        raise GraphError("element 0 of tensors does not require grad and does not have a grad_fn")
    free = not (create_graph if retain_graph is None else retain_graph)
    with set_recording(create_graph):
        found = pull_back_each(starts, seeds, sources, record=create_graph, free=free)
        by_id = {id(x): g if isinstance(g, Tensor) else wrap(g) for x, g in found}
    results: list[Tensor | None] = []
    for x in sources:
        g = by_id.get(id(x))
        if g is None and materialize_grads:
            g = filled(0.0, x.shape, x.dtype)
        if g is None and not allow_unused:
            raise GraphError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        results.append(g)
    return tuple(results)


def backward(
    tensors: Tensors,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Tensors | None = None,
) -> None:
    """`Tensor.backward` of several at once: the graph is freed, if at all, after the last.

    Args:
        grad_variables: PyTorch's old word for `grad_tensors`.
    """
    grad_tensors = grad_variables if grad_tensors is None else grad_tensors
    ends = _several(tensors)
    given = [None] * len(ends) if grad_tensors is None else _several(grad_tensors)
    keep = create_graph if retain_graph is None else retain_graph
    for i, (y, g) in enumerate(zip(ends, given, strict=True)):
        y.backward(g, retain_graph=keep or i < len(ends) - 1, create_graph=create_graph, inputs=inputs)


def Variable(data: Tensor, requires_grad: bool = False, volatile: bool = False) -> Tensor:
    """The Tensor itself: what PyTorch's old code wraps one in."""
    return data.requires_grad_() if requires_grad else data


def _several(given: Any) -> list[Any]:
    return [given] if isinstance(given, Tensor) or not isinstance(given, tuple | list) else list(given)


def _seed(y: Tensor, g: Any) -> Tensor:
    if g is None:
        if y.array.size != 1:
            raise ShapeError("grad can be implicitly created only for scalar outputs: pass grad_outputs=")
        return filled(1.0, y.shape, y.dtype)
    seed = g if isinstance(g, Tensor) else Tensor(g, y.dtype)
    if seed.shape != y.shape:
        raise ShapeError(
            f"Mismatch in shape: grad_output has a shape of {tuple(seed.shape)} and output a shape of "
            f"{tuple(y.shape)}"
        )
    return seed
