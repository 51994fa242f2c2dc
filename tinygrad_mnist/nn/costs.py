"""Costs as modules, with PyTorch's names; each has the arguments of its function in `functional`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..core.creation import tensor
from ..core.tensor import Tensor
from ..primitive import Value
from . import functional as F
from .functional.classes import IGNORED
from .functional.targets import reduction_of
from .module import Module

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "GaussianNLLLoss",
    "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "PoissonNLLLoss",
    "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss",
]  # fmt: skip


class _Cost(Module):
    """A cost of outputs and targets; called with `sample_weight=`, each example counts by its own weight.

    `_options` are the attributes that are handed on to `_cost` besides the reduction.
    """

    _cost: ClassVar[Callable[..., Value]]
    _options: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.reduction = reduction_of(size_average, reduce, reduction)

    def _of(self, *values: Value, **weights: Any) -> Value:
        options = {name: getattr(self, name) for name in self._options}
        return type(self)._cost(*values, reduction=self.reduction, **options, **weights)

    def forward(self, input: Value, target: Any, **weights: Any) -> Value:
        """See the function."""
        return self._of(input, target, **weights)


class _Weighted(_Cost):
    """A cost with weights, which are a buffer."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", _tensor(weight))

    _options: ClassVar[tuple[str, ...]] = ("weight",)


class L1Loss(_Cost):
    """See `functional.l1_loss`."""

    _cost = F.l1_loss


class MSELoss(_Cost):
    """See `functional.mse_loss`."""

    _cost = F.mse_loss


class SoftMarginLoss(_Cost):
    """See `functional.soft_margin_loss`."""

    _cost = F.soft_margin_loss


class MultiLabelMarginLoss(_Cost):
    """See `functional.multilabel_margin_loss`."""

    _cost = F.multilabel_margin_loss


class BCELoss(_Weighted):
    """See `functional.binary_cross_entropy`."""

    _cost = F.binary_cross_entropy


class MultiLabelSoftMarginLoss(_Weighted):
    """See `functional.multilabel_soft_margin_loss`."""

    _cost = F.multilabel_soft_margin_loss


class BCEWithLogitsLoss(_Weighted):
    """See `functional.binary_cross_entropy_with_logits`."""

    _cost = F.binary_cross_entropy_with_logits
    _options = ("weight", "pos_weight")

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", _tensor(pos_weight))


class NLLLoss(_Weighted):
    """See `functional.nll_loss`."""

    _cost = F.nll_loss
    _options = ("weight", "ignore_index")

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        ignore_index: int | None = IGNORED,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index


class CrossEntropyLoss(_Weighted):
    """See `functional.cross_entropy`; the weights of the classes are a buffer."""

    _cost = F.cross_entropy
    _options = ("weight", "ignore_index", "label_smoothing")

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        ignore_index: int | None = IGNORED,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing


class KLDivLoss(_Cost):
    """See `functional.kl_div`."""

    _cost = F.kl_div
    _options = ("log_target",)

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target


class SmoothL1Loss(_Cost):
    """See `functional.smooth_l1_loss`."""

    _cost = F.smooth_l1_loss
    _options = ("beta",)

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta


class HuberLoss(_Cost):
    """See `functional.huber_loss`."""

    _cost = F.huber_loss
    _options = ("delta",)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(None, None, reduction)
        if not isinstance(delta, int | float):
            raise TypeError(f"HuberLoss: delta must be a number, not {delta!r}")
        self.delta = delta


class GaussianNLLLoss(_Cost):
    """See `functional.gaussian_nll_loss`."""

    _cost = F.gaussian_nll_loss
    _options = ("full", "eps")

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Value, target: Any, var: Value, **weights: Any) -> Value:  # type: ignore[override]
        """See the function."""
        return self._of(input, target, var, **weights)


class PoissonNLLLoss(_Cost):
    """See `functional.poisson_nll_loss`."""

    _cost = F.poisson_nll_loss
    _options = ("log_input", "full", "eps")

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps


class HingeEmbeddingLoss(_Cost):
    """See `functional.hinge_embedding_loss`."""

    _cost = F.hinge_embedding_loss
    _options = ("margin",)

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class _OfPairs(_Cost):
    """A cost of two inputs and a target."""

    _options = ("margin",)

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Value, input2: Value, target: Any, **weights: Any) -> Value:  # type: ignore[override]
        """See the function."""
        return self._of(input1, input2, target, **weights)


class MarginRankingLoss(_OfPairs):
    """See `functional.margin_ranking_loss`."""

    _cost = F.margin_ranking_loss


class CosineEmbeddingLoss(_OfPairs):
    """See `functional.cosine_embedding_loss`."""

    _cost = F.cosine_embedding_loss


class MultiMarginLoss(_Weighted):
    """See `functional.multi_margin_loss`."""

    _cost = F.multi_margin_loss
    _options = ("p", "margin", "weight")

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        self.p, self.margin = p, margin


class CTCLoss(Module):
    """See `functional.ctc_loss`."""

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__()
        self.blank, self.zero_infinity = blank, zero_infinity
        self.reduction = reduction_of(None, None, reduction)

    def forward(self, log_probs: Value, targets: Any, input_lengths: Any, target_lengths: Any) -> Value:
        """The cost.

        Args:
            log_probs: (T, N, C) or (T, C), logarithms of probabilities, float32 or float64.
            targets: (N, S) or (S,) integers, or all sequences one after the other.
            input_lengths: (N,) integers.
            target_lengths: (N,) integers.
        """
        return F.ctc_loss(
            *(log_probs, targets, input_lengths, target_lengths),
            *(self.blank, self.reduction, self.zero_infinity),
        )


class TripletMarginLoss(_Cost):
    """See `functional.triplet_margin_loss`."""

    _cost = F.triplet_margin_loss
    _options = ("margin", "p", "eps", "swap")

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Value, positive: Value, negative: Value, **weights: Any) -> Value:  # type: ignore[override]
        """See the function."""
        return self._of(anchor, positive, negative, **weights)


class TripletMarginWithDistanceLoss(_Cost):
    """See `functional.triplet_margin_with_distance_loss`."""

    _cost = F.triplet_margin_with_distance_loss
    _options = ("distance_function", "margin", "swap")

    def __init__(
        self,
        *,
        distance_function: Callable[[Value, Value], Value] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin} instead"
            )
        self.distance_function, self.margin, self.swap = distance_function, margin, swap

    def forward(self, anchor: Value, positive: Value, negative: Value, **weights: Any) -> Value:  # type: ignore[override]
        """See the function."""
        return self._of(anchor, positive, negative, **weights)


def _tensor(value: Any) -> Tensor | None:
    return value if value is None or isinstance(value, Tensor) else tensor(value)
