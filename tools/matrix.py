"""The version matrix: the telling tests under every Python here, with the oldest and the newest packages.

    python tools/matrix.py                       every Python from 3.11 on that is found
    python tools/matrix.py --python python3.12   these only
    python tools/matrix.py --canary              with pre-releases of NumPy and Numba, also beyond the upper
                                                 bound, which is moved behind what passes
    python tools/matrix.py --tests tests         the whole suite instead of the telling part
    python tools/matrix.py --record              also writes the table to docs/matrix.md; rows of others stay

Each row is a fresh environment into which the package is installed as users install it. "oldest" pins every
requirement of the package to the lower bound that pyproject.toml states for that Python.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "matrix.md"
TELLING = """
tests/test_first.py tests/core/test_foreign_dtypes.py tests/compiler/test_jit_golden.py
tests/compiler/test_numba_disabled.py tests/cli/test_cli_doctor.py
"""
NEEDED_BY_TESTS = ("pytest>=8", "pytest-xdist>=3", "hypothesis>=6.100", "pillow>=10")
SHOWN = ("numpy", "numba", "llvmlite")


def pythons() -> list[str]:
    """The newest of each Python from 3.11 on: on PATH, and where pyenv keeps them."""
    kept = (Path.home() / ".pyenv" / "versions").glob("*/bin/python3")
    named = [shutil.which(f"python3.{minor}") for minor in range(11, 30)]
    found: dict[tuple[int, int], tuple[tuple[int, ...], str]] = {}
    for path in [*map(str, kept), *filter(None, named)]:
        ask = [path, "-c", "import sys, venv; print(*sys.version_info[:3], sys.version_info[3])"]
        done = subprocess.run(ask, capture_output=True, text=True)
        if done.returncode:
            continue
        *numbers, level = done.stdout.split()
        version = tuple(map(int, numbers))
        if level == "final" and version >= (3, 11):
            found[version[:2]] = max(found.get(version[:2], (version, path)), (version, path))
    return [path for _, path in sorted(found.values())]


def lower_bounds() -> list[str]:
    """The package's requirements at their lower bounds, with their markers."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pinned = []
    for requirement in wanted:
        name, bound, marker = re.fullmatch(r"([\w-]+)>=([\d.]+)[^;]*(?:;\s*(.+))?", requirement).groups()
        pinned.append(f"{name}=={bound}" + (f"; {marker}" if marker else ""))
    return pinned


def moved(text: str, version: str) -> str:
    """pyproject.toml with Numba's upper bound behind a version that passed."""
    major, minor = _parts(version)[:2]
    found = re.search(r'"numba>=[\d.]+,<([\d.]+)"', text)
    if found is None or _parts(found[1]) > (major, minor):
        return text
    return text[: found.start(1)] + f"{major}.{minor + 1}" + text[found.end(1) :]


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def row(python: str, kind: str, tests: list[str], variables: dict[str, str]) -> dict[str, str]:
    """One environment: installed, shown, tested."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([python, "-m", "venv", f"{place}/venv"], check=True)
        own = f"{place}/venv/bin/python"
        environment = {**os.environ, "TINYGRAD_MNIST_CACHE": f"{place}/cache", **variables}
        environment.pop("PYTHONPATH", None)
        install = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        extra = lower_bounds() if kind == "oldest" else []
        if kind == "pre-releases":
            extra = []
        began = time.perf_counter()
        done = subprocess.run(
            [*install, str(ROOT), *NEEDED_BY_TESTS, *extra], capture_output=True, text=True, env=environment
        )
        if kind == "pre-releases" and not done.returncode:  # beyond the bounds, which are what is asked about
            beyond = ["--pre", "--upgrade", "--no-deps", "numpy", "numba", "llvmlite"]
            done = subprocess.run([*install, *beyond], capture_output=True, text=True, env=environment)
        version = subprocess.run(
            [own, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True
        ).stdout.strip()
        result = {"Python": version, "packages": kind, **dict.fromkeys(SHOWN, "")}
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            return {**result, "result": "does not install"}
        show = f"from importlib.metadata import version as v; print(*map(v, {SHOWN}))"
        shown = subprocess.run([own, "-c", show], capture_output=True, text=True, check=True)
        result |= zip(SHOWN, shown.stdout.split(), strict=True)
        installed = time.perf_counter()
        # The tests run beside the installed package, not in the tree, which would hide it.
        shutil.copytree(ROOT / "tests", f"{place}/tests", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", place)
        command = [own, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *tests]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, env=environment)
        last = next((line for line in reversed(done.stdout.splitlines()) if " in " in line), "no tests ran")
        if done.returncode:
            print(done.stdout[-4000:], done.stderr[-2000:], file=sys.stderr)
        print(
            f"installed in {installed - began:.0f} s, tested in {time.perf_counter() - installed:.0f} s",
            file=sys.stderr,
        )
        return {**result, "result": last.strip("= ").split(" in ")[0]}


def page(rows: list[dict[str, str]], tests: list[str]) -> str:
    heads = list(rows[0])
    table = [heads, ["---"] * len(heads), *([r[h] for h in heads] for r in rows)]
    return "\n".join(
        [
            "# The version matrix",
            "",
            f"Written by `python tools/matrix.py --record` on {time.strftime('%Y-%m-%d')}: each row is a",
            "fresh environment into which the package was installed, and what the tests said there. *Oldest*",
            "pins every requirement of the package to the lower bound in `pyproject.toml`.",
            "",
            *("| " + " | ".join(line) + " |" for line in table),
            "",
            f"The tests: `{' '.join(tests)}`.",
            "",
        ]
    )


def recorded() -> list[dict[str, str]]:
    """The rows that are in the page."""
    lines = PAGE.read_text().splitlines() if PAGE.exists() else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [dict(zip(cells[0], line, strict=True)) for line in cells[2:]]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", nargs="+", default=None)
    parser.add_argument("--canary", action="store_true")
    parser.add_argument("--tests", nargs="+", default=TELLING.split())
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    wanted = options.python or pythons()
    kinds: list[tuple[str, dict[str, str]]] = [("oldest", {}), ("newest", {})]
    if options.canary:
        kinds = [("pre-releases", {})]
    jobs = [(python, kind, variables) for python in wanted for kind, variables in kinds]
    if not options.canary:
        jobs.append((wanted[-1], "newest, NUMBA_DISABLE_JIT=1", {"NUMBA_DISABLE_JIT": "1"}))
    rows = []
    for python, kind, variables in jobs:
        rows.append(row(python, kind, options.tests, variables))
        print("  ".join(rows[-1].values()), flush=True)
    if options.canary and all("passed" in r["result"] and "failed" not in r["result"] for r in rows):
        project = ROOT / "pyproject.toml"
        project.write_text(moved(project.read_text(), min((r["numba"] for r in rows), key=_parts)))
    if options.record:
        anew = {(r["Python"], r["packages"]) for r in rows}
        kept = [r for r in recorded() if (r["Python"], r["packages"]) not in anew]
        together = sorted([*kept, *rows], key=lambda r: [int(part) for part in r["Python"].split(".")])
        PAGE.write_text(page(together, options.tests))
    return any("failed" in r["result"] or "error" in r["result"] or "not" in r["result"] for r in rows)


if __name__ == "__main__":
    sys.exit(main())
