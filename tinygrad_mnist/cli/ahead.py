"""What a training's end needs, compiled while its beginning is: the first time on a machine takes less time.

Numba compiles one thing at a time in a process. So another one, on a processor that would have nothing to do,
runs the article's network once, which leaves the kernels on the disk.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from subprocess import DEVNULL

from .. import no_grad, zeros
from ..kernels.cache_folder import cache_directory
from ..kernels.threads import get_num_threads
from ..nn.functional import linear, sigmoid
from ..nn.functional.regression import quadratic_cost
from ..train.evaluation import CHUNK


@contextmanager
def compiled_beside() -> Iterator[None]:
    """Within the block another process compiles, if the disk has nothing yet and there are two processors."""
    folder = cache_directory()
    if folder is None or any(folder.iterdir()) or get_num_threads() < 2:
        yield
        return
    process = None
    with suppress(OSError):  # then not: it would only have been quicker
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],  # -P: what lies in this folder is not to be run
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
            start_new_session=True,  # Ctrl-C is for the training
        )
    try:
        yield
    finally:
        if process:
            process.kill()
            process.wait()


def main() -> None:
    """Do what `evaluate` does, the largest kernel first: the training needs it, too."""
    with no_grad():
        outputs = sigmoid(linear(zeros((CHUNK, 784)), zeros((10, 784)), zeros(10)))
        quadratic_cost(outputs, zeros((CHUNK, 10))).item()


if __name__ == "__main__":
    main()
