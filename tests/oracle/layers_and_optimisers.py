"""PyTorch's own samples of modules and optimisers, given to ours of the same name.

    pip install -e ".[oracle]"
    python tests/oracle/layers_and_optimisers.py            all of them; writes docs/oracle-networks.md
    python tests/oracle/layers_and_optimisers.py LSTM SGD   some, printed

The samples are those that PyTorch tests itself with: torch.testing._internal.common_modules and
common_optimizers. A module is made with the sample's arguments, given PyTorch's parameters and buffers, and
run in training and in use: outputs, gradients of inputs and parameters, and buffers are compared in float64
and float32. An optimiser takes ten steps on the same gradients; parameters are compared. Error inputs have to
be refused. The exit status is 1 unless 95% of the samples of what exists here agree, and all error inputs are
refused.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from networks_justified import NOT_HERE, REASONS
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db
from torch.testing._internal.common_optimizers import optim_db

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim

DOCS = Path(__file__).parents[2] / "docs"
RTOL = {torch.float32: 2e-4, torch.float64: 1e-8}


def ours(value: Any) -> Any:
    """What PyTorch's samples hold, as ours: tensors, dtypes, modules and functions by name."""
    if isinstance(value, torch.Tensor):
        made = tg.Tensor(value.detach().numpy().copy())
        return made.requires_grad_() if value.requires_grad else made
    if isinstance(value, torch.dtype):
        return np.dtype(str(value).split(".")[-1])
    if isinstance(value, torch.device):
        return "cpu"
    if isinstance(value, torch.nn.Module):
        return module_like(value)
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, tuple | list):
        return type(value)(map(ours, value))
    if isinstance(value, dict):
        return {k: ours(v) for k, v in value.items()}
    if callable(value) and hasattr(nn.functional, getattr(value, "__name__", "")):
        return getattr(nn.functional, value.__name__)
    return value


def module_like(theirs: torch.nn.Module) -> nn.Module:
    """A layer of a transformer, which is an argument of another."""
    assert isinstance(theirs, torch.nn.TransformerEncoderLayer)
    layer = nn.TransformerEncoderLayer(
        theirs.self_attn.embed_dim,
        theirs.self_attn.num_heads,
        theirs.linear1.out_features,
        theirs.dropout.p,
        activation="gelu" if theirs.activation_relu_or_gelu == 2 else "relu",
        batch_first=theirs.self_attn.batch_first,
        norm_first=theirs.norm_first,
        bias=theirs.linear1.bias is not None,
        dtype=ours(theirs.linear1.weight.dtype),
    )
    return layer


def flat(value: Any) -> list[Any]:
    """The arrays in a result, in order."""
    if isinstance(value, torch.Tensor):
        return [value.detach().numpy()]
    if isinstance(value, tg.Tensor):
        return [value.detach().numpy()]
    if isinstance(value, tuple | list):
        return [x for item in value for x in flat(item)]
    return []


def tensors(value: Any, kind: type) -> list[Any]:
    if isinstance(value, kind):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [x for item in value for x in tensors(item, kind)] if isinstance(value, tuple | list) else []


def weighted_sum(outputs: list[Any], weights: list[Any]) -> Any:
    total = None
    for y, w in zip(outputs, weights, strict=True):
        part = (y * w).sum()
        total = part if total is None else total + part
    return total


def far(a: Any, b: Any, rtol: float) -> str | None:
    if a.shape != b.shape:
        return f"shape {a.shape} for {b.shape}"
    if a.dtype.kind == "f" and a.dtype != b.dtype:
        return f"dtype {a.dtype} for {b.dtype}"
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    scale = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0)))
    wrong = ~(np.isclose(a, b, rtol=rtol, atol=rtol * scale) | (np.isnan(a) & np.isnan(b)))
    return f"{a[wrong].ravel()[0]:.6g} for {b[wrong].ravel()[0]:.6g}" if wrong.any() else None


