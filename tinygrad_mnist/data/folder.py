"""Find the four files of an MNIST-like data set in a folder."""

import re
from pathlib import Path
from typing import NamedTuple

from ..errors import DataError


class Four(NamedTuple):
    """The paths of one data set, in the order in which they are loaded."""

    train_images: Path
    train_labels: Path
    test_images: Path
    test_labels: Path


# MNIST and Fashion-MNIST call the test images t10k, EMNIST calls them test and puts its own
# name in front; unpacking programs like to write .idx3 for -idx3.
_NAME = r"(?:.+[-_.])?(?:{split})-{kind}[-.]idx\d+-\w+(?:\.gz)?"


def find(folder: Path) -> Four:
    """Return the four files in `folder`; raise DataError if one is missing or has a rival."""
    try:
        # names that begin with a dot are companions that macOS makes, not data
        entries = sorted(e for e in folder.iterdir() if e.is_file() and not e.name.startswith("."))
    except OSError as error:
        raise DataError(f"cannot read the data folder {folder}: {error}") from error
    return Four(
        _only(folder, entries, "train", "images", 3),
        _only(folder, entries, "train", "labels", 1),
        _only(folder, entries, "t10k|test", "images", 3),
        _only(folder, entries, "t10k|test", "labels", 1),
    )


def _only(folder: Path, entries: list[Path], split: str, kind: str, axes: int) -> Path:
    pattern = re.compile(_NAME.format(split=split, kind=kind))
    found = [entry for entry in entries if pattern.fullmatch(entry.name)]
    # other libraries leave what they have unpacked beside what they have fetched
    found = [entry for entry in found if entry.suffix != ".gz" or entry.with_suffix("") not in found]
    if not found:
        wanted = " or ".join(f"{name}-{kind}-idx{axes}-ubyte" for name in split.split("|"))
        raise DataError(f"the data folder {folder} has no {wanted}, plain or with .gz")
    if len(found) > 1:
        names = ", ".join(entry.name for entry in found)
        raise DataError(f"the data folder {folder} has several {split} {kind} ({names}): keep one")
    return found[0]
