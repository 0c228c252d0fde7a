"""Free-energy difference from forward and reverse works: Bennett's acceptance ratio."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.resampling import NO_INTERVAL, Interval, bca_interval, bootstrap, quantile
from neurothermo.free_energy.diagnostics import convergence, disjoint, drift, overlap
from neurothermo.free_energy.samples import (
    ERRORS,
    Pair,
    described,
    no_overlap,
    read_pair,
    second_law,
    settled_pair,
)

_AT_ONCE = 2**14  # works a pass: they and their exponentials stay in the cache
_FEWEST_SHARED = 3.0  # works a side in the overlap; intervals were measured to cover from there on
_FIRST_LOOK = 2**12  # works a side that the first guess is made of


def bar(
    forward: Any,
    reverse: Any,
    *,
    temperature: float | None = None,
    confidence: float = 0.95,
    errors: str = "asymptotic",
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    r"""Free-energy difference of a process from its own works and those of its reverse.

    .. math:: \sum_F \frac{1}{1 + e^{M + (W_F - \Delta F)/T}} =
              \sum_R \frac{1}{1 + e^{-M + (W_R + \Delta F)/T}}, \quad M = \ln(n_F / n_R)

    Of all estimates from these works the one with the least asymptotic variance. Exact for any speed of
    driving, if both processes start in equilibrium and each is the time reverse of the other. Measured on
    Gaussian works, the nominal 95 % interval covers 94-96 % from 0.1 to 12 kT of dissipation at 500 trials a
    side (docs/coverage.md).

    Parameters
    ----------
    forward, reverse : ledger, or array_like of shape (trials,)
        Works of the process and of its reverse, each as done in its own process, in energy units. The two
        numbers of trials may differ.
    temperature : float, optional
        Bath temperature, same units, > 0; read from ledgers, needed with arrays.
    confidence : float
        Nominal coverage of the interval, in (0, 1).
    errors : {"asymptotic", "bootstrap"}
        Bennett's variance, or a BCa bootstrap.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    Estimate
        In energy units. NaN where the two distributions do not overlap; without an interval where their
        overlap is barely sampled, or the mean works break the second law. `ess` is the overlap times the
        number of works; `details` holds `overlap` (1: equal distributions), `convergence` (0: fully sampled,
        1: not at all), the mean dissipated works, and the value of the first half of the trials.

    Raises
    ------
    InputError
        If a side holds no works, the temperature is missing or contradicted, or `reverse` is not the
        reverse of `forward`.

    References
    ----------
    Bennett, J. Comput. Phys. 22, 245 (1976), eqs. 10-12; Shirts, Bair, Hooker, Pande, Phys. Rev. Lett. 91,
    140601 (2003); Crooks, Phys. Rev. E 60, 2721 (1999); Hahn, Then, Phys. Rev. E 81, 041117 (2010).
    """
    pair = read_pair(forward, reverse, temperature)
    checked_choice(errors, "errors", ERRORS)
    fields = described(pair, "BAR", confidence)
    settled = settled_pair(pair, fields)
    if settled is not None:
        return settled
    root = _solve(pair)
    unsampled, common = convergence(root.shared, root.squares), overlap(root.shared, pair.n)
    if disjoint(root.shared, root.squares):
        return no_estimate(no_overlap(), details={"overlap": common, "convergence": unsampled}, **fields)
    stderr, interval = root.stderr, root.normal_interval(confidence)
    if errors == "bootstrap":
        stderr, interval = _bootstrapped(pair, root, confidence, resamples, seed)
    half = _first_half(pair, root.value)
    wrong = second_law(pair) or _barely_sampled(root.shared, unsampled)
    return Estimate(
        root.value,
        stderr,
        NO_INTERVAL if wrong else interval,
        ess=min(common, 1.0) * sum(pair.n),
        diagnostics=tuple(filter(None, (wrong, drift(half, root.value, stderr)))),
        details={
            "overlap": common,
            "convergence": unsampled,
            "dissipated_forward": float(pair.forward.mean()) - root.value,
            "dissipated_reverse": float(pair.reverse.mean()) + root.value,
            "first_half": half,
        },
        **fields,
    )


@dataclass(frozen=True)
class _Root:
    """dF, its standard error, and the sums of f (equal on both sides) and of f^2 (over both) at it."""

    value: float
    stderr: float
    shared: float
    squares: float

    def normal_interval(self, confidence: float) -> Interval:
        reach = quantile(confidence) * self.stderr
        return self.value - reach, self.value + reach


def _acceptances(works: Array, shift: Array) -> tuple[Array, Array]:
    """Sums of f and f^2, f = 1 / (1 + exp(works + shift)): works (rows, trials), shift (rows,)."""
    rows, trials = works.shape
    step = max(1, _AT_ONCE // rows)
    sums, squares = np.zeros(rows), np.zeros(rows)
    for first in range(0, trials, step):
        f = works[:, first : first + step] + shift[:, None]
        np.minimum(f, 300.0, out=f)  # the square of exp(-300) is still a number
        np.exp(f, out=f)
        f += 1.0
        np.reciprocal(f, out=f)
        sums += f.sum(axis=1)
        squares += np.einsum("ij,ij->i", f, f)
    return sums, squares


def _newton(forward: Array, reverse: Array, start: Array, most: int = 100) -> tuple[Array, Array]:
    """Roots of h(x) = ln sum_F f - ln sum_R f, works in kT, one a row; and the four sums of `_acceptances`.

    h rises with slopes between 0 and 2 and runs straight where the root is far: Newton's steps do not
    overshoot by much, and a step that leaves the known bracket is replaced by the bracket's middle.
    """
    m = np.log(forward.shape[1] / reverse.shape[1])
    margin = abs(m) + 40
    low = np.minimum(forward.min(axis=1), -reverse.max(axis=1)) - margin
    high = np.maximum(forward.max(axis=1), -reverse.min(axis=1)) + margin
    x = start.copy()
    for _ in range(most):
        (one, one_square), (other, other_square) = _acceptances(forward, m - x), _acceptances(reverse, x - m)
        h = np.log(one) - np.log(other)
        slope = 2 - one_square / one - other_square / other
        low, high = np.where(h < 0, x, low), np.where(h < 0, high, x)
        new = x - h / np.maximum(slope, 1e-300)
        solved = np.abs(h) < 1e-9  # to rounding: no leap from here, however flat
        new = np.where(solved, np.clip(new, low, high), np.where((new > low) & (new < high), new, (low + high) / 2))
        step, x = np.abs(new - x), new
        if np.all(step < 1e-6):  # quadratic: the error left is the square of this
            break
    return x, np.stack([one, one_square, other, other_square])


def _solve(pair: Pair) -> _Root:
    """The root from all works, its first guess from a few thousand of them."""
    kT = pair.temperature
    forward, reverse = pair.forward / kT, pair.reverse / kT
    stride = max(1, max(pair.n) // _FIRST_LOOK)
    few = forward[::stride][None], reverse[::stride][None]
    x = np.array([(few[0].mean() - few[1].mean()) / 2])
    if stride > 1:
        x, _ = _newton(*few, x)
    x, sums = _newton(forward[None], reverse[None], x)
    one, one_square, other, other_square = sums[:, 0]
    variance = one_square / one**2 - 1 / pair.n[0] + other_square / other**2 - 1 / pair.n[1]
    return _Root(kT * float(x[0]), kT * sqrt(max(variance, 0.0)), float(one), float(one_square + other_square))


def _first_half(pair: Pair, value: float) -> float:
    """The root from the first half of each side, one Newton step from the whole's: enough to see a drift."""
    kT = pair.temperature
    forward, reverse = (works[None, : works.size // 2] / kT for works in (pair.forward, pair.reverse))
    x, _ = _newton(forward, reverse, np.array([value / kT]), most=1)
    return kT * float(x[0])


def _bootstrapped(pair: Pair, root: _Root, confidence: float, resamples: int, seed: int) -> tuple[float, Interval]:
    """Standard error and BCa interval; a work's influence is -T (f / <f> - 1), + on the reverse side."""
    kT, m = pair.temperature, pair.log_ratio
    start = root.value / kT

    def replicate(forward: Array, reverse: Array) -> Array:
        return kT * _newton(forward, reverse, np.full(len(forward), start))[0]

    samples = [pair.forward / kT, pair.reverse / kT]
    replicates = bootstrap(replicate, samples, resamples=resamples, seed=seed)
    ones = [1 / (1 + np.exp(np.minimum(w + s, 300))) for w, s in zip(samples, (m - start, start - m), strict=True)]
    influence = [sign * (f / f.mean() - 1) / f.size for sign, f in zip((-1, 1), ones, strict=True)]
    interval = bca_interval(replicates, root.value, np.concatenate(influence), confidence)
    return float(replicates.std(ddof=1)), interval


def _barely_sampled(shared: float, unsampled: float) -> str:
    if shared >= _FEWEST_SHARED and abs(unsampled) <= 0.5:
        return ""
    return (
        f"Only about {shared:.1f} works a side lie where the two distributions overlap: the error cannot be "
        "trusted and no interval is given; drive more slowly or run more trials."
    )
