"""The commands in this process, which is quicker than another: options, files, complaints."""

import random
import shlex
import subprocess
import sys

import numpy as np
import pytest
from idx_bytes import idx
from PIL import Image

from tinygrad_mnist import model_file
from tinygrad_mnist.cli import main
from tinygrad_mnist.cli.sweep_reporters import Live
from tinygrad_mnist.cli.trying import train_command
from tinygrad_mnist.data import mnist
from tinygrad_mnist.sweep import Outcome
from tinygrad_mnist.train import RECIPES, Recipe, named, run

TINY = ["--hidden", "4", "--epochs", "1", "--batch-size", "500"]


def called(capsys, *arguments):
    status = main([*map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def complaint(capsys, *arguments):
    """The one line that a mistake gets."""
    status, output, errors = called(capsys, *arguments)
    assert (status, output) == (2, "")
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    return errors


# Options of train ----------------------------------------------------------------------------------


class Found(BaseException):
    """Carries out what a command was about to do."""


@pytest.fixture
def recipe_of(monkeypatch, here, folder, capsys):
    """The recipe that options give."""

    def found(recipe, *_, **__):
        raise Found(recipe)

    def run(*options):
        monkeypatch.setattr("tinygrad_mnist.cli.train.run", found)
        with pytest.raises(Found) as caught:
            main(["train", "--data", str(folder), *options])
        return caught.value.args[0]

    return run


def test_the_default_is_the_article(recipe_of):
    assert recipe_of() == Recipe()


def test_recipes_by_name(recipe_of):
    for name, recipe in RECIPES.items():
        assert recipe_of("--recipe", name) == recipe
        assert recipe_of("--recipe", name, "--augment") == named(name, augment=True)


def test_every_option(recipe_of):
    options = (
        "--hidden 20 15 10 --activation elu --cost cross-entropy --optimiser rmsprop --rate 0.5 "
        "--schedule cosine --momentum 0.9 --weight-decay 0.25 --epochs 7 --batch-size 9 --seed 11 "
        "--validation 0.125"
    )
    assert recipe_of(*options.split()) == Recipe(
        hidden=(20, 15, 10),
        activation="elu",
        output="none",
        cost="cross-entropy",
        optimiser="rmsprop",
        rate=0.5,
        schedule="cosine",
        momentum=0.9,
        weight_decay=0.25,
        input_scale=1.0,
        epochs=7,
        batch_size=9,
        seed=11,
        validation=0.125,
    )


@pytest.mark.parametrize(("options", "compiled"), [([], True), (["--eager"], False)])
def test_steps_are_compiled_unless_told_otherwise(monkeypatch, here, folder, options, compiled):
    def found(*_, compiled, **__):
        raise Found(compiled)

    monkeypatch.setattr("tinygrad_mnist.cli.train.run", found)
    with pytest.raises(Found) as caught:
        main(["train", "--data", str(folder), *options])
    assert caught.value.args == (compiled,)


def test_no_hidden_layer(recipe_of):
    assert recipe_of("--hidden").hidden == ()


def test_options_change_a_named_recipe(recipe_of):
    assert recipe_of("--recipe", "silu128", "--epochs", "2") == RECIPES["silu128"].but(epochs=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--epochs many", "--epochs"),
        ("--epochs 1.5", "--epochs"),
        ("--epochs", "--epochs"),
        ("--epochs 0", "epochs must be an integer from 1 up, not 0"),
        ("--seed -1", "--seed"),
        ("--rate nan", "rate must be"),
        ("--validation 1", "validation must be"),
        ("--hidden 16 0", "every hidden layer"),
        ("--hidden 16 8.5", "8.5"),
        ("--optimiser luck", "luck"),
        ("--optimiser adam --momentum 0.5", "adam has no momentum"),
        ("--recipe cake", "cake"),
        ("--speed 3", "--speed"),
        ("surplus", "surplus"),
        ("--out nowhere/model", "there is no folder nowhere"),
        ("--out .", "no regular file"),
        ("--data nowhere", "cannot read the data folder nowhere"),
    ],
)
def test_bad_options_of_train(capsys, here, options, words):
    assert words in complaint(capsys, "train", *options.split())
    assert list(here.iterdir()) == []


def test_a_network_too_large_for_memory(capsys, here, folder, monkeypatch):
    def run(*_, **__):
        raise MemoryError("Unable to allocate 5.68 TiB")

    monkeypatch.setattr("tinygrad_mnist.cli.train.run", run)
    status, _, errors = called(capsys, "train", "--data", folder)
    assert (status, errors) == (2, "error: not enough memory: Unable to allocate 5.68 TiB\n")


def test_names_too_long_for_the_file_system(capsys, here):
    assert "too long" in complaint(capsys, "train", "--out", "x" * 300)
    assert "too long" in complaint(capsys, "info", "x" * 300)


def test_an_unknown_command(capsys):
    assert "bake" in complaint(capsys, "bake")


def test_only_the_command_asked_for_is_loaded():
    code = "import sys; from tinygrad_mnist.cli import main; main(['info', 'nothing-here'])"
    code += "; print(*sorted(x for x in sys.modules if x.startswith('tinygrad_mnist.cli.')))"
    run = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    loaded = run.stdout.split()
    assert "tinygrad_mnist.cli.info" in loaded
    assert not {"tinygrad_mnist.cli.train", "tinygrad_mnist.cli.page", "tinygrad_mnist.cli.lab"} & {*loaded}


def test_divergence_is_one_line_naming_the_layer(capsys, here, folder):
    status, _, errors = called(
        capsys,
        "train",
        "--data",
        folder,
        *TINY,
        "--rate",
        "1e30",
        "--activation",
        "relu",
        "--cost",
        "cross-entropy",
    )
    assert status == 2
    assert "in epoch 1, step" in errors
    assert "layer" in errors
    assert errors.count("\n") == 1
    assert list(here.iterdir()) == []


# Where the model goes ------------------------------------------------------------------------------


def test_the_default_file_is_never_one_that_is_there(capsys, here, folder):
    for name in ("digits", "digits-2", "digits-3"):
        status, output, _ = called(capsys, "train", "--data", folder, *TINY)
        assert status == 0
        assert f"saved to {name}.safetensors" in output
        assert (here / f"{name}.safetensors").is_file()


def test_a_file_that_is_named_is_replaced(capsys, here, folder):
    (here / "mine").write_text("old")
    called(capsys, "train", "--data", folder, *TINY, "--out", "mine")
    assert model_file.load("mine").recipe.hidden == (4,)
    assert [path.name for path in here.iterdir()] == ["mine"]


def test_the_same_options_give_the_same_bytes(capsys, here, folder):
    for name in "ab":
        called(capsys, "train", "--data", folder, *TINY, "--out", name)
    assert (here / "a").read_bytes() == (here / "b").read_bytes()


def test_the_environment_names_a_folder(capsys, here, folder, monkeypatch):
    monkeypatch.setenv("TINYGRAD_MNIST_DATA", str(folder))
    assert "3,000 training images" in called(capsys, "train", *TINY)[1]


# sweep ---------------------------------------------------------------------------------------------

SWEEP = ["sweep", "--hidden", "3", "none", "--seeds", "0", "1", "--epochs", "1", "--batch-size", "500"]


def test_sweep(capsys, here, folder):
    arguments = [*SWEEP, "--workers", "1", "--out", "results", "--plot", "--data", folder]
    status, output, errors = called(capsys, *arguments)
    assert (status, errors) == (0, "")
    lines = output.splitlines()
    assert [line.split("  ")[0] for line in lines[:4]] == ["1/4", "2/4", "3/4", "4/4"]
    assert lines[4].split() == ["hidden", "parameters", "accuracy", "range", "runs", "s", "per", "run"]
    table = {line.split()[0]: line.split()[1:] for line in lines[5:7]}
    assert (table["3"][0], table["none"][0]) == ("2,395", "7,850")
    accuracy, low, _, high, runs = table["none"][1:6]
    recipe = RECIPES["silu128"].but(hidden=(), epochs=1, batch_size=500, validation=0.15)
    images, labels = mnist(folder)[0]
    found = [run(recipe.but(seed=seed), images, labels).history.epochs[-1] for seed in (0, 1)]
    alone = sorted(record.validation_accuracy for record in found)
    assert (low, high, runs) == (f"{alone[0]:.2%}", f"{alone[1]:.2%}", "2")
    assert accuracy == f"{np.mean(alone):.2%}"
    assert lines[7] == "the best again, trained on all images and measured on the test images:"
    assert lines[8].startswith("  tinygrad-mnist train --recipe silu128 --hidden ")
    assert lines[9] == "plot saved to results/accuracy.png"
    assert "test accuracy" in called(capsys, *shlex.split(lines[8])[1:])[1]
    (here / "digits.safetensors").unlink()
    assert sorted(path.suffix for path in (here / "results").iterdir()) == [*[".json"] * 4, ".png"]

    status, again, _ = called(capsys, *arguments)
    assert (status, again.splitlines()[4:]) == (0, lines[4:])
    assert all(line.endswith("done before") for line in again.splitlines()[:4])


@pytest.fixture
def recipes_of(monkeypatch, here, folder):
    """The recipes that the options of a sweep give."""

    def found(recipes, *_, **__):
        raise Found(recipes)

    def run(*options):
        monkeypatch.setattr("tinygrad_mnist.sweep.sweep", found)
        with pytest.raises(Found) as caught:
            main(["sweep", "--data", str(folder), *options])
        return caught.value.args[0]

    return run


def test_what_a_sweep_tries(recipes_of):
    base = RECIPES["silu128"].but(validation=0.15)
    networks = [(8,), (16,), (16, 16), (32,), (64,), (128,), (256,)]
    assert recipes_of() == [base.but(hidden=hidden, seed=seed) for hidden in networks for seed in range(3)]
    options = (
        "--recipe best16 --augment --hidden 20-15-10 none --activation relu elu --cost quadratic "
        "--optimiser sgd --seeds 7 --rate 0.5 --epochs 9 --validation 0.2"
    )
    recipes = recipes_of(*options.split())
    fixed = {"cost": "quadratic", "optimiser": "sgd", "seed": 7, "rate": 0.5, "epochs": 9, "validation": 0.2}
    best16 = named("best16", augment=True)
    assert recipes == [
        best16.but(hidden=hidden, activation=activation, **fixed)
        for hidden in ((20, 15, 10), ())
        for activation in ("relu", "elu")
    ]


def test_a_sweep_tries_several_values_of_each_number(recipes_of):
    base = RECIPES["silu128"].but(validation=0.15, hidden=(8,), seed=0)
    few = ["--hidden", "8", "--seeds", "0"]
    recipes = recipes_of(
        *few, *shlex.split("--rate 0.01 1e-3 --batch-size 32 64 --dropout 0 0.2 --schedule cosine")
    )
    assert recipes == [
        base.but(schedule="cosine", rate=rate, dropout=dropout, batch_size=size)
        for rate in (0.01, 1e-3) for dropout in (0.0, 0.2) for size in (32, 64)
    ]  # fmt: skip
    options = [*few[:2], "--seeds", "0", "7", "--sample", "5", "--rate", "0.001..0.1", "--epochs", "2..9"]
    recipes = recipes_of(*options)
    assert recipes == recipes_of(*options)
    assert [r.seed for r in recipes] == [0, 7] * 5
    assert len({(r.rate, r.epochs) for r in recipes}) == 5
    assert all(0.001 <= r.rate <= 0.1 and 2 <= r.epochs <= 9 for r in recipes)


def test_the_command_of_the_winner_gives_its_recipe(recipe_of):
    draw = random.Random(0)
    for _ in range(60):
        name, augment = draw.choice([*RECIPES]), draw.random() < 0.3
        options = {
            "hidden": draw.choice([(), (3,), (20, 10)]),
            "activation": draw.choice(["relu", "elu"]),
            "cost": draw.choice(["quadratic", "cross-entropy"]),
            "optimiser": draw.choice(["sgd", "adam", "rmsprop"]),
            "seed": draw.randrange(3),
        }
        if draw.random() < 0.5:
            options |= {"rate": draw.choice([1e-5, 0.02]), "dropout": 0.25, "schedule": "cosine", "epochs": 7}
        recipe = named(name, augment=augment).but(**options)
        program, command, *rest = shlex.split(train_command(name, augment, recipe, None))
        assert (program, command) == ("tinygrad-mnist", "train")
        assert recipe_of(*rest) == recipe


def test_interrupting_a_sweep(capsys, here, folder, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("tinygrad_mnist.sweep.sweep", interrupted)
    status, output, errors = called(capsys, *SWEEP, "--data", folder, "--out", "results")
    assert (status, errors) == (130, "")
    assert (
        output == "interrupted; what was finished is kept in results: the same command goes on from there\n"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--hidden 16x16", "layers such as 64, 16-16 or none, not '16x16'"),
        ("--hidden 16-", "layers such as"),
        ("--hidden 0", "every hidden layer"),
        ("--seeds -1", "--seeds"),
        ("--rate fast", "--rate takes numbers, or one range such as 2..8, not 'fast'"),
        ("--rate 0.1..0.01", "a range goes from a number of at least 0 up"),
        ("--rate 0.1..0.2", "say how many with sample"),
        ("--batch-size 1.5", "--batch-size takes whole numbers"),
        ("--dropout 1", "dropout must be a share"),
        ("--sample 0 --rate 0.1 0.2", "at least one sample"),
        ("--activation step", "step"),
        ("--momentum 0.5 --optimiser sgd adam", "adam has no momentum"),
        ("--validation 0", "give a validation share"),
        ("--workers 0", "at least one worker"),
        ("--data nowhere", "cannot read the data folder nowhere"),
    ],
)
def test_bad_options_of_sweep(capsys, here, folder, monkeypatch, options, words):
    monkeypatch.setenv("TINYGRAD_MNIST_DATA", str(folder))
    assert words in complaint(capsys, "sweep", *options.split())
    assert list(here.iterdir()) == []


def test_a_plot_without_matplotlib(capsys, here, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert 'pip install "tinygrad_mnist[plot]"' in complaint(capsys, "sweep", "--plot", "--data", folder)
    assert list(here.iterdir()) == []


def test_the_bars_of_a_sweep(capsys):
    report = Live([Recipe(), Recipe(seed=1)])
    report.progress(Recipe(), 0.5)
    report.outcome(Outcome(Recipe(), 13_002, 1.5, 0.96, 0.1), False)
    report.outcome(Outcome(Recipe(seed=1), 13_002, 1.5, failure="diverged"), True)
    report.stopped()
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert "1/2  16-16 sigmoid quadratic sgd seed 0  accuracy 96.00%  1.5 s" in lines
    assert "2/2  16-16 sigmoid quadratic sgd seed 1  diverged  done before" in lines


# evaluate, info ------------------------------------------------------------------------------------


def test_confusion_table(capsys, model, folder, digits):
    status, output, _ = called(capsys, "evaluate", model, "--data", folder, "--confusion")
    lines = output.splitlines()
    assert status == 0
    assert lines[1].split("|")[1].split() == list("0123456789")
    table = np.array([line.split("|")[1].split() for line in lines[3:13]], int)
    assert (table == model_file.load(model).evaluate(*digits[1]).confusion).all()
    assert table.trace() / table.sum() > 0.8
    assert lines[-1] == f"test accuracy {table.trace() / 300:.2%}"


def test_evaluate_on_images_of_another_size(capsys, model, tmp_path):
    for name in ("train", "t10k"):
        (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(idx(np.zeros((5, 9, 9), np.uint8)))
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(idx(np.arange(5)))
    assert "28 x 28 pixels, these have 9 x 9" in complaint(capsys, "evaluate", model, "--data", tmp_path)


def test_info(capsys, model):
    status, output, _ = called(capsys, "info", model)
    assert status == 0
    assert "SiLU" in output
    assert "25,450" in output
    assert "reads images of 28 x 28 pixels, gives 10 outputs" in output
    assert "trained for 8 epochs" in output


@pytest.mark.parametrize("command", ["evaluate", "info", "predict"])
def test_model_files_that_are_none(capsys, here, model, command):
    np.save("image.npy", np.eye(9))
    rest = ["image.npy"] if command == "predict" else []
    (here / "cut").write_bytes(model.read_bytes()[:-1])
    (here / "text").write_text("hello")
    for name in ("cut", "text", "missing", "."):
        assert f"cannot load {name}: " in complaint(capsys, command, name, *rest)
    assert "MODEL" in complaint(capsys, command)


# predict -------------------------------------------------------------------------------------------


def answers(output):
    return [int(line.rsplit(": ")[1]) for line in output.splitlines()[::2]]


def test_predict_arrays_and_pictures_however_drawn(capsys, here, model, digits):
    _, (images, _) = digits
    expected = model_file.load(model).outputs(images[:20]).argmax(1)
    names = []
    for i, image in enumerate(images[:20]):
        canvas = np.zeros((90, 120), np.uint8)
        canvas[5:61, 40:96] = np.kron(image, np.ones((2, 2), np.uint8))
        np.save(f"{i}.npy", canvas / 255)
        Image.fromarray(255 - canvas).convert("RGB").save(f"{i}.png")
        names += [f"{i}.npy", f"{i}.png"]
    status, output, _ = called(capsys, "predict", model, *names)
    assert status == 0
    assert np.mean(answers(output) == np.repeat(expected, 2)) >= 0.95


def test_outputs_after_cross_entropy_are_probabilities(capsys, here, model):
    np.save("image.npy", np.eye(12))
    _, output, _ = called(capsys, "predict", model, "image.npy")
    assert sum(
        float(part.split(": ")[1]) for part in output.splitlines()[1].split("  ")[1:]
    ) == pytest.approx(1, abs=0.006)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("text.npy", b"hello", "no .npy file of numbers"),
        ("empty.npy", b"", "no .npy file of numbers"),
        ("text.png", b"hello", "or damaged"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", "or damaged"),
        ("empty.jpg", b"", "or damaged"),
    ],
)
def test_images_that_are_none(capsys, here, model, name, content, words):
    (here / name).write_bytes(content)
    message = complaint(capsys, "predict", model, name)
    assert f"cannot read {name}: " in message
    assert words in message


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 28, 28)), "of shape (3, 28, 28)"),
        (np.zeros((0, 28)), "of shape (0, 28)"),
        (np.full((5, 5), np.nan), "not finite"),
        (np.ones((5, 5)), "all of one brightness"),
        (np.ones((5, 5), complex), "complex128"),
        (np.full((5, 5), "a"), "<U1"),
        (np.full((5, 5), None), "no .npy file of numbers"),
    ],
)
def test_arrays_that_are_no_pictures(capsys, here, model, array, words):
    np.save("array.npy", array)
    assert words in complaint(capsys, "predict", model, "array.npy")


def test_a_header_that_claims_terabytes(capsys, here, model):
    np.save("array.npy", np.zeros((28, 28)))
    content = (here / "array.npy").read_bytes()
    (here / "array.npy").write_bytes(content.replace(b"(28, 28), }          ", b"(1000000, 1000000), }"))
    assert "no .npy file of numbers" in complaint(capsys, "predict", model, "array.npy")


def test_missing_images(capsys, here, model):
    assert "cannot read no.png: it is missing" in complaint(capsys, "predict", model, "no.png")
    assert "cannot read .: it is missing or not a regular file" in complaint(capsys, "predict", model, ".")
    assert "IMAGES" in complaint(capsys, "predict", model)


def test_without_pillow(capsys, here, model, monkeypatch):
    (here / "image.png").write_bytes(b"whatever")
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert 'pip install "tinygrad_mnist[image]"' in complaint(capsys, "predict", model, "image.png")