def compared(info: Any, sample: Any, dtype: Any, training: bool) -> str | None:
    """What differs, or None."""
    torch.manual_seed(0)
    args, kwargs = sample.constructor_input.args, sample.constructor_input.kwargs
    theirs = info.module_cls(*args, **kwargs).to(dtype).train(training)
    mine = getattr(nn, info.module_cls.__name__)(*ours(args), **ours(kwargs)).to(ours(dtype)).train(training)
    given, named = sample.forward_input.args, sample.forward_input.kwargs
    my_given, my_named = ours(given), ours(named)
    if info.module_cls.__name__.startswith("Lazy"):  # a first input gives both their parameters
        with torch.no_grad():
            theirs(*given, **named)
        mine(*my_given, **my_named)
    mine.load_state_dict({k: v.numpy().copy() for k, v in theirs.state_dict().items()})
    expected, found = theirs(*given, **named), mine(*my_given, **my_named)
    for a, b in zip(flat(found), flat(expected), strict=True):
        if wrong := far(a, b, RTOL[dtype]):
            return f"value {wrong}"
    outputs = [y for y in tensors(expected, torch.Tensor) if y.requires_grad]
    mine_out = [y for y in tensors(found, tg.Tensor) if y.requires_grad]
    if len(outputs) != len(mine_out):
        return f"{len(mine_out)} results with gradients for {len(outputs)}"
    if not outputs:
        return None
    weights = [np.resize(np.array([1.0, -2.0, 0.5]), tuple(y.shape)).astype(ours(y.dtype)) for y in outputs]
    weighted_sum(outputs, [torch.from_numpy(w) for w in weights]).backward()
    weighted_sum(mine_out, [tg.Tensor(w) for w in weights]).backward()
    pairs = list(
        zip(tensors([given, named], torch.Tensor), tensors([my_given, my_named], tg.Tensor), strict=True)
    )
    pairs += list(zip(theirs.parameters(), mine.parameters(), strict=True))
    for a, b in pairs:
        if a.grad is not None and (b.grad is not None or a.grad.abs().max() > 0):
            if b.grad is None:
                return "a gradient is missing"
            if wrong := far(b.grad.numpy(), a.grad.numpy(), 10 * RTOL[dtype]):
                return f"gradient {wrong}"
    for a, b in zip(theirs.buffers(), mine.buffers(), strict=True):
        if wrong := far(b.numpy(), a.numpy(), RTOL[dtype]):
            return f"buffer {wrong}"
    return None


def attempted(f: Any, *args: Any) -> str | None:
    try:
        return f(*args)
    except Exception as error:
        return f"{type(error).__name__}: {error}".split("\n")[0]


def modules(chosen: list[str]) -> tuple[list[tuple[str, int, int, str]], list[tuple[str, int, int, str]]]:
    """(name, how many samples agree, of how many, an example of what does not); and of error inputs."""
    rows, refusals = [], []
    for info in module_db:
        name = info.module_cls.__name__
        if (chosen and name not in chosen) or not hasattr(nn, name):
            continue
        count, good, example = 0, 0, ""
        for dtype in RTOL:
            for training in (True, False):
                for sample in info.module_inputs_func(info, "cpu", dtype, True, training):
                    if sample.forward_input is None:
                        continue
                    count += 1
                    wrong = attempted(compared, info, sample, dtype, training)
                    good += wrong is None
                    example = example or (
                        f"{sample.desc or sample.constructor_input.kwargs}: {wrong}" if wrong else ""
                    )
        rows.append((name, good, count, example))
        if info.module_error_inputs_func is not None:
            refusals.append(refused_module(info))
    return rows, refusals


def refused_module(info: Any) -> tuple[str, int, int, str]:
    name, count, good, example = info.module_cls.__name__, 0, 0, ""
    for error in info.module_error_inputs_func(info, "cpu", torch.float64, False, True):
        sample = error.module_error_input
        count += 1

        def run(sample: Any = sample, error: Any = error) -> str | None:
            given = sample.constructor_input
            kwargs = {k: v for k, v in given.kwargs.items() if k != "device"}
            layer = getattr(nn, name)(*ours(given.args), **ours(kwargs))
            if error.error_on == ModuleErrorEnum.FORWARD_ERROR:
                layer(*ours(sample.forward_input.args), **ours(sample.forward_input.kwargs))
            return None

        outcome = attempted(run)
        good += outcome is not None
        if outcome is None:
            example = f"accepted: {sample.constructor_input.args} {sample.constructor_input.kwargs}"
    return name, good, count, example


def optimisers(chosen: list[str]) -> tuple[list[tuple[str, int, int, str]], list[tuple[str, int, int, str]]]:
    rows, refusals = [], []
    for info in optim_db:
        name = info.optim_cls.__name__
        if (chosen and name not in chosen) or not hasattr(optim, name):
            continue
        count, good, example = 0, 0, ""
        for sample in info.optim_inputs_func(device="cpu"):
            count += 1
            wrong = attempted(stepped, info, sample)
            good += wrong is None
            example = example or (f"{sample.desc or sample.kwargs}: {wrong}" if wrong else "")
        rows.append((name, good, count, example))
        errors, refused, example = 0, 0, ""
        for error in info.optim_error_inputs_func(device="cpu", dtype=torch.float64):
            errors += 1
            sample = error.optimizer_error_input
            outcome = attempted(made, name, sample)
            refused += outcome is not None
            example += "" if outcome else f"accepted: {sample.desc} {sample.kwargs}; "
        refusals.append((name, refused, errors, example))
    return rows, refusals


def made(name: str, sample: Any) -> None:
    """Make an optimiser of a sample."""
    getattr(optim, name)(params(sample.params), **ours(sample.kwargs))


