"""What pages of docs/ and the README tell people to write is run: a page's ```python blocks as one program.

`<!-- needs: torch -->` before a block leaves it out where that optional peer is not installed. Blocks that
are no programs stand in `PIECES`; every other one is run.
"""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(?:<!-- needs: (\w+) -->\n)?```python\n(.*?)```", re.DOTALL)

#: page -> {beginning of a block that is no program: why}
PIECES = {
    "README.md": {
        "# forward:": "lines of a generated function",
        "f = lambda x": "f of no particular x and v",
    },
    "docs/adding.md": {"from tinygrad_mnist.declaring import reduction": "derivatives left out, as ..."},
}
PAGES = [
    *PIECES,
    "docs/gradcheck.md",
    "docs/training.md",
    "docs/sklearn.md",
    "docs/onnx.md",
    "docs/notebooks.md",
]
EXTRAS = {"docs/sklearn.md": "sklearn", "docs/onnx.md": "onnxruntime", "docs/notebooks.md": "anywidget"}


def blocks(page):
    """(what it needs or "", text) of each block that is a program."""
    found = BLOCK.findall((ROOT / page).read_text())
    return [(need, text) for need, text in found if not text.startswith(tuple(PIECES.get(page, {})))]


def installed(name):
    return importlib.util.find_spec(name) is not None


def test_blocks_are_found():
    text = "a\n<!-- needs: torch -->\n```python\nx\n```\n```sh\ny\n```\n```python\nz\n```\n"
    assert BLOCK.findall(text) == [("torch", "x\n"), ("", "z\n")]
    assert all(blocks(page) for page in PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_page(page, tmp_path):
    if page in EXTRAS:
        pytest.importorskip(EXTRAS[page])
    program = "\n".join(text for need, text in blocks(page) if not need or installed(need))
    (tmp_path / "page.py").write_text(program)
    command = [sys.executable, "-W", "error", "page.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    if page == "README.md":
        assert float(re.search(r"test accuracy (\S+)%", done.stdout)[1]) > 96


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)", (ROOT / "docs" / page).read_text())
    missing = [x for x in links if "://" not in x and not (ROOT / "docs" / x).exists()]
    assert not missing
