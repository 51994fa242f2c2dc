"""Options of a training that survives its end."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token

from ..errors import DataError
from ..train import Checkpoints, Recipe
from ..train.checkpoints import newest
from .terminal import complain

_SECONDS = 60.0


@dataclasses.dataclass(frozen=True)
class Every:
    """How often: after so many steps, or after so many seconds."""

    steps: int | None = None
    seconds: float = _SECONDS


def _every(kind: Any, tokens: Sequence[Token]) -> Every:
    text = tokens[0].value
    number, unit = (text[:-1], "s") if text.endswith("s") else (text, "")
    try:
        value = float(number) if unit else int(number)
        if not 0 < value < 10**12:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"--checkpoint-every takes steps, as in 500, or seconds, as in 30s, not {text!r}"
        ) from None
    return Every(seconds=value) if unit else Every(steps=int(value))


@Parameter(name="*")
@dataclasses.dataclass(frozen=True)
class Checkpointing:
    """Where the state of the training is kept on the way, and whether to go on from there."""

    checkpoint: Annotated[
        Path | None,
        Parameter(help="Folder for the state of the training; what kills it costs little then."),
    ] = None
    checkpoint_every: Annotated[
        Every | None,
        Parameter(
            help="How often: so many steps, as in 500, or seconds, as in 30s [default: 60s].",
            converter=_every,
            n_tokens=1,
            accepts_keys=False,
        ),
    ] = None
    resume: Annotated[
        bool,
        Parameter(
            negative="",
            help="Go on from the newest state in that folder, by its recipe unless one is given; "
            "begin if there is none.",
        ),
    ] = False

    def policy(self) -> Checkpoints | None:
        """What `fit` is to do about it; DataError for options that do not fit together."""
        if self.checkpoint is None:
            for asked, option in ((self.checkpoint_every, "--checkpoint-every"), (self.resume, "--resume")):
                if asked:
                    raise DataError(f"{option} needs --checkpoint FOLDER")
            return None
        every = self.checkpoint_every or Every()
        return Checkpoints(self.checkpoint, every.steps, every.seconds, self.resume, report=_say)

    def recipe(self) -> Recipe | None:
        """The recipe of the training to go on with; None if there is none."""
        if self.checkpoint is None or not self.resume:
            return None
        moment = newest(self.checkpoint, lambda complaint: None)
        if moment is None:
            return None
        if not isinstance(moment.about.get("recipe"), dict):
            raise DataError(f"the checkpoints in {self.checkpoint} are not of this command")
        return Recipe.from_dict(moment.about["recipe"])


def _say(complaint: str) -> None:
    complain("warning", complaint)