def params(value: Any, made: dict[int, Any] | None = None) -> Any:
    """Parameters and groups of them as ours, one for one, whatever else stays wrong as it is."""
    made = {} if made is None else made
    if value is None:
        value = torch.nn.Parameter(torch.zeros(2))
        return [params(value, made)]
    if isinstance(value, torch.nn.Parameter):
        if id(value) not in made:
            made[id(value)] = nn.Parameter(value.detach().numpy().copy())
        return made[id(value)]
    if isinstance(value, list | tuple):
        return type(value)(params(x, made) for x in value)
    if isinstance(value, dict):
        return {k: params(v, made) for k, v in value.items()}
    return ours(value)


def stepped(info: Any, sample: Any) -> str | None:
    """What differs after ten steps, or None."""
    start = [np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.25]]), np.array([1.0, -2.0, 3.0])]
    theirs = [torch.nn.Parameter(torch.tensor(x)) for x in start]
    mine = [nn.Parameter(x) for x in start]
    kwargs = dict(sample.kwargs)
    a = info.optim_cls(theirs, **kwargs)
    b = getattr(optim, info.optim_cls.__name__)(mine, **ours(kwargs))

    def slopes(k: int, i: int, size: int) -> Any:
        return np.sin(0.7 * k + i + np.arange(size))

    def bowl(values: list[Any], k: int) -> tuple[float, list[Any]]:
        """A cost, moving with k, and its gradients."""
        cost, found = 0.0, []
        for i, x in enumerate(values):
            s = slopes(k, i, x.size).reshape(x.shape)
            cost += float((0.5 * (0.5 + 0.3 * i) * x * x + s * x).sum())
            found.append((0.5 + 0.3 * i) * x + s)
        return cost, found

    for k in (
        range(10) if info.optim_cls is not torch.optim.LBFGS else [0] * 10
    ):  # which wants a cost that stays

        def their_closure(k: int = k) -> Any:
            cost, found = bowl([p.detach().numpy() for p in theirs], k)
            for p, g in zip(theirs, found, strict=True):
                p.grad = torch.tensor(g)
            return torch.tensor(cost)

        def my_closure(k: int = k) -> Any:
            cost, found = bowl([p.detach().numpy() for p in mine], k)
            for p, g in zip(mine, found, strict=True):
                p.grad = tg.Tensor(g)
            return tg.Tensor(cost, dtype=np.float64)

        a.step(their_closure)
        b.step(my_closure)
    for p, q in zip(mine, theirs, strict=True):
        if wrong := far(p.detach().numpy(), q.detach().numpy(), 1e-6):
            return wrong
    return None


def main(chosen: list[str]) -> int:
    warnings.simplefilter("ignore")
    (layers, layer_errors), (rules, rule_errors) = modules(chosen), optimisers(chosen)
    parts = {"modules": (layers, layer_errors), "optimisers": (rules, rule_errors)}
    status, lines = 0, []
    for what, (rows, errors) in parts.items():
        good, count = sum(r[1] for r in rows), sum(r[2] for r in rows)
        refused, wrong = sum(r[1] for r in errors), sum(r[2] for r in errors)
        text = (
            f"{len(rows)} {what}: {good} of {count} samples agree ({good / max(count, 1):.1%}); "
            f"{refused} of {wrong} error inputs are refused"
        )
        print(text)
        lines += [
            f"## {what.capitalize()}",
            "",
            text + ".",
            "",
            "| name | | agree | example | why |",
            "|---|---|---|---|---|",
        ]
        for kind, table in (("samples", rows), ("refused", errors)):
            for name, ok, total, example in table:
                if ok < total:
                    why = REASONS.get((name, kind))
                    lines.append(
                        f"| {name} | {kind} | {ok} of {total} | `{brief(example)}` | "
                        f"{why or 'not justified'} |"
                    )
                    print(
                        "  ", name, kind, f"{ok} of {total}", brief(example), "" if why else "(not justified)"
                    )
        status |= not chosen and (good < 0.95 * count or refused < wrong)
        lines.append("")
    known = {info.module_cls.__name__ for info in module_db} | {info.optim_cls.__name__ for info in optim_db}
    absent = sorted(n for n in known if not hasattr(nn, n) and not hasattr(optim, n))
    lines += ["## Not here", "", "| name | instead |", "|---|---|"]
    lines += [
        f"| {n} | "
        f"{next((why for end, why in NOT_HERE.items() if n.endswith(end) or n.startswith(end)), '')} |"
        for n in absent
    ]
    if not chosen:
        page = [
            "# PyTorch's samples of modules and optimisers",
            "",
            f"Written by `python tests/oracle/layers_and_optimisers.py` with PyTorch {torch.__version__}, "
            f"not by hand: see its",
            "first lines for how they are compared. What is not listed agrees on every sample.",
            "",
        ]
        (DOCS / "oracle-networks.md").write_text("\n".join([*page, *lines]) + "\n")
    print("not here:", dict(Counter(n[-2:] for n in absent)), *absent)
    return int(status)


def brief(text: str) -> str:
    text = text.replace("|", "/").replace("`", "'").replace("\n", " ")
    return text if len(text) <= 130 else f"{text[:127]}..."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
