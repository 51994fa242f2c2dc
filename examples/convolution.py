"""A small convolutional network that reads handwritten digits: python examples/convolution.py

Two convolutions, each followed by ReLU and max pooling, and two fully connected layers with dropout
between them. A training step is written as in PyTorch and compiled whole; an epoch is one native loop.
It reads 99.4% of the unseen digits (mean of 3 seeds; 99.35 to 99.44).
"""

import time

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim

BATCH = 64


class Network(nn.Module):
    def __init__(self, seed):
        super().__init__()
        generator = tg.Generator(seed)
        self.first = nn.Conv2d(1, 16, 5, generator=generator)
        self.second = nn.Conv2d(16, 32, 5, generator=generator)
        self.pool = nn.MaxPool2d(2)
        self.hidden = nn.Linear(32 * 4 * 4, 128, generator=generator)
        self.dropout = nn.Dropout(0.4, generator=generator)
        self.out = nn.Linear(128, 10, generator=generator)
        for layer in (self.first, self.second, self.hidden):  # each followed by ReLU
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(layer.bias)
        nn.init.xavier_uniform_(self.out.weight, generator=generator)
        nn.init.zeros_(self.out.bias)

    def forward(self, x):  # (N, 1, 28, 28)
        x = self.pool(self.first(x)).relu()  # (N, 16, 12, 12)
        x = self.pool(self.second(x)).relu()  # (N, 32, 4, 4)
        return self.out(self.dropout(self.hidden(x.flatten(1)).relu()))


def train(images, labels, epochs, seed, after_epoch):
    """A network trained on uint8 images (N, 28, 28); calls `after_epoch(number, cost, seconds)`."""
    x, y = tg.Tensor(images[:, None]), tg.Tensor(labels)
    model = Network(seed)
    steps = len(labels) // BATCH
    rate = optim.schedules.one_cycle(0.004, steps * epochs)
    opt = optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05)

    @tg.jit
    def step(i):
        cost = nn.cross_entropy(model(x[i].float() / 255), y[i])
        opt.zero_grad()
        cost.backward()
        opt.step()
        return cost

    for epoch in range(epochs):
        start = time.perf_counter()
        order = tg.data.order(len(labels), seed=seed, epoch=epoch)[: steps * BATCH].reshape(-1, BATCH)
        cost = step.scan(order).mean().item()
        after_epoch(epoch + 1, cost, time.perf_counter() - start)
    return model.eval()


def accuracy(model, images, labels):
    """Share of the images whose digit the network names."""
    with tg.no_grad():
        batches = range(0, len(labels), 500)
        answers = [model(tg.Tensor(images[i : i + 500, None]).float() / 255).argmax(axis=1) for i in batches]
    return float(np.mean(np.concatenate([np.asarray(a) for a in answers]) == labels))


def main(epochs=8, seed=0, validate=False):
    """Trains and prints; `validate` holds out the last 5,000 training images and tests on them."""
    (images, labels), (unseen, answers) = tg.data.mnist()
    if validate:
        images, labels, unseen, answers = images[:-5000], labels[:-5000], images[-5000:], labels[-5000:]

    def report(epoch, cost, seconds):
        print(f"epoch {epoch}/{epochs}  cost {cost:.4f}  {seconds:.1f} s", flush=True)

    model = train(images, labels, epochs, seed, report)
    share = accuracy(model, unseen, answers)
    print(f"{'validation' if validate else 'test'} accuracy {share:.2%}")
    return share


if __name__ == "__main__":
    main()
