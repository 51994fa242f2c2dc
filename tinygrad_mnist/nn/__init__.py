"""Networks: modules with parameters, their first values, and costs."""

from typing import NoReturn as _NoReturn

from ..core.hints import missing as _missing
from ..describing import front as _front
from . import functional as functional, init as init, utils as utils
from .activations import *
from .attention import *
from .containers import *
from .convolution import *
from .costs import *
from .dropout import *
from .embedding import *
from .functional import (
    binary_cross_entropy as binary_cross_entropy,
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
    cosine_embedding_loss as cosine_embedding_loss,
    cross_entropy as cross_entropy,
    gaussian_nll_loss as gaussian_nll_loss,
    hinge_embedding_loss as hinge_embedding_loss,
    huber_loss as huber_loss,
    kl_div as kl_div,
    l1_loss as l1_loss,
    margin_ranking_loss as margin_ranking_loss,
    mse_loss as mse_loss,
    nll_loss as nll_loss,
    poisson_nll_loss as poisson_nll_loss,
    smooth_l1_loss as smooth_l1_loss,
    triplet_margin_loss as triplet_margin_loss,
)
from .functional.regression import quadratic_cost as quadratic_cost
from .lazy import *
from .linear import *
from .mlp import *
from .module import *
from .normalisation import *
from .padding import *
from .parameter import *
from .pooling import *
from .recurrent import *
from .sequences import *
from .shaping import *
from .transformer import *

_public = _front("nn", globals(), "functional", "init", "utils")


def __getattr__(name: str) -> _NoReturn:
    raise _missing("nn", name, lambda: _public)
