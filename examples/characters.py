"""A character-level model that learns to write like a text: python examples/characters.py [FILE]

A small transformer: embeddings, blocks of causal attention and a feed-forward layer, each beside a
shortcut, and a prediction of the next character. The default text is a module of Python's standard
library, which is there wherever this runs.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn, ops, optim

CONTEXT, WIDTH, HEADS, BLOCKS, BATCH = 48, 64, 4, 1, 16


class Block(nn.Module):
    def __init__(self, generator):
        super().__init__()
        self.before_attention = nn.LayerNorm(WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True, generator=generator)
        self.before_feed = nn.LayerNorm(WIDTH)
        self.feed = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH, generator=generator),
            nn.GELU(),
            nn.Linear(4 * WIDTH, WIDTH, generator=generator),
        )

    def forward(self, x):
        y = self.before_attention(x)
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        x = x + self.attention(y, y, y, attn_mask=mask, need_weights=False)[0]
        return x + self.feed(self.before_feed(x))


class Writer(nn.Module):
    def __init__(self, symbols, seed):
        super().__init__()
        generator = tg.Generator(seed)
        self.symbol = nn.Embedding(symbols, WIDTH, generator=generator)
        self.place = nn.Embedding(CONTEXT, WIDTH, generator=generator)
        self.blocks = nn.ModuleList(Block(generator) for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(WIDTH)
        self.out = nn.Linear(WIDTH, symbols, generator=generator)

    def forward(self, symbols):  # (N, L) integers -> (N, L, how many symbols) scores of what comes next
        x = self.symbol(symbols) + self.place(np.arange(symbols.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x))


def train(codes, symbols, steps, seed, after):
    """A model trained on the integers `codes`; `after(steps done, mean cost of the last hundred)`."""
    model, data = Writer(symbols, seed), tg.Tensor(codes)
    opt = optim.Lion(model.parameters(), lr=optim.schedules.one_cycle(0.001, steps), weight_decay=0.1)

    @tg.jit
    def step(start):  # where in the text each of the examples begins
        at = start.reshape(BATCH, 1) + np.arange(CONTEXT + 1)
        text = data[at]
        scores = model(text[:, :-1]).reshape(BATCH * CONTEXT, symbols)
        cost = nn.cross_entropy(scores, text[:, 1:].reshape(BATCH * CONTEXT))
        opt.zero_grad()
        cost.backward()
        opt.step()
        return cost

    starts = tg.Generator(seed).integers(0, len(codes) - CONTEXT, (steps, BATCH)).numpy()
    for first in range(0, steps, 100):
        cost = step.scan(starts[first : first + 100])
        after(first + len(cost), cost.mean().item())
    return model


def write(model, codes, length, seed):
    """`length` symbols that continue `codes`, drawn with the model's probabilities."""
    uniform, codes = tg.Generator(seed).uniform((length,)).numpy(), list(codes)
    with tg.no_grad():
        for u in uniform:
            scores = model(tg.Tensor(np.array([codes[-CONTEXT:]])))[0, -1]
            chances = np.cumsum(ops.softmax(scores / 0.8).numpy())
            codes.append(int(np.searchsorted(chances, u * chances[-1])))
    return codes[-length:]


def main(file=argparse.__file__, steps=2000, length=400, seed=0):
    """Trains on a text file and prints how it goes, then `length` characters that the model writes."""
    text = Path(file).read_text(encoding="utf-8")
    alphabet = sorted(set(text))
    codes = np.array([alphabet.index(c) for c in text])
    print(f"{len(text):,} characters, {len(alphabet)} of them different")

    def report(steps, cost):
        print(f"step {steps:5}  cost {cost:.3f} ({np.exp(cost):.1f} characters to choose from)", flush=True)

    model = train(codes, len(alphabet), steps, seed, report)
    print("".join(alphabet[i] for i in write(model, codes[:CONTEXT], length, seed)))
    return model


if __name__ == "__main__":
    main(*sys.argv[1:2])
