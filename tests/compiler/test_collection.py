"""Collection of garbage is as it was after every recording, however it ended and whoever else records."""

import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.compiler.reads import Reads
from tinygrad_mnist.compiler.watch import Watcher
from tinygrad_mnist.errors import TraceError

X = tg.Tensor(np.ones(3, np.float32))


@pytest.fixture(params=[True, False], ids=["on", "off"])
def before(request):
    was = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if was else gc.disable)()


def fails(error):
    def f(x):
        assert not gc.isenabled()
        raise error

    return f


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_after_an_exception(before, error):
    with pytest.raises(error):
        tg.jit(fails(error))(X)
    assert gc.isenabled() is before


def test_after_a_value_is_asked_for(before):
    with pytest.raises(TraceError):
        tg.jit(lambda x: x * float(x.sum()))(X)
    assert gc.isenabled() is before


def test_after_a_recording_in_a_recording(before):
    def outer(x):
        with pytest.raises(ValueError):
            tg.jit(fails(ValueError))(np.ones(2, np.float32))
        assert not gc.isenabled()
        return x * 2

    tg.jit(outer)(X)
    assert gc.isenabled() is before


def test_two_threads_that_record_at_once(before):
    """In each order of ends, nothing is collected until both are done."""
    for first_in_ends_first in (True, False):
        inside, leave = [threading.Event(), threading.Event()], [threading.Event(), threading.Event()]
        during = []

        def record(k, inside=inside, leave=leave, during=during):
            with Watcher(Reads()).watching():
                tracer = sys.gettrace()
                sys.settrace(None)  # what waits here is no function of anybody's
                inside[k].set()
                leave[k].wait(60)
                during.append(gc.isenabled())
                sys.settrace(tracer)

        threads = [threading.Thread(target=record, args=(k,)) for k in range(2)]
        for k in range(2):
            threads[k].start()
            assert inside[k].wait(60)
        for k in (0, 1) if first_in_ends_first else (1, 0):
            leave[k].set()
            threads[k].join(60)
        assert during == [False, False]
        assert gc.isenabled() is before


FORK = """
import gc, os, threading
import numpy as np
import tinygrad_mnist as tg

inside, leave = threading.Event(), threading.Event()

def f(x):
    inside.set()
    leave.wait(60)
    return x * 2

thread = threading.Thread(target=tg.jit(f), args=(tg.Tensor(np.ones(3, np.float32)),))
thread.start()
assert inside.wait(60) and not gc.isenabled()
child = os.fork()
if not child:
    os._exit(7 if gc.isenabled() else 8)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert not gc.isenabled()
leave.set()
thread.join()
assert gc.isenabled()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_fork_while_another_thread_records():
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], check=True, timeout=120)
