"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from ..train.recipes import RecipeName

Data: TypeAlias = Annotated[
    Path | None,
    Parameter(
        help="Folder with the four IDX files of a data set like MNIST, plain or .gz. "
        "Default: what TINYGRAD_MNIST_DATA names, else the MNIST in this package."
    ),
]
Confusion: TypeAlias = Annotated[bool, Parameter(help="Also print how often each digit was taken for each.")]
Model: TypeAlias = Annotated[Path, Parameter(help="File that the command train wrote.")]
RecipeChoice: TypeAlias = Annotated[
    RecipeName, Parameter(help="Where settings that are not given come from.", show_default=True)
]
Augment: TypeAlias = Annotated[
    bool,
    Parameter(
        help="Turn, shift, shear, scale and bend the training images a little, anew for every epoch. "
        "best16 and best then also have other settings, which take longer and end higher."
    ),
]
