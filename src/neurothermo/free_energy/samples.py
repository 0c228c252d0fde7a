"""The works an estimator stands on: read from ledgers or arrays, and found fit for an answer or not."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import ENERGY, Estimate, no_estimate
from neurothermo.core.ledger import bath_temperature, check_has_energy, check_pair, is_ledger, start_of, works
from neurothermo.core.resampling import quantile

DIRECTIONS = ("forward", "reverse")
ERRORS = ("asymptotic", "bootstrap")
LARGEST = 1e50  # work, in energy units or in kT: its sixth power is still a number
_STILL = 1e-6  # kT of scatter, below which the sums of Bennett's f are rounding


@dataclass(frozen=True)
class Single:
    """Works of one process; `sign` is -1 where it is the reverse one, whose difference is -dF.

    `doubt` is what a ledger says against its own start in equilibrium.
    """

    works: Array
    temperature: float
    sign: float
    doubt: str = ""


@dataclass(frozen=True)
class Pair:
    """Works of a forward process and of its reverse, each with the sign of its own process."""

    forward: Array
    reverse: Array
    temperature: float
    doubt: str = ""

    @property
    def log_ratio(self) -> float:
        """M = ln(n_F / n_R)."""
        return log(self.forward.size / self.reverse.size)

    @property
    def n(self) -> tuple[int, int]:
        """Number of trials on each side."""
        return self.forward.size, self.reverse.size


def read_single(work: Any, temperature: Any, direction: str | None) -> Single:
    """One sample; temperature and direction from the ledger, or given.

    Raises
    ------
    InputError
        If there are no works, the temperature is missing or contradicted, or so is the direction.
    """
    said = work.attrs.get("direction") if is_ledger(work) else None
    if direction is not None:
        checked_choice(direction, "direction", DIRECTIONS)
        if said in DIRECTIONS and said != direction:
            raise InputError(f"direction is {direction!r}, but the ledger's direction is {said!r}")
    sign = -1.0 if (direction or said) == "reverse" else 1.0
    check_has_energy(work)
    return Single(_trials(work, "work"), bath_temperature(work, temperature=temperature), sign, start_of(work))


def read_pair(forward: Any, reverse: Any, temperature: Any) -> Pair:
    """Both samples at one temperature.

    Raises
    ------
    InputError
        If a side has no works, the temperatures are missing or differ, or `reverse` is not the reverse.
    """
    check_pair(forward, reverse)
    check_has_energy(forward, reverse)
    heat_bath = bath_temperature(forward, reverse, temperature=temperature)
    doubt = start_of(forward) or start_of(reverse)
    return Pair(_trials(forward, "forward"), _trials(reverse, "reverse"), heat_bath, doubt)


def check_errors(errors: str, resamples: int, seed: int) -> None:
    """The options of the error bar, those of the bootstrap too where it is not asked for.

    Raises
    ------
    InputError
        If one of them is not what it must be.
    """
    checked_choice(errors, "errors", ERRORS)
    checked_count(resamples, "resamples", least=2)
    checked_count(seed, "seed", least=0)


def described(sample: Single | Pair, method: str, confidence: float) -> dict[str, Any]:
    """What every estimate from these works says about itself."""
    backwards = isinstance(sample, Single) and sample.sign < 0
    quantile(checked_fraction(confidence, "confidence"))
    return {
        "method": f"{method}, reverse works" if backwards else method,
        "n": sample.n if isinstance(sample, Pair) else sample.works.size,
        "units": ENERGY,
        "temperature": sample.temperature,
        "confidence": float(confidence),
    }


def settled_single(sample: Single, fields: dict[str, Any]) -> Estimate | None:
    """The estimate where the works leave no choice: unusable, or all equal."""
    trouble = _doubtful(sample.doubt) or _unusable(sample.works, "works", sample.temperature)
    if trouble:
        return no_estimate(trouble, **fields)
    if _constant(sample.works, sample.temperature):
        return _exactly(sample.sign * float(np.median(sample.works)), sample.works.size, fields)
    return None


def settled_pair(pair: Pair, fields: dict[str, Any]) -> Estimate | None:
    """The estimate where the works leave no choice: unusable, all equal, or decidedly against the second law.

    W_F = c and W_R = -c is the reversible process and gives c; constant works that add up to less than zero
    break the second law, and to more than zero never overlap.
    """
    kT = pair.temperature
    unusable = _unusable(pair.forward, "forward works", kT) or _unusable(pair.reverse, "reverse works", kT)
    trouble = _doubtful(pair.doubt) or unusable
    if trouble:
        return no_estimate(trouble, **fields)
    if not (_constant(pair.forward, kT) and _constant(pair.reverse, kT)):
        trouble = _still(pair) or second_law(pair, least=kT)
        return no_estimate(trouble, **fields) if trouble else None
    one, other = float(np.median(pair.forward)), float(np.median(pair.reverse))
    if abs(one + other) <= 1e-9 * max(abs(one), abs(other)):
        return _exactly(one, sum(pair.n), fields)
    if one + other < 0:
        return no_estimate(
            f"The works are constant and add up to {one + other:g} < 0 over the cycle, which the second law "
            "forbids: check the sign of the reverse works (each process counts its own) and the protocols.",
            **fields,
        )
    return no_estimate(no_overlap(), **fields)


def no_overlap() -> str:
    """What to say, and to advise, where P_F(W) and P_R(-W) have nothing in common."""
    return (
        "The forward works and the negative reverse works do not overlap: drive more slowly, run more "
        "trials, or split the protocol in stages and add their differences."
    )


def second_law(pair: Pair, least: float = 0.0) -> str:
    """A sentence where the mean works of the cycle add up to significantly less than zero, else nothing.

    With `least` only where they also add up to less than minus that. A cycle that gains less than one kT leaves
    an estimate, without an interval; one that gains more leaves nothing to be estimated.
    """
    total = float(pair.forward.mean() + pair.reverse.mean())
    error = float(np.sqrt(pair.forward.var() / pair.forward.size + pair.reverse.var() / pair.reverse.size))
    if total >= -max(5 * error, least):
        return ""
    return (
        f"The mean works add up to {total:.3g} ± {error:.1g} over the cycle, which the second law forbids: "
        f"the second process is not the reverse of the first, or a sign is wrong; no "
        f"{'value' if least else 'interval'} is given."
    )


def inverted(unsampled: float) -> str:
    """A sentence where Bennett's f is nearly 1 wherever it is not 0, which equal sums of f and of f^2 forbid."""
    if unsampled > -0.75:
        return ""
    return (
        "Nearly all forward works lie below nearly all negative reverse works, which the second law forbids: "
        "the second process is not the reverse of the first, or a sign is wrong; no value is given."
    )


