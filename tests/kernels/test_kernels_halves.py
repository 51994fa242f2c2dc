"""Products of two halves: the same bits as one thread's, whoever comes, goes, forks or is busy elsewhere."""

import multiprocessing
import os
import threading
import time

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.kernels import halves, mailbox, threads
from tinygrad_mnist.kernels.matmul import matmul
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.threads import lend, team

SHAPES = [(128, 128, 128), (9, 700, 200), (130, 70, 65), (3, 500, 400), (700, 900, 1)]


@pytest.fixture(autouse=True)
def two_threads():
    before = tg.get_num_threads()
    tg.set_num_threads(2)
    mailbox.words[mailbox.DEBT] = 0
    yield
    tg.set_num_threads(before)


class Attendance:
    """A thread that waits until it is recalled."""

    def __enter__(self):
        halves.attend.compile((types.int64,))
        assert lend(self)
        until(lambda: mailbox.words[mailbox.STATE] == mailbox.WAITING)
        return self

    def do(self):
        halves.attend(1 << 40)

    def __exit__(self, *_):
        mailbox.words[mailbox.RECALLED] = 1
        until(lambda: mailbox.words[mailbox.STATE] == mailbox.ABSENT)


def until(condition):
    last = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < last
        time.sleep(0.001)


def operands(shape, dtype, turned):
    m, depth, n = shape
    rng = np.random.default_rng(m + depth + n)
    a = rng.standard_normal((depth, m) if turned[0] else (m, depth)).astype(dtype)
    b = rng.standard_normal((n, depth) if turned[1] else (depth, n)).astype(dtype)
    return a.T if turned[0] else a, b.T if turned[1] else b


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_two_halves_have_the_bits_of_the_whole(shape, dtype):
    for turned in ((False, False), (False, True), (True, False), (True, True)):
        a, b = operands(shape, dtype, turned)
        tg.set_num_threads(1)
        wanted = matmul(a, b)
        tg.set_num_threads(2)
        with Attendance():
            for _ in range(4):
                mailbox.words[mailbox.DEBT] = 0
                np.testing.assert_array_equal(matmul(a, b), wanted)
        np.testing.assert_allclose(wanted, a.astype(float) @ b, rtol=0, atol=1e-3)


def test_the_second_half_is_computed_by_the_thread_that_waits():
    a, b = operands((512, 512, 512), np.float32, (False, False))
    with Attendance():
        mailbox.words[mailbox.RESULT] = 0

        def is_done_by_two():  # a thread that has lost its core may miss some
            mailbox.words[mailbox.DEBT] = 0
            matmul(a, b)
            return mailbox.words[mailbox.RESULT] == 1

        until(is_done_by_two)


def test_several_callers_get_their_own_products():
    tg.set_num_threads(1)
    pairs = [operands((100 + k, 128, 96), np.float32, (False, True)) for k in range(3)]
    wanted = [matmul(a, b) for a, b in pairs]
    tg.set_num_threads(2)
    wrong = []

    def caller(k):
        for _ in range(30):
            mailbox.words[mailbox.DEBT] = 0
            if not np.array_equal(matmul(*pairs[k]), wanted[k]):
                wrong.append(k)

    with Attendance():
        callers = [threading.Thread(target=caller, args=(k,)) for k in range(3)]
        for thread in callers:
            thread.start()
        for thread in callers:
            thread.join()
    assert not wrong


def test_a_team_has_its_thread_back():
    with Attendance(), team(2) as workers:
        ranks = []
        workers.run(ranks.append)
        assert sorted(ranks) == [0, 1]
        until(lambda: mailbox.words[mailbox.STATE] == mailbox.ABSENT)


def test_products_in_quick_succession_have_a_thread_wait_and_it_leaves():
    a, b = operands((128, 128, 128), np.float32, (False, False))

    def one_waited():
        for _ in range(20):
            mailbox.words[mailbox.DEBT] = 0
            matmul(a, b)
        return mailbox.words[mailbox.STATE] == mailbox.WAITING

    until(one_waited)
    until(lambda: mailbox.words[mailbox.STATE] == mailbox.ABSENT)


@pytest.mark.parametrize("how", ["one thread", "alone"])
def test_who_may_use_no_other_thread_does_not(how):
    a, b = operands((128, 128, 128), np.float32, (False, False))
    with Attendance():
        matmul(a, b)
        mailbox.words[mailbox.CODE] = 0
        if how == "alone":
            threads.alone()
        else:
            tg.set_num_threads(1)
        try:
            for _ in range(20):
                mailbox.words[mailbox.DEBT] = 0
                matmul(a, b)
            assert mailbox.words[mailbox.CODE] == 0
        finally:
            threads.alone(False)


def test_who_waited_long_for_the_other_half_works_alone_for_a_while():
    a, b = operands((128, 128, 128), np.float32, (False, False))
    with Attendance():
        mailbox.words[mailbox.DEBT], mailbox.words[mailbox.CODE] = 3 * 128**3, 0
        for _ in range(3):
            matmul(a, b)
        assert mailbox.words[mailbox.DEBT] == mailbox.words[mailbox.CODE] == 0
        matmul(a, b)
        assert mailbox.words[mailbox.CODE] != 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_waits_for_nobody():
    a, b = operands((128, 128, 128), np.float32, (False, False))
    wanted = matmul(a, b)
    with Attendance():
        child = multiprocessing.get_context("fork").Process(target=check, args=(a, b, wanted))
        child.start()
        child.join(60)
    assert child.exitcode == 0


def check(a, b, wanted):
    for _ in range(30):
        assert np.array_equal(matmul(a, b), wanted)
