"""ONNX Runtime beside this package on all test images of MNIST, by networks of four kinds.

    python tests/interop/onnx_agreement.py

Each network is trained for a moment, exported, and run on all 10,000 images. Prints the largest difference
of an output; ends with status 1 if one is above 1e-5.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim, train
from tinygrad_mnist.interop.onnx import export_onnx


class Attention(nn.Module):
    """The rows of an image look at one another."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(28, 16)
        self.attend = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.answer = nn.Linear(16, 10)

    def forward(self, x):
        return self.answer(self.attend(self.embed(x.reshape(-1, 28, 28))).mean(1)).softmax(1)


NETWORKS = {
    "the article's": lambda: nn.MLP(784, 16, 16, 10, output=nn.Sigmoid),
    "convolutional": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 4, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(576, 10), nn.Softmax(1)),
    "normalised": lambda: nn.Sequential(
        nn.Linear(784, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.LayerNorm(32), nn.Linear(32, 10), nn.Sigmoid()),
    "attending": Attention,
}  # fmt: skip


def main():
    (images, labels), (test, _) = tg.data.mnist()
    images, test = images.reshape(-1, 784), test.reshape(-1, 784)
    worst = 0.0
    for name, make in NETWORKS.items():
        tg.manual_seed(0)
        model = make()
        targets = np.eye(10, dtype=np.float32)[labels[:4000]]
        train.fit(model, optim.Adam(model.parameters(), 0.005), nn.quadratic_cost, images[:4000], targets,
                  epochs=2, batch_size=50, seed=0, compiled=False)  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            export_onnx(model, path, images[:3])
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            (got,) = session.run(None, {"input": test})
        expected = train.outputs_of(model, test)
        apart = float(np.abs(got - expected).max())
        same = float((got.argmax(1) == expected.argmax(1)).mean())
        print(
            f"{name:>14}: {len(test):,} images, outputs up to {apart:.2g} apart, {same:.2%} of answers alike"
        )
        worst = max(worst, apart)
    sys.exit(worst > 1e-5)


if __name__ == "__main__":
    main()
