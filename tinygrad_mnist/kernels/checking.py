"""TINYGRAD_MNIST_CHECK=1: what reads and writes memory looks first whether it may.

Kernels take for granted what their callers have seen to. With the variable set when the package is
imported, indices into arrays are compared with their lengths, routines that hand pointers on compare
shapes, and each call of a program compares its arrays with what it was compiled for. Slower, and
the same numbers. The intrinsics themselves get pointers without a length: what they touch is what
the routines that call them have asserted.
"""

import os

VARIABLE = "TINYGRAD_MNIST_CHECK"
CHECKING = os.environ.get(VARIABLE) == "1"
OUTSIDE = "a product or convolution whose arrays are too small"
