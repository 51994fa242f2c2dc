"""A GRU that reads handwritten digits row by row: python examples/recurrent.py

Each image is a sequence of 28 rows of 28 pixels; after the last row the state says which digit it was. The
code is what one writes for PyTorch: layers, a DataLoader, Adam, a schedule, clipping.
"""

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.nn import functional as F
from tinygrad_mnist.optim.lr_scheduler import StepLR
from tinygrad_mnist.utils.data import DataLoader, TensorDataset


class Reader(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.norm = nn.LayerNorm(28)
        self.gru = nn.GRU(28, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 10)

    def forward(self, images):  # (N, 28, 28)
        _, state = self.gru(self.norm(images))
        return self.head(state[-1])


def main(examples=6000, epochs=3, seed=0):
    """Trains on the first `examples` images, prints how it goes, gives the share of unseen digits named."""
    tg.manual_seed(seed)
    (images, labels), (unseen, answers) = tg.data.mnist()
    data = TensorDataset(tg.Tensor(images[:examples]).float() / 255, tg.Tensor(labels[:examples]))
    loader = DataLoader(data, batch_size=100, shuffle=True)
    model = Reader()
    optimizer = optim.Adam(model.parameters(), lr=5e-3)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
    for epoch in range(epochs):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(y)
        print(
            f"epoch {epoch + 1}  cost {total / len(data):.3f}  rate {scheduler.get_last_lr()[0]}", flush=True
        )
        scheduler.step()
    model.eval()
    with tg.no_grad():
        right = (
            (model(tg.Tensor(unseen[:1000]).float() / 255).argmax(1) == tg.Tensor(answers[:1000]))
            .float()
            .mean()
        )
    print(f"{right.item():.1%} of 1,000 unseen digits")
    return right.item()


if __name__ == "__main__":
    main()
