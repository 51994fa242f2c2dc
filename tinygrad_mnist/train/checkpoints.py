"""Checkpoints: the state of a training in a folder, from which it goes on after any end as if without it.

    saved = train.load_checkpoint("run", model=model, optimiser=optimiser)     # None the first time
    for step in range(saved.step if saved else 0, 10_000):
        ...
        if step % 500 == 499:
            train.save_checkpoint("run", step + 1, model=model, optimiser=optimiser)

`fit(checkpoint=...)` does this for its own loop, and knows its place in the epoch too.
"""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import writing
from ..core.generator import Generator
from ..core.tensor import Tensor
from ..errors import DataError
from .checkpoint_file import Moment, from_bytes, to_bytes
from .course import Snapshot
from .identity import differences

__all__ = ["CheckpointWarning", "Checkpoints", "load_checkpoint", "save_checkpoint"]

_NAME = re.compile(r"step-(\d{12})\.safetensors")
_KEPT = 2
_NAMED = 4  # differences


class CheckpointWarning(UserWarning):
    """A checkpoint could not be written, or a damaged one was passed over."""


def save_checkpoint(
    folder: str | os.PathLike[str], step: int, *, about: Mapping[str, Any] | None = None, **parts: Any
) -> Path:
    """Write the state after so many steps into a folder, and keep the checkpoint before it.

    The file is on the disk, whole, before the older one of two is removed.

    Args:
        folder: made if it is not there; one per training.
        step: how many steps were done, from 0 up; the newest checkpoint is that with the most.
        about: what the training is, such as its rate and data; numbers, text, and lists and dicts of them.
            `load_checkpoint` refuses to go on with another.
        parts: by names of your choice: modules, optimisers and whatever has `state_dict` and
            `load_state_dict`; Generators; arrays, numbers, text, and lists, tuples and dicts of them.

    Returns the file's path. Raises DataError where it cannot be written; then those that are there stay.
    DTypeError for state that is made of other things, ValueError for a step out of range.
    """
    if not 0 <= step < 10**12:
        raise ValueError(f"save_checkpoint: step must be from 0 to 10**12 - 1, not {step}")
    state = {name: _state(part) for name, part in parts.items()}
    contents = to_bytes(Moment(step, dict(about or {}), state))
    path = writing.folder(folder) / f"step-{step:012}.safetensors"
    writing.write(path, contents)
    for old in [older for older in _files(path.parent) if older.name <= path.name][_KEPT:]:
        try:
            old.unlink()
        except OSError as error:
            _warn(f"cannot remove the old checkpoint {old}: {error.strerror}")
    return path


def load_checkpoint(
    folder: str | os.PathLike[str], *, about: Mapping[str, Any] | None = None, **parts: Any
) -> Moment | None:
    """Put the newest state that is whole back into the parts it was saved from.

    A damaged checkpoint is passed over with a CheckpointWarning for the one before it.

    Args:
        folder: where `save_checkpoint` wrote.
        about: as saved; None to accept any.
        parts: those of `save_checkpoint` that are to be changed: what has `load_state_dict`, and Generators.

    Returns:
        The step, what the training is about, and the state of all parts (where plain numbers and arrays
        are found again); None if the folder holds no checkpoint.

    Raises:
        DataError: if all checkpoints are damaged, for another `about`, naming what differs, and where a
            part is missing or does not fit; then nothing has been changed.
    """
    moment = newest(folder)
    if moment is None:
        return None
    if about is not None:
        refuse_differences(folder, moment.about, dict(about))
    missing = [name for name in parts if name not in moment.parts]
    if missing:
        raise DataError(
            f"the checkpoints in {folder} have no {', '.join(missing)}, only {', '.join(moment.parts)}"
        )
    before = {name: _state(part) for name, part in parts.items()}
    try:
        for name, part in parts.items():
            _put(part, moment.parts[name])
    except Exception:
        for name, part in parts.items():
            _put(part, before[name])
        raise
    return moment


