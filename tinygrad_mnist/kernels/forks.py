"""A fork waits until nothing is being compiled: the child would find locks taken for ever."""

import os
from typing import Any

from tinygrad_mnist.kernels.numba_door import compiler_lock, llvm_lock


def held_at_fork(lock: Any) -> None:
    """Have every fork take a lock first; of two, name first the one that is taken within the other."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


held_at_fork(llvm_lock)
held_at_fork(compiler_lock)
