"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

Data: TypeAlias = Annotated[
    Path | None,
    Parameter(
        help="Folder with the four IDX files of a data set like MNIST, plain or .gz. "
        "Default: what TINYGRAD_MNIST_DATA names, else the MNIST in this package."
    ),
]
Confusion: TypeAlias = Annotated[bool, Parameter(help="Also print how often each digit was taken for each.")]
Model: TypeAlias = Annotated[Path, Parameter(help="File that the command train wrote.")]
