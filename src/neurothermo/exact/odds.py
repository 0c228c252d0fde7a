"""What a rule makes of a network at one input: the log odds of every neuron, and checks of what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_temperatures
from neurothermo.core.errors import InputError
from neurothermo.core.machine import memory_limit
from neurothermo.dynamics.glauber import Glauber
from neurothermo.exact.law import checked_system

LIMITS = {"random": 26, "sequential": 24, "parallel": 16}  # neurons: beyond, minutes become hours
LAWS = {"random": 8, "sequential": 13, "parallel": 16}  # how many laws a solver keeps at once (random: half ones)


@dataclass(frozen=True, eq=False)
class LogOdds:
    r"""The log odds of every neuron, :math:`a_i(V) = \ln P(V_i' = +1)/P(V_i' = -1) = \sum_j K_{ij} V_j + b_i`.

    Parameters
    ----------
    couplings : array, shape (N, N)
        K = c J_ij / T_i.
    base : array, shape (N,)
        b = c (I_i - U_i) / T_i.
    """

    couplings: Array
    base: Array

    @property
    def size(self) -> int:
        """N."""
        return len(self.base)

    def of(self, site: int) -> Array:
        """The log odds of one neuron in every state, shape (2^N,); bit i of a state's number set: neuron i up."""
        return linear(self.couplings[site]) + self.base[site]

    @property
    def symmetric(self) -> bool:
        """Whether K = K^T, so that one Hamiltonian drives all neurons at one temperature."""
        gap = np.abs(self.couplings - self.couplings.T).max()
        return bool(gap <= 1e-12 * np.abs(self.couplings).max())


def log_odds(system: Any, rule: Any, temperature: Any, field: Any) -> LogOdds:
    """Checked and in units of the temperature.

    Raises
    ------
    InputError
        If the system is no SpinNetwork, the rule no Glauber rule, a temperature not positive, the field of another
        length, N beyond what all 2^N states allow, or neurons are left out of the rule's step.
    """
    system, rule = checked_system(system), checked_rule(rule)
    size = system.size
    _refuse_large(system, rule.order)
    if rule.order == "sequential" and rule.attempts_per_step(size) < size:
        raise InputError(
            f"a step of {rule.attempts} attempts in sequential order starts anew at the first neuron and never moves "
            f"{size - rule.attempts_per_step(size)} of {size} neurons: it has no stationary law of its own"
        )
    temperatures = checked_temperatures(temperature, size)
    given = checked_field(field, size)
    with np.errstate(over="ignore"):
        steepness = rule.steepness / (np.zeros(size) + temperatures)
    dense = system.couplings.toarray() if system.sparse else system.couplings
    with np.errstate(over="ignore", invalid="ignore"):
        odds = LogOdds(dense * steepness[:, None], (given - system.thresholds) * steepness)
        finite = np.isfinite(np.abs(odds.couplings).sum() + np.abs(odds.base).sum())
    if not finite:
        raise InputError("couplings, field and temperature must give log odds that a float can hold, got an overflow")
    return odds


def _refuse_large(system: Any, order: str) -> None:
    """Refuse what would not fit in memory or not end soon; nothing is allocated before."""
    size = system.size
    needed, limit = LAWS[order] * 8.0 * 2.0**size, memory_limit()
    if size > LIMITS[order] or needed > limit:
        raise InputError(
            f"N = {size} neurons have 2^{size} states, whose law takes {needed / 1e9:.3g} GB to solve for: {order} "
            f"order is solved up to N = {LIMITS[order]} and {limit / 1e9:.3g} GB{_lumpable(system, order)}; "
            "simulate this network instead"
        )


def _lumpable(system: Any, order: str) -> str:
    """What lumping has to say to a network whose states are too many."""
    if system.patterns is None:
        return ""
    if order == "sequential":
        return ", and cannot be lumped (a fixed order tells neurons apart)"
    return ", and entropy_production() lumps those of a pattern network at one temperature"


def linear(weights: Any) -> Array:
    """sum_j weights[j] V_j of every state, shape (2^len(weights),)."""
    sums = np.zeros(1)
    for weight in weights:
        sums = np.concatenate([sums - weight, sums + weight])
    return sums


def checked_rule(rule: Any) -> Glauber:
    """A rule whose transition probabilities are known in closed form."""
    if not isinstance(rule, Glauber):
        raise InputError(f"rule must be a Glauber rule, got {type(rule).__name__}")
    return rule


def checked_field(field: Any, size: int) -> Array:
    """The input, shape (N,); none is no input."""
    return np.zeros(size) if field is None else checked_array(field, "field", (size,))


def checked_law(law: Any, size: int) -> Array:
    """Probabilities of all 2^N states, shape (2^N,), that sum to 1."""
    values = checked_array(law, "law", (2**size,))
    total = float(values.sum())
    if np.any(values < 0) or abs(total - 1) > 1e-6:
        raise InputError(f"law must hold probabilities that sum to 1, got a sum of {total:g}")
    return values
