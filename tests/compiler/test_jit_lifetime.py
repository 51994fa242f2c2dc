"""What a compiled function leaves behind: nothing in memory, and something useful where it is sent."""

from __future__ import annotations

import copy
import gc
import linecache
import os
import pickle
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import lifetimes
import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.compiler import build, function
from tinygrad_mnist.kernels.cache_folder import PROGRAM
from tinygrad_mnist.kernels.lifetime import _Codegen

X = tg.ones(3)


def double(x: tg.Tensor) -> tg.Tensor:
    return x * 2


@tg.jit
def triple(x: tg.Tensor) -> tg.Tensor:
    return x * 3


class Model:
    def __init__(self) -> None:
        self.k = 2.0
        self.step = tg.jit(self.forward)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return x * self.k

    @tg.jit
    def backward(self, x: tg.Tensor) -> tg.Tensor:
        return x / self.k


def _engines() -> int:
    gc.collect()
    return sum(type(x) is _Codegen for x in gc.get_objects())


def test_programs_go_with_their_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_KEPT", 1)
    monkeypatch.setattr(function, "_KEPT", 1)
    before = _engines()
    for _ in lifetimes.recordings(5, 10**9):
        pass
    assert _engines() - before <= 2
    assert not [name for name in sys.modules if name.startswith(PROGRAM)]
    assert not [path for path in linecache.cache if PROGRAM in path]


def test_reasons_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function, "_LOGGED", 3)
    rows = [1]
    f = tg.jit(lambda x: x.reshape(rows[0], -1))
    for rows[0] in range(1, 6):
        f(tg.ones(60))
    said = [line for line in f.explain().splitlines() if line.startswith("recorded")]
    assert len(said) == 3
    assert all("has changed" in line for line in said)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_errors_and_calls_leave_nothing_behind() -> None:
    assert lifetimes.growth(lambda: lifetimes.errors(600), 100) < 50  # 360 MB if a temporary stayed
    assert lifetimes.growth(lambda: lifetimes.calls(3000), 500) < 20


def test_sent_and_copied() -> None:
    fast, model = tg.jit(double), Model()
    fast(X), triple(X), model.step(X)
    for again in (pickle.loads(pickle.dumps(fast)), copy.deepcopy(fast), copy.copy(fast)):
        assert again(X).tolist() == [2.0] * 3
    assert pickle.loads(pickle.dumps(triple)) is triple
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        other.k = 5.0
        assert other.step(X).tolist() == [5.0] * 3
        assert model.step(X).tolist() == [2.0] * 3


def test_a_method_that_is_compiled_in_its_class() -> None:
    a, b = Model(), Model()
    b.k = 4.0
    assert [a.backward(X).tolist(), b.backward(X).tolist()] == [[0.5] * 3, [0.25] * 3]


def test_a_model_goes_on_in_another_process(tmp_path: Path) -> None:
    model = nn.MLP(3, 4, 2, generator=tg.Generator(0))
    opt = optim.Adam(model.parameters(), lr=0.1)
    step = (
        "cost = nn.cross_entropy(model(tg.ones((2, 3))), [0, 1])\n"
        "opt.zero_grad()\ncost.backward()\nopt.step()\n"
    )
    names = {"nn": nn, "tg": tg, "model": model, "opt": opt}
    for _ in range(50):
        exec(step, names)
    (tmp_path / "model").write_bytes(pickle.dumps((model, opt)))
    exec(step, names)
    code = (
        "import pickle, tinygrad_mnist as tg\nfrom tinygrad_mnist import nn\n"
        "model, opt = pickle.load(open('model', 'rb'))\n"
        f"{step}pickle.dump(model.state_dict(), open('state', 'wb'))\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    state = pickle.loads((tmp_path / "state").read_bytes())
    for name, x in model.state_dict().items():
        np.testing.assert_array_equal(state[name], np.asarray(x))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_while_another_thread_compiles() -> None:
    def work() -> None:
        for _ in lifetimes.recordings(4, 2 * 10**9):
            pass

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for k in range(2):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if child == 0:
                fresh = tg.jit(lambda x, k=k: x * (k + 2.5))
                os._exit(0 if fresh(X).tolist() == [k + 2.5] * 3 else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        thread.join()


def test_a_bound_on_threads() -> None:
    before = tg.get_num_threads()
    with pytest.raises(ValueError, match=r"at most 1,024, not 1,000,000"):
        tg.set_num_threads(10**6)
    assert tg.get_num_threads() == before
