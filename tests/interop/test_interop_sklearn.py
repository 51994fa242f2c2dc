"""The estimators as scikit-learn's users use them."""

import copy
import math
import pickle
import subprocess
import sys
import warnings
from collections import Counter

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn")
from scipy import sparse
from sklearn import datasets, neural_network
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from tinygrad_mnist.interop.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = datasets.load_iris(return_X_y=True)
DIABETES = datasets.load_diabetes(return_X_y=True)
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 12, "random_state": 0}


@pytest.mark.parametrize("estimator", [MLPClassifier(max_iter=100), MLPRegressor(max_iter=100)], ids=repr)
def test_check_estimator(estimator, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    counts = Counter(result["status"] for result in results)
    failed = [(r["check_name"], r["exception"]) for r in results if r["status"] not in ("passed", "skipped")]
    assert not failed
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    assert skipped <= {
        "check_array_api_input",  # needs a variable of SciPy's
        "check_classifiers_multilabel_output_format_decision_function",  # there is no decision_function
    }
    with capsys.disabled():
        print(
            f"\ncheck_estimator({type(estimator).__name__}): {counts['passed']} passed, none expected to fail"
        )


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_the_same_numbers_as_scikit_learn_in_full_batches(solver, activation):
    """With a batch of everything the two take the same steps from the same first weights."""
    x, y = IRIS
    given = {
        "hidden_layer_sizes": (6, 5),
        "activation": activation,
        "solver": solver,
        "max_iter": 40,
        "alpha": 0.1,
        "batch_size": len(x),
        "random_state": 3,
        "learning_rate_init": 0.01,
    }
    theirs = neural_network.MLPClassifier(**given).fit(x, y)
    ours = MLPClassifier(**given).fit(x, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=2e-3)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), rtol=1e-3, atol=1e-5)
    assert [w.shape for w in ours.coefs_] == [w.shape for w in theirs.coefs_]
    assert (ours.n_iter_, ours.t_, ours.n_layers_, ours.out_activation_) == (
        theirs.n_iter_,
        theirs.t_,
        theirs.n_layers_,
        theirs.out_activation_,
    )


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_regression_by_lbfgs(loss):
    x, y = StandardScaler().fit_transform(DIABETES[0]), DIABETES[1]
    given = {"loss": loss, "solver": "lbfgs", "hidden_layer_sizes": (5,), "random_state": 0, "max_iter": 60}
    theirs, ours = neural_network.MLPRegressor(**given).fit(x, y), MLPRegressor(**given).fit(x, y)
    assert ours.score(x, y) > theirs.score(x, y) - 0.05
    with pytest.raises(AttributeError, match="partial_fit"):
        ours.partial_fit(x, y)


def test_weights_of_examples_and_classes():
    x, y = IRIS
    repeats = np.random.default_rng(0).integers(0, 3, len(x))
    rows = np.repeat(np.arange(len(x)), repeats)
    given = {**QUICK, "batch_size": 10**6, "shuffle": False}
    with pytest.warns(UserWarning, match="clipped"):
        weighted = MLPClassifier(**given).fit(x, y, sample_weight=repeats)
    with pytest.warns(UserWarning, match="clipped"):
        repeated = MLPClassifier(**given).fit(x[rows], y[rows])
    np.testing.assert_allclose(weighted.predict_proba(x), repeated.predict_proba(x), rtol=1e-6)
    by_class = MLPClassifier(**QUICK, class_weight={0: 1, 1: 2, 2: 0.5}).fit(x, y)
    by_example = MLPClassifier(**QUICK).fit(x, y, sample_weight=np.choose(y, [1, 2, 0.5]))
    np.testing.assert_array_equal(by_class.predict_proba(x), by_example.predict_proba(x))
    assert MLPClassifier(**QUICK, class_weight="balanced").fit(x[:120], y[:120]).classes_.tolist() == [
        0,
        1,
        2,
    ]
    with pytest.raises(ValueError, match=r"all zero|at least one non-zero"):
        MLPClassifier(**QUICK).fit(x, y, sample_weight=np.zeros(len(x)))


