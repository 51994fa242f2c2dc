"""Peers with something wrong, for the tests: the right result, changed by what the job's `wrong` says."""

import os

import numpy as np

from benchmarks.jobs import Skip


class Work:
    def __init__(self, task):
        self.wrong = task.options.get("wrong")
        if self.wrong == "skips":
            raise Skip("not today")
        self.y = np.exp(task["x"])

    def reset(self):
        pass

    def run(self, first, count):
        if self.wrong == "raises":
            raise RuntimeError("of no use\nmore of it")
        if self.wrong == "dies":
            os._exit(1)
        print("peers may print")

    def result(self):
        y = self.y
        return {
            None: lambda: {"y": y},
            "missing": dict,
            "value": lambda: {"y": y * np.float32(1.001)},
            "nan": lambda: {"y": np.full_like(y, np.nan)},
            "shape": lambda: {"y": y[:-1]},
            "precision": lambda: {"y": y.astype(np.float64)},
        }[self.wrong]()


call = Work
