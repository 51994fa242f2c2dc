"""Compilation: a function recorded as a program, fused, printed as Python, compiled by Numba."""

from .function import CompiledFunction, jit

__all__ = ["CompiledFunction", "jit"]
