"""A small convolutional network with batch normalisation: python examples/batch_norm.py

As one writes it for PyTorch; `tg.jit` compiles the whole step, which updates weights, running averages
and the state of the optimiser.
"""

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.nn import functional as F


def network():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(3),
        nn.Flatten(),
        nn.Linear(16 * 9, 10),
    )


def main(steps=600, seed=0, compiled=True):
    """Trains for so many steps of 64 images; gives the share of 1,000 unseen digits that are named."""
    tg.manual_seed(seed)
    (images, labels), (unseen, answers) = tg.data.mnist()
    x, y = tg.Tensor(images[:, None]), tg.Tensor(labels)
    model = network()
    optimizer = optim.AdamW(model.parameters(), lr=0.01)

    def step(i):
        loss = F.cross_entropy(model(x[i].float() / 255), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    run = tg.jit(step) if compiled else step
    order = tg.data.order(len(labels), seed=seed)[: steps * 64].reshape(-1, 64)
    for number, positions in enumerate(order):
        loss = run(tg.Tensor(positions))
        if number % 100 == 0:
            print(f"step {number:4}  cost {loss.item():.3f}", flush=True)
    model.eval()
    with tg.no_grad():
        right = (
            (model(tg.Tensor(unseen[:1000, None]).float() / 255).argmax(1) == tg.Tensor(answers[:1000]))
            .float()
            .mean()
        )
    print(f"{right.item():.1%} of 1,000 unseen digits")
    return right.item()


if __name__ == "__main__":
    main()
