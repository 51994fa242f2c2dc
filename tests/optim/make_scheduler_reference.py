"""Writes scheduler_reference.json: python tests/optim/make_scheduler_reference.py (needs PyTorch)."""

import json
from pathlib import Path

import torch
from scheduler_cases import SCHEDULERS, run

rates = {name: run(name, torch) for name in SCHEDULERS}
text = json.dumps({"made with": f"PyTorch {torch.__version__}", "rates": rates})
Path(__file__).with_name("scheduler_reference.json").write_text(text + "\n")
