"""Estimators for scikit-learn: `MLPClassifier` and `MLPRegressor`, trained by this package (extra: sklearn).

    from tinygrad_mnist.interop.sklearn import MLPClassifier
    MLPClassifier((100,), random_state=0).fit(X, y).score(X_test, y_test)

Parameters have scikit-learn's names, meanings and defaults wherever it has them; its documentation of
`sklearn.neural_network` is theirs. What is here besides:

    activation      also elu, gelu, leaky_relu, selu, silu, softplus; or one for each hidden layer
    class_weight    of the classifier: {class: weight} or "balanced"
    dropout         share of each hidden layer's outputs that a step leaves out
    dtype           "float32" or "float64" for the training; None for that of X (float32 for small integers)
    compiled        train by compiled steps where there are enough of them to pay
    callbacks       functions (estimator, cost of the epoch) called after each epoch; True ends the training
    restore_best    with early_stopping: keep the weights of the epoch that was best on the validation part

Every method that fits takes `sample_weight`. Predictions are computed in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..describing import complete
from ..errors import MissingExtraError

try:
    from sklearn.base import ClassifierMixin, RegressorMixin
    from sklearn.metrics import accuracy_score, r2_score
    from sklearn.preprocessing import LabelBinarizer
    from sklearn.utils import column_or_1d, compute_class_weight
    from sklearn.utils.metaestimators import available_if
    from sklearn.utils.multiclass import _check_partial_fit_first_call, unique_labels
except ImportError as _error:
    raise MissingExtraError(
        "the estimators need scikit-learn 1.6 or newer: pip install 'tinygrad_mnist[sklearn]'"
    ) from _error

from .estimator import Estimator


class MLPClassifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    """A perceptron that classifies; see this module, and `sklearn.neural_network.MLPClassifier`."""

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        class_weight: Any = None,
        dropout: float = 0.0,
        dtype: Any = None,
        compiled: bool = True,
        callbacks: Any = None,
        restore_best: bool = True,
    ) -> None:
        self._keep(locals())

    def predict(self, X: Any) -> NDArray[Any]:
        """The class of each example."""
        return self._classes_of(self._outputs(X))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probability of each class, in the order of `classes_`: (N, classes)."""
        outputs = self._outputs(X)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """The logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @available_if(  # type: ignore[untyped-decorator]
        lambda self: self._can_descend()
    )
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """One epoch on these examples; the first call is told all `classes`. Returns self."""
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer().fit(
                y if np.ndim(y) == 2 and np.shape(y)[1] > 1 else classes
            )
        return self._fit(X, y, sample_weight, again=True)

    def _targets(self, y: NDArray[Any], first: bool, again: bool) -> NDArray[Any]:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if first and not again:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        elif self.warm_start and set(unique_labels(y)) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {unique_labels(y)}"
            )
        elif again and len(np.setdiff1d(unique_labels(y), self.classes_)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {unique_labels(y)}."
            )
        rows = np.asarray(self._label_binarizer.transform(y))
        several = self._label_binarizer.y_type_ == "multiclass"
        self.out_activation_ = "softmax" if several else "logistic"
        return rows.argmax(1) if several else rows.astype(np.float32)

    def _with_class_weight(self, y: NDArray[Any], weights: NDArray[Any] | None) -> NDArray[Any] | None:
        if self.class_weight is None:
            return weights
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError("class_weight is for one class per example, not for several labels")
        y = y.ravel()
        factors = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        each = factors[np.searchsorted(self.classes_, y)]
        return each if weights is None else each * weights

    def _stratified(self) -> bool:
        return not self._label_binarizer.y_type_.startswith("multilabel")

    def _score_of(self, outputs: NDArray[Any], targets: NDArray[Any], weights: Any) -> float:
        if self.out_activation_ == "softmax":
            return float(accuracy_score(targets, outputs.argmax(1), sample_weight=weights))
        return float(accuracy_score(targets > 0.5, outputs > 0.5, sample_weight=weights))

    def _classes_of(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(
            self._label_binarizer.inverse_transform(outputs.ravel() if outputs.shape[1] == 1 else outputs)
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MLPRegressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """A perceptron that predicts numbers; see this module, and `sklearn.neural_network.MLPRegressor`."""

    _numeric = True

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        dtype: Any = None,
        compiled: bool = True,
        callbacks: Any = None,
        restore_best: bool = True,
    ) -> None:
        self._keep(locals())

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The number, or row of numbers, for each example."""
        outputs = self._outputs(X)
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    @available_if(  # type: ignore[untyped-decorator]
        lambda self: self._can_descend()
    )
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """One epoch on these examples. Returns self."""
        return self._fit(X, y, sample_weight, again=True)

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.loss not in ("squared_error", "poisson"):
            raise ValueError(f"loss must be 'squared_error' or 'poisson', got {self.loss!r}")

    def _targets(self, y: NDArray[Any], first: bool, again: bool) -> NDArray[Any]:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"
        y = y.reshape(len(y), -1).astype(np.float64)
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError("loss='poisson' needs targets from 0 up")
        return y

    def _score_of(self, outputs: NDArray[Any], targets: NDArray[Any], weights: Any) -> float:
        return float(r2_score(targets, outputs, sample_weight=weights))


complete("sklearn", ("MLPClassifier", "MLPRegressor"), globals())
