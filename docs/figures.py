"""Draws the figures of the README: python docs/figures.py (extra: plot).

They show the article's network as `tinygrad-mnist train` trains it: the patterns of its hidden
neurons, how sure it is of digits and of what are none, and what it draws.
"""

from pathlib import Path

from tinygrad_mnist import data, lab, train

HERE = Path(__file__).parent


def main() -> None:
    (images, labels), (unseen, _) = data.mnist()
    network = train.run(train.RECIPES["article"], images, labels)
    figures = lab.figures
    height, width = network.image_size
    before = network.recipe.build_model(height * width, network.classes)
    patterns = [lab.patterns(model, network.image_size) for model in (before, network.model)]
    figures.save(figures.patterns(*patterns), HERE / "patterns.png")

    groups = {"digits": unseen, **lab.strangers(unseen)}
    sure = {name: lab.answers(network, some) for name, some in groups.items()}
    figures.save(figures.confidence(sure), HERE / "noise.png")

    drawn = {"plain": lab.draw(network), "natural": lab.draw(network, naturalness=30)}
    rows = {"mean digit": lab.mean_images(images, labels, network.classes)}
    rows |= {name: drawing.images for name, drawing in drawn.items()}
    captions = {
        name: [f"{x:.2f}" for x in drawing.answers.outputs.diagonal()] for name, drawing in drawn.items()
    }
    figures.save(figures.rows_of_images(rows, captions), HERE / "drawings.png")


if __name__ == "__main__":
    main()
