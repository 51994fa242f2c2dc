"""A task that a tiny network learns in a moment: which of four corners of 8 x 8 pixels is bright."""

import numpy as np

from tinygrad_mnist import train

SIZE, CLASSES = 8, 4
RECIPE = train.Recipe(hidden=(6, 5), epochs=8, batch_size=10, rate=2.0, input_scale=1.0)


def corners(count, seed=0, shape=(SIZE, SIZE)):
    """Images of a shape with as many pixels, and labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, count)
    labels[:CLASSES] = range(CLASSES)
    images = random.integers(0, 100, (count, SIZE, SIZE)).astype(np.uint8)
    half = SIZE // 2
    for image, label in zip(images, labels, strict=True):
        top, left = half * (label // 2), half * (label % 2)
        image[top : top + half, left : left + half] += 120
    return images.reshape(count, *shape), labels.astype(np.int64)
