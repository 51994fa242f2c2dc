"""Training: the loop, what it reports, recipes, and measuring the result."""

from ..describing import front as _front
from .checkpoints import *
from .divergence import *
from .evaluation import *
from .history import *
from .logs import *
from .loop import *
from .many import *
from .prepared import *
from .recipes import *
from .stopping import *
from .trained import *

_front("train", globals())
