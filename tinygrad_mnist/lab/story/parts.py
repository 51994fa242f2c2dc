"""What a report is made of: sections of text, figures and tables, and claims with what was measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Verdict: TypeAlias = Literal["holds", "nearly", "does not hold", "not measured"]


@dataclasses.dataclass(frozen=True)
class Claim:
    """Something the story says, and what became of it here.

    Attributes:
        said: in the story.
        measured: in words and numbers.
        verdict: whether the one supports the other.
    """

    said: str
    measured: str
    verdict: Verdict


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure, or SVG text, under a name that is a file's too, with a caption."""

    name: str
    content: Figure | str
    caption: str


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of text under a header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclasses.dataclass
class Section:
    """A chapter of the report.

    Attributes:
        name: of its numbers in the JSON file.
        title: what the reader sees.
        body: paragraphs, pictures and tables, in order.
        numbers: what was measured, for programs: whatever JSON holds.
        claims: of the story, that this chapter is about.
    """

    name: str
    title: str
    body: list[str | Picture | Table] = dataclasses.field(default_factory=list)
    numbers: dict[str, Any] = dataclasses.field(default_factory=dict)
    claims: list[Claim] = dataclasses.field(default_factory=list)


def verdict(holds: bool) -> Verdict:
    """In words."""
    return "holds" if holds else "does not hold"
