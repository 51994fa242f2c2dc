"""A primitive of your own: declared outside the package, differentiated, checked, compiled like any other.

Squareplus, (x + sqrt(x^2 + 4)) / 2, is a smooth relative of ReLU without exponentials (J. T. Barron,
"Squareplus: a softplus-like algebraic rectifier", 2021). Its declaration gives an array kernel, the
same as a scalar formula for compiled loops, and the cotangent of its operand in tensor code: `g` is the
cotangent of the output, `y` the output, `x` the operand.
"""

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.ops import sqrt
from tinygrad_mnist.primitive import loop

squareplus = loop(
    "squareplus",
    lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "(a + sqrt(a * a + 4)) / 2",
    lambda g, y, x: g * y / sqrt(x * x + 4),
    result="float",
)


class Squareplus(nn.Module):
    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return squareplus(x)


def main(epochs: int = 2) -> float:
    report = tg.testing.gradcheck(squareplus, [np.linspace(-5, 5, 21)], order=2)
    print(f"first and second derivatives agree with differences, {report.entries} compared")

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
