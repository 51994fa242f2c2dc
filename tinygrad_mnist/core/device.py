"""The words of the one device there is: "cpu"."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

__all__ = ["backends", "cuda"]


class Device:
    """A place where tensors live: "cpu", since there is no other.

    Args:
        name: "cpu", "cpu:0" or a Device; ValueError for any other.
    """

    type = "cpu"
    index = None

    def __init__(self, name: Any = "cpu", index: int | None = None) -> None:
        check_device(name)

    def __str__(self) -> str:
        return "cpu"

    def __repr__(self) -> str:
        return "device(type='cpu')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) or other == "cpu"

    def __hash__(self) -> int:
        return hash("cpu")


def check_device(name: Any) -> None:
    """ValueError unless it is the one device there is."""
    if name is None or isinstance(name, Device) or (isinstance(name, str) and name.split(":")[0] == "cpu"):
        return
    raise ValueError(
        f"device {name!r} is not here: this package computes on the CPU, and its only device is 'cpu'; "
        "write device = tg.device('cuda' if tg.cuda.is_available() else 'cpu'), which is 'cpu' here"
    )


CPU = Device()


def _nothing(*_: Any, **__: Any) -> None:
    """Nothing to do on a CPU."""


def _absent(*_: Any, **__: Any) -> Any:
    check_device("cuda")


#: What asks about devices that are not there is answered; what would use one is refused.
cuda = SimpleNamespace(
    is_available=lambda: False,
    device_count=lambda: 0,
    is_initialized=lambda: False,
    manual_seed=_nothing,
    manual_seed_all=_nothing,
    empty_cache=_nothing,
    synchronize=_nothing,
    current_device=_absent,
    set_device=_absent,
    get_device_name=_absent,
)
mps = SimpleNamespace(is_available=lambda: False, is_built=lambda: False)
backends = SimpleNamespace(
    mps=mps, cudnn=SimpleNamespace(is_available=lambda: False, deterministic=True, benchmark=False)
)
