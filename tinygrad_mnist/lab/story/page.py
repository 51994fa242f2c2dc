"""The report as one HTML page that needs nothing else: styles and figures are inside it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

from ... import __version__
from ..figures import inline_svg
from .parts import Claim, Picture, Section, Table

_STYLE = Path(__file__).parent / "page.css"


def page(title: str, lead: Sequence[str], sections: Sequence[Section]) -> str:
    """The whole page. All text is escaped; SVG pictures go in as they are."""
    style = _STYLE.read_text(encoding="utf-8")
    claims = [claim for section in sections for claim in section.claims]
    links = "".join(f'<a href="#{s.name}">{html.escape(s.title)}</a>' for s in sections)
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title><style>{style}</style></head><body>",
        f"<h1>{html.escape(title)}</h1>",
        *(f'<p class="lead">{html.escape(text)}</p>' for text in lead),
        f'<nav aria-label="Contents">{links}<a href="#claims">What holds</a></nav>',
        *(_section(section) for section in sections),
        '<h2 id="claims">What the story says, and what was measured</h2>',
        _claims(claims),
        f"<footer><p>Written by tinygrad_mnist {html.escape(__version__)}. The figures are beside this page "
        "as PNG, the numbers as numbers.json.</p></footer></body></html>",
    ]
    return "\n".join(parts)


def _section(section: Section) -> str:
    body = "\n".join(map(_block, section.body))
    return f'<section><h2 id="{section.name}">{html.escape(section.title)}</h2>\n{body}</section>'


def _block(block: str | Picture | Table) -> str:
    if isinstance(block, str):
        return f"<p>{html.escape(block)}</p>"
    if isinstance(block, Table):
        return _table(block.header, block.rows)
    own = isinstance(block.content, str)
    svg = block.content if isinstance(block.content, str) else inline_svg(block.content, block.caption)
    kind = ' class="natural"' if own else ""
    return f"<figure{kind}><div>{svg}</div><figcaption>{html.escape(block.caption)}</figcaption></figure>"


def _table(header: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    table = f'<table class="numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{table}</div>'


def _claims(claims: Iterable[Claim]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(claim.said)}</td><td>{html.escape(claim.measured)}</td>"
        f'<td class="verdict {claim.verdict.replace(" ", "-")}">{claim.verdict}</td></tr>'
        for claim in claims
    )
    head = "".join(f'<th scope="col">{text}</th>' for text in ("the story says", "measured here", "verdict"))
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
