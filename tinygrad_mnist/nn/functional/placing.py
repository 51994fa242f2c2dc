"""`inplace=True`: the input becomes the result."""

from __future__ import annotations

from ...primitive import Value


def placed(input: Value, result: Value, inplace: bool) -> Value:
    """The result; in place, the input that has become it."""
    return input.copy_(result) if inplace else result
