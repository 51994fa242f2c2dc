"""Write docs/from-pytorch.md: of each public name of PyTorch whether it is here, what differs, what to write.

python tools/from_pytorch.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tinygrad_mnist as tg
from tinygrad_mnist.core.hints import HINTS, Absent

PAGE = Path(__file__).parents[1] / "docs" / "from-pytorch.md"
NAMES = json.loads(Path(__file__).with_name("pytorch_names.json").read_text())

#: Where each family's names are looked for.
PLACES: dict[str, Any] = {
    "torch": tg,
    "torch.Tensor": tg.Tensor,
    "torch.nn": tg.nn,
    "torch.nn.functional": tg.nn.functional,
    "torch.optim": tg.optim,
    "torch.optim.lr_scheduler": getattr(tg.optim, "lr_scheduler", None),
    "torch.utils.data": tg.utils.data,
    "torch.autograd": tg.autograd,
    "torch.func": tg.func,
}

#: What is there and differs.
BUT = {
    "torch": {
        "Generator": "`tg.Generator(seed)`; other numbers than PyTorch's for the same seed",
        "argwhere": "a compiled function refuses it: its shape depends on numbers",
        "bernoulli": "other numbers than PyTorch's for the same seed",
        "compile": "`tg.jit(f)`",
        "empty": "the numbers are zeros",
        "float32": "NumPy's dtype: `x.dtype == tg.float32`",
        "from_numpy": "shares memory until the tensor is changed in place, which rebinds it",
        "jit": "`tg.jit(f)` compiles a function; there is no `jit.script`",
        "load": "safetensors; a pickle is refused with how to convert it",
        "manual_seed": "other numbers than PyTorch's for the same seed",
        "Size": "of plain tuples `isinstance(x.shape, tg.Size)` holds",
        "masked_select": "a compiled function refuses it: its shape depends on numbers",
        "nonzero": "a compiled function refuses it: its shape depends on numbers",
        "save": "safetensors, whatever the name ends in",
        "std_mean": "the fields are called spread and mean",
        "unique": "with dim= the slices alone, without counts; a compiled function refuses it",
        "unique_consecutive": "without dim=; a compiled function refuses it",
        "var_mean": "the fields are called spread and mean",
    },
    "torch.Tensor": {
        "T": "of any number of axes",
        "backward": "`create_graph` and `retain_graph` as there; no `inputs`",
        "cuda": "ValueError: there is no such device",
        "data": "shares changes in place with the tensor, and the other way round",
        "detach": "shows changes of the tensor; not to be changed itself: write `.detach().clone()`",
        "numpy": "read-only, and the numbers of now: later changes of the tensor are not in it",
        "size": "gives a plain tuple, for which `isinstance(x.shape, tg.Size)` holds",
        "stride": "of the array as it lies now",
        "type": 'without a dtype PyTorch\'s word, "torch.FloatTensor"',
        "view": "as reshape: copies where it must; not for bits of another dtype",
    },
}
ABSENT = "not here"
METHODS = {n for n in dir(tg.Tensor) if not isinstance(getattr(tg.Tensor, n), Absent)}


def row(family: str, name: str) -> tuple[str, str, str]:
    """(name, same / same but / not here, a sentence)."""
    note = BUT.get(family, {}).get(name)
    if name in dir(PLACES[family]) and not isinstance(getattr(PLACES[family], name, None), Absent):
        return name, "same but" if note else "same", note or ""
    hint = HINTS.get(name, "")
    if not hint and name.endswith("_") and family == "torch.Tensor" and hasattr(tg.Tensor, name[:-1]):
        hint = f"`x = x.{name[:-1]}(...)`, or `x.copy_(x.{name[:-1]}(...))`"
    if not hint and name.endswith("_copy") and name.removesuffix("_copy") in dir(tg):
        hint = f"`tg.{name.removesuffix('_copy')}(...)`: results are values"
    if not hint and family == "torch.Tensor" and hasattr(tg, name):
        hint = f"`tg.{name}(x, ...)`"
    if not hint and family == "torch" and hasattr(tg.nn.functional, name):
        hint = f"`nn.functional.{name}`"
    if not hint and family in ("torch", "torch.nn.functional") and name in METHODS:
        hint = f"`x.{name}(...)`"
    return name, (note and "same but") or ABSENT, note or hint


def page() -> str:
    """The text of the page."""
    lines = [
        "# From PyTorch",
        "",
        "Written by `python tools/from_pytorch.py`, not by hand; a test holds it to be current. The names",
        f"are those of {NAMES['of']}. Change the import to `import tinygrad_mnist as torch`; what a name",
        "means is in PyTorch's documentation. Everywhere: `out=` is refused, tensors live on the CPU,",
        "complex, sparse, quantised and half-precision numbers are not supported, `axis`/`keepdims` are",
        "taken beside `dim`/`keepdim`. In-place words rebind the object. A view (a slice, `detach()`,",
        "`data`) shows what its base was changed to, by an in-place word, an optimiser's step or a",
        "compiled function; one that a graph goes through is an error then. A change of a view whose",
        "base is in use would not reach the base, and is an error that says to assign by an index.",
        "`x.numpy()`, `np.asarray(x)` and `state_dict()` are the numbers of that moment. `tg.Tensor([1,",
        "2])` is float32 and `tg.tensor([1, 2])` int64, as there; `tg.Tensor(array)` keeps the array's",
        "dtype.",
        "",
    ]
    for family, names in NAMES["families"].items():
        rows = [row(family, name) for name in names]
        same = [n for n, how, _ in rows if how == "same"]
        lines += [
            f"## {family}",
            "",
            f"{len(same)} of {len(rows)} the same:",
            "",
            ", ".join(f"`{n}`" for n in same),
            "",
        ]
        differing = [r for r in rows if r[1] == "same but"]
        if differing:
            lines += [
                "| same but | what |",
                "|---|---|",
                *(f"| `{n}` | {what} |" for n, _, what in differing),
                "",
            ]
        told = [r for r in rows if r[1] == ABSENT and r[2]]
        if told:
            lines += [
                "| not here | instead |",
                "|---|---|",
                *(f"| `{n}` | {what} |" for n, _, what in told),
                "",
            ]
        rest = [n for n, how, what in rows if how == ABSENT and not what]
        if rest:
            lines += ["Not here, and nothing stands for it: " + ", ".join(f"`{n}`" for n in rest) + ".", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())
    print(PAGE)
