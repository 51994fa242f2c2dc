"""What the checkers raise."""

from ..errors import TinygradMnistError


class GradcheckError(TinygradMnistError, AssertionError):
    """A function or its derivative is wrong; the message says where, by how much and, if known, why."""


class KinkError(TinygradMnistError, ValueError):
    """No derivative can be measured here: a kink, a jump, an end of the domain, or too much noise.

    Not a failure of the function: check it at other inputs. A Hypothesis test may catch this and
    call `hypothesis.reject()`.
    """
