"""What the README and docs/ tell people to write is run, links lead somewhere, the site is built.

A page's ```python blocks are one program. `<!-- needs: torch -->` before a block leaves it out where that
optional peer is not installed. Blocks that are no programs stand in `PIECES`, commands that are not run here
in `ELSEWHERE`.
"""

import gzip
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_mnist import data, model_file, train
from tinygrad_mnist.cli import main

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(?:<!-- needs: (\w+) -->\n)?```python\n(.*?)```", re.DOTALL)
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
NAMES = sorted(
    str(path.relative_to(ROOT))
    for path in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "tutorial").glob("*.md"),
    ]
)
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}

#: page -> {beginning of a block that is no program: why}
PIECES = {
    "docs/adding.md": {"from tinygrad_mnist.declaring import reduction": "derivatives left out, as ..."},
    "docs/vmap.md": {"f = lambda x": "np and tg are meant"},
}
EXTRAS = {"docs/sklearn.md": "sklearn", "docs/onnx.md": "onnxruntime", "docs/notebooks.md": "anywidget"}

#: beginning of a command that is not run here -> why
ELSEWHERE = {
    "pip install": "the gate installs",
    "python -m venv": "the gate makes one",
    ". .venv": "the gate makes one",
    "TINYGRAD_MNIST_CHECK=1 pytest": "runs this",
    "python tests/oracle/": "needs PyTorch and JAX, and minutes",
    "bash .ci/run": "is the gate",
    "pytest": "runs this",
    "make": "its lines are commands of this list",
    "ruff": "is in the gate",
    "mypy": "is in the gate",
    "python tests/core/": "tests/core/test_docs.py holds its result to be current",
    "tinygrad-mnist report": "trains for minutes: tests/lab/test_lab_report.py",
    "python tools/scaling.py": "tests/test_tools.py",
    "mpiexec": "needs an MPI: tests/cluster/test_ranks.py",
    "dask": "serves until it is stopped: tests/train/test_elsewhere.py",
    "tinygrad-mnist sweep --hidden 16 32 64 --on dask": "needs that scheduler",
    "tinygrad-mnist page digits.safetensors": "serves until it is stopped: tests/page",
    "tinygrad-mnist page": "serves until it is stopped: tests/page",
}
#: a command -> what makes a small one of it
SMALLER = {
    "train": "--epochs 1 --hidden 8 --batch-size 50 --eager",
    "sweep": "--epochs 1",
    "gradcheck": "",
}


def blocks(page):
    """(what it needs or "", text) of each block that is a program."""
    return [
        (need, text)
        for need, text in BLOCK.findall(TEXTS[page])
        if not text.startswith(tuple(PIECES.get(page, {})))
    ]


def commands(page):
    """Each command of a page, without its comment."""
    lines = [line for block in SHELL.findall(TEXTS[page]) for line in block.splitlines()]
    cut = [re.sub(r"\s+#.*", "", line).strip() for line in lines]
    return [command.strip() for line in cut if line and line[0] != "#" for command in line.split("&&")]


PAGES = [page for page in NAMES if blocks(page)]
COMMANDS = sorted({command for page in NAMES for command in commands(page)})
RUN = [command for command in COMMANDS if not command.startswith(tuple(ELSEWHERE)) or "--static" in command]


def installed(name):
    return importlib.util.find_spec(name) is not None


def test_blocks_and_commands_are_found(capsys):
    text = "a\n<!-- needs: torch -->\n```python\nx\n```\n```sh\ny\n```\n```python\nz\n```\n"
    assert BLOCK.findall(text) == [("torch", "x\n"), ("", "z\n")]
    assert SHELL.findall(text) == ["y\n"]
    for page, pieces in PIECES.items():
        for start in pieces:
            assert any(block.startswith(start) for _, block in BLOCK.findall(TEXTS[page])), (page, start)
    with capsys.disabled():
        count = sum(len(blocks(page)) for page in PAGES)
        print(f"\n{count} blocks of {len(PAGES)} pages, {len(RUN)} of {len(COMMANDS)} commands are run")


