"""The cost and accuracy of a training as a picture (SVG), drawn without any other program."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .history import EpochRecord

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 300, 150, 56, 26, 84
#: Of training and of validation (Okabe and Ito's colours).
_COLOURS = {"training": "#0072B2", "validation": "#D55E00"}


def curve(epochs: Sequence[EpochRecord]) -> str:
    """SVG of the cost, and the accuracy where there is one, epoch by epoch."""
    panels: list[tuple[str, dict[str, list[float | None]]]] = [
        (
            "cost",
            {"training": [r.cost for r in epochs], "validation": [r.validation_cost for r in epochs]},
        ),
        (
            "accuracy",
            {"training": [r.accuracy for r in epochs], "validation": [r.validation_accuracy for r in epochs]},
        ),
    ]
    kept = [
        (title, lines) for title, lines in panels if any(v is not None for x in lines.values() for v in x)
    ]
    width = len(kept) * (_WIDTH + _GAP) + _LEFT - _GAP + 12
    parts = [
        _panel(title, lines, _LEFT + i * (_WIDTH + _GAP), epochs) for i, (title, lines) in enumerate(kept)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT + _TOP + 34}" '
        f'width="{width}" role="img" font-family="sans-serif" font-size="11" fill="currentColor">'
        f"<title>cost and accuracy over {len(epochs)} epochs</title>{''.join(parts)}</svg>"
    )


def _panel(title: str, lines: dict[str, list[float | None]], left: int, epochs: Sequence[EpochRecord]) -> str:
    values = [v for line in lines.values() for v in line if v is not None]
    low, high = min(values), max(values)
    margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    low, high = low - margin, high + margin
    across = _WIDTH / max(len(epochs) - 1, 1)

    def at(i: int, v: float) -> str:
        return f"{left + i * across:.1f},{_TOP + _HEIGHT * (high - v) / (high - low):.1f}"

    parts = [
        f'<path d="M{left} {_TOP}v{_HEIGHT}h{_WIDTH}" fill="none" stroke="currentColor" opacity="0.5"/>',
        f'<text x="{left + _WIDTH / 2}" y="{_TOP + _HEIGHT + 28}" text-anchor="middle">epoch</text>',
        f'<text x="{left}" y="{_TOP + _HEIGHT + 14}" text-anchor="middle">{epochs[0].epoch}</text>',
        f'<text x="{left + _WIDTH}" y="{_TOP + _HEIGHT + 14}" text-anchor="end">{epochs[-1].epoch}</text>',
    ]
    for v in (min(values), max(values)):
        y = at(0, v).partition(",")[2]
        parts.append(f'<text x="{left - 5}" y="{float(y) + 4:.1f}" text-anchor="end">{v:.4g}</text>')
    shown = 0
    for name, line in lines.items():
        points = [at(i, v) for i, v in enumerate(line) if v is not None]
        if not points:
            continue
        colour = _COLOURS[name]
        if len(points) == 1:
            x, _, y = points[0].partition(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>')
        parts.append(
            f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
        )
        label = f"{name} {title}: {[v for v in line if v is not None][-1]:.4g}"
        beside = left + shown * (_WIDTH // 2)
        parts.append(f'<text x="{beside}" y="{_TOP - 10}" fill="{colour}">{html.escape(label)}</text>')
        shown += 1
    return "".join(parts)
