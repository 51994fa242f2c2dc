"""What the estimators for scikit-learn share: checked examples in, a trained network as arrays out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, MultiOutputMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .descent import Descent, by_lbfgs
from .perceptron import ACTIVATIONS, Perceptron, first_weights
from .settings import check_kinds, is_whole

_SOLVERS = ("adam", "sgd", "lbfgs")
_SCHEDULES = ("constant", "invscaling", "adaptive")


class Estimator(MultiOutputMixin, BaseEstimator):  # type: ignore[misc]
    """What both estimators share: the training, and the network as arrays."""

    coefs_: list[NDArray[Any]]
    intercepts_: list[NDArray[Any]]
    _optimiser_state: dict[str, Any] | None

    def _keep(self, given: dict[str, Any]) -> None:
        """Parameters as they were given, each under its name: so scikit-learn has it."""
        for name, value in given.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train on examples X (N, features) with targets y; returns self."""
        return self._fit(X, y, sample_weight, again=False)

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, again: bool) -> Any:
        self._check_settings()
        first = not hasattr(self, "coefs_") or not (self.warm_start or again)
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, reset=first, y_numeric=self._numeric
        )
        x = _dense(X, self.dtype if first else self.coefs_[0].dtype)
        targets = self._targets(y, first, again)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        sample_weight = self._with_class_weight(y, sample_weight)
        if sample_weight is not None:
            sample_weight = sample_weight.astype(x.dtype)
            if not sample_weight.sum() > 0:
                raise ValueError("the sample weights are all zero or negative: nothing counts")
        self._random_state = check_random_state(self.random_state)
        if first:
            self._begin(x, targets)
        network = self._network()
        network.dropout = self.dropout
        if self.solver == "lbfgs":
            self._by_lbfgs(network, x, targets, sample_weight)
        else:
            self._descend(network, x, targets, sample_weight, again)
        if not all(np.isfinite(w).all() for w in [*self.coefs_, *self.intercepts_]):
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large values and "
                "need to be preprocessed."
            )
        return self

    def _begin(self, x: NDArray[Any], targets: NDArray[Any]) -> None:
        hidden = _sizes(self.hidden_layer_sizes)
        if self.out_activation_ == "softmax":
            self.n_outputs_ = len(self.classes_)
        else:
            self.n_outputs_ = targets.shape[1]
        sizes = [x.shape[1], *hidden, self.n_outputs_]
        self.n_layers_, self.t_ = len(sizes), 0
        self._activations = _activations(self.activation, len(hidden))
        self.coefs_, self.intercepts_ = first_weights(
            sizes, self._activations, x.dtype, self._random_state.uniform
        )
        self.loss_curve_: list[float] = []
        self.best_loss_: Any = None if self.early_stopping else np.inf
        self.validation_scores_: Any = [] if self.early_stopping else None
        self.best_validation_score_: Any = -np.inf if self.early_stopping else None
        self._optimiser_state = None
        self._worse = 0

    def _network(self) -> Perceptron:
        return Perceptron(self.coefs_, self.intercepts_, self._activations, self.out_activation_)

    def _descend(
        self,
        network: Perceptron,
        x: NDArray[Any],
        targets: NDArray[Any],
        weights: NDArray[Any] | None,
        again: bool,
    ) -> None:
        if self.early_stopping and again:
            raise ValueError("partial_fit does not support early_stopping=True")
        held_out = None
        if self.early_stopping:
            x, targets, weights, held_out = self._split(x, targets, weights)
        batch = min(200, len(x)) if self.batch_size == "auto" else self.batch_size
        if not 1 <= batch <= len(x):
            warnings.warn(
                f"batch_size is {batch}, but there are {len(x)} examples: it is clipped", stacklevel=4
            )
            batch = min(max(batch, 1), len(x))
        descent = Descent(
            self.solver,
            self.learning_rate_init,
            self.learning_rate,
            self.power_t,
            self.alpha,
            self.momentum,
            self.nesterovs_momentum,
            (self.beta_1, self.beta_2),
            self.epsilon,
            self._optimiser_state if again else None,
        )
        best = network.coefs, network.intercepts
        self.n_iter_, self._worse, converged = 0, self._worse if again else 0, again

        def on_epoch(cost: float) -> bool:
            nonlocal best, converged
            self.coefs_, self.intercepts_ = network.coefs, network.intercepts
            self.n_iter_ += 1
            self.t_ += len(x)
            self.loss_ = cost
            self.loss_curve_.append(cost)
            if self.verbose:
                print(f"Iteration {self.n_iter_}, loss = {cost:.8f}")
            if self._note(held_out):
                best = network.coefs, network.intercepts
            stop = bool([callback for callback in self.callbacks or () if callback(self, cost) is True])
            if not again and self._worse > self.n_iter_no_change:
                self._worse = 0
                converged = not descent.slow_down()
            stop = stop or (converged and not again)
            converged = converged or stop
            return stop

        history = descent.run(
            network,
            x,
            targets,
            weights,
            epochs=1 if again else self.max_iter,
            batch_size=batch,
            seed=int(self._random_state.randint(2**31)),
            shuffle=self.shuffle,
            compiled=self.compiled,
            on_epoch=on_epoch,
        )
        self.coefs_, self.intercepts_ = network.coefs, network.intercepts
        self._optimiser_state = descent.state
        if self.early_stopping and self.restore_best:
            self.coefs_, self.intercepts_ = best
        if history.interrupted:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        elif not converged:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                "hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _note(self, held_out: tuple[Any, ...] | None) -> bool:
        """Note how good the last epoch was; whether the best so far, on what is held out if anything is."""
        if held_out is not None:
            x, y, weights = held_out
            score = self._score_of(self._network().outputs(x), y, weights)
            self.validation_scores_.append(score)
            self._worse = self._worse + 1 if score < self.best_validation_score_ + self.tol else 0
            best = score > self.best_validation_score_
            self.best_validation_score_ = max(self.best_validation_score_, score)
        else:
            if self.best_loss_ is None:
                self.best_loss_ = np.inf
            self._worse = self._worse + 1 if self.loss_ > self.best_loss_ - self.tol else 0
            best = self.loss_ < self.best_loss_
            self.best_loss_ = min(self.best_loss_, self.loss_)
        return best

    def _split(self, x: NDArray[Any], targets: NDArray[Any], weights: NDArray[Any] | None) -> tuple[Any, ...]:
        alike = targets if self._stratified() else None
        parts = [x, targets] if weights is None else [x, targets, weights]
        split = train_test_split(
            *parts, random_state=self._random_state, test_size=self.validation_fraction, stratify=alike
        )
        if len(split[1]) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        train, test = split[::2], split[1::2]
        padded = [*train, None][:3], [*test, None][:3]
        return (*padded[0], tuple(padded[1]))

    def _by_lbfgs(self, network: Perceptron, x: Any, targets: Any, weights: Any) -> None:
        options = {"maxfun": self.max_fun, "maxiter": self.max_iter, "gtol": self.tol}
        minimise = lambda f, start: minimize(f, start, method="L-BFGS-B", jac=True, options=options)
        found = by_lbfgs(network, x, targets, weights, alpha=self.alpha, minimise=minimise)
        self.coefs_, self.intercepts_ = network.coefs, network.intercepts
        self.loss_, self.n_iter_ = float(found.fun), min(int(found.nit), self.max_iter)
        if found.status:
            warnings.warn(
                f"lbfgs failed to converge after {self.n_iter_} iteration(s): {found.message}. Increase the "
                "number of iterations or scale the data",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _outputs(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        return self._network().outputs(_dense(X, np.float64))

    def _check_settings(self) -> None:
        check_kinds(self)
        for name in ("learning_rate_init", "epsilon", "max_iter", "max_fun", "n_iter_no_change"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)!r}")
        for name in ("alpha", "tol", "power_t"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)!r}")
        for name in ("momentum", "beta_1", "beta_2", "dropout", "validation_fraction"):
            if not 0 <= getattr(self, name) <= 1 or (name != "momentum" and getattr(self, name) == 1):
                raise ValueError(f"{name} must be in [0, 1), got {getattr(self, name)!r}")
        if self.batch_size != "auto" and not self.batch_size >= 1:
            raise ValueError(f"batch_size must be 'auto' or at least 1, got {self.batch_size!r}")
        if self.early_stopping and not 0 < self.validation_fraction < 1:
            raise ValueError(f"validation_fraction must be in (0, 1), got {self.validation_fraction!r}")
        for name, known in (("solver", _SOLVERS), ("learning_rate", _SCHEDULES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        if self.dtype not in (None, "float32", "float64", np.float32, np.float64):
            raise ValueError(f"dtype must be 'float32', 'float64' or None, got {self.dtype!r}")
        _activations(self.activation, len(_sizes(self.hidden_layer_sizes)))

    def _can_descend(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not.")
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # What the two do differently ----------------------------------------------------------------

    _numeric = False

    def _targets(self, y: NDArray[Any], first: bool, again: bool) -> NDArray[Any]:
        """What the cost takes, and `out_activation_`."""
        raise NotImplementedError

    def _with_class_weight(self, y: NDArray[Any], weights: NDArray[Any] | None) -> NDArray[Any] | None:
        return weights

    def _stratified(self) -> bool:
        return False

    def _score_of(self, outputs: NDArray[Any], targets: NDArray[Any], weights: Any) -> float:
        raise NotImplementedError


def _dense(X: Any, dtype: Any) -> NDArray[Any]:
    """X as an array of floats; without a dtype in its own, or float32 for integers that it holds exactly."""
    if dtype is None:
        small = X.dtype.kind == "b" or (X.dtype.kind in "iuf" and X.dtype.itemsize <= 2)
        dtype = np.float32 if small or X.dtype == np.float32 else np.float64
    array = X.toarray() if hasattr(X, "toarray") else X
    return np.ascontiguousarray(array, dtype)


def _sizes(hidden: Any) -> list[int]:
    sizes = list(hidden) if isinstance(hidden, Iterable) else [hidden]
    if not all(is_whole(size) and size > 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, and integers, got {hidden!r}.")
    return [int(size) for size in sizes]


def _activations(names: Any, layers: int) -> list[str]:
    each = list(names) if isinstance(names, list | tuple) else [names] * layers
    unknown = [
        name
        for name in [*each, *([] if isinstance(names, list | tuple) else [names])]
        if name not in ACTIVATIONS
    ]
    if unknown or len(each) != layers:
        raise ValueError(
            f"activation must be one of {', '.join(ACTIVATIONS)}, or one of them for each of {layers} hidden "
            f"layers, got {names!r}"
        )
    return each
