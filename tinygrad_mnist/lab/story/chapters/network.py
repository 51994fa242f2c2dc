"""The network: what it is made of, and the graph that is recorded when it runs."""

from __future__ import annotations

from ....core.tensor import Tensor
from ....train import Recipe
from ...answers import examples
from ...graph import graph
from ..networks import Subject
from ..parts import Claim, Picture, Section, Table, verdict

_STORY = 13_002


def chapter(subject: Subject) -> Section:
    """Layers, the count of weights and biases, the computation graph of the cost."""
    network = subject.network
    parameters = dict(network.model.named_parameters())
    count = sum(p.numel() for p in parameters.values())
    rows = [[name, " × ".join(map(str, p.shape)), f"{p.numel():,}"] for name, p in parameters.items()]
    inputs, targets = map(Tensor, examples(network, *subject.first(16)))
    cost = network.recipe.cost_function(network.model(inputs), targets)
    names = {**parameters, "images": inputs, "wanted": targets}
    height, width = network.image_size
    recipe = network.recipe
    how = f"{recipe.activation} in hidden layers" if isinstance(recipe, Recipe) else "as its layers say"
    section = Section("network", "A function with many knobs")
    section.body = [
        f"The network takes the {height * width} pixels of an image, from 0 to "
        f"{network.recipe.input_scale:g}, and gives {network.classes} numbers. Each neuron adds up what it "
        "gets, each input times a weight, plus a bias, and passes the sum on through its activation "
        f"({how}). In all there are {count:,} weights and biases to "
        "turn: learning is finding values for them.",
        Table(("parameter", "shape", "numbers"), [*rows, ["all", "", f"{count:,}"]]),
        Picture(
            "graph",
            graph(cost, names),
            "What is recorded when the cost of 16 images is computed: the graph that the gradient walks "
            "back along, from the cost at the bottom to the weights and biases (blue).",
        ),
    ]
    section.numbers = {"parameters": count, "shapes": {name: list(p.shape) for name, p in parameters.items()}}
    section.claims = [
        Claim(f"the network has {_STORY:,} weights and biases", f"{count:,}", verdict(count == _STORY))
    ]
    return section
