"""Which attributes of a module are parameters, buffers and children: the names, without the values."""

from __future__ import annotations

from typing import Any, Literal

from ..core.tensor import Tensor
from .parameter import Buffer, Parameter

What = Literal["parameter", "buffer", "module"]

_EXPECTED = {
    "parameter": "nn.Parameter or None expected",
    "buffer": "tg.Tensor or None expected",
    "module": "nn.Module or None expected",
}


class Members:
    """Names by kind, in the order in which they came.

    Attributes:
        parameter, buffer, module: the names of each kind; dicts without values, for their order.
        transient: names of buffers that are not saved.
    """

    __slots__ = ("buffer", "module", "parameter", "transient")

    def __init__(self) -> None:
        self.parameter: dict[str, None] = {}
        self.buffer: dict[str, None] = {}
        self.module: dict[str, None] = {}
        self.transient: set[str] = set()

    def of(self, what: str) -> dict[str, None]:
        """The names of one kind."""
        names: dict[str, None] = getattr(self, what)
        return names

    def kind(self, name: str) -> str | None:
        """What a name is, or None."""
        return next((what for what in ("parameter", "buffer", "module") if name in self.of(what)), None)

    def add(self, name: str, what: str, persistent: bool = True) -> None:
        """Note a name, in its place if it is there already with this kind."""
        if self.kind(name) != what:
            self.forget(name)
        self.of(what)[name] = None
        self.transient.discard(name)
        if not persistent:
            self.transient.add(name)

    def note(self, name: str, value: Any) -> None:
        """Note what is assigned to an attribute."""
        if isinstance(value, Buffer):
            self.add(name, "buffer", value.persistent)
        else:
            self.add(name, "parameter" if isinstance(value, Parameter) else "module")

    def check_replaced(self, name: str, value: Any) -> None:
        """TypeError if what is assigned cannot take the place of a member; None always can."""
        kind = self.kind(name)
        if kind is None or value is None or (kind == "buffer" and isinstance(value, Tensor)):
            return
        raise TypeError(
            f"cannot assign '{type(value).__name__}' as {kind if kind != 'module' else 'child module'} "
            f"'{name}' "
            f"({_EXPECTED[kind]})"
        )

    def forget(self, name: str) -> None:
        """The attribute is gone."""
        for names in (self.parameter, self.buffer, self.module):
            names.pop(name, None)
        self.transient.discard(name)


def check_name(owner: Any, members: Members, name: Any, value: Any, kind: type, what: str) -> None:
    """Raise as PyTorch does for a name or value that cannot be registered."""
    if not isinstance(name, str):
        raise TypeError(f"{what} name should be a string. Got {type(name).__name__}")
    if "." in name:
        raise KeyError(f'{what} name can\'t contain ".", got: {name}')
    if not name:
        raise KeyError(f'{what} name can\'t be empty string ""')
    if name not in members.of(what) and (name in vars(owner) or hasattr(type(owner), name)):
        raise KeyError(f"attribute '{name}' already exists")
    if value is not None and not isinstance(value, kind):
        raise TypeError(
            f"cannot assign '{type(value).__name__}' object to {what} '{name}' ({_EXPECTED[what]})"
        )
