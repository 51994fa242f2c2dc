"""Names that are not here: what to write instead, or the nearest name there is."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

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
    **dict.fromkeys(
        (
            "set_default_dtype",
            "set_default_tensor_type",
            "set_default_device",
        ),
        _DTYPE,
    ),
    **dict.fromkeys(
        [
            "Conv3d",
            "ConvTranspose3d",
            "MaxPool3d",
            "AvgPool3d",
            "AdaptiveAvgPool3d",
            "AdaptiveMaxPool3d",
            "LPPool3d",
        ],
        "volumes have no convolution or pooling here",
    ),
    **dict.fromkeys(
        ["LazyLinear", "LazyConv1d", "LazyConv2d", "LazyBatchNorm1d", "LazyBatchNorm2d"],
        "say how many inputs the layer has",
    ),
    **dict.fromkeys(["DataParallel", "SyncBatchNorm", "DistributedSampler"], "there is one machine here"),
    "SparseAdam": "gradients of tables are not sparse here; write optim.Adam",
    "Adafactor": "write optim.AdamW",
    "Muon": "write optim.AdamW",
    "CTCLoss": "it is not supported; align the symbols and write nn.CrossEntropyLoss",
    "spectral_norm": "it is not supported; weight_norm is",
    "GradScaler": _HALF,
    "compile": "write tg.jit(f), or @tg.jit",
    "script": "write tg.jit(f), or @tg.jit",
    "vmap": "write the batch axis yourself: operations broadcast; see docs/vmap.md",
    "storage": "tensors are values and have no storage of their own to look at",
    "untyped_storage": "tensors are values and have no storage of their own to look at",
    "data_ptr": "tensors are values; x.numpy().ctypes.data is where the numbers lie now",
    "stride": "where numbers lie in memory is not the user's business here; x.numpy().strides says it",
    "as_strided": "strides are not the user's business here; use unfold, or NumPy before tg.tensor",
    "set_": "rebind the name: x = y",
    "resize_": "tensors keep their shape: x = tg.zeros(new_shape), or reshape",
    "share_memory_": "processes get copies here; write the array into multiprocessing.shared_memory",
    "distributed": "one network on several machines is not here",
    "multiprocessing": "use Python's multiprocessing",
    "hub": "models are not downloaded here",
    "onnx": "exporting to ONNX is not torch.onnx here; tg.jit(f).export(path) writes a Python file",
    "Size": "shapes are plain tuples",
    "symeig": "write tg.linalg.eigh",
    "lstsq": "write tg.linalg.lstsq(A, b)",
    **dict.fromkeys(
        [
            "lgamma",
            "digamma",
            "polygamma",
            "mvlgamma",
            "erfinv",
            "igamma",
            "igammac",
            "gammaln",
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
        raise missing(self._owner, self._name, tuple)


def missing(owner: str, name: str, known: Callable[[], Iterable[str]]) -> AttributeError:
    """The error for a name that is not there; `known` gives those that are."""
    if name in HINTS:
        return AttributeError(f"{owner} has no {name!r}: {HINTS[name]}")
    names = [n for n in known() if not n.startswith("_")]
    near = [n for n in names if n.lower() == name.lower()] or difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else "docs/from-pytorch.md lists what there is"
    return AttributeError(f"{owner} has no {name!r}: {hint}")
