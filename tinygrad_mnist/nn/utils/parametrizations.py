"""Parameters computed from others."""

from .weight_norm import weight_norm

__all__ = ["weight_norm"]
