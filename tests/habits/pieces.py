"""Pieces of code as people write them for PyTorch: read, their imports changed, run.

A piece is a function `piece_...` without arguments in a file of a folder; what it returns are its numbers.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def with_imports_changed(text: str) -> str:
    """The text with `torch` imported from tinygrad_mnist; nothing but the import lines is touched."""
    changed = []
    for line in text.split("\n"):
        if re.match(r"(from|import) torch\b", line):
            line = re.sub(r"^(from|import) torch\b", r"\1 tinygrad_mnist", line)
            if line == "import tinygrad_mnist":
                line += " as torch"
        changed.append(line)
    return "\n".join(changed)


def pieces(folder: str, *, changed: bool) -> dict[str, Any]:
    """The pieces of a folder by name, "file.piece"."""
    found = {}
    for path in sorted((HERE / folder).glob("*.py")):
        text = path.read_text()
        namespace: dict[str, Any] = {"__name__": f"habits_{path.stem}"}
        exec(compile(with_imports_changed(text) if changed else text, str(path), "exec"), namespace)
        found |= {f"{path.stem}.{name[6:]}": f for name, f in namespace.items() if name.startswith("piece_")}
    return found


def plain(value: Any) -> Any:
    """Tuples as lists, as JSON has them; numbers as Python's."""
    if isinstance(value, tuple | list):
        return [plain(x) for x in value]
    return value if value is None or isinstance(value, bool | int | float | str) else float(value)
