"""A sweep on a real dask cluster here, whose worker is killed in the middle, and then its scheduler.

    python tests/train/kill_dask.py --recipes 60

The same command on a new cluster finishes it; what comes out is compared with the sweep by threads, and with
that by submitit's local executor. Prints a line for each part; fails at the first that differs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dask_cluster import cluster

PROGRAM = [sys.executable, "-m", "tinygrad_mnist", "sweep"]


def command(recipes: int, out: Path, *options: str) -> list[str]:
    """A sweep of so many recipes of four shapes, one epoch each."""
    seeds = [str(seed) for seed in range(-(-recipes // 12))]
    return [
        *PROGRAM, "--hidden", "8", "16", "16-16", "none", "--rate", "0.003", "0.01", "0.03",
        "--seeds", *seeds, "--epochs", "1", "--out", str(out), *options,
    ]  # fmt: skip


def outcomes(folder: Path) -> dict[str, tuple[object, ...]]:
    """What the files of a shelf say, times left out."""
    found = {}
    for path in folder.glob("*.json"):
        values = json.loads(path.read_text())
        found[path.name] = (values["accuracy"], values["cost"], values["failure"])
    return found


def wait_for(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 300
    while len(list(folder.glob("*.json"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", type=int, default=60)
    count = parser.parse_args().recipes
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        out = place / "dask"
        with cluster(str(place / "one")) as made:
            line = command(count, out, "--on", f"dask://{made.address}")
            process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            wait_for(out, count // 4, process)
            made.workers[0].kill()
            print(f"a worker killed after {len(outcomes(out))} of {count}", flush=True)
            wait_for(out, count // 2, process)
            made.scheduler.kill()
            begin = time.monotonic()
            _, errors = process.communicate(timeout=120)
            print(f"the scheduler killed: status {process.returncode} after {time.monotonic() - begin:.1f} s")
            print(f"  {errors.strip().splitlines()[-1]}")
            assert process.returncode == 2
            assert "does not answer any more" in errors, errors
        before = outcomes(out)
        with cluster(str(place / "two")) as made:
            line = command(count, out, "--on", f"dask://{made.address}")
            done = subprocess.run(line, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stderr
            print(f"the same command on a new cluster: {done.stdout.count('done before')} were done before")
            assert done.stdout.count("done before") == len(before)
        found = outcomes(out)
        for name, options in (("threads", []), ("submitit", ["--on", "submitit:local"])):
            other = place / name
            begin = time.monotonic()
            subprocess.run(command(count, other, *options), check=True, capture_output=True, timeout=900)
            assert outcomes(other) == found, name
            print(f"{name}: the same {len(found)} outcomes, {time.monotonic() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
