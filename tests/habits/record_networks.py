"""Runs the pieces of networks/ with PyTorch: python tests/habits/record_networks.py (needs PyTorch)."""

import json
import warnings

import torch
from pieces import HERE, pieces, plain

warnings.simplefilter("ignore")
results = {}
for name, piece in pieces("networks", changed=False).items():
    try:
        results[name] = plain(piece())
    except Exception as error:
        print(name, type(error).__name__, error)
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in results.items())
text = f'{{"made with": "PyTorch {torch.__version__}", "results": {{\n{lines}\n}}}}\n'
(HERE / "networks.json").write_text(text)
print(f"{len(results)} pieces recorded")