def _trials(data: Any, name: str) -> Array:
    values = works(data, name)
    if values.ndim != 1 or values.size == 0:
        raise InputError(f"{name} must hold one work a trial, shape (trials,), got shape {values.shape}")
    return values


def _doubtful(doubt: str) -> str:
    if not doubt:
        return ""
    return (
        f"No free energy follows from these works: {doubt}; use a heat bath that moves one neuron at a time (of "
        "real variables: noise='boltzmann'), started with initial='equilibrium'."
    )


def _constant(values: Array, kT: float) -> bool:
    """Whether works differ by rounding alone, or by nothing."""
    return bool(np.ptp(values) <= min(1e-9 * np.max(np.abs(values)), _STILL * kT))


def _still(pair: Pair) -> str:
    scatter = max(float(np.ptp(pair.forward)), float(np.ptp(pair.reverse))) / pair.temperature
    if scatter >= _STILL:
        return ""
    return (
        f"The works scatter by {scatter:.1g} kT, which is lost in rounding beside two samples' overlap: check "
        "the temperature's units, or use cumulant()."
    )


def _unusable(values: Array, name: str, kT: float) -> str:
    finite = np.isfinite(values)
    if not finite.all():
        return (
            f"{values.size - int(finite.sum())} of {values.size} {name} are NaN or infinite: find out why "
            "before leaving those trials out, which would bias the rest."
        )
    if values.size < 2:
        return f"There is only one trial among the {name}: run at least a hundred a side."
    largest = float(np.max(np.abs(values)))
    if largest and not all(1 / LARGEST <= size <= LARGEST for size in (largest, largest / kT)):
        return (
            f"The {name} reach {largest:.2g} at kT = {kT:.2g}: their powers are no longer numbers; check the units, "
            "and look for broken trials."
        )
    return ""


def _exactly(value: float, n: int, fields: dict[str, Any]) -> Estimate:
    sentence = "All works are equal, as in a reversible process: the difference is that work."
    return Estimate(value, 0.0, (value, value), ess=float(n), diagnostics=(sentence,), **fields)
