"""The peers: a module each, with a function for every kind of job it takes part in.

Such a function takes a `Task` and gives a `Work` (see `benchmarks.jobs`); it raises `Skip` with the
reason where the peer cannot do the same work. A module is imported only in its own process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

from ..jobs import Settings

Tries = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Peer:
    """A way to do the work.

    Attributes:
        module: its module in this folder.
        label: its name in tables.
        threads: whether it can use more than one thread.
        tries: by kind of job, settings with the values to try; the fastest combination is kept.
    """

    module: str
    label: str
    threads: bool = True
    tries: dict[str, Tries] = field(default_factory=dict)

    def settings(self, kind: str, threads: tuple[int, ...]) -> list[Settings]:
        """Every combination of settings that should be tried."""
        choices = {"threads": threads if self.threads else threads[:1], **self.tries.get(kind, {})}
        return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


EAGER, COMPILED = "ours_eager", "ours_compiled"
_FORMS: Tries = {"images": ("float32", "uint8")}  # converted beforehand, or batch by batch
_IMAGES = {"epoch": _FORMS, "memory": _FORMS}

PEERS = {
    peer.module: peer
    for peer in (
        Peer(COMPILED, "tinygrad_mnist, compiled", tries=_IMAGES),
        Peer(EAGER, "tinygrad_mnist, eager", tries=_IMAGES),
        Peer("numpy_by_hand", "NumPy by hand"),
        Peer("scipy_sparse", "SciPy's sparse products", threads=False),
        Peer("torch_eager", "PyTorch eager", tries={"epoch": {"optimiser": ("fused", "foreach", "plain")}}),
        Peer("torch_compiled", "PyTorch compiled"),
        Peer("jax_step", "JAX, jitted step", tries=_IMAGES),
        Peer("jax_scan", "JAX, scanned epoch", tries=_IMAGES),
        Peer("pytensor_step", "PyTensor"),
        Peer("autograd_step", "autograd"),
        Peer("mygrad_step", "MyGrad"),
        Peer("tinygrad_step", "tinygrad", threads=False, tries={"epoch": {"gather": ("own", "NumPy")}}),
        Peer("sklearn_fit", "scikit-learn"),
        Peer("onnx_model", "ONNX Runtime"),
        Peer("hardware", "the hardware", threads=False),
        Peer("numba_alone", "Numba alone", threads=False),
    )
}
