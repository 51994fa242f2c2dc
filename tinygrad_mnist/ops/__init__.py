"""The operations: primitives with their derivatives, and the composites built from them.

They take Tensors or plain arrays and give the same kind back.
"""

from ..describing import front as _front
from . import linalg as linalg
from .activations import *
from .arranging import meshgrid as meshgrid, repeat as repeat
from .attention import *
from .contract import linear as linear
from .convolution import *
from .distances import pairwise_distance as pairwise_distance
from .einsum import einsum as einsum
from .elementwise import cast as cast, softplus as softplus, where as where
from .folding import *
from .front import *
from .gather import getitem as getitem, positions as positions, scatter_add_along as scatter_add_along
from .indexing import take_along_axis as take_along_axis
from .joining import concatenate as concatenate, one_hot as one_hot, stack as stack
from .normalisation import *
from .padding import *
from .pooling import *
from .random import normal as normal, uniform as uniform
from .resizing import *
from .shapes import expand_as as expand_as, view as view
from .views import alias as alias, expand as expand, fill as fill, stop_gradient as stop_gradient
from .windows import *
from .words import give_words as _give_words

_give_words(globals())
_front("ops", globals(), "linalg")
