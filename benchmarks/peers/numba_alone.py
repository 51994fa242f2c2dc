"""Numba without anything else: what its import costs is the least that ours can."""

from __future__ import annotations

import numba

PACKAGES = ("numba", "llvmlite")
VERSION = numba.__version__
