"""Log odds that a window runs forward, learned on some folds of blocks and given for the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError

MODELS = ("logistic", "boosting")
STEPS = 8  # of Newton's method, which starts at the linear solution
CLOSE = 1e-6
MOST_TREES = 100


def linear_scores(features: list[Array], fold: Any, signs: Array) -> tuple[float, Array]:
    r"""Held-out <f> / <f^2>^{1/2} of a linear classifier, and the same under swapped labels.

    .. math:: f = \theta \cdot g, \quad \theta = 2 (G + \lambda)^{-1} m, \quad m = \langle g \rangle, \quad
              G = \langle g g^T \rangle

    m and G of the training folds. Swapping the labels of a block changes the sign of its part of m and leaves G as it
    is, so that training again costs a product of matrices.
    """
    counts = np.array([len(each) for each in features], dtype=np.float64)
    means = np.stack([each.sum(axis=0) for each in features])
    squares = _second_moments(features, fold)
    whole = np.concatenate([np.ones((1, len(fold))), signs])
    first, second = np.zeros(len(whole)), np.zeros(len(whole))
    for one in range(int(fold.max()) + 1):
        out = fold == one
        train = counts[~out].sum()
        inner = (squares.sum(axis=0) - squares[one]) / train
        theta = 2 * np.linalg.solve(_ridged(inner, train), (whole[:, ~out] @ means[~out]).T / train)
        first += np.sum(theta * (whole[:, out] @ means[out]).T, axis=0)
        second += np.sum(theta * (squares[one] @ theta), axis=0)
    found = first / np.sqrt(second * counts.sum())
    return float(found[0]), found[1:]


def noise_share(features: list[Array]) -> float:
    """How much of what a linear classifier learns is noise: |scatter of blocks|^2 / |mean|^2, about 1 where all is."""
    counts = np.array([len(each) for each in features], dtype=np.float64)
    means = np.stack([each.sum(axis=0) for each in features])
    total = means.sum(axis=0)
    inner = _second_moments(features, np.zeros(len(features), dtype=int))[0] / counts.sum()
    around = means - counts[:, None] / counts.sum() * total
    solved = np.linalg.solve(_ridged(inner, counts.sum()), np.column_stack([total, around.T]))
    return float(min(1.0, np.sum(solved[:, 1:] * around.T) / max(total @ solved[:, 0], 1e-300)))


def logistic_odds(features: list[Array], fold: Any) -> list[Array]:
    """Held-out log odds theta . g of each block's windows, by logistic regression with a slight ridge.

    A window and its reverse have opposite features and opposite labels: forward windows alone say all, and there is
    no intercept.
    """
    odds: list[Array] = [np.empty(0)] * len(features)
    for one in range(int(fold.max()) + 1):
        train = np.concatenate([features[block] for block in np.flatnonzero(fold != one)])
        theta = _logistic(train)
        for block in np.flatnonzero(fold == one):
            odds[block] = features[block] @ theta
    return odds


def _logistic(train: Array) -> Array:
    """The minimum of <ln(1 + e^{-theta.g})> + ridge, by Newton's method."""
    count = len(train)
    theta = 2 * np.linalg.solve(_ridged(train.T @ train / count, count), train.mean(axis=0))
    ridge = train.shape[1] / count / 4
    for _ in range(STEPS):
        wrong = 1 / (1 + np.exp(np.clip(train @ theta, -500, 500)))
        slope = -(wrong @ train) / count + ridge * theta
        weighted = train * np.sqrt(wrong * (1 - wrong))[:, None]
        curve = weighted.T @ weighted / count
        curve[np.diag_indices_from(curve)] += ridge
        step = np.linalg.solve(curve, slope)
        theta = theta - step
        if np.abs(step).max() < CLOSE:
            break
    return theta


def boosted_odds(windows: list[Array], fold: Any, seed: int) -> list[Array]:
    """Held-out log odds of each block's windows, by boosted trees on forward and reversed windows.

    f(window) is half the difference of the log odds of the window and of its reverse: it changes sign with direction.

    Raises
    ------
    InputError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError:
        raise InputError(
            'model "boosting" needs scikit-learn, which is not installed: pip install "neurothermo[neuro]"'
        ) from None
    from threadpoolctl import threadpool_limits

    flat = [each.reshape(len(each), -1) for each in windows]
    turned = [each[:, ::-1].reshape(len(each), -1) for each in windows]
    odds: list[Array] = [np.empty(0)] * len(windows)
    for one in range(int(fold.max()) + 1):
        kept = np.flatnonzero(fold != one)
        train = np.concatenate([flat[block] for block in kept] + [turned[block] for block in kept])
        label = np.arange(len(train)) < len(train) // 2
        model = HistGradientBoostingClassifier(
            max_iter=MOST_TREES, max_leaf_nodes=16, min_samples_leaf=50, l2_regularization=1.0, learning_rate=0.05,
            early_stopping=False, random_state=seed,
        )  # fmt: skip
        with threadpool_limits(1, user_api="openmp"):  # its threads wait for each other by spinning
            model.fit(train, label)
            for block in np.flatnonzero(fold == one):
                odds[block] = (model.decision_function(flat[block]) - model.decision_function(turned[block])) / 2
    return odds


def _second_moments(features: list[Array], fold: Any) -> Array:
    """Sums of g g^T over the windows of each fold, shape (folds, features, features)."""
    count = features[0].shape[1]
    found = np.zeros((int(fold.max()) + 1, count, count))
    for each, one in zip(features, fold, strict=True):
        found[one] += each.T @ each
    return found


def _ridged(inner: Array, count: float) -> Array:
    """The second moments of features of size 1, with a ridge of features per window."""
    return inner + len(inner) / count * np.eye(len(inner))
