"""Looking inside a network: what its weights are worth, look like and do, measured and drawn."""

from ..describing import front as _front
from ..page import glass as glass
from . import figures as figures, shown as shown
from .answers import *
from .ascent import *
from .calibration import *
from .curvature import *
from .graph import *
from .importance import *
from .mistakes import *
from .noise import *
from .patterns import *
from .slices import *
from .story import *
from .surface import *

_front("lab", globals(), "figures", "shown")