def test_pipelines_searches_and_threads():
    x, y = IRIS
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**QUICK))
    tried = {
        "mlpclassifier__hidden_layer_sizes": [(4,), (8, 4)],
        "mlpclassifier__activation": ["tanh", ["relu"]],
    }
    search = GridSearchCV(pipeline, tried, cv=2, error_score=np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one activation for two layers fails, as it should
        search.fit(x, y)
    assert 0.3 < search.best_score_ <= 1
    one = cross_val_score(pipeline, x, y, cv=4)
    import joblib

    with joblib.parallel_config("threading", n_jobs=2):
        np.testing.assert_array_equal(cross_val_score(pipeline, x, y, cv=4), one)


def test_processes():
    """As a user's script does: the numbers of one process, and no more threads than joblib grants."""
    script = """
import numpy as np
from sklearn import datasets
from sklearn.model_selection import cross_val_score
from joblib import Parallel, delayed
import tinygrad_mnist as tg
from tinygrad_mnist.interop.sklearn import MLPClassifier
x, y = datasets.load_iris(return_X_y=True)
e = MLPClassifier((8,), max_iter=8, random_state=0)
one, two = (cross_val_score(e, x, y, cv=4, n_jobs=n) for n in (1, 2))
assert (one == two).all(), (one, two)
import os
threads = Parallel(n_jobs=2)(delayed(tg.get_num_threads)() for _ in range(2))
assert max(threads) <= max(1, os.cpu_count() // 2), threads
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "estimator", [MLPClassifier(**QUICK), MLPRegressor(**QUICK)], ids=["classifier", "regressor"]
)
def test_clone_pickle_and_deepcopy(estimator):
    x, y = IRIS if isinstance(estimator, MLPClassifier) else DIABETES
    fitted = clone(estimator).fit(x, y)
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(other.predict(x), fitted.predict(x))
        other.partial_fit(x, y)
        assert not any(np.shares_memory(a, b) for a, b in zip(other.coefs_, fitted.coefs_))
    assert not hasattr(clone(fitted), "coefs_")


def test_going_on():
    x, y = IRIS
    whole = MLPClassifier(**QUICK)
    whole.partial_fit(x, y, classes=[0, 1, 2])
    first = whole.loss_
    for _ in range(30):
        whole.partial_fit(x, y)
    assert whole.loss_ < first
    assert whole.t_ == 31 * len(x)
    warm = MLPClassifier(**QUICK, warm_start=True).fit(x, y)
    before = warm.loss_
    assert warm.fit(x, y).loss_ < before
    with pytest.raises(ValueError, match=r"warm_start can only be used where `y` has the same classes"):
        warm.fit(x[:100], y[:100])
    with pytest.raises(ValueError, match="not in"):
        whole.partial_fit(x, y + 1)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_input(kind):
    x, y = datasets.load_digits(return_X_y=True)
    dense = MLPClassifier(**QUICK).fit(x[:300], y[:300])
    thin = MLPClassifier(**QUICK).fit(kind(x[:300]), y[:300])
    np.testing.assert_array_equal(thin.predict_proba(kind(x)), dense.predict_proba(x))


def test_labels_of_several_kinds():
    x, y = IRIS
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    assert set(MLPClassifier(**QUICK).fit(x, names).predict(x)) <= set(names)
    binary = MLPClassifier(**QUICK).fit(x, y == 1)
    assert binary.predict(x).dtype == bool
    assert binary.predict_proba(x).shape == (len(x), 2)
    several = np.stack([y == 0, y > 0, x[:, 0] > 5], 1).astype(int)
    labels = MLPClassifier((8,), max_iter=300, random_state=0).fit(x, several)
    assert labels.predict(x).shape == several.shape
    assert labels.score(x, several) > 0.6
    rows = MLPRegressor(**QUICK).fit(x, x[:, :2])
    assert rows.predict(x).shape == (len(x), 2)


def test_early_stopping_callbacks_dropout_and_dtype():
    x, y = datasets.load_digits(return_X_y=True)
    x = x / 16
    called = []
    stopped = MLPClassifier(
        (16,),
        early_stopping=True,
        n_iter_no_change=3,
        learning_rate_init=0.01,
        dropout=0.1,
        random_state=0,
        callbacks=[lambda e, cost: called.append(cost)],
    ).fit(x, y)
    assert called == stopped.loss_curve_
    assert len(stopped.validation_scores_) == stopped.n_iter_ < 200
    assert stopped.best_validation_score_ == max(stopped.validation_scores_)
    ended = MLPClassifier((16,), random_state=0, callbacks=[lambda e, cost: e.n_iter_ == 2]).fit(x, y)
    assert ended.n_iter_ == 2
    for asked, dtype, got in (
        (None, np.float32, "float32"),
        (None, np.float64, "float64"),
        (None, np.uint8, "float32"),
        ("float32", np.float64, "float32"),
        ("float64", np.uint8, "float64"),
    ):
        fitted = MLPClassifier(**QUICK | {"max_iter": 1}, dtype=asked).fit((x * 16).astype(dtype), y)
        assert {w.dtype.name for w in [*fitted.coefs_, *fitted.intercepts_]} == {got}


@pytest.mark.parametrize("schedule", ["invscaling", "adaptive", "constant"])
def test_rates_of_sgd(schedule):
    x, y = IRIS
    given = {
        "hidden_layer_sizes": (6,),
        "solver": "sgd",
        "learning_rate": schedule,
        "random_state": 0,
        "tol": 1e-2,
        "batch_size": len(x),
        "max_iter": 150,
        "learning_rate_init": 0.1,
        "n_iter_no_change": 2,
    }
    theirs, ours = neural_network.MLPClassifier(**given).fit(x, y), MLPClassifier(**given).fit(x, y)
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-2)


def test_it_says_when_it_has_not_converged():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(12\) reached"):
        MLPClassifier(**QUICK).fit(*IRIS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"solver": "adagrad"},
        {"activation": "step"},
        {"activation": ["relu"] * 3},
        {"hidden_layer_sizes": (0,)},
        {"alpha": -1},
        {"max_iter": 0},
        {"dropout": 1},
        {"dtype": "int8"},
        {"learning_rate": "fast"},
        {"validation_fraction": 2, "early_stopping": True},
        {"batch_size": 0},
        *({name: math.inf} for name in ("tol", "alpha", "epsilon", "learning_rate_init", "power_t")),
        *({name: math.nan} for name in ("tol", "validation_fraction", "beta_1")),
        *({name: 1} for name in ("shuffle", "warm_start", "early_stopping", "nesterovs_momentum")),
        *({name: 2.0} for name in ("max_iter", "max_fun", "n_iter_no_change", "batch_size")),
        *({"hidden_layer_sizes": sizes} for sizes in ((5.0,), 5.0, "5", None, True, (True,), -1)),
        *({name: "1"} for name in ("tol", "alpha", "verbose", "batch_size", "momentum")),
        {"activation": None},
        {"verbose": -1},
        {"validation_fraction": 1.0},
    ],
    ids=str,
)
def test_wrong_settings(wrong):
    name = next(iter(wrong))
    with pytest.raises(ValueError, match=f"{name} must be"):
        MLPClassifier(**(QUICK | wrong)).fit(*IRIS)


def test_without_scikit_learn():
    script = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from tinygrad_mnist.errors import MissingExtraError\n"
        "try:\n    import tinygrad_mnist.interop.sklearn\n"
        "except MissingExtraError as error:\n    assert 'tinygrad_mnist[sklearn]' in str(error)\n"
        "else:\n    raise SystemExit('imported')\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
