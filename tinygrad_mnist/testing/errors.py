"""What the checkers raise."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import TinygradMnistError

__all__ = ["Disagreement", "GradcheckError", "KinkError", "NoSuchCheckError"]


class Disagreement(NamedTuple):
    """One derivative that is wrong.

    Attributes:
        order: of the derivative; 2 is a derivative of a gradient.
        output, input: which elements, as in "output 0[1, 2]" and "input 1[0]".
        analytic: what the derivative is said to be.
        numeric: what was measured.
        error: how far from the truth the measured one may be.
        cause: what the mistake looks like, or "".
    """

    order: int
    output: str
    input: str
    analytic: float
    numeric: float
    error: float
    cause: str


class GradcheckError(TinygradMnistError, AssertionError):
    """A function or its derivative is wrong; the message says where, by how much and, if known, why.

    Attributes:
        disagreement: the worst wrong derivative; None where something else is wrong.
    """

    def __init__(self, message: str, disagreement: Disagreement | None = None) -> None:
        super().__init__(message)
        self.disagreement = disagreement


class KinkError(TinygradMnistError, ValueError):
    """No derivative can be measured here: a kink, a jump, an end of the domain, or too much noise.

    Not a failure of the function: check it at other inputs. A Hypothesis test may catch this and
    call `hypothesis.reject()`.
    """


class NoSuchCheckError(TinygradMnistError, LookupError):
    """A name that is neither an operation nor a module with something to check."""
