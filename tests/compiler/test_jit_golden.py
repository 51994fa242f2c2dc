"""What readers see of the article's training step is what it was."""

from __future__ import annotations

import golden


def test_the_article_is_shown_as_it_was() -> None:
    for name, text in golden.texts().items():
        expected = (golden.FOLDER / name).read_text(encoding="utf-8")
        assert text == expected, f"{name} differs; if that is meant: python tests/compiler/golden.py"


def test_loops_within_show_which_row_is_at_hand() -> None:
    lines = [line.strip() for line in str(golden.loop().loops).splitlines()]
    assert "x: float32[8, 16] = args_2[t]" in lines


def test_the_article_is_short() -> None:
    lines = golden.article().source.splitlines()
    assert len(lines) <= 90
    phases = [line.split("#")[1].split(":")[0].strip() for line in lines if line.startswith("        # ")]
    assert phases == sorted(phases, key=["forward", "backward", "update"].index)  # each is in one place


def test_the_readme_shows_it() -> None:
    text = golden.README.read_text(encoding="utf-8")
    source = (golden.FOLDER / "python.txt").read_text(encoding="utf-8")
    assert source in text
    assert golden.shown(text, source) == text
