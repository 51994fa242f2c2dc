"""PyTorch's own samples of operations, given to ours of the same name.

    pip install -e ".[oracle]"
    python tests/oracle/samples.py              those not yet compared with this version of PyTorch
    python tests/oracle/samples.py tan sort     some anew
    python tests/oracle/samples.py all          all anew

The samples and the inputs that must raise are those of `torch.testing._internal.common_methods_invocations`.
An operation is called by PyTorch's name, with PyTorch's arguments in PyTorch's order: as a function and,
where PyTorch has it, as a method, in float32 and in int64 and bool where PyTorch takes them; values, shapes
and dtypes must agree. In float64 the first derivatives of every result by every input must agree too. Of
random operations only shapes and dtypes are compared. What was found is kept operation by operation in
docs/oracle.json, so that a run that ends early is gone on with, and docs/oracle.md is written from it. The
exit status is 1 unless at least 95% of the operations agree on everything and every other one has a reason in
justified.py.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import page
import torch
from justified import OUT, UNLIKE
from torch.testing._internal.common_methods_invocations import op_db

import tinygrad_mnist as tg

#: Numbers that nobody has: complex ones, half precision, and what PyTorch has lately added for storage.
FOREIGN = {d for d in vars(torch).values() if isinstance(d, torch.dtype)} - {
    torch.float32, torch.float64, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool,
    torch.uint16, torch.uint32, torch.uint64,
}  # fmt: skip
RTOL = {torch.float64: 1e-7}
#: Whose numbers are anybody's, or drawn from a generator, which is another one here.
UNLIKE_NUMBERS = {
    "empty", "empty_like", "new_empty", "normal", "bernoulli", "multinomial", "rand_like", "randn",
    "randn_like",
    "randint", "randint_like", "randperm", "nn.functional.dropout", "nn.functional.dropout2d",
    "nn.functional.dropout3d", "nn.functional.alpha_dropout", "nn.functional.feature_alpha_dropout",
    "nn.functional.rrelu", "nn.functional.gumbel_softmax", "exponential", "uniform",
}  # fmt: skip


class Outcome(NamedTuple):
    """What became of an operation's samples.

    Attributes:
        total: how many there are, with the inputs that must raise.
        wrong: how ("refused": we raise, "differs", "accepted": PyTorch raises) -> (how many, the first).
    """

    total: int
    wrong: dict[str, tuple[int, str]]


class _Ours:
    """`torch` for PyTorch's own wrappers around its operations: ours by the same names."""

    def __getattr__(self, name: str) -> Any:
        if name in (
            "float16",
            "bfloat16",
            "complex64",
            "complex128",
            "chalf",
            "complex32",
            "preserve_format",
        ):
            return getattr(torch, name)
        return getattr(tg, name, None) or method(name)


def counterpart(op: Any) -> Callable[..., Any] | None:
    """Our operation of the same name, or None."""
    own = op.op
    if isinstance(own, types.FunctionType) and own.__module__.startswith("torch.testing"):
        return rebound(own) if here(op.name) else None
    return here(op.name)


def here(name: str) -> Callable[..., Any] | None:
    """What has this name in our namespace, or else as a method."""
    place: Any = tg
    for part in name.split("."):
        place = getattr(place, part, None) if part in dir(place) or "." in name else None
    if place is None and "." not in name:
        place = method(name)
        if isinstance(place, property):
            return place.fget
    return place if callable(place) and not isinstance(place, type) else None


def method(name: str) -> Any:
    found = vars_of(tg.Tensor).get(name)
    return None if type(found).__name__ == "Absent" else found


def vars_of(owner: type) -> dict[str, Any]:
    return {k: v for base in reversed(owner.__mro__) for k, v in vars(base).items()}


