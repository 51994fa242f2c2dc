"""The public names of PyTorch by family, kept in pytorch_names.json with its version.

pip install -e ".[oracle]"
python tools/pytorch_names.py
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

FILE = Path(__file__).with_name("pytorch_names.json")


def public(owner: Any, keep: Any = lambda x: True) -> list[str]:
    """Names without an underscore in front that `keep` holds for."""
    return sorted(n for n in dir(owner) if not n.startswith("_") and keep(getattr(owner, n, None)))


def own(module: Any) -> list[str]:
    """Functions and classes of a module, not what it imported."""
    return public(module, lambda x: callable(x) and getattr(x, "__module__", "").startswith("torch"))


def main() -> None:
    """Write the file."""
    known = {
        "Tensor",
        "Generator",
        "Size",
        "FloatTensor",
        "DoubleTensor",
        "LongTensor",
        "IntTensor",
        "BoolTensor",
    }
    functions = [n for n in torch.__all__ if n in known or (n[0].islower() and not n.startswith("sym_"))]
    families = {
        "torch": sorted(
            set(functions) | {n for n in dir(torch) if isinstance(getattr(torch, n), torch.dtype)}
        ),
        "torch.Tensor": public(torch.Tensor),
        "torch.nn": sorted([*torch.nn.modules.__all__, "Parameter"]),
        "torch.nn.functional": public(F, lambda x: inspect.isroutine(x) and not inspect.isclass(x)),
        "torch.optim": own(torch.optim),
        "torch.optim.lr_scheduler": sorted(torch.optim.lr_scheduler.__all__),
        "torch.utils.data": sorted(torch.utils.data.__all__),
        "torch.autograd": own(torch.autograd),
        "torch.func": own(torch.func),
    }
    page = {"of": f"PyTorch {torch.__version__}", "families": families}
    FILE.write_text(json.dumps(page, indent=0) + "\n")
    print({k: len(v) for k, v in families.items()})


if __name__ == "__main__":
    main()
