"""Damaged files for every reader: each ends in a right answer or in one line that says what is wrong.

    python tests/cli/damage.py --count 5000            # all kinds; or name some: model gz picture ...

Prints a line for each kind: how many there were, what became of them, the longest time and the memory that
one took. Memory is limited while it runs, so that a reader that allocates what a file claims fails.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import io
import json
import random
import resource
import struct
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import tinygrad_mnist as tg
from tinygrad_mnist import data, model_file, nn, optim, train
from tinygrad_mnist.cli.light import UnevenLightWarning
from tinygrad_mnist.cli.picture_files import read_picture
from tinygrad_mnist.cli.pictures import as_mnist
from tinygrad_mnist.errors import TinygradMnistError
from tinygrad_mnist.sweep import Outcome
from tinygrad_mnist.sweep.shelf import Shelf
from tinygrad_mnist.train import checkpoint_file

MOST_SECONDS = 20.0
MOST_MEMORY = 1_500_000_000

RECIPE = train.Recipe(hidden=(3,), epochs=1, batch_size=5, validation=0.2)
IMAGES = np.random.default_rng(0).integers(0, 255, (20, 4, 4), np.uint8)
LABELS = np.arange(20) % 3

NUMBERS = [
    "0",
    "-1",
    "1e999",
    "NaN",
    "9" * 400,
    "1e-400",
    "true",
    "null",
    '""',
    "[]",
    "{}",
    '"\\u001b[2J"',
    "-0.0",
]


def _idx() -> bytes:
    return struct.pack(">HBB3I", 0, 8, 3, *IMAGES.shape) + IMAGES.tobytes()


def _npy() -> bytes:
    file = io.BytesIO()
    np.save(file, IMAGES[0].astype(np.float32))
    return file.getvalue()


def _picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.kron(IMAGES[0], np.ones((5, 5), np.uint8))).save(file, kind)
    return file.getvalue()


def _model(folder: Path) -> bytes:
    model_file.save(train.run(RECIPE, IMAGES, LABELS, compiled=False), folder / "model")
    return (folder / "model").read_bytes()


def _result(folder: Path) -> bytes:
    Shelf(folder, IMAGES, LABELS).put(Outcome(RECIPE, 63, 1.0, 0.5, 0.1))
    return next(folder.glob("*.json")).read_bytes()


def _checkpoint() -> bytes:
    state = {"model": nn.Linear(2, 2, generator=tg.Generator(0)).state_dict(), "numbers": [1, 2.5, None, "x"]}
    return checkpoint_file.to_bytes(checkpoint_file.Moment(3, {"rate": 0.1, "sizes": (2, 2)}, state))


def _saved(folder: Path) -> bytes:
    model = nn.Sequential(nn.Linear(2, 2, generator=tg.Generator(0)), nn.BatchNorm1d(2), nn.ReLU())
    optimiser = optim.Adam(model.parameters(), lr=0.1)
    tg.save({"model": model, "optimiser": optimiser, "numbers": [1, 2.5, None, "x"]}, folder / "saved")
    return (folder / "saved").read_bytes()


def _read_recipe(path: Path) -> None:
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return  # what is no JSON is found before
    train.Recipe.from_dict(values)


def _read_checkpoint(path: Path) -> None:
    checkpoint_file.from_bytes(path.read_bytes())


def _read_picture(path: Path) -> None:
    made = as_mnist(read_picture(path), (28, 28))
    assert made.shape == (28, 28)
    assert made.any()


def _read_model(path: Path) -> None:
    network = model_file.load(path)
    assert np.isfinite(network.outputs(np.zeros((1, *network.image_size)))).all()


def _read_history(path: Path) -> None:
    train.History.from_json(path.read_text(encoding="utf-8", errors="replace")).to_json()


def _read_result(path: Path) -> None:
    shelf = Shelf(path.parent, IMAGES, LABELS)
    found = shelf.find(RECIPE)
    assert found is None or found.possible()


#: Kind: the good file, its name, what reads it.
Kind = tuple[bytes, str, Callable[[Path], object]]


def kinds(folder: Path) -> dict[str, Kind]:
    """Every kind of file that somebody else may have written."""
    result = _result(folder)
    name = next(folder.glob("*.json")).name
    history = train.History([train.EpochRecord(1, 0.5, 0.5, 1.0)]).to_json().encode()
    return {
        "model": (_model(folder), "model", _read_model),
        "idx": (_idx(), "idx", data.read_idx),
        "gz": (gzip.compress(_idx()), "idx.gz", data.read_idx),
        "npy": (_npy(), "picture.npy", _read_picture),
        **{kind.lower(): (_picture(kind), f"picture.{kind.lower()}", _read_picture)
           for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")},
        "result": (result, name, _read_result),
        "history": (history, "history", _read_history),
        "recipe": (json.dumps(dataclasses.asdict(RECIPE)).encode(), "recipe", _read_recipe),
        "checkpoint": (_checkpoint(), "checkpoint", _read_checkpoint),
        "saved": (_saved(folder), "saved", tg.load),
    }  # fmt: skip


def damaged(good: bytes, chance: random.Random) -> bytes:
    """The file with one to four damages: bits, bytes, numbers, pieces cut, doubled or put in."""
    content = bytearray(good)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(content) + 1)
        to = min(at + chance.choice((1, 2, 4, 8, 40)), len(content))
        match chance.randrange(10):
            case 0 if at < len(content):
                content[at] ^= 1 << chance.randrange(8)
            case 1:
                content[at:to] = chance.randbytes(to - at)
            case 2:
                del content[at:]
            case 3:
                del content[at:to]
            case 4:
                content[at:at] = chance.randbytes(chance.choice((1, 4, 1000)))
            case 5:
                content[at:to] = b"\xff" * (to - at)
            case 6:
                content[at:to] = struct.pack(
                    chance.choice("<>") + "Q", chance.choice((0, 1, 2**31, 2**32 - 1, 2**63))
                )
            case 7:
                content += content[at:]
            case 8:
                _swap_number(content, chance)
            case 9 if at < len(content):
                content[at] = chance.choice(b'{}[]",:\x00\x1b09-')
    return bytes(content)


def _swap_number(content: bytearray, chance: random.Random) -> None:
    """Put another value in place of one of JSON, and keep safetensors' length of its head."""
    places = [i for i, c in enumerate(content) if c in b":," and content[i + 1 : i + 2].strip() != b""]
    if places:
        start = chance.choice(places) + 1
        end = start
        while end < len(content) and content[end] not in b",}]":
            end += 1
        before = len(content)
        content[start:end] = chance.choice(NUMBERS).encode()
        head = int.from_bytes(content[:8], "little")
        if 8 < start < 8 + head < before:
            content[:8] = max(head + len(content) - before, 0).to_bytes(8, "little")


