"""Kills trainings at random moments, lets them go on, and compares the end with that of an undisturbed one.

    python tests/train/kills.py --kills 200 [--seed 0]

A life ends by SIGKILL; the next one, with another number of threads, goes on from the checkpoints. Says so
and ends with status 1 if one step or bit is lost.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim, train
from tinygrad_mnist.train.checkpoints import newest

(IMAGES, LABELS), _ = tg.data.mnist()
IMAGES, LABELS = IMAGES[:3000], LABELS[:3000]


def by_recipe(**changes):
    """A training by `run`."""

    def job(checkpoints):
        recipe = train.Recipe(hidden=(16,), epochs=3, batch_size=10, seed=3).but(**changes)
        network = train.run(recipe, IMAGES, LABELS, checkpoint=checkpoints)
        return network.model, network.history

    return job


def with_dropout(compiled):
    """A training by `fit` that draws random numbers, averages batches, and stops early."""

    def job(checkpoints):
        generator = tg.Generator(5)
        model = nn.Sequential(
            nn.Linear(784, 12, generator=generator), nn.BatchNorm1d(12), nn.ReLU(),
            nn.Dropout(0.2, generator=generator), nn.Linear(12, 10, generator=generator),
        )  # fmt: skip
        rows, size = IMAGES.reshape(-1, 784), 1200 if compiled else 400
        optimiser = optim.Adam(model.parameters(), optim.schedules.cosine(0.01, 400))
        history = train.fit(
            model, optimiser, nn.cross_entropy, rows[:size], LABELS[:size], epochs=8, batch_size=16, seed=2,
            validation=(rows[2600:], LABELS[2600:]), compiled=compiled, checkpoint=checkpoints,
            early_stopping=train.EarlyStopping(patience=3),
        )  # fmt: skip
        return model, history

    return job


JOBS = {
    "sgd": by_recipe(),
    "augmented": by_recipe(augment=1.0, cost="cross-entropy", optimiser="adamw", validation=0.1),
    "momentum": by_recipe(momentum=0.9, rate=0.5, hidden=(24, 16), batch_size=7),
    "dropout, compiled": with_dropout(True),
    "dropout, eager": with_dropout(False),
}


def live(job, folder, threads, steps):
    """Train, or go on training, in a process of its own; its end is in the folder."""
    child = os.fork()
    if child:
        return child
    try:
        tg.set_num_threads(threads)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model, history = JOBS[job](train.Checkpoints(folder / "checkpoints", steps=steps, resume=True))
        end = {name: np.asarray(x).tobytes().hex() for name, x in model.state_dict().items()}
        end["history"] = history.to_json(times=False)
        (folder / "end.tmp").write_text(json.dumps(end))
        os.replace(folder / "end.tmp", folder / "end.json")
        os._exit(0)
    except BaseException as error:
        print(f"{job}: {type(error).__name__}: {error}", flush=True)
        os._exit(1)


def ended(child, seconds=None):
    """Whether it ended by itself; after so many seconds it is killed. RuntimeError if it failed."""
    if seconds is not None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.001)
        else:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
    else:
        _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError("a life ended with an error")
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", nargs="*", default=list(JOBS), choices=list(JOBS))
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    lives = kills = trainings = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as root:
        references, length = {}, {}
        for job in arguments.jobs:
            folder = Path(root) / f"undisturbed {job}"
            folder.mkdir()
            ended(live(job, folder, 1, 10**9))  # whatever has to be compiled
            (folder / "checkpoints").rename(folder / "first")
            start = time.monotonic()
            ended(live(job, folder, 1, 10**9))
            length[job] = time.monotonic() - start
            references[job] = (folder / "end.json").read_text()
        while kills < arguments.kills:
            for job in arguments.jobs:
                trainings += 1
                folder = Path(root) / f"{trainings}"
                folder.mkdir()
                steps, reached = chance.choice([3, 10, 37, 150]), 0
                while True:
                    lives += 1
                    # ever longer lives, so that a training that begins anew each time would be found out
                    seconds = chance.uniform(0, length[job]) if kills < arguments.kills else None
                    finished = ended(live(job, folder, chance.choice([1, 2]), steps), seconds)
                    kills += not finished
                    moment = newest(folder / "checkpoints") if (folder / "checkpoints").exists() else None
                    step = moment.step if moment else 0
                    if step < reached:
                        sys.exit(f"{job}: step {reached} was saved, but the next life left {step}")
                    reached = step
                    if finished:
                        break
                if (folder / "end.json").read_text() != references[job]:
                    sys.exit(f"{job}: after its lives the network is not the undisturbed one")
    print(
        f"{kills} kills in {lives} lives of {trainings} trainings, {time.monotonic() - began:.0f} s: "
        "nothing lost, the same bits"
    )


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
