"""PyTorch's own sample inputs, given to our operations of the same names: do they simply work?

    pip install -e ".[oracle]"
    python tests/oracle/samples.py              try them all
    python tests/oracle/samples.py tan sort     try some

The samples and the inputs that must raise are those of `torch.testing._internal.common_methods_invocations`,
in float32 (or int64 where an operation takes no floats), values compared with PyTorch's.
`compare.py` lists what does not work in docs/oracle.md.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from justified import UNLIKE
from torch.testing._internal.common_methods_invocations import op_db

import tinygrad_mnist as tg
from tinygrad_mnist import nn, ops

#: Operations that have only their name in common with ours.
LEFT_OUT = {"fill", "normal", "uniform", "nn.functional.dropout"}
#: Keywords, with the values for which there is nothing to do here.
IDLE: dict[str, Any] = {
    "layout": {torch.strided},
    "return_indices": {False},
    "recompute_scale_factor": {None, False},
    "full_matrices": {False},
    "upper": {False},
    "mode": {"reduced"},  # of qr
    "UPLO": {"L", "U"},  # the samples are symmetric
}
#: Samples that call PyTorch's operation in an order of their own, so that a tensor comes first.
IN_ORDER: dict[str, Callable[..., Any]] = {
    "einsum": lambda tensors, equation: ops.einsum(equation, *tensors),
    "meshgrid": lambda *tensors, **options: ops.meshgrid(
        *(tensors[0] if isinstance(tensors[0], list | tuple) else tensors), **options
    ),
    "nn.functional.embedding": lambda weight, index, **options: ops.embedding(index, weight, **options),
    "where": lambda x, condition, y: ops.where(condition, x, y),
    "cdist": lambda a, b, p=2.0, compute_mode=None: ops.cdist(a, b, p),
    "nn.functional.adaptive_max_pool2d": lambda x, size, return_indices=False: ops.adaptive_max_pool2d(
        x, size
    ),
}
PLACES: dict[str, tuple[Any, ...]] = {
    "nn.functional": (nn.functional, ops),
    "linalg": (ops.linalg,),
    "special": (ops,),
    "": (tg, ops),
}


class Unlike(NamedTuple):
    """Samples of an operation that do not work.

    Attributes:
        how: "refused" (we raise), "differs" (other numbers or shapes), "accepted" (PyTorch raises).
        count: how many of `total`.
        example: the first of them.
    """

    name: str
    how: str
    count: int
    total: int
    example: str


def counterpart(name: str) -> Callable[..., Any] | None:
    """Our operation of PyTorch's name."""
    if name in IN_ORDER:
        return IN_ORDER[name]
    family, _, last = name.rpartition(".")
    for place in PLACES.get(family, ()):
        found = getattr(place, last, None)
        if callable(found) and not isinstance(found, type):
            return found
    return None


def translated(value: Any) -> Any:
    """An argument of PyTorch's as one of ours."""
    if isinstance(value, torch.Tensor):
        return tg.tensor(value.numpy())
    if isinstance(value, torch.dtype):
        return np.dtype(str(value).removeprefix("torch."))
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, list | tuple):
        return type(value)(map(translated, value))
    return value


def called(f: Callable[..., Any], sample: Any) -> list[Any]:
    """The arrays that our operation gives for a sample."""
    options = {k: translated(v) for k, v in sample.kwargs.items() if not idle(k, v)}
    return arrays(f(translated(sample.input), *map(translated, sample.args), **options))


def idle(keyword: str, value: Any) -> bool:
    return isinstance(value, Hashable) and value in IDLE.get(keyword, ())


def arrays(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [x for part in value for x in arrays(part)]
    return [value.numpy() if hasattr(value, "numpy") else np.asarray(value)]


def alike(mine: list[Any], theirs: list[Any]) -> bool:
    return len(mine) == len(theirs) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=1e-4, atol=3e-5, equal_nan=True)
        for a, b in zip(mine, theirs)
    )


def unlike(names: list[str]) -> Iterator[Unlike]:
    """What does not work, of the operations of these names or of all."""
    for op in op_db:
        f = counterpart(op.name)
        if f is None or op.name in LEFT_OUT or (names and op.name.rpartition(".")[2] not in names):
            continue
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield from _of(op, f)


def _of(op: Any, f: Callable[..., Any]) -> Iterator[Unlike]:
    supported = [d for d in (torch.float32, torch.int64) if op.supports_dtype(d, "cpu")]
    if not supported:  # a variant for complex numbers
        return
    dtype = supported[0]
    failures: dict[str, list[str]] = {"refused": [], "differs": [], "accepted": []}
    samples = list(op.sample_inputs("cpu", dtype))
    for sample in samples:
        theirs = arrays(op(sample.input, *sample.args, **sample.kwargs))
        try:
            mine = called(f, sample)
        except Exception as error:
            failures["refused"].append(f"{described(sample)}: {error}".split("\n")[0])
            continue
        if not alike(mine, theirs):
            shapes = [x.shape for x in mine], [x.shape for x in theirs]
            what = "other numbers" if shapes[0] == shapes[1] else f"{shapes[0]}, there {shapes[1]}"
            failures["differs"].append(f"{described(sample)}: {what}")
    errors = list(op.error_inputs("cpu")) if op.error_inputs_func else []
    for error in errors:
        try:
            called(f, error.sample_input)
        except Exception:
            continue
        failures["accepted"].append(described(error.sample_input))
    name = f"{op.name} {op.variant_test_name}".strip()
    for how, examples in failures.items():
        if examples:
            total = len(errors if how == "accepted" else samples)
            yield Unlike(name, how, len(examples), total, examples[0])


def described(sample: Any) -> str:
    """A call in a few words: shapes for tensors."""
    given = [brief(x) for x in (sample.input, *sample.args)]
    return f"({', '.join([*given, *(f'{k}={brief(v)}' for k, v in sample.kwargs.items())])})"


def brief(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        kind = "" if value.dtype.is_floating_point else f" {str(value.dtype).removeprefix('torch.')}"
        return f"{list(value.shape)}{kind}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(brief, value))})"
    return repr(value)


def main(names: list[str]) -> int:
    found = list(unlike(names))
    for x in found:
        reason = UNLIKE.get((x.name, x.how))
        print(
            f"{x.name} {x.how} {x.count}/{x.total} {x.example[:200]}" + ("" if reason else "   NOT JUSTIFIED")
        )
    print(f"{len(found)} kinds of samples do not work")
    return int(any((x.name, x.how) not in UNLIKE for x in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
