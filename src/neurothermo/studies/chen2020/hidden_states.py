"""Two states behind a recording of overlaps: by the border between the memories, and by a hidden Markov model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import NATS, Estimate
from neurothermo.core.resampling import bootstrap

RESAMPLES = 400
PASSES = 12  # of expectation and maximisation, from states told apart by the border
INSTALL = "The hidden Markov model needs hmmlearn: pip install 'neurothermo[hmm]'. Everything else here does without."


def nearer(overlaps: Any) -> Any:
    """0 where the first pattern is the nearer one, 1 where the second is; shape (trials, times)."""
    return np.asarray(overlaps[..., 1] > overlaps[..., 0]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Transitions:
    """How often each trial was seen in either state and, a record later, in the other.

    `counts`, shape (trials, 4): 1 to 2, visits of 1, 2 to 1, visits of 2.
    """

    counts: Array

    @classmethod
    def of(cls, states: Any) -> Transitions:
        """From states 0 and 1, shape (trials, times)."""
        before, after = states[:, :-1], states[:, 1:]
        columns = ((before == 0) & (after == 1), before == 0, (before == 1) & (after == 0), before == 1)
        return cls(np.stack([column.sum(axis=1) for column in columns], axis=1).astype(np.float64))

    @property
    def matrix(self) -> Array:
        """M, entry (i, j) from i to j."""
        up, one, down, two = self.counts.sum(axis=0)
        with np.errstate(invalid="ignore"):  # NaN where a state was never seen
            return np.array([[1 - up / one, up / one], [down / two, 1 - down / two]])

    def log_rates(self, seed: int) -> Estimate:
        """ln(k12/k21) in nats, its error from trials drawn again."""
        return self._drawn_again(lambda n: np.log(n[..., 0] / n[..., 1] * n[..., 3] / n[..., 2]), "transitions", seed)

    def log_occupancies(self, seed: int) -> Estimate:
        """ln(p2/p1) in nats."""
        return self._drawn_again(lambda n: np.log(n[..., 3] / n[..., 1]), "occupancies", seed)

    def _drawn_again(self, statistic: Any, method: str, seed: int) -> Estimate:
        rows = np.arange(len(self.counts), dtype=np.float64)

        def of_rows(drawn: Array) -> Array:
            return np.asarray(statistic(self.counts[drawn.astype(np.int64)].sum(axis=1)))

        with np.errstate(divide="ignore", invalid="ignore"):
            value = float(statistic(self.counts.sum(axis=0)))
            spread = bootstrap(of_rows, [rows], resamples=RESAMPLES, seed=seed)
        if not np.isfinite(value) or not np.all(np.isfinite(spread)):
            said = "Too few transitions between the two states: run more trials, or longer ones."
            return Estimate(np.nan, units=NATS, method=method, n=len(rows), diagnostics=(said,))
        return Estimate(value, float(spread.std(ddof=1)), units=NATS, method=method, n=len(rows))


def stationary_pair(matrix: Array) -> Array:
    """The law that a two-state chain keeps."""
    up, down = matrix[0, 1], matrix[1, 0]
    return np.array([down, up]) / (up + down)


def equation_17(matrix: Array) -> float:
    """Eq. 17 between the states of a two-state chain in its stationary law: zero, whatever the chain."""
    law = stationary_pair(matrix)
    return float(np.log(law[0] * matrix[0, 1] / (law[1] * matrix[1, 0])))


@dataclass(frozen=True, eq=False)
class Hidden:
    """A fitted model: transition matrix of a record, and states of every trial, state 0 nearer to the first pattern."""

    matrix: Array
    states: Any


def hidden_markov(overlaps: Array, seed: int) -> Hidden | None:
    """Two Gaussian states fitted to overlaps of shape (trials, times, 2); None without hmmlearn."""
    try:
        from hmmlearn.hmm import GaussianHMM
    except ImportError:
        return None
    from threadpoolctl import threadpool_limits

    trials, times, _ = overlaps.shape
    rows, lengths = overlaps.reshape(trials * times, 2), [times] * trials
    model = GaussianHMM(2, "diag", n_iter=PASSES, tol=1.0, random_state=seed, init_params="", implementation="scaling")
    apart = nearer(overlaps).ravel()
    model.startprob_ = np.array([0.5, 0.5])
    model.covars_ = np.array([rows.var(axis=0) + 1e-3] * 2)
    model.transmat_ = np.array([[0.95, 0.05], [0.05, 0.95]])
    ways = [rows[apart == state] if np.any(apart == state) else rows for state in (0, 1)]
    model.means_ = np.array([way.mean(axis=0) for way in ways])
    with threadpool_limits(1):  # many small arrays: threads would only wait for each other
        model.fit(rows, lengths)
        states = model.predict(rows, lengths).reshape(trials, times)
    matrix = np.asarray(model.transmat_)
    if np.subtract(*model.means_[0]) < np.subtract(*model.means_[1]):
        matrix, states = matrix[::-1, ::-1], 1 - states
    return Hidden(matrix, states)
