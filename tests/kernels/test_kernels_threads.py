"""The team of threads: all ranks, exceptions, nesting, several callers, fork, exit; and the barrier."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.kernels import elementwise, threads
from tinygrad_mnist.kernels.arrays import lock, unlock
from tinygrad_mnist.kernels.barrier import ABANDONED, barrier
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.threads import team

ROUNDS = 100_000


@pytest.fixture(autouse=True)
def four_threads(monkeypatch):
    monkeypatch.setattr(threads, "_most", 4)


@kernel
def run_rounds(counter, values, ranks, rank, rounds):
    """Each round all write their number, wait, look at all the others', and wait: how many were wrong."""
    state = unlock(True)
    wrong = 0
    for i in range(rounds):
        values[rank] = i
        if not barrier(counter, ranks):
            break
        for other in range(ranks):
            wrong += values[other] != i
        barrier(counter, ranks)
    lock(state)
    return wrong


def rounds_of(workers, rounds, counter=None):
    counter = workers.counter if counter is None else counter
    values = np.full(8 * workers.count, -1, np.int64)[:: 8 * workers.count // workers.count].copy()
    wrong = [None] * workers.count

    def share(rank):
        wrong[rank] = run_rounds(counter, values, workers.count, rank, rounds)

    workers.run(share)
    return wrong


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_nobody_passes_a_barrier_early(ranks):
    with team(ranks) as workers:
        assert workers.count == ranks
        rounds_of(workers, 1)
    with team(ranks) as workers:  # more threads than cores take their turns through the scheduler
        assert rounds_of(workers, ROUNDS if ranks == 2 else ROUNDS // 10) == [0] * ranks


def test_a_barrier_of_one_is_none():
    counter = np.zeros(1, np.int64)
    assert run_rounds(counter, np.zeros(1, np.int64), 1, 0, ROUNDS) == 0
    assert counter[0] == 0


def test_a_counter_that_is_not_int64_is_refused():
    signature = (types.Array(types.float64, 1, "C"), types.int64[::1], types.int64, types.int64, types.int64)
    with pytest.raises(Exception, match="barrier"):
        run_rounds.compile(signature)


def test_every_rank_is_called_once_and_at_once():
    seen, meeting = [], threading.Barrier(4, timeout=10)

    def share(rank):
        seen.append((rank, threading.current_thread() is threading.main_thread()))
        meeting.wait()

    with team(4) as workers:
        for _ in range(3):
            seen.clear()
            workers.run(share)
            assert sorted(seen) == [(0, True), (1, False), (2, False), (3, False)]


@pytest.mark.parametrize("failing", [0, 1, 3])
def test_an_exception_comes_out_and_frees_those_who_wait(failing):
    values = np.zeros(4, np.int64)

    def share(rank):
        if rank == failing:
            raise KeyError(rank)
        run_rounds(workers.counter, values, 4, rank, ROUNDS)

    with team(4) as workers:
        with pytest.raises(KeyError, match=str(failing)):
            workers.run(share)
        assert workers.counter[0] >= ABANDONED
    with team(4) as workers:
        assert rounds_of(workers, 10) == [0] * 4


def test_ctrl_c_waits_for_the_others():
    ended = []

    def share(rank):
        if rank == 0:
            raise KeyboardInterrupt
        pause = threading.Event()
        pause.wait(0.05)
        ended.append(rank)

    with team(3) as workers, pytest.raises(KeyboardInterrupt):
        workers.run(share)
    assert sorted(ended) == [1, 2]


def test_whoever_comes_second_works_alone():
    counts = []

    def inside(rank):
        with team(4) as second:
            counts.append(second.count)
            second.run(lambda rank: counts.append(rank))

    with team(4) as workers:
        workers.run(inside)
    assert sorted(counts) == [0, 0, 0, 0, 1, 1, 1, 1]
    with team(4) as workers:
        other = threading.Thread(target=inside, args=(0,))
        counts.clear()
        other.start()
        other.join()
        assert counts == [1, 0]
        assert workers.count == 4


def test_one_worker_needs_nobody():
    with team(1) as workers:
        assert workers.count == 1
        workers.run(lambda rank: None)
        with team(4) as others:
            assert others.count == 4


def _in_child(pipe):
    with team(3) as workers:
        pipe.send((workers.count, rounds_of(workers, 10)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_has_a_team_of_its_own():
    with team(3) as workers:  # the fork comes while the parent's threads are in use
        rounds_of(workers, 10)
        receive, send = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(target=_in_child, args=(send,))
        child.start()
        assert receive.poll(30)
        assert receive.recv() == (3, [0] * 3)
        child.join(30)
        assert child.exitcode == 0


def run(code, **variables):
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_nothing_starts_at_import_and_an_exit_is_clean():
    code = (
        "import atexit, threading, tinygrad_mnist as tg\n"
        "from tinygrad_mnist.kernels.threads import team\n"
        "assert threading.active_count() == 1\n"
        "tg.set_num_threads(3)\n"
        "def use(most):\n"
        "    with team(most) as workers:\n"
        "        workers.run(lambda rank: None)\n"
        "        print(workers.count)\n"
        "use(2)\n"
        "atexit.register(use, 3)\n"
    )
    done = run(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[0] == "2"
    assert done.stdout.split()[1] in ("2", "3")  # some Pythons start no threads at exit


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", " "])
def test_a_wrong_variable_is_named(monkeypatch, value):
    monkeypatch.setattr(threads, "_most", None)
    monkeypatch.setenv(threads.VARIABLE, value)
    with pytest.raises(ValueError, match=f"{threads.VARIABLE} must be a whole number from 1 to 1,024"):
        tg.get_num_threads()


def test_where_the_number_of_threads_comes_from(monkeypatch):
    monkeypatch.setattr(threads, "_most", None)
    monkeypatch.setenv(threads.VARIABLE, "7")
    assert tg.get_num_threads() == 7
    monkeypatch.setattr(threads, "_most", None)
    monkeypatch.delenv(threads.VARIABLE)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert tg.get_num_threads() == cores
    tg.set_num_threads(np.int64(5))
    assert tg.get_num_threads() == 5
    with team(2) as workers:
        assert workers.count == 2


@pytest.mark.parametrize("n", [0, -2, 1.0, True])
def test_wrong_numbers_of_threads_are_refused(n):
    with pytest.raises((ValueError, TypeError), match=r"set_num_threads|integer"):
        tg.set_num_threads(n)


def test_a_kernel_that_threads_need_first_at_once_is_made_once():
    made = []

    class Kernel:
        def __init__(self):
            self.overloads = {}

        def compile(self, signature):
            time.sleep(0.01)
            self.overloads[signature] = signature

    def make():
        time.sleep(0.02)
        made.append(Kernel())
        return made[-1]

    later = elementwise._Later(make)

    def first(signature):
        later.compile(signature)
        return later.overloads[signature]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(first, range(4))) == [0, 1, 2, 3]
    assert len(made) == 1