def rebound(function: types.FunctionType) -> Callable[..., Any]:
    """A wrapper of PyTorch's with our operations in the place of PyTorch's."""
    cells = tuple(types.CellType(_own(cell.cell_contents)) for cell in function.__closure__ or ())
    scope = function.__globals__ | {"torch": _Ours()}
    made = types.FunctionType(function.__code__, scope, closure=cells, argdefs=function.__defaults__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _own(value: Any) -> Any:
    return rebound(value) if isinstance(value, types.FunctionType) else value


class Foreign(Exception):
    """A sample needs what nobody has here: complex numbers, half precision, other layouts."""


def translated(value: Any, grads: bool = False) -> Any:
    """An argument of PyTorch's as one of ours."""
    if isinstance(value, torch.Tensor):
        if value.dtype in FOREIGN or value.layout is not torch.strided or value.device.type != "cpu":
            raise Foreign(str(value.dtype))
        made = tg.tensor(value.detach().resolve_neg().numpy().copy())
        return made.requires_grad_() if grads and value.requires_grad else made
    if isinstance(value, torch.dtype):
        if value in FOREIGN:
            raise Foreign(str(value))
        return getattr(tg, str(value).removeprefix("torch."))
    if isinstance(value, complex) or value is torch.sparse_coo:
        raise Foreign("complex" if isinstance(value, complex) else "sparse")
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, torch.layout):
        return tg.strided
    if isinstance(value, torch.memory_format):
        return getattr(tg, str(value).removeprefix("torch."))
    if isinstance(value, torch.nn.Module) or value is torch.nn.functional.pairwise_distance:
        return tg.nn.functional.pairwise_distance  # the one that PyTorch's samples hand over
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, list | tuple):
        return type(value)(translated(x, grads) for x in value)
    if isinstance(value, dict):
        return {k: translated(v, grads) for k, v in value.items()}
    return value


def tensors(value: Any, kind: type) -> list[Any]:
    """The tensors in arguments or results, in order."""
    if isinstance(value, kind):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [x for item in value for x in tensors(item, kind)] if isinstance(value, list | tuple) else []


def leaves(value: Any) -> list[Any]:
    """Tensors as arrays, and Python's numbers as they are."""
    if isinstance(value, list | tuple):
        return [x for item in value for x in leaves(item)]
    if isinstance(value, torch.Tensor | tg.Tensor):
        return [value.numpy(force=True) if isinstance(value, torch.Tensor) else value.detach().numpy()]
    return [value]


def far(mine: list[Any], theirs: list[Any], dtype: Any, numbers: bool = True) -> str | None:
    """What differs, or None."""
    if len(mine) != len(theirs):
        return f"{len(mine)} results for {len(theirs)}"
    rtol = RTOL.get(dtype, 1e-4)
    for a, b in zip(mine, theirs):
        if not isinstance(b, np.ndarray):
            if type(a) is not type(b) and not isinstance(b, torch.dtype):
                return f"{type(a).__name__} for {type(b).__name__}"
            a, b = np.asarray(a), np.asarray(b)
        if not isinstance(a, np.ndarray):
            return f"{type(a).__name__} for a tensor"
        if a.shape != b.shape:
            return f"shape {a.shape} for {b.shape}"
        if a.dtype != b.dtype:
            return f"{a.dtype} for {b.dtype}"
        if numbers and a.dtype.kind in "biuf":
            scale = (
                np.abs(np.where(np.isfinite(b), b, 0), dtype=np.float64).max(initial=0)
                if b.dtype.kind == "f"
                else 0
            )
            if not np.allclose(a, b, rtol=rtol, atol=rtol / 3 * max(1.0, float(scale)), equal_nan=True):
                return "other numbers"
    return None


def sampled(op: Any, dtype: Any, grads: bool) -> list[Any]:
    torch.manual_seed(0)
    return list(op.sample_inputs("cpu", dtype, requires_grad=grads))


def given(sample: Any) -> tuple[Any, dict[str, Any]]:
    """A sample's arguments."""
    return (sample.input, *sample.args), sample.kwargs


