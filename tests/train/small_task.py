"""A task that a tiny network learns in a moment: which of four corners of 6 x 6 pixels is bright."""

import numpy as np

from tinygrad_mnist import Generator, nn, optim

SIZE, CLASSES = 6, 4


def corners(count, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, count)
    labels[:CLASSES] = range(min(CLASSES, count))
    images = random.integers(0, 120, (count, SIZE, SIZE)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = 3 * (label // 2), 3 * (label % 2)
        image[top : top + 3, left : left + 3] += 100
    return images, labels.astype(np.int64)


def rows(count, seed=0):
    """Images as rows, and rows of 0 and 1 as targets."""
    images, labels = corners(count, seed)
    return images.reshape(count, -1), np.eye(CLASSES, dtype=np.float32)[labels]


def network(seed=0, **options):
    return nn.MLP(SIZE * SIZE, 5, CLASSES, output=nn.Sigmoid, generator=Generator(seed), **options)


def descent(model, rate=2.0, **options):
    return optim.SGD(model.parameters(), rate, **options)


def numbers(model):
    return {name: values.numpy().tobytes() for name, values in model.state_dict().items()}


class Alarm(Exception):
    pass
