"""The article's network built and trained by hand: no modules, no optimiser, gradient descent in one line."""

import tinygrad_mnist as tg


def main(epochs: int = 10, rate: float = 0.5) -> float:
    (images, labels), (test_images, test_labels) = tg.data.mnist()
    x, y = tg.Tensor(images.reshape(-1, 784)), tg.one_hot(labels, 10)
    random, sizes = tg.Generator(0), [(16, 784), (16, 16), (10, 16)]
    weights = [random.normal((m, n), std=2 * n**-0.5).requires_grad_() for m, n in sizes]
    biases = [tg.zeros(m).requires_grad_() for m, _ in sizes]

    def network(a: tg.Tensor) -> tg.Tensor:
        for w, b in zip(weights, biases, strict=True):
            a = (a @ w.T + b).sigmoid()
        return a

    @tg.jit
    def step(i: tg.Tensor) -> tg.Tensor:
        cost = ((network(x[i].float() / 255) - y[i]) ** 2).sum() / len(i)
        cost.backward()
        for p in weights + biases:
            p.assign_(p - rate * p.grad)
            p.grad = None
        return cost

    for epoch in range(epochs):
        costs = step.scan(tg.data.order(60_000, seed=0, epoch=epoch).reshape(-1, 32))
        print(f"epoch {epoch + 1}: cost {costs.mean():.4f}")
    answers = network(tg.Tensor(test_images.reshape(-1, 784)).float() / 255).numpy().argmax(1)
    accuracy = float((answers == test_labels).mean())
    print(f"accuracy on unseen images {accuracy:.2%}")
    return accuracy


if __name__ == "__main__":
    main()
