"""Lines of code, without blanks, comments and docstrings: python tools/size.py

Of the parts that one reads to understand backward with its rules, of the compiler, and of the package.
"""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "tinygrad_mnist"
BACKWARD = (
    "kinds primitive core/interpreter core/tape core/autodiff "
    "ops/elementwise ops/views ops/reduce ops/contract"
)
#: The stages, in the order in which they work.
COMPILER = (
    "trace program loops viewing elements nesting totals reducing products updating lower verify share names "
    "readable merging rewriting whole text machine pieces stages build"
)
_NO_CODE = ("COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER")


def code_lines(path: Path) -> int:
    """How many lines of a file hold code."""
    text = path.read_text(encoding="utf-8")
    documentation: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            first = node.body[0]
            documentation.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if tokenize.tok_name[token.type] not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - documentation)


def main() -> None:
    groups = {
        "backward and its rules": [PACKAGE / f"{name}.py" for name in BACKWARD.split()],
        "the compiler's stages": [PACKAGE / "compiler" / f"{name}.py" for name in COMPILER.split()],
        "the folder of the compiler": sorted((PACKAGE / "compiler").glob("*.py")),
        "the package": sorted(PACKAGE.rglob("*.py")),
    }
    for title, paths in groups.items():
        print(f"{sum(map(code_lines, paths)):6,}  {title} ({len(paths)} files)")


if __name__ == "__main__":
    main()
