"""Feeds every reader of files damaged ones, guided by the code they reach where `atheris` is installed.

    pip install atheris
    python tests/fuzz/fuzz.py --seconds 60                  # each reader
    python tests/fuzz/fuzz.py --runs 1000000 --only model   # executions instead of seconds

A reader may raise this package's own errors and nothing else, takes at most 10 seconds, and allocates at most
four times the file's size beyond 2 MB (pictures, which are compressed, up to their stated limit). Without
atheris the damage is random. Ends with status 1, and leaves the file that did it, if something else happens.
"""

import argparse
import random
import re
import signal
import subprocess
import sys
import time
import tracemalloc
import types
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from readers import READERS

from tinygrad_mnist.errors import TinygradMnistError

MOST_SECONDS = 10
INSTRUMENTED = (
    "tinygrad_mnist.train",
    "tinygrad_mnist.data",
    "tinygrad_mnist.model_file",
    "tinygrad_mnist.saving",
    "tinygrad_mnist.interop",
    "tinygrad_mnist.cli.picture",
)
LOOKED_AT = 50  # each so many-th execution has its memory measured


class Slow(BaseException):
    """A reader did not end."""


def give_up(*_):
    raise Slow


class Target:
    """A reader under test: counts executions."""

    def __init__(self, name, reader):
        self.name, self.reader, self.count, self.most, self.alarms = name, reader, 0, 0, 0
        signal.signal(signal.SIGALRM, give_up)

    def __call__(self, contents):
        self.count += 1
        measured = self.count % LOOKED_AT == 0
        if measured:
            tracemalloc.start()
        if self.count % 500 == 1:
            signal.alarm(MOST_SECONDS)
        try:
            self.reader.read(contents)
        except TinygradMnistError:
            pass
        except BaseException as error:
            Path(f"damaged-{self.name.replace(' ', '-')}").write_bytes(contents)
            print(f"{self.name}: {type(error).__name__}: {str(error)[:300]}", flush=True)
            raise
        finally:
            if measured:
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
                self.most = max(self.most, peak)
                if peak > self.reader.most + 4 * len(contents):
                    Path(f"damaged-{self.name.replace(' ', '-')}").write_bytes(contents)
                    print(
                        f"{self.name}: {peak:,} bytes allocated for a file of {len(contents):,}", flush=True
                    )
                    raise MemoryError


def damaged(contents, chance):
    """Some bytes changed, lost, added or repeated."""
    data = bytearray(contents)
    for _ in range(chance.choice([1, 1, 1, 2, 4, 8])):
        at = chance.randrange(len(data) + 1)
        way = chance.randrange(6)
        if way == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif way == 1 and data:
            data[at % len(data)] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, 0x20, 0x22, 0x5B, 0x7B])
        elif way == 2:
            del data[at:]
        elif way == 3:
            del data[at : at + chance.randrange(1, 9)]
        elif way == 4:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9)))
        else:
            data[at:at] = data[max(0, at - chance.randrange(1, 33)) : at]
    return bytes(data)


def randomly(target, seconds, runs, seed):
    chance, end = random.Random(seed), time.monotonic() + seconds
    while (runs and target.count < runs) or (not runs and time.monotonic() < end):
        target(damaged(chance.choice(target.reader.seeds), chance))
    print(
        f"{target.name}: {target.count:,} executions, at random; most memory {target.most:,} bytes",
        flush=True,
    )


def guided(atheris, target, seconds, runs, seed, folder):
    """Does not come back: atheris ends the process."""
    for i, contents in enumerate(target.reader.seeds):
        (folder / f"seed-{i}").write_bytes(contents)
    limit = f"-runs={runs}" if runs else f"-max_total_time={max(1, round(seconds))}"
    options = [
        limit,
        f"-seed={seed + 1}",
        "-max_len=65536",
        "-verbosity=0",
        "-print_final_stats=1",
        "-rss_limit_mb=4096",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder)], target)
    atheris.Fuzz()


def instrument(atheris):
    """Have the functions of the readers tell which lines they reach."""
    ours = [m for n, m in sys.modules.items() if n.startswith(INSTRUMENTED)]
    for module in [*ours, sys.modules["json.decoder"], sys.modules["json.scanner"]]:
        for value in list(vars(module).values()):
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
                atheris.instrument_func(value)


def one(name, seconds, runs, seed, plain):
    import tempfile

    try:
        import atheris
    except ImportError:
        atheris = None
    if atheris and not plain:
        instrument(atheris)
    target = Target(name, READERS[name]())
    if atheris and not plain:
        with tempfile.TemporaryDirectory() as folder:
            guided(atheris, target, seconds, runs, seed, Path(folder))
    else:
        randomly(target, seconds, runs, seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="for each reader")
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--random", action="store_true", help="do not use atheris")
    parser.add_argument("--in-this-process", help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.in_this_process:
        one(given.in_this_process, given.seconds, given.runs, given.seed, given.random)
        return
    failed = []
    for name in given.only or READERS:
        command = [sys.executable, __file__, "--in-this-process", name, "--seconds", str(given.seconds)]
        command += [
            "--runs",
            str(given.runs),
            "--seed",
            str(given.seed),
            *(["--random"] if given.random else []),
        ]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        counted = re.search(r"number_of_executed_units: *(\d+)", done.stderr)
        if counted:
            print(f"{name}: {int(counted[1]):,} executions, guided by the lines they reach", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stderr[-3000:], file=sys.stderr)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
