"""Inner loops that LLVM is not to unroll before it makes vectors of them.

It would unroll a short one, and then make vectors of the rounds of the loop around it, whose numbers lie
apart in memory: 64 rows of 32 sums of two numbers took 610 ns in place of 115.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from .loops import Apply, Stmt, Store, inside

_LANES = 8  # of LLVM's vectors of float32
_LONG, _LONGEST = 24, 64  # rounds from which on a rest hardly counts, and up to which LLVM unrolls


def suits(count: Any, body: Sequence[Stmt]) -> bool:
    """Whether a loop is short, fills its vectors, and does nothing but store what operators give.

    Functions such as a sigmoid take so long that it makes no difference.
    """
    fits = isinstance(count, int) and count <= _LONGEST and (count % _LANES == 0 or count >= _LONG)
    return fits and all(map(_is_plain, body))


def _is_plain(statement: Stmt) -> bool:
    if not isinstance(statement, Store) or statement.place.role == "scalar":
        return False
    functions = [x.function for x in inside(statement.value) if isinstance(x, Apply)]
    return all(f.is_operator or f.module == "numpy" for f in functions)


def stay_rolled(module: Any, back: Any) -> None:
    """Tell LLVM by the branch that leads from a round to the next."""
    no = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    own = module.add_metadata([no, ir.MetaDataString(module, f"loop {len(module.metadata)}")])
    own.operands = [own, no]  # a node that names itself is none of another loop's
    back.set_metadata("llvm.loop", own)
