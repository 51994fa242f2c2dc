"""Derivatives of what was computed, and operations with a derivative of one's own, as in PyTorch."""

from .function import Function, FunctionCtx

__all__ = ["Function", "FunctionCtx"]
