"""Whether works leave a free energy to be estimated: unusable, all equal, or against the second law."""

from __future__ import annotations

from math import sqrt
from typing import Any

from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.free_energy.ranks import median
from neurothermo.free_energy.samples import Pair, Single, Works

LARGEST = 1e50  # work, in energy units or in kT: its sixth power is still a number
_STILL = 1e-6  # kT of scatter, below which the sums of Bennett's f are rounding


def settled_single(sample: Single, fields: dict[str, Any]) -> Estimate | None:
    """The estimate where the works leave no choice: unusable, or all equal."""
    trouble = _doubtful(sample.doubt) or _unusable(sample.works, "works", sample.temperature)
    if trouble:
        return no_estimate(trouble, **fields)
    if _constant(sample.works, sample.temperature):
        return _exactly(sample.sign * median(sample.works.column), sample.works.size, fields)
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
    one, other = median(pair.forward.column), median(pair.reverse.column)
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
    forward, reverse = pair.forward.summary, pair.reverse.summary
    total = forward.mean + reverse.mean
    error = sqrt(forward.variance / pair.n[0] + reverse.variance / pair.n[1])
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


def _doubtful(doubt: str) -> str:
    if not doubt:
        return ""
    return (
        f"No free energy follows from these works: {doubt}; use a heat bath that moves one neuron at a time (of "
        "real variables: noise='boltzmann'), started with initial='equilibrium'."
    )


def _constant(works: Works, kT: float) -> bool:
    """Whether works differ by rounding alone, or by nothing."""
    return works.summary.spread <= min(1e-9 * works.summary.largest, _STILL * kT)


def _still(pair: Pair) -> str:
    scatter = max(pair.forward.summary.spread, pair.reverse.summary.spread) / pair.temperature
    if scatter >= _STILL:
        return ""
    return (
        f"The works scatter by {scatter:.1g} kT, which is lost in rounding beside two samples' overlap: check "
        "the temperature's units, or use cumulant()."
    )


def _unusable(works: Works, name: str, kT: float) -> str:
    bad = works.summary.whole.bad
    if bad:
        return (
            f"{bad} of {works.size} {name} are NaN or infinite: find out why "
            "before leaving those trials out, which would bias the rest."
        )
    if works.size < 2:
        return f"There is only one trial among the {name}: run at least a hundred a side."
    largest = works.summary.largest
    if largest and not all(1 / LARGEST <= size <= LARGEST for size in (largest, largest / kT)):
        return (
            f"The {name} reach {largest:.2g} at kT = {kT:.2g}: their powers are no longer numbers; check the units, "
            "and look for broken trials."
        )
    return ""


def _exactly(value: float, n: int, fields: dict[str, Any]) -> Estimate:
    sentence = "All works are equal, as in a reversible process: the difference is that work."
    return Estimate(value, 0.0, (value, value), ess=float(n), diagnostics=(sentence,), **fields)
