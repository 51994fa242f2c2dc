"""Every reader of files, as a function of bytes, with files to begin from and the errors it may give."""

import dataclasses
import gzip
import io
import json
import os
import struct
import tempfile
from pathlib import Path

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import model_file, nn, optim, saving, train
from tinygrad_mnist.data import read_idx
from tinygrad_mnist.train.checkpoint_file import Moment, described, from_bytes, to_bytes
from tinygrad_mnist.train.elsewhere import source

_FOLDER = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))


@dataclasses.dataclass(frozen=True)
class Reader:
    """A reader.

    Attributes:
        read: from the contents of a file; raises our errors only.
        seeds: whole files.
        most: bytes that it may allocate beyond four times the file's; more where what is compressed has a
            limit of its own.
    """

    read: object
    seeds: list
    most: int = 2 << 20


def by_path(read, suffix):
    """A reader that opens a file."""
    path = _FOLDER / f"file{suffix}"

    def of_bytes(contents):
        path.write_bytes(contents)
        return read(path)

    return of_bytes


def images(count):
    return np.random.default_rng(0).integers(0, 255, (count, 6, 6)).astype(np.uint8)


def network():
    return train.run(train.Recipe(hidden=(3,), epochs=2, batch_size=4, validation=0.25), images(16),
                     np.arange(16) % 4)  # fmt: skip


def model_bytes():
    model_file.save(network(), _FOLDER / "seed")
    return (_FOLDER / "seed").read_bytes()


def moment():
    model = nn.Linear(2, 2)
    state = {
        "model": model.state_dict(),
        "optimiser": optim.Adam(model.parameters()).state_dict(),
        "number": [1, 2.5],
    }
    return Moment(3, {"rate": 0.1, "sizes": (2, 2)}, state)


def any_description(contents):
    """What lies behind the sum of a checkpoint, which no damage gets past."""
    text, _, rest = contents.partition(b"\0")
    described(
        text.decode("utf-8", "replace"),
        {"model.weight": np.zeros(2), "model.bias": np.frombuffer(rest, np.uint8)},
    )


def description():
    import safetensors

    path = _FOLDER / "seed"
    path.write_bytes(to_bytes(moment()))
    with safetensors.safe_open(path, "numpy") as file:
        return file.metadata()["tinygrad_mnist_checkpoint"].encode() + b"\0rest"


def idx_bytes():
    return struct.pack(">BBBBIII", 0, 0, 8, 3, 2, 6, 6) + images(2).tobytes()


def picture(kind):
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(images(1)[0]).save(file, kind)
    return file.getvalue()


def array_file():
    file = io.BytesIO()
    np.save(file, images(1)[0])
    return file.getvalue()


def arrays_file():
    file = io.BytesIO()
    np.savez(file, images=images(2), labels=np.arange(2))
    return file.getvalue()


def onnx_bytes():
    from tinygrad_mnist.interop.onnx import export_onnx

    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3), nn.Softmax(1))
    export_onnx(model, _FOLDER / "seed", np.zeros((2, 1, 4, 4), np.float32))
    return (_FOLDER / "seed").read_bytes()


def read_onnx(contents):
    import onnx

    from tinygrad_mnist.interop.onnx_reading import module_of

    return module_of(onnx, contents)


def saved_bytes():
    tg.save({"model": nn.Linear(2, 2).state_dict(), "numbers": [1, 2.5, None, "x"]}, _FOLDER / "seed")
    return (_FOLDER / "seed").read_bytes()


def recipe(contents):
    try:
        values = json.loads(contents)
    except (ValueError, RecursionError):  # the reader is what takes the values
        return
    train.Recipe.from_dict(values)


def read_picture(path):
    from tinygrad_mnist.cli.picture_files import read_picture

    return read_picture(path)


def history_of(contents):
    return train.History.from_json(contents.decode("utf-8", "replace"))


#: By name, functions that make them.
READERS = {
    "model": lambda: Reader(by_path(model_file.load, ".safetensors"), [model_bytes()]),
    "checkpoint": lambda: Reader(from_bytes, [to_bytes(moment())]),
    "description": lambda: Reader(any_description, [description()]),
    "saved": lambda: Reader(by_path(saving.load, ".safetensors"), [saved_bytes()]),
    "idx": lambda: Reader(by_path(read_idx, ".idx"), [idx_bytes(), gzip.compress(idx_bytes())]),
    "array": lambda: Reader(by_path(read_picture, ".npy"), [array_file()]),
    "arrays": lambda: Reader(by_path(source.read, ".npz"), [arrays_file()]),
    "picture": lambda: Reader(
        by_path(read_picture, ".png"), [picture("PNG"), picture("BMP"), picture("GIF")], 700 << 20
    ),
    "history": lambda: Reader(history_of, [network().history.to_json().encode()]),
    "recipe": lambda: Reader(recipe, [json.dumps(dataclasses.asdict(train.Recipe())).encode()]),
    "onnx": lambda: Reader(read_onnx, [onnx_bytes()]),
}