def seeded(f: Callable[..., Any], seed: int, arguments: Any, keywords: Any) -> Any:
    torch.manual_seed(seed)
    copies = copied(arguments), copied(keywords)
    return f(*copies[0], **copies[1])


def copied(value: Any) -> Any:
    """Arguments of their own for an operation that may change them."""
    if isinstance(value, torch.Tensor):
        return value.clone() if value.layout is torch.strided else value
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
        return type(value)(map(copied, value))
    return {k: copied(v) for k, v in value.items()} if isinstance(value, dict) else value


def numbers_count(op: Any, sample: Any) -> bool:
    """Whether the numbers of a result are determined."""
    drawn = op.name in UNLIKE_NUMBERS and sample.kwargs.get("training", True) and sample.kwargs.get("p", 0.5)
    return not drawn and not sample.kwargs.get("dropout_p")


def values(op: Any, f: Callable[..., Any], dtype: Any, as_method: bool) -> Iterator[tuple[str, str] | None]:
    """How the values of each sample are, and an example; None where they agree."""
    theirs_called = op.method_variant if as_method else op
    for sample in sampled(op, dtype, False):
        arguments, keywords = given(sample)
        try:
            mine_given = translated(list(arguments)), translated(dict(keywords))
        except Foreign:
            continue
        try:
            theirs = seeded(theirs_called, 0, arguments, keywords)
        except Exception:  # as a method some samples raise in PyTorch too
            continue
        if any(t.dtype in FOREIGN or t.layout is not torch.strided for t in tensors(theirs, torch.Tensor)):
            continue
        numbers = numbers_count(op, sample)
        label = f"{described(sample)}{' as a method' if as_method else ''}"
        try:
            mine = f(*mine_given[0], **mine_given[1])
        except Exception as error:
            yield "refused", f"{label}: {type(error).__name__}: {error}".split("\n")[0]
            continue
        process = sample.output_process_fn_grad
        try:
            mine, theirs = (
                rebound(process)(mine) if isinstance(process, types.FunctionType) else mine,
                process(theirs),
            )
        except Exception as error:
            yield "differs", f"{label}: {error}".split("\n")[0]
            continue
        wrong = far(leaves(mine), leaves(theirs), dtype, numbers)
        yield ("differs", f"{label}: {wrong}") if wrong else None


def derivatives(op: Any, f: Callable[..., Any]) -> Iterator[tuple[str, str] | None]:
    """How the first derivatives of each sample are."""
    for sample in sampled(op, torch.float64, True):
        arguments, keywords = given(sample)
        try:
            mine_given = translated(list(arguments), True), translated(dict(keywords), True)
        except Foreign:
            continue
        if not numbers_count(op, sample):
            continue
        theirs = results_and_slopes(op, arguments, keywords, sample.output_process_fn_grad, torch)
        if theirs is None:
            continue
        label = f"derivative of {described(sample)}"
        process = sample.output_process_fn_grad
        try:
            mine = results_and_slopes(f, *mine_given, rebound(process), tg)
        except Exception as error:
            yield "refused", f"{label}: {type(error).__name__}: {error}".split("\n")[0]
            continue
        if mine is None:
            yield "differs", f"{label}: no result has a graph"
            continue
        pairs = [
            (np.zeros(()) if g is None else leaves(g)[0], np.zeros(()) if t is None else leaves(t)[0])
            for g, t in zip(mine[1], theirs[1], strict=True)
        ]
        pairs = [
            (a if a.shape == b.shape else a + 0 * b, b if a.shape == b.shape else b + 0 * a) for a, b in pairs
        ]
        wrong = far(leaves(mine[0]), leaves(theirs[0]), torch.float64) or far(
            [a for a, _ in pairs], [b for _, b in pairs], torch.float64
        )
        yield ("differs", f"{label}: {wrong}") if wrong else None


