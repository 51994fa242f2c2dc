"""The report: the story of the network told in chapters, each claim beside what was measured."""

from .parts import Claim
from .write import report

__all__ = ["Claim", "report"]
