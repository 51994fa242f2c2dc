"""The errors users meet. Each says what was asked, what was got, and what to do instead.

Of shapes and dtypes PyTorch raises RuntimeError, NumPy ValueError and TypeError: `except` either finds them.
"""


class TinygradMnistError(Exception):
    """Base of every error this package raises on purpose."""


class ShapeError(TinygradMnistError, ValueError, RuntimeError):
    """Operands, axes or parameters whose shapes do not fit the operation."""


class AxisError(ShapeError, IndexError):
    """An axis that a tensor does not have."""


class DTypeError(TinygradMnistError, TypeError, RuntimeError):
    """A dtype the operation cannot work with."""


class OutOfBoundsError(TinygradMnistError, IndexError):
    """With TINYGRAD_MNIST_CHECK=1: code was about to read or write outside an array."""


class GraphError(TinygradMnistError, RuntimeError):
    """A gradient was asked of a computation graph that cannot give it."""


class UnfinishedError(TinygradMnistError, RuntimeError):
    """A loop made all the steps that it may, and is not at its end."""


class TraceError(TinygradMnistError, RuntimeError):
    """A value was needed while a program is only being recorded."""


class DataError(TinygradMnistError, ValueError):
    """A data or model file that is missing, damaged or not what it claims to be."""


class StateError(DataError, RuntimeError):
    """A `state_dict` that does not fit what it is loaded into."""


class MissingExtraError(TinygradMnistError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""
