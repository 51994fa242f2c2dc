"""Refusals: the right kind of error, naming the operation, what was got, and what to do instead."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import Tensor, ops, zeros
from tinygrad_mnist.errors import DTypeError, GraphError, ShapeError, TinygradMnistError

x = zeros((2, 3))
leaf = Tensor([1.0, 2.0], requires_grad=True)

SHAPES = [
    (lambda: x + zeros(4), r"add: shapes \(2, 3\) and \(4,\).*axis -1 has lengths 3 and 4; reshape"),
    (lambda: zeros((2, 1)) * zeros((3, 1)), r"mul: .*axis -2 has lengths 2 and 3"),
    (lambda: x < zeros(4), r"lt: shapes \(2, 3\) and \(4,\)"),
    (lambda: tg.maximum(x, zeros(4)), "maximum: shapes"),
    (lambda: tg.where(x > 0, zeros(4), 1.0), r"where: shapes \(2, 3\) and \(4,\)"),
    (lambda: x @ zeros((4, 5)), r"matmul: \(2, 3\) @ \(4, 5\).*\(3,\).*\(4,\)"),
    (lambda: zeros((2, 3, 4)) @ zeros((3, 4, 2)), "matmul: .*do not broadcast"),
    (lambda: x @ 3.0, r"scalar.*multiply with \*"),
    (lambda: x @ Tensor(3.0), r"scalar.*multiply with \*"),
    (lambda: ops.linear(x, zeros((4, 2)), zeros(4)), r"linear: .*\(2, 3\).*\(4, 2\).*length 2"),
    (lambda: ops.linear(x, zeros((4, 3)), zeros(3)), r"linear: the bias must have shape \(4,\), not \(3,\)"),
    (lambda: zeros(2).dot(zeros(3)), r"dot: .*\(2,\) and \(3,\); matmul takes more"),
    (lambda: x.outer(x), r"outer: takes two vectors, not \(2, 3\)"),
    (lambda: x.reshape(4), r"reshape: \(2, 3\) holds 6 elements, \(4,\) holds 4"),
    (lambda: x.reshape(4, -1), r"reshape: .*\(4, -1\): no length fits the -1"),
    (lambda: x.reshape(0, -1), "no length fits the -1"),
    (lambda: x.reshape(-1, -1), "only one may be -1"),
    (lambda: x.permute(0, 0), r"permute: axes \(0, 0\).*2 axes"),
    (lambda: x.permute(0, 2), r"permute: axes \(0, 2\)"),
    (lambda: x.transpose(0, 2), "transpose: axis 2 does not exist in a tensor of 2 axes"),
    (lambda: x.expand(3, 3), r"expand: \(2, 3\) does not broadcast to \(3, 3\); only axes of length 1"),
    (lambda: x.expand(3), r"expand: \(2, 3\) does not broadcast to \(3,\)"),
    (lambda: x.expand(-1, 2, 3), "expand"),
    (lambda: x.flip(2), "flip: axis 2 does not exist"),
    (lambda: x.flip((0, -2)), "flip: .*names an axis twice"),
    (lambda: x.pad([(1, 1)]), "pad: .*a pair of counts for each of the 2 axes"),
    (lambda: x.pad([(1, 1), (0, -4)]), "pad: "),
    (lambda: x.unsqueeze(4), "unsqueeze: axis 4 does not exist"),
    (lambda: x.squeeze(3), "squeeze: axis 3 does not exist"),
    (lambda: x.flatten(1, 0), "flatten: start_axis 1 comes after end_axis 0"),
    (lambda: x.sum(2), "sum: axis 2 does not exist in a tensor of 2 axes"),
    (lambda: x.prod((0, -2)), r"prod: axis \(0, -2\) names an axis twice"),
    (lambda: zeros((0, 3)).max(0), r"max: \(0, 3\) has no elements along axis \(0,\)"),
    (lambda: zeros(0).argmin(), r"argmin: \(0,\) has no elements"),
    (lambda: tg.concatenate([]), "concatenate: needs at least one tensor"),
    (lambda: tg.concatenate([x, zeros((3, 2))]), r"concatenate: shapes \[\(2, 3\), \(3, 2\)\].*axis 0"),
    (lambda: tg.concatenate([x, zeros(3)]), "concatenate: shapes"),
    (lambda: tg.concatenate([Tensor(1.0)]), "concatenate: axis 0 does not exist"),
    (lambda: tg.stack([x, zeros(3)]), r"stack: .*\[\(2, 3\), \(3,\)\]"),
    (lambda: tg.stack([]), "stack"),
    (lambda: x.split([1, 2]), r"split: lengths \[1, 2\] do not add up to 2.*axis 0"),
    (lambda: x.split(0), "split: pieces must have a positive length, not 0"),
    (lambda: zeros(3).tril(), r"at least two axes, not shape \(3,\)"),
    (lambda: Tensor([[1], [1, 2]]), "equal lengths"),
    (lambda: x.item(), r"shape \(2, 3\) holds 6 elements"),
    (lambda: bool(x), "6 elements"),
    (lambda: float(zeros(0)), "0 elements"),
    (lambda: len(Tensor(1.0)), "without axes"),
    (lambda: leaf.backward(), r"backward: .*\(2,\).*\.sum\(\) or \.mean\(\), or pass gradient="),
    (lambda: leaf.exp().backward(zeros(3)), r"backward: gradient has shape \(3,\), the tensor \(2,\)"),
    (lambda: x.assign_(zeros(3)), r"assign_: cannot put shape \(3,\) into a tensor of shape \(2, 3\)"),
    (lambda: tg.grad(lambda x: x)(x), r"grad: .*one element, not shape \(2, 3\).*\.sum\(\)"),
    (lambda: tg.grad(lambda x: 1.0)(x), "grad: .*not float"),
    (lambda: tg.value_and_grad(lambda x: (x.sum(), x))(x), "not tuple"),
    (lambda: tg.hvp(lambda x: x, [x], [x]), r"hvp: .*not shape \(2, 3\)"),
    (lambda: tg.hessian(lambda x: x)(x), r"grad: .*not shape \(2, 3\)"),
    (lambda: tg.vjp(lambda x: x, x)[1](zeros(3)), r"vjp: the cotangents.*\[\(2, 3\)\], not \[\(3,\)\]"),
    (lambda: tg.jvp(lambda x: x, [x], [zeros(3)]), r"jvp: the tangents.*\[\(2, 3\)\], not \[\(3,\)\]"),
    (lambda: tg.hvp(lambda x: x.sum(), [x], [zeros(3)]), "hvp: the tangents"),
    (lambda: ops.scatter_add_along(x, np.array([0, 1, 1]), 0, 3), r"scatter_add: .*\(2, 3\).*\(3,\)"),
]

DTYPES = [
    (
        lambda: tg.tensor([1], requires_grad=True),
        "only float32 and float64 tensors have gradients, not int64",
    ),
    (lambda: (x > 0).requires_grad_(), "not bool"),
    (lambda: tg.grad(lambda x: x.sum())(tg.tensor([1])), "not int64"),
    (lambda: tg.where(x, x, x), r"where: the condition must be bool; compare"),
    (lambda: tg.where(x > 0, x, "a"), "where: not defined for"),
    (lambda: x + "a", "add: not defined for float32, str"),
    (lambda: x * None, "mul: not defined for float32, NoneType"),
    (lambda: x - [1, 2, 3], "sub: not defined for float32, list"),
    (lambda: x + 1j, "complex"),
    (lambda: x @ [1, 2, 3], "matmul: not defined for a list"),
    (lambda: (x > 0) - (x > 0), "sub: not defined for bool, bool; cast an operand"),
    (lambda: -(x > 0), "neg: not defined for bool"),
    (lambda: ops.exp("a"), "exp: not defined for str"),
    (lambda: Tensor("abc"), "<U3 is not supported"),
    (lambda: Tensor([None]), "object is not supported"),
    (lambda: x.to("nonsense"), "dtype nonsense is not supported"),
    (lambda: x.to(dtype="e"), "dtype float16 is not supported"),
    (lambda: tg.one_hot(Tensor([1.0]), 3), r"must be integers, not float32; cast them with \.long\(\)"),
    (lambda: tg.Generator(0).uniform((2,), dtype=int), "float32 or float64, not int64"),
]

GRAPHS = [
    (lambda: x.backward(), "depends on nothing that requires a gradient.*requires_grad=True.*no_grad"),
    (lambda: (leaf * 2).assign_([1.0, 2.0]), "assign_: only a leaf .* result of 'mul'"),
    (lambda: (leaf * 2).requires_grad_(False), r"use detach\(\)"),
]

INDICES = [
    (lambda: tg.one_hot(tg.tensor([3]), 3), "position 3 is outside an axis of length 3"),
    (lambda: tg.one_hot(tg.tensor([-1]), 3), "position -1"),
    (lambda: x[2], "position 2 is outside axis 0, which has length 2"),
]

VALUES = [
    (lambda: x.clamp(), "clamp: give min, max, or both"),
    (lambda: ops.dropout(x, 1.0, tg.Generator(0)), "dropout: p must be at least 0 and below 1, not 1.0"),
    (lambda: x.norm("two"), "norm: ord is a number"),
    (lambda: x.gelu("x"), "gelu: approximate must be 'none' or 'tanh', not 'x'"),
    (lambda: tg.Generator(-1), r"seed must be from 0 to 2\*\*64 - 1, not -1"),
    (lambda: tg.Generator(2**64), "seed"),
    (lambda: tg.Generator(0).integers(3, 3), "integers: no numbers between 3 and 3"),
    (lambda: tg.Generator(0).integers(0, 2**33), "integers"),
]


@pytest.mark.parametrize(
    ("refused", "error", "says"),
    [
        (refused, error, says)
        for error, cases in [
            (ShapeError, SHAPES),
            (DTypeError, DTYPES),
            (GraphError, GRAPHS),
            (IndexError, INDICES),
            (ValueError, VALUES),
        ]
        for refused, says in cases
    ],
)
def test_refusal(refused, error, says):
    with pytest.raises(error, match=says):
        refused()


def test_errors_can_be_caught_together_or_as_what_python_calls_them():
    for error, python in [(ShapeError, ValueError), (DTypeError, TypeError), (GraphError, RuntimeError)]:
        assert issubclass(error, TinygradMnistError)
        assert issubclass(error, python)


def test_a_failed_call_leaves_no_trace():
    before = leaf.grad
    with pytest.raises(ShapeError):
        (leaf.exp() + zeros(3)).sum()
    assert leaf.grad is before
    y = (leaf * 3).sum()
    with pytest.raises(ShapeError):
        y.backward(zeros(3))
    y.backward()
    assert leaf.grad.tolist() == [3, 3]
