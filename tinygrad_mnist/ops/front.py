"""The operations that PyTorch has in its front, `torch`: those that `tg` has too.

Each family states its own in `__all__`, for readers, type checkers and the fronts of the package alike.
"""

from .arithmetic import *
from .arranging import *
from .contract import *
from .cumulative import *
from .distances import *
from .einsum import *
from .elementwise import *
from .exponentials import *
from .extremes import *
from .factored import logdet as logdet, matrix_power as matrix_power, norm as norm
from .gamma import *
from .gather import *
from .indexing import *
from .integrals import *
from .joining import *
from .logic import *
from .matrices import *
from .reduce import *
from .rounding import *
from .selection import *
from .shapes import *
from .softmaxes import *
from .sorting import *
from .statistics import *
from .trigonometry import *
from .views import *
from .words import give_words as _give_words

_give_words(globals())