@pytest.mark.parametrize("page", PAGES)
def test_page(page, tmp_path):
    if page in EXTRAS:
        pytest.importorskip(EXTRAS[page])
    program = "\n".join(text for need, text in blocks(page) if not need or installed(need))
    (tmp_path / "page.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "-W", "error", "page.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    if page == "README.md":
        assert float(re.search(r"test accuracy (\S+)%", done.stdout)[1]) > 96


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with what the commands name: a model, a picture, some of the digits."""
    place = tmp_path_factory.mktemp("commands")
    (images, labels), (unseen, unseen_labels) = data.mnist()
    (place / "FOLDER").mkdir()
    for name, these, those in (
        ("train", images[:1000], labels[:1000]),
        ("t10k", unseen[:200], unseen_labels[:200]),
    ):
        shape = b"".join(n.to_bytes(4, "big") for n in these.shape)
        raw = b"\0\0\x08\x03" + shape + these.tobytes()
        (place / "FOLDER" / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(raw, 1))
        raw = b"\0\0\x08\x01" + len(those).to_bytes(4, "big") + those.astype("u1").tobytes()
        (place / "FOLDER" / f"{name}-labels-idx1-ubyte").write_bytes(raw)
    recipe = train.Recipe(hidden=(16, 16)).but(epochs=1, batch_size=50)
    model_file.save(
        train.run(recipe, images[:1000], labels[:1000], compiled=False), place / "digits.safetensors"
    )
    image = pytest.importorskip("PIL.Image")
    image.fromarray(unseen[0]).save(place / "my_digit.png")
    (place / "my_checks.py").write_text(blocks("docs/gradcheck.md")[0][1])
    return place


@pytest.mark.parametrize("command", RUN)
def test_command(command, place, monkeypatch, capsys):
    """In this process, which is quicker than another."""
    if "--onnx" in command:
        pytest.importorskip("onnxruntime")
    if "--figure" in command:
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(place)
    monkeypatch.setenv("TINYGRAD_MNIST_DATA", str(place / "FOLDER"))
    words = shlex.split(command)
    while words[0].startswith("TINYGRAD_MNIST_"):
        words.pop(0)
    program, *rest = words
    assert program == "tinygrad-mnist", f"{command}: run it, or say in ELSEWHERE why not"
    if "--resume" not in rest:
        shutil.rmtree(place / "run", ignore_errors=True)
    if "--help" not in rest and not (place / "run").exists():
        rest += SMALLER.get(rest[0], "").split()
    try:
        status = main(rest)
    except SystemExit as end:
        status = end.code
    assert not status, capsys.readouterr().err


@pytest.mark.parametrize("page", NAMES)
def test_links_lead_somewhere(page):
    here = (ROOT / page).parent
    links = re.findall(r"\]\(([^)\s]+)", TEXTS[page])
    for link in links:
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (here / path).resolve() if path else ROOT / page
        assert target.exists(), link
        if anchor:
            heads = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}, link


def test_every_page_is_in_the_site():
    listed = re.findall(r"^[\w/-]+$", TEXTS["docs/index.md"], re.MULTILINE)
    pages = {name[5:-3] for name in NAMES if name.startswith("docs/")} - {"index"}
    assert pages == set(listed) - {"reference/index"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def test_the_site_is_built_without_a_warning_and_asks_nobody(site):
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe|source)\b[^>]*?\bsrc=\"([^\"]+)\"", text)
        loaded += re.findall(
            r"<link\b(?=[^>]*\brel=\"(?:stylesheet|preload|icon)\")[^>]*?\bhref=\"([^\"]+)\"", text
        )
        loaded += re.findall(r"(?:@import\s+|url\()[\"']?([^\"')\s]+)", text) if path.suffix == ".css" else []
        outside = [source for source in loaded if re.match(r"(https?:)?//", source)]
        assert not outside, path


def test_the_readme_counts_lines_as_the_tool_does():
    done = subprocess.run(
        [sys.executable, "tools/size.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    counted = [
        int(number.replace(",", "")) for number in re.findall(r"^ *([\d,]+)", done.stdout, re.MULTILINE)
    ]
    told = [int(number.replace(",", "")) for number in re.findall(r"about (\d,\d{3})", TEXTS["README.md"])]
    assert len(told) == 2
    assert told == pytest.approx(counted[:2], rel=0.05)


def test_hooks_are_the_gates():
    gate = re.findall(
        r"^(?:python -m )?(ruff check .|mypy.*)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE
    )
    hooks = re.findall(r"entry: python -m (.+)", (ROOT / ".pre-commit-config.yaml").read_text())
    assert len(gate) == 2
    assert set(gate) <= set(hooks)
