"""How notebooks show an array: as a picture if it is shaped like one, else as a small table."""

from __future__ import annotations

import base64
import html
import math
import struct
import zlib

import numpy as np

from ..primitive import Array

_MOST_SHOWN = 8  # rows and columns of a table
_LEAST_SIDE, _MOST_SIDE = 8, 512  # pixels of what is taken for a picture
_WIDTH = 140  # pixels it is shown at, at least


def shown(x: Array, caption: str) -> str:
    """HTML for an array: (height, width), (1, height, width) or (3, height, width) of 8 to 512 pixels a side
    are a picture, from its smallest number (black) to its largest (white)."""
    image = x[0] if x.ndim == 3 and x.shape[0] == 1 else x
    colours = image.ndim == 3 and image.shape[0] == 3
    sides = image.shape[1:] if colours else image.shape
    if (image.ndim == 2 or colours) and all(_LEAST_SIDE <= n <= _MOST_SIDE for n in sides):
        height, width = sides
        pixels = _bytes(np.moveaxis(image, 0, 2) if colours else image)
        data = base64.b64encode(_png(pixels)).decode()
        scale = max(1, math.ceil(_WIDTH / width))
        picture = (
            f'<img alt="{html.escape(caption)}" width="{width * scale}" height="{height * scale}" '
            f'style="image-rendering: pixelated" src="data:image/png;base64,{data}">'
        )
        return f"<figure style='margin: 0'>{picture}<figcaption>{html.escape(caption)}</figcaption></figure>"
    if 1 <= x.ndim <= 2 and x.size:
        return f"{_table(np.atleast_2d(x))}<div>{html.escape(caption)}</div>"
    text = np.array2string(x, precision=4, threshold=50, edgeitems=2)
    return f"<pre>{html.escape(text)}</pre><div>{html.escape(caption)}</div>"


def _table(x: Array) -> str:
    rows = [_row([_number(v) for v in _ends(row)]) for row in x[_places(len(x))]]
    if len(x) > _MOST_SHOWN:
        rows.insert(_MOST_SHOWN // 2, _row(["⋮"] * min(x.shape[1] + 1, _MOST_SHOWN + 1)))
    return f"<table>{''.join(rows)}</table>"


def _places(count: int) -> list[int]:
    half = _MOST_SHOWN // 2
    return list(range(count)) if count <= _MOST_SHOWN else [*range(half), *range(count - half, count)]


def _ends(row: Array) -> list[object]:
    values: list[object] = row[_places(len(row))].tolist()
    if len(row) > _MOST_SHOWN:
        values.insert(_MOST_SHOWN // 2, "…")
    return values


def _row(cells: list[str]) -> str:
    return f"<tr>{''.join(f'<td style=text-align:right>{cell}</td>' for cell in cells)}</tr>"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _bytes(image: Array) -> Array:
    numbers = np.asarray(image, np.float64)
    finite = np.where(np.isfinite(numbers), numbers, 0.0)
    low, high = finite.min(), finite.max()
    return np.round((finite - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)


def _png(pixels: Array) -> bytes:
    """A PNG file of (height, width) or (height, width, 3) bytes (ISO/IEC 15948)."""
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows])  # each begins with its filter, none
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
