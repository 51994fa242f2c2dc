"""The functional style: a cost is a function of its parameters, and derivatives are functions made of it.

Digits by linear regression and steepest descent. How far to go is not guessed but computed: along the
gradient g this cost is a parabola with slope g.g and curvature g.Hg, whose bottom is g.g / g.Hg away.
Nothing here has state: parameters go into a step and come out of it, as a dict of tensors.
"""

from functools import reduce
from operator import add

import tinygrad_mnist as tg

Parameters = dict[str, tg.Tensor]


def scores(parameters: Parameters, x: tg.Tensor) -> tg.Tensor:
    return x @ parameters["weight"].T + parameters["bias"]


def cost(parameters: Parameters, x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
    return ((scores(parameters, x) - y) ** 2).sum() / len(x)


def dot(a: Parameters, b: Parameters) -> tg.Tensor:
    return reduce(add, ((a[name] * b[name]).sum() for name in a))


@tg.jit
def step(parameters: Parameters, x: tg.Tensor, y: tg.Tensor) -> tuple[tg.Tensor, tg.Tensor, Parameters]:
    value, gradient = tg.value_and_grad(cost)(parameters, x, y)
    (curved,) = tg.hvp(lambda p: cost(p, x, y), [parameters], [gradient])
    rate = dot(gradient, gradient) / dot(gradient, curved)
    return value, rate, {name: p - rate * gradient[name] for name, p in parameters.items()}


def main(images: int = 10_000, steps: int = 100) -> float:
    (train_x, train_y), (test_x, test_y) = tg.data.mnist()
    x, y = tg.Tensor(train_x[:images].reshape(-1, 784)).float() / 255, tg.one_hot(train_y[:images], 10)
    parameters = {"weight": tg.zeros((10, 784)), "bias": tg.zeros(10)}
    for i in range(steps):
        value, rate, parameters = step(parameters, x, y)
        if i % (steps // 5) == 0:
            print(f"step {i:3}: cost {value:.4f}, then {rate:.3f} down the gradient")
    answers = scores(parameters, tg.Tensor(test_x.reshape(-1, 784)).float() / 255).argmax(axis=1)
    accuracy = float((answers.numpy() == test_y).mean())
    print(f"accuracy on unseen images {accuracy:.2%}")
    return accuracy


if __name__ == "__main__":
    main()
