"""Pin what the development environment needs: python tools/lock.py writes requirements-dev.txt.

pip resolves the extra `dev` of this tree for the Python that runs this; nothing is installed. Use the file by
`pip install -r requirements-dev.txt -e .`.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements-dev.txt"


def main() -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    done = subprocess.run(
        [*command, "--report", "-", f"{ROOT}[dev]"], stdout=subprocess.PIPE, text=True, check=True
    )
    report = json.loads(done.stdout[done.stdout.index("{") :])
    found = {item["metadata"]["name"]: item["metadata"]["version"] for item in report["install"]}
    own = {name for name in found if name.replace("-", "_").lower() == "tinygrad_mnist"}
    pins = sorted((f"{name}=={version}" for name, version in found.items() if name not in own), key=str.lower)
    head = f"# Written by `python tools/lock.py` with Python {platform.python_version()}, not by hand."
    LOCK.write_text("\n".join([head, *pins, ""]), encoding="utf-8")
    print(f"{len(pins)} packages pinned in {LOCK.name}")


if __name__ == "__main__":
    main()