def newest(folder: str | os.PathLike[str], report: Callable[[str], None] | None = None) -> Moment | None:
    """The newest moment in a folder that is whole, None if it has no checkpoints.

    Raises DataError if it has some, and all are damaged; `report` is told of those passed over.
    """
    complaints = []
    for path in _files(Path(folder)):
        try:
            moment = from_bytes(path.read_bytes())
        except (DataError, OSError) as error:
            complaints.append(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
            continue
        for complaint in complaints:
            (report or _warn)(f"{complaint}; going on from {path}")
        return moment
    if complaints:
        raise DataError("; ".join(complaints))
    return None


def refuse_differences(folder: str | os.PathLike[str], saved: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise DataError, naming what differs, if a training is not the one whose checkpoints are there."""
    found = differences(saved, now)
    if found:
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise DataError(
            f"the checkpoints in {folder} are of another training: {'; '.join(found[:_NAMED])}{more}"
        )


@dataclasses.dataclass(frozen=True)
class Checkpoints:
    """Where and how often `fit` saves its state, and whether it goes on from what is there.

    Attributes:
        folder: of this training alone; made if it is not there.
        steps: steps from one checkpoint to the next; None to go by time.
        seconds: least time from one to the next, where `steps` is None.
        resume: go on from the newest checkpoint, or begin if there is none. Without it, a folder that
            holds checkpoints is refused.
        stop_on_failure: raise the DataError of a checkpoint that cannot be written, instead of reporting it
            and training on.
        report: told, in a sentence, of a checkpoint that could not be written or was passed over as
            damaged; None for a CheckpointWarning.

    Raises ValueError for steps or seconds that are not positive.
    """

    folder: str | os.PathLike[str]
    steps: int | None = None
    seconds: float = 60.0
    resume: bool = False
    stop_on_failure: bool = False
    report: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"Checkpoints: steps must be at least 1, not {self.steps}")
        if not self.seconds > 0:
            raise ValueError(f"Checkpoints: seconds must be more than 0, not {self.seconds}")


class Saver:
    """Saves one training as `Checkpoints` say, while it goes on.

    Args:
        checkpoints: where and how often.
        about: what the training is.

    Attributes:
        found: the moment to go on from; None to begin.

    Raises DataError as `fit` documents.
    """

    def __init__(self, checkpoints: Checkpoints, about: dict[str, Any]) -> None:
        self.checkpoints, self.about = checkpoints, about
        folder, report = checkpoints.folder, checkpoints.report
        if not checkpoints.resume and _files(Path(folder)):
            raise DataError(
                f"{folder} holds checkpoints already: resume that training, or name another folder"
            )
        self.found = newest(folder, report)
        if self.found is not None:
            refuse_differences(folder, self.found.about, about)
        writing.remove_leftovers(writing.folder(folder))
        self._last_step = self.found.step if self.found else 0
        self._last_time = time.monotonic()

    def steps_left(self, step: int) -> int:
        """How many steps may be taken before the next look at whether to save."""
        every = self.checkpoints.steps
        return sys.maxsize if every is None else every - step % every

    def is_due(self, step: int) -> bool:
        """Whether it is time to save."""
        every = self.checkpoints.steps
        if every is None:
            return time.monotonic() - self._last_time >= self.checkpoints.seconds
        return step % every == 0

    def save(self, moment: Snapshot, *, again: bool = False) -> None:
        """Write a checkpoint, `again` also of a step that has one; a failure is reported."""
        if moment.step <= self._last_step and not again:
            return
        try:
            save_checkpoint(self.checkpoints.folder, moment.step, about=self.about, **moment.to_parts())
            self._last_step = moment.step
        except DataError as error:
            if self.checkpoints.stop_on_failure:
                raise
            (self.checkpoints.report or _warn)(f"{error}; the training goes on without that checkpoint")
        self._last_time = time.monotonic()


def _files(folder: Path) -> list[Path]:
    """The checkpoints in a folder, the newest first."""
    try:
        names = [name for name in os.listdir(folder) if _NAME.fullmatch(name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"cannot look for checkpoints in {folder}: {error.strerror}") from None
    return [folder / name for name in sorted(names, reverse=True)]


def _state(part: Any) -> Any:
    if isinstance(part, Generator):
        return np.array(part.state.numpy())
    return part.state_dict() if hasattr(part, "state_dict") else part


def _put(part: Any, state: Any) -> None:
    if isinstance(part, Generator):
        state = np.asarray(state)
        if state.shape != (2,) or state.dtype != np.uint64:
            raise DataError(
                f"the state of a Generator is two uint64, not {state.dtype} of shape {state.shape}"
            )
        part.state.assign_(Tensor(state))
    elif hasattr(part, "load_state_dict"):
        part.load_state_dict(state)
    else:
        raise TypeError(
            f"load_checkpoint: cannot put state into a {type(part).__name__}; find it in what is returned"
        )


def _warn(message: str) -> None:
    warnings.warn(message, CheckpointWarning, stacklevel=3)
