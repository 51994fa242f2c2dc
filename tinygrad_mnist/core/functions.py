"""Functions of tensors under PyTorch's names, its other names for them, and the dtypes."""

import builtins as _builtins
import math as _math

import numpy as _np

from ..ops import linalg as _linalg
from ..ops.front import *
from .device import Device as _Device
from .of_tensors import *  # type: ignore[assignment]  # callables, in the place of primitives
from .settings import *
from .size import Size as Size
from .tensor import Tensor as _Tensor
from .words import *

# PyTorch's other names for the same operations
absolute = abs
arccos = acos
arccosh = acosh
arcsin = asin
arcsinh = asinh
arctan = atan
arctan2 = atan2
arctanh = atanh
clip = clamp
divide = div
fix = trunc
greater = gt
greater_equal = ge
less = lt
less_equal = le
moveaxis = movedim
multiply = mul
negative = neg
not_equal = ne
sgn = sign
subtract = sub
swapdims = swapaxes
ger = outer
row_stack = vstack
trapz = trapezoid
vdot = dot

# of matrices
det, inverse, slogdet, pinverse = _linalg.det, _linalg.inv, _linalg.slogdet, _linalg.pinv

# dtypes are NumPy's
dtype, finfo, iinfo = _np.dtype, _np.finfo, _np.iinfo
float32 = _np.dtype("float32")
float64 = _np.dtype("float64")
int8 = _np.dtype("int8")
int16 = _np.dtype("int16")
int32 = _np.dtype("int32")
int64 = _np.dtype("int64")
uint8 = _np.dtype("uint8")
bool = _np.dtype("bool")
float, double, int, long, short = float32, float64, int32, int64, int16
inf, nan, pi, e, newaxis = _math.inf, _math.nan, _math.pi, _math.e, None
device, strided = _Device, "strided"
# how numbers lie in memory: taken where PyTorch takes it, and nothing comes of it
preserve_format, contiguous_format, channels_last = "preserve_format", "contiguous_format", "channels_last"


def is_floating_point(input: _Tensor) -> _builtins.bool:
    """Whether the elements are floats."""
    return input.is_floating_point()


def is_complex(input: _Tensor) -> _builtins.bool:
    """False: there are no complex numbers here."""
    return False
