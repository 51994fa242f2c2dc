"""What PyTorch gives for every piece, kept in recorded.json with its version.

pip install -e ".[oracle]"
python tests/habits/record.py
"""

import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
import corpus


def main() -> None:
    found = {name: corpus.plain(piece(torch)) for name, piece in corpus.pieces().items()}
    page = {
        "recorded with": f"PyTorch {torch.__version__}",
        "command": "python tests/habits/record.py",
        "pieces": found,
    }
    corpus.RECORDED.write_text(
        json.dumps(page, indent=None, separators=(",", ":")).replace('],"', '],\n"') + "\n"
    )
    print(f"{len(found)} pieces")


if __name__ == "__main__":
    main()
