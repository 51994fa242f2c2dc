"""Primitives of your own: declared outside the package, differentiated, checked, compiled like any other.

Four, each in one place and with one formula. In a cotangent rule `g` is the cotangent of the output, `y` the
output, `x` the operand, then come the parameters.

- Squareplus, (x + sqrt(x^2 + 4)) / 2: a smooth relative of ReLU without exponentials (J. T. Barron,
  "Squareplus: a softplus-like algebraic rectifier", 2021).
- roll: the elements along an axis moved, those that leave at one end coming in at the other.
- sum of squares over axes.
- decayed sums: each element and half of the sum before it.
"""

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.declaring import reduction, running, view
from tinygrad_mnist.ops import expand, flip, reshape, sqrt
from tinygrad_mnist.primitive import loop

squareplus = loop(
    "squareplus",
    "(a + sqrt(a * a + 4)) / 2",
    lambda g, y, x: g * y / sqrt(x * x + 4),
    result="float",
)

rolled = view(
    "rolled",
    lambda shape, axis, by: shape,
    lambda index, shape, axis, by: (*index[:axis], (index[axis] - by) % shape[axis], *index[axis + 1 :]),
    lambda g, y, x, axis, by: rolled(g, axis, -by),
    cases=[((2, 3), 1, 1), ((4,), 0, -1)],
)


def _spread(g: tg.Tensor, x: tg.Tensor, axes: tuple[int, ...]) -> tg.Tensor:
    kept = tuple(1 if d in axes else n for d, n in enumerate(x.shape))
    return expand(reshape(g, kept), x.shape)


sum_of_squares = reduction(
    "sum_of_squares",
    lambda dtype: 0,
    "a + b * b",
    lambda g, y, x, axes, keepdims: 2 * x * _spread(g, x, axes),
)

decayed = running(
    "decayed",
    lambda dtype: 0,
    "a * 0.5 + b",
    lambda g, y, x, axis: flip(decayed(flip(g, axis), axis), axis),
)


class Squareplus(nn.Module):
    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return squareplus(x)


def main(epochs: int = 2) -> float:
    x = np.linspace(-5, 5, 21).reshape(3, 7)
    for f in (
        squareplus,
        lambda x: rolled(x, 1, 2),
        lambda x: sum_of_squares(x, (1,), False),
        lambda x: decayed(x, 1),
    ):
        report = tg.testing.gradcheck(f, [x], order=2)
        np.testing.assert_allclose(tg.jit(f)(x).numpy(), f(tg.Tensor(x)).numpy(), rtol=1e-12)
        print(f"first and second derivatives agree with differences, {report.entries} compared; it compiles")

    (images, labels), test = tg.data.mnist()
    model = nn.MLP(784, 32, 10, activation=Squareplus, generator=tg.Generator(0))
    history = tg.train.fit(
        model, optim.AdamW(model.parameters(), 0.005), nn.cross_entropy, images.reshape(-1, 784), labels,
        epochs=epochs, batch_size=64, seed=0, on_epoch=lambda record: print(f"cost {record.cost:.4f}"),
    )  # fmt: skip
    assert len(history.epochs) == epochs
    accuracy = tg.train.evaluate(model, nn.cross_entropy, test[0].reshape(-1, 784), test[1]).accuracy
    print(f"accuracy on unseen images {accuracy:.2%}")
    return accuracy


if __name__ == "__main__":
    main()
