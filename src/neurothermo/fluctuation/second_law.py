"""What can be said of two directions whose works do not scatter, or do not overlap."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np

from neurothermo.core.verdict import Verdict
from neurothermo.fluctuation.logistic import FEWEST
from neurothermo.fluctuation.mirrored import Mirrored


def without_scatter(trials: Mirrored, details: dict[str, Any]) -> Verdict | None:
    """The same work in every trial of each direction: reversible, against the second law, or too far apart.

    Parameters
    ----------
    trials : Mirrored
    details : dict
        Goes into the verdict.

    Returns
    -------
    Verdict or None
        None where the works scatter, or where they do not but the heat still can speak.
    """
    forward, mirrored = trials.sides
    if max(np.ptp(forward), np.ptp(mirrored)) > trials.rounding:
        return None
    gap = float(np.mean(forward) - np.mean(mirrored))
    if abs(gap) <= trials.rounding:
        if trials.heat is not None and np.ptp(trials.heat) > trials.rounding:
            return None
        sentence = f"every work is {np.mean(forward):.6g} kT forward and its opposite in reverse: reversible"
        known = {"free_energy_difference": trials.kT * float(np.mean(forward)), "free_energy_stderr": 0.0}
        return Verdict(True, sentence, expected=1.0, p_value=1.0, details={**details, **known})
    same = f"the works do not scatter, and W_F + W_R = {gap:.4g} kT"
    if gap < 0:
        sentence = f"{same} in every pair of trials, below 0: this contradicts the second law"
        return Verdict(False, sentence, expected=1.0, p_value=0.0, details=details)
    sentence = f"{same}: the two directions do not overlap; run more trials, or drive more slowly"
    return Verdict(None, sentence, expected=1.0, details=details)


def without_overlap(trials: Mirrored, level: float, hint: str, details: dict[str, Any]) -> Verdict:
    r"""Too few trials that either direction could have given: only the second law can still fail.

    .. math:: p \le \exp[\min(n_F, n_R) (\langle W_F \rangle + \langle W_R \rangle)/T]

    by Markov's inequality, with sample means, for any law and any number of trials: the exponential of minus
    that exponent has mean at most 1, from Jarzynski's equality in each direction, and the free-energy
    difference cancels.

    Parameters
    ----------
    trials : Mirrored
    level : float
        Accepted rate of false alarms.
    hint : str
        Added to the sentence of a failure.
    details : dict
        Goes into the verdict; holds "effective".
    """
    forward, mirrored = trials.sides
    dissipated = float(np.mean(forward) - np.mean(mirrored))
    bound = exp(min(0.0, min(trials.sizes) * dissipated))
    if bound < level:
        sentence = (
            f"the mean works of the two directions add to {dissipated:.4g} kT, below 0 (p < {bound:.2g} for "
            f"any law): this contradicts the second law{hint}"
        )
        return Verdict(False, sentence, expected=1.0, p_value=bound, details=details)
    sentence = (
        f"the works of the two directions hardly overlap ({details['effective']:.1f} effective trials, "
        f"{FEWEST:.0f} are needed; together they dissipate {dissipated:.4g} kT): drive more slowly, or run "
        "more trials"
    )
    return Verdict(None, sentence, expected=1.0, details=details)
