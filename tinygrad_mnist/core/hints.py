"""Names that are not here: what to write instead, or the nearest name there is."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

_COMPLEX = "complex numbers are not supported"
_SPARSE = "sparse tensors are not supported; zeros in dense ones cost no more than other numbers"
_HALF = "half precision is not supported; use float32"
_QUANTIZED = "quantised numbers are not supported"
_GRAPHICS = "there is no graphics card here; the device is 'cpu'"
_DTYPE = "say dtype= where a tensor is made; float32 is the default"

#: A name of PyTorch's -> a sentence.
HINTS = {
    **dict.fromkeys(
        ["complex", "complex64", "complex128", "cfloat", "cdouble", "view_as_real", "view_as_complex"],
        _COMPLEX,
    ),
    **dict.fromkeys(
        ["real", "imag", "angle", "conj", "polar", "is_conj", "resolve_conj", "fft", "stft", "istft"],
        _COMPLEX,
    ),
    **dict.fromkeys(
        ["sparse", "sparse_coo_tensor", "sparse_csr_tensor", "to_sparse", "coalesce", "is_coalesced"], _SPARSE
    ),
    **dict.fromkeys(
        ["half", "float16", "bfloat16", "amp", "autocast", "HalfTensor", "BFloat16Tensor"], _HALF
    ),
    **dict.fromkeys(
        ["quantize_per_tensor", "dequantize", "quantization", "ao", "qint8", "quint8"], _QUANTIZED
    ),
    **dict.fromkeys(
        (
            "xpu",
            "mtia",
            "accelerator",
        ),
        _GRAPHICS,
    ),
    "set_default_tensor_type": _DTYPE,
    **dict.fromkeys(["DataParallel", "SyncBatchNorm", "DistributedSampler"], "there is one machine here"),
    "SparseAdam": "gradients of tables are not sparse here; write optim.Adam",
    "Adafactor": "write optim.AdamW",
    "Muon": "write optim.AdamW",
    "spectral_norm": "it is not supported; weight_norm is",
    "GradScaler": _HALF,
    "compile": "write tg.jit(f), or @tg.jit",
    "script": "write tg.jit(f), or @tg.jit",
    "vmap": "write the batch axis yourself: operations broadcast; see docs/vmap.md",
    "storage": "tensors are values and have no storage of their own to look at",
    "untyped_storage": "tensors are values and have no storage of their own to look at",
    "data_ptr": "tensors are values; x.numpy().ctypes.data is where the numbers lie now",
    "as_strided": "strides are not the user's business here; use unfold, or NumPy before tg.tensor",
    "set_": "rebind the name: x = y",
    "resize_": "tensors keep their shape: x = tg.zeros(new_shape), or reshape",
    "share_memory_": "processes get copies here; write the array into multiprocessing.shared_memory",
    "distributed": "one network on several machines is not here",
    "multiprocessing": "use Python's multiprocessing",
    "hub": "models are not downloaded here",
    "onnx": "exporting to ONNX is not torch.onnx here; tg.jit(f).export(path) writes a Python file",
    "symeig": "write tg.linalg.eigh",
    "lstsq": "write tg.linalg.lstsq(A, b)",
    **dict.fromkeys(
        [
            "igamma",
            "igammac",
            "i0",
            "i1",
            "zeta",
        ],
        "SciPy has it: scipy.special on x.numpy(), without a gradient",
    ),
    "poisson": "NumPy has it: np.random.default_rng(seed).poisson(rates)",
    "map_": "write the operation on whole tensors",
    "apply_": "write the operation on whole tensors",
}


_NOWHERE: Mapping[str, Any] = MappingProxyType({})


#: Words of PyTorch's Tensor for which nothing stands.
OF_TENSORS = (
    *("as_strided_scatter", "cauchy_", "frexp", "geometric_", "hardshrink", "histogram", "index_reduce"),
    *("is_inference", "is_pinned", "is_shared", "log_normal_", "lu", "map2_", "matrix_exp", "nanquantile"),
    *("nextafter", "put", "register_post_accumulate_grad_hook", "renorm_", "resize_as_", "storage_offset"),
    *("storage_type", "to_dense", "triangular_solve"),
)


class Absent:
    """In the place of a method that is not there: asking for it raises the sentence.

    A `__getattr__` would say the same of every name, and make every attribute of every tensor slower, since
    Python then no longer remembers where attributes lie. Misspelt names get Python's own suggestion.
    """

    def __init__(self, owner: str, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, instance: object, owner: type) -> Absent:
        if instance is None:
            return self
        raise missing(
            self._owner,
            self._name,
            lambda: (n for n in dir(owner) if not isinstance(getattr(owner, n), Absent)),
        )


class NotThere(AttributeError):
    """An attribute that an object has not: the nearest name is looked for when somebody reads the error."""

    def __str__(self) -> str:
        name = str(self.name)
        near = difflib.get_close_matches(name, [n for n in dir(self.obj) if n[0] != "_"], 1)
        hint = HINTS.get(name) or (f"did you mean {near[0]!r}?" if near else "")
        text = f"'{type(self.obj).__name__}' object has no attribute '{name}'"
        return f"{text}: {hint}" if hint else text


def missing(
    owner: str, name: str, known: Callable[[], Iterable[str]], elsewhere: Mapping[str, Any] = _NOWHERE
) -> AttributeError:
    """The error for a name that is not there.

    Args:
        owner: whose name it would be.
        name: the name.
        known: gives those that are there.
        elsewhere: how to write the names of other places -> what has them.
    """
    if name in HINTS:
        return AttributeError(f"{owner} has no {name!r}: {HINTS[name]}")
    for form, place in elsewhere.items():
        if name in dir(place) and not isinstance(getattr(place, name, None), Absent):
            return AttributeError(f"{owner} has no {name!r}: write {form.format(name)}")
    names = [n for n in known() if not n.startswith("_")]
    near = [n for n in names if n.lower() == name.lower()] or difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else "docs/from-pytorch.md lists what there is"
    return AttributeError(f"{owner} has no {name!r}: {hint}")
