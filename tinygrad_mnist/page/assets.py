"""The page's files: served one by one, or put into one file that needs no other."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "assets"


@cache
def text(name: str) -> str:
    """The text of one file of the page."""
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def modules() -> tuple[str, ...]:
    """The names of all its modules, without their ending."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.js")))


def import_map(addresses: dict[str, str]) -> str:
    """What tells the browser where `import ... from "glass/name"` finds each module."""
    return json.dumps({"imports": {f"glass/{name}": address for name, address in addresses.items()}})


def digest(script: str) -> str:
    """By which a content security policy knows an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@cache
def served() -> tuple[str, str]:
    """The page as the server sends it, and its content security policy."""
    names = import_map({name: f"/{name}.js" for name in modules()})
    page = filled(
        head='<link rel="stylesheet" href="/style.css">',
        scripts=f'<script type="importmap">{names}</script><script type="module" src="/app.js"></script>',
    )
    return page, policy(scripts=f"'self' {digest(names)}", styles="'self'", connections="'self'")


def single(data: dict[str, Any]) -> str:
    """The page as one file with a network inside; it asks nothing of anybody."""
    addresses = {
        name: "data:text/javascript;base64," + base64.b64encode(text(f"{name}.js").encode()).decode()
        for name in modules()
    }
    names, start, style = import_map(addresses), 'import "glass/app";', text("style.css")
    allowed = policy(
        scripts=f"data: {digest(names)} {digest(start)}", styles=digest(style), connections="'none'"
    )
    values = json.dumps(data, allow_nan=False).replace("<", "\\u003c")  # no text in it can end the script
    return filled(
        head=f'<meta http-equiv="Content-Security-Policy" content="{allowed}"><style>{style}</style>',
        data=f'<script type="application/json" id="network">{values}</script>',
        scripts=f'<script type="importmap">{names}</script><script type="module">{start}</script>',
    )


def filled(**parts: str) -> str:
    """The page with what belongs at its marks."""
    page = text("index.html")
    for name in ("head", "data", "scripts"):
        page = page.replace(f"<!-- {name} -->", parts.get(name, ""))
    return page


def policy(scripts: str, styles: str, connections: str) -> str:
    """A content security policy: nothing from elsewhere, nothing inline but what is named."""
    return (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; img-src 'self' data: blob:; "
        f"connect-src {connections}; base-uri 'none'; form-action 'none'"
    )
