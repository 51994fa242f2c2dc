"""The glass network: a page to draw on, look inside, and train before one's eyes."""

from .single_file import html, write
from .widget import glass

__all__ = ["glass", "html", "write"]
