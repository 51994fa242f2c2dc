"""PyTorch, one operation at a time, with its fused optimiser."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from .ways import KERNEL, SIDE, batches, distorted, first


class Way:
    def __init__(self, recipe: dict[str, Any], data: dict[str, Any], threads: int) -> None:
        torch.set_num_threads(threads)
        self.recipe, self.originals = recipe, data["images"]
        self.labels = torch.from_numpy(data["labels"])
        self.images = None if recipe["augment"] else as_inputs(self.originals)

    def train(self, seed: int, epochs: int) -> nn.Module:
        recipe, batch = self.recipe, self.recipe["batch_size"]
        random = np.random.default_rng(seed)
        model = network(first(recipe, random))
        weights, biases = ([p for p in model.parameters() if (p.ndim > 1) == more] for more in (True, False))
        groups = [
            {"params": weights, "weight_decay": recipe["weight_decay"]},
            {"params": biases, "weight_decay": 0.0},
        ]
        adam = torch.optim.AdamW(groups, lr=recipe["rate"], fused=True)
        steps = epochs * (len(self.labels) // batch)
        done = 0
        for bent in distorted(self.originals, recipe, seed, epochs):
            images = as_inputs(bent) if self.images is None else self.images
            for index in torch.from_numpy(batches(len(images), batch, random)):
                for group in adam.param_groups:
                    group["lr"] = recipe["rate"] * (1 - done / steps)
                outputs = model(images.index_select(0, index))
                cost = nn.functional.cross_entropy(outputs, self.labels.index_select(0, index))
                adam.zero_grad()
                cost.backward()
                adam.step()
                done += 1
        return model

    def outputs(self, trained: nn.Module, images: Any) -> Any:
        with torch.inference_mode():
            return trained(as_inputs(images)).numpy()


def network(values: list[Any]) -> nn.Sequential:
    """A network for rows of pixels with these weights and biases: convolutions have four axes."""
    modules: list[nn.Module] = [nn.Unflatten(1, (1, SIDE, SIDE))] if values[0].ndim == 4 else []
    for weight, bias in zip(values[::2], values[1::2]):
        convolves = weight.ndim == 4
        layer = nn.Conv2d(*weight.shape[1::-1], KERNEL) if convolves else nn.Linear(*weight.shape[::-1])
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))
        if not convolves and modules and isinstance(modules[-1], nn.MaxPool2d):
            modules.append(nn.Flatten())
        modules += [layer, nn.ReLU(), *[nn.MaxPool2d(2)] * convolves]
    return nn.Sequential(*modules[:-1])


def as_inputs(images: Any) -> torch.Tensor:
    """Bytes as floats from 0 to 1, (N, 784)."""
    return torch.from_numpy(images.reshape(-1, 784)).float() / 255
