"""docs/oracle.json, where comparisons are kept, and docs/oracle.md, which is written from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from justified import JUSTIFIED, OUT, UNLIKE

DOCS = Path(__file__).parents[2] / "docs"
KEPT = DOCS / "oracle.json"


def read() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(KEPT.read_text())
    return kept


def write(kept: dict[str, Any]) -> None:
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    (DOCS / "oracle.md").write_text(text(kept))


def disagreements(kept: dict[str, Any]) -> list[tuple[str, str, str, str, str | None]]:
    """(operation, library, part, example, why) of what `compare.py` found."""
    return [
        (name, library, part, example, JUSTIFIED.get((name, library, part)))
        for name, libraries in kept["operations"].items()
        for library, parts in libraries.items()
        for part, example in (parts or {}).items()
    ]


def agreeing(samples: dict[str, Any]) -> tuple[int, int]:
    """(operations that agree on every sample, operations compared)."""
    done = samples["operations"].values()
    return sum(not x["wrong"] for x in done), len(done)


def text(kept: dict[str, Any]) -> str:
    """The text of docs/oracle.md."""
    versions = " and ".join(f"{name} {version}" for name, version in kept["versions"].items())
    lines = [
        "# Where other libraries give something else",
        "",
        f"Written by `python tests/oracle/compare.py`, not by hand. Compared with {versions} in float32 and",
        "float64, on ordinary operands and on zeros of both signs, infinities, NaN, subnormal numbers, ties",
        "and large numbers. What is not listed agrees up to rounding.",
        "",
        "| operation | library | of the | example | why |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {library} | {part} | `{example}` | {why or 'not justified'} |"
        for name, library, part, example, why in disagreements(kept)
    ]
    samples = kept.get("samples")
    if samples:
        agree, total = agreeing(samples)
        lines += [
            "",
            "## PyTorch's own samples",
            "",
            f"Written by `python tests/oracle/samples.py` with PyTorch {samples['version']}: what PyTorch",
            "tests its operations with, given to ours of the same name with the same arguments: values,",
            f"shapes, dtypes, first derivatives. **{agree} of {total} operations ({agree / total:.1%}) agree",
            "on every sample and refuse every input that must raise.** The others, with how many of their",
            "samples; refused: we raise; differs: other numbers, shapes or dtypes; accepted: PyTorch raises,",
            "we do not.",
            "",
            "| operation | samples | how many | example | why |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {name} | {how} | {count} of {x['total']} | `{brief(example)}` | {reason(name)} |"
            for name, x in samples["operations"].items()
            for how, (count, example) in x["wrong"].items()
        ]
        lines += ["", "Not compared, though there is such a name:", "", "| operation | why |", "|---|---|"]
        lines += [f"| {name} | {why} |" for name, why in OUT.items()]
    return "\n".join(lines) + "\n"


def reason(name: str) -> str:
    return UNLIKE.get(name, "not justified")


def brief(text: str) -> str:
    text = text.replace("|", "/").replace("`", "'")
    return text if len(text) <= 120 else f"{text[:117]}..."