def check(name: str, kind: Kind, folder: Path, count: int, seed: int) -> Counter[str]:
    """Read so many damaged files of a kind; AssertionError at the first that ends in another way."""
    good, file, read = kind
    path = folder / file
    path.write_bytes(good)
    read(path)
    ends, longest = Counter[str](), 0.0
    for i in range(count):
        content = damaged(good, random.Random(f"{name} {seed} {i}"))
        path.write_bytes(content)
        start = time.process_time()
        try:
            read(path)
            ends["read"] += 1
        except TinygradMnistError as error:
            ends["refused"] += 1
            ends["refused without a word"] += not str(error)
        except BaseException as error:
            raise AssertionError(f"{name} {seed} {i} ended in {type(error).__name__}: {error}") from error
        longest = max(longest, time.process_time() - start)
        assert longest < MOST_SECONDS, (name, i, longest)
    assert not ends["refused without a word"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
    counts = f"{ends['read']} read, {ends['refused']} refused"
    print(f"{name:8} {counts}, longest {longest:.2f} s, process at most {memory} MB", flush=True)
    return ends


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", UnevenLightWarning)
    with tempfile.TemporaryDirectory() as place:
        found = kinds(Path(place))
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY,) * 2)
        for name in options.names or found:
            check(name, found[name], Path(place), options.count, options.seed)


if __name__ == "__main__":
    sys.exit(main())
