"""Linear algebra under the names of PyTorch's `torch.linalg`: factorisations, and what is built of them.

Each takes matrices in the last two axes; any axes before them count the matrices. LAPACK cannot be called
from compiled programs: inside a function compiled by `tg.jit` each of these raises TraceError by name;
compute it outside and pass the result in.
"""

from ..describing import front as _front
from .arranging import diagonal as diagonal
from .factored import *
from .factorisations import *
from .statistics import norm as _norm
from .words import give_words as _give_words

vector_norm = _norm

_give_words(globals())
_front("linalg", globals())
