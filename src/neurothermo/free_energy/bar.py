"""Free-energy difference from forward and reverse works: Bennett's acceptance ratio."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.resampling import NO_INTERVAL, Interval, bca_interval, bootstrap, quantile
from neurothermo.free_energy.bennett import Root, first_half, influences, roots_of_rows, solve
from neurothermo.free_energy.diagnostics import convergence, disjoint, drift, overlap
from neurothermo.free_energy.samples import Pair, check_errors, described, read_pair
from neurothermo.free_energy.settled import inverted, no_overlap, second_law, settled_pair

_FEWEST_SHARED = 3.0  # works a side in the overlap; intervals were measured to cover from there on
_UNSOLVED = (
    "Bennett's equation could not be solved: the works are spread over more orders of magnitude than their "
    "numbers resolve; look for broken trials."
)


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
        In energy units. NaN where the two distributions do not overlap, or break the second law by more than
        one kT; without an interval where their overlap is barely sampled, or they break it by less. `ess` is the
        overlap times the number of works; `details` holds `overlap` (1: equal distributions), `convergence`
        (0: fully sampled, 1: not at all), the mean dissipated works, and the value of the first half.

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
    check_errors(errors, resamples, seed)
    fields = described(pair, "BAR", confidence)
    settled = settled_pair(pair, fields)
    if settled is not None:
        return settled
    root = solve(pair)
    if root is None:
        return no_estimate(_UNSOLVED, **fields)
    unsampled, common = convergence(root.shared, root.squares), overlap(root.shared, pair.n)
    if disjoint(root.shared, root.squares) or inverted(unsampled):
        details = {"overlap": common, "convergence": unsampled}
        return no_estimate(inverted(unsampled) or no_overlap(), details=details, **fields)
    stderr, reach = root.stderr, quantile(confidence) * root.stderr
    interval = root.value - reach, root.value + reach
    if errors == "bootstrap":
        stderr, interval = _bootstrapped(pair, root, confidence, resamples, seed)
    half = first_half(pair, root.value)
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
            "dissipated_forward": pair.forward.summary.mean - root.value,
            "dissipated_reverse": pair.reverse.summary.mean + root.value,
            "first_half": half,
        },
        **fields,
    )


def _bootstrapped(pair: Pair, root: Root, confidence: float, resamples: int, seed: int) -> tuple[float, Interval]:
    """Standard error and BCa interval; a work's influence is -T (f / <f> - 1), + on the reverse side."""
    kT, start = pair.temperature, root.value / pair.temperature
    samples = [works / kT for works in pair.whole('errors="bootstrap"')]

    def replicate(forward: Array, reverse: Array) -> Array:
        return kT * roots_of_rows(forward, reverse, start)

    replicates = bootstrap(replicate, samples, resamples=resamples, seed=seed)
    influence = np.concatenate(influences(samples, start))
    interval = bca_interval(replicates, root.value, influence, confidence)
    return float(replicates.std(ddof=1)), interval


def _barely_sampled(shared: float, unsampled: float) -> str:
    if shared >= _FEWEST_SHARED and abs(unsampled) <= 0.5:
        return ""
    return (
        f"Only about {shared:.1f} works a side lie where the two distributions overlap: the error cannot be "
        "trusted and no interval is given; drive more slowly or run more trials."
    )
