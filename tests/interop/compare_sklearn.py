"""Our estimators beside scikit-learn's: time to fit on MNIST, and accuracy on the data sets it ships.

    python tests/interop/compare_sklearn.py [--rounds 3] [--epochs 5] [--seeds 10]

Both fit the same arrays with the same architecture, batch size, solver and epochs, in turn, and with two
threads; the times are medians. The accuracies are means over seeds of splits and first weights, with their
standard errors.
"""

import argparse
import os
import statistics
import time
import warnings

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TINYGRAD_MNIST_NUM_THREADS"):
    os.environ.setdefault(_name, "2")

import numpy as np
from sklearn import datasets, neural_network
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from tinygrad_mnist import data
from tinygrad_mnist.interop import sklearn as ours


def seconds(estimator, x, y):
    wall, work = time.perf_counter(), time.process_time()
    estimator.fit(x, y)
    return time.perf_counter() - wall, time.process_time() - work


def times(rounds, epochs):
    (images, labels), _ = data.mnist()
    print(f"fit on {len(images):,} images of MNIST, adam, batches of 200, {epochs} epochs: seconds")
    print(
        f"{'hidden':>10} {'dtype':>8} {'scikit-learn':>13} {'ours':>8} {'ratio':>6} {'of processor time':>18}"
    )
    for hidden in ((16, 16), (100,)):
        for dtype in (np.float32, np.float64):
            x = (images.reshape(len(images), -1) / 255).astype(dtype)
            results = {}
            for i in range(rounds + 1):
                for package in (neural_network, ours):
                    estimator = package.MLPClassifier(
                        hidden, max_iter=epochs, n_iter_no_change=epochs, batch_size=200, random_state=i
                    )
                    took = seconds(estimator, x, labels)
                    if i:  # the first round compiles
                        results.setdefault(package, []).append(took)
            wall, work = (
                [statistics.median(t[k] for t in results[package]) for package in (neural_network, ours)]
                for k in (0, 1)
            )
            print(
                f"{'-'.join(map(str, hidden)):>10} {np.dtype(dtype).name:>8} {wall[0]:13.2f} {wall[1]:8.2f} "
                f"{wall[0] / wall[1]:6.1f} {work[0] / work[1]:18.1f}",
                flush=True,
            )


def accuracies(seeds):
    print(f"\nscore on a quarter held out, mean of {seeds} seeds ± standard error")
    print(f"{'data':>14} {'scikit-learn':>18} {'ours':>18}")
    for name in ("digits", "breast_cancer", "wine", "iris", "diabetes"):
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        kind = "MLPRegressor" if name == "diabetes" else "MLPClassifier"
        scores = {neural_network: [], ours: []}
        for seed in range(seeds):
            train_x, test_x, train_y, test_y = train_test_split(x, y, random_state=seed)
            scaler = StandardScaler().fit(train_x)
            for package, found in scores.items():
                estimator = getattr(package, kind)(random_state=seed, max_iter=300)
                estimator.fit(scaler.transform(train_x), train_y)
                found.append(estimator.score(scaler.transform(test_x), test_y))
        shown = [f"{np.mean(s):.4f} ± {np.std(s, ddof=1) / len(s) ** 0.5:.4f}" for s in scores.values()]
        print(f"{name:>14} {shown[0]:>18} {shown[1]:>18}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    times(arguments.rounds, arguments.epochs)
    accuracies(arguments.seeds)