def results_and_slopes(f: Any, arguments: Any, keywords: Any, process: Any, library: Any) -> Any:
    """(results, slopes of a sum with weights of all of them by each input that has a gradient)."""
    torch.manual_seed(0)
    result = process(f(*arguments, **keywords))
    outputs = [y for y in tensors(result, library.Tensor) if y.requires_grad]
    inputs = [x for x in tensors([list(arguments), dict(keywords)], library.Tensor) if x.requires_grad]
    if not outputs or not inputs or any(y.dtype in FOREIGN for y in outputs if library is torch):
        return None
    weights = [
        library.tensor(
            np.resize(np.array([1.0, -2.0, 0.5]), tuple(y.shape)).astype(str(y.dtype).split(".")[-1])
        )
        for y in outputs
    ]
    return result, library.autograd.grad(outputs, inputs, weights, allow_unused=True)


def outcome(op: Any, f: Callable[..., Any]) -> Outcome:
    """What becomes of all samples of an operation."""
    found: list[tuple[str, str] | None] = []
    kinds = [d for d in (torch.float32, torch.int64, torch.bool) if op.supports_dtype(d, "cpu")]
    own = method(op.name) if op.method_variant and "." not in op.name else None
    for dtype in kinds:
        found += values(op, f, dtype, False)
        if callable(own):
            found += values(op, own, dtype, True)
    if op.supports_dtype(torch.float64, "cpu") and op.supports_autograd:
        found += derivatives(op, f)
    if op.error_inputs_func:
        for error in op.error_inputs("cpu"):
            arguments, keywords = given(error.sample_input)
            try:
                seeded(op, 0, arguments, keywords)
                continue  # not on this device
            except Exception:
                pass
            try:
                f(*translated(list(arguments)), **translated(dict(keywords)))
            except Exception:
                found.append(None)
            else:
                found.append(("accepted", f"{described(error.sample_input)}: there {error.error_regex}"))
    wrong: dict[str, tuple[int, str]] = {}
    for each in found:
        if each is not None:
            how, example = each
            wrong[how] = (wrong[how][0] + 1, wrong[how][1]) if how in wrong else (1, example)
    return Outcome(len(found), wrong)


def described(sample: Any) -> str:
    """A call in a few words: shapes for tensors."""
    pairs = [f"{k}={brief(v)}" for k, v in sample.kwargs.items()]
    return f"({', '.join([*(brief(x) for x in (sample.input, *sample.args)), *pairs])})"


def brief(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        kind = (
            ""
            if value.dtype in (torch.float32, torch.float64)
            else f" {str(value.dtype).removeprefix('torch.')}"
        )
        return f"{list(value.shape)}{kind}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(brief, value))})"
    return repr(value)


def label(op: Any) -> str:
    return f"{op.name} {op.variant_test_name}".strip()


def main(names: list[str]) -> int:
    kept = page.read()
    samples = kept.setdefault("samples", {})
    if samples.get("version") != torch.__version__ or names == ["all"]:
        samples.clear()
        samples.update({"version": torch.__version__, "operations": {}})
    done = samples["operations"]
    known = set()
    for op in op_db:
        name, f = label(op), None if op.name in OUT else counterpart(op)
        if f is None:
            continue
        known.add(name)
        if name in done and op.name not in names and op.name.rpartition(".")[2] not in names:
            continue
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = outcome(op, f)
        done[name] = {"total": found.total, "wrong": found.wrong}
        page.write(kept)
        for how, (count, example) in found.wrong.items():
            print(f"{name} {how} {count}/{found.total} {example[:300]}", flush=True)
    samples["operations"] = {name: done[name] for name in sorted(done) if name in known}
    page.write(kept)
    agree, total = page.agreeing(samples)
    unexplained = [n for n, x in samples["operations"].items() if x["wrong"] and n not in UNLIKE]
    print(
        f"{agree} of {total} operations agree on everything ({agree / total:.1%}); no reason: {unexplained}"
    )
    return int(agree < 0.95 * total or bool(unexplained))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
