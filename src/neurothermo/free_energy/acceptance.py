"""Bennett's acceptance ratio the way Chen 2020 draws it: the crossing of z_R - z_F with a straight line."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_choice
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.resampling import NO_INTERVAL, quantile
from neurothermo.free_energy.diagnostics import convergence, disjoint
from neurothermo.free_energy.samples import described, read_pair
from neurothermo.free_energy.settled import LARGEST, inverted, no_overlap, second_law, settled_pair

if TYPE_CHECKING:
    import xarray

FORMS = ("corrected", "as-printed")


def acceptance_curves(forward: Any, reverse: Any, x: Any = None, *, temperature: float | None = None) -> xarray.Dataset:
    r"""The paper's Fig. 4b,d: z_R(x) - z_F(x) and the line it is to cross.

    .. math:: z_F(x) = \ln \langle f_x(W) e^{-W/T} \rangle_F, \quad z_R(x) = \ln \langle f_x(-W) \rangle_R,
              \quad f_x(W) = \frac{1}{1 + e^{(x - W)/T}}

    If Crooks's theorem holds, z_R - z_F is dF/T at every x, up to sampling; where it meets x/T + ln(n_F/n_R)
    is Bennett's best x. The paper compares with x itself, which is off by a factor of about T.

    Parameters
    ----------
    forward, reverse : ledger, or array_like of shape (trials,)
        Works of the process and of its reverse, each as done in its own process, in energy units.
    x : array_like, shape (points,), optional
        Where to evaluate, in energy units; 201 points over both samples by default.
    temperature : float, optional
        Bath temperature, same units, > 0; read from ledgers, needed with arrays.

    Returns
    -------
    xarray.Dataset
        Over `x`: `z_difference`, `line_corrected` (x/T + ln(n_F/n_R)) and `line_as_printed` (x). The curve is
        NaN where a work is not finite.

    Raises
    ------
    InputError
        If a side holds no works, the temperature is missing or contradicted, `reverse` is not the reverse of
        `forward`, or `x` is not a finite vector.

    References
    ----------
    Chen, arXiv 2012.13252, Fig. 4; Bennett, J. Comput. Phys. 22, 245 (1976).
    """
    import xarray

    pair = read_pair(forward, reverse, temperature)
    sides, kT = _Sides(*pair.whole("acceptance_curves"), pair.temperature), pair.temperature
    both = np.concatenate([sides.forward, -sides.reverse])
    usable = np.abs(both) <= LARGEST * min(1.0, kT)  # finite, and of a size whose powers are numbers
    if x is None:
        seen = both[usable] if np.any(usable) else np.zeros(1)
        x = np.linspace(seen.min(), seen.max(), 201)
    points = checked_array(x, "x", (None,))
    curve = np.array([_difference(sides, at) if np.all(usable) else np.nan for at in points])
    return xarray.Dataset(
        {
            "z_difference": ("x", curve),
            "line_corrected": ("x", points / kT + pair.log_ratio),
            "line_as_printed": ("x", points),
        },
        coords={"x": ("x", points, {"units": "energy units"})},
        attrs={"temperature": kT, "n_forward": pair.n[0], "n_reverse": pair.n[1]},
    )


def acceptance_crossing(
    forward: Any,
    reverse: Any,
    *,
    temperature: float | None = None,
    form: str = "corrected",
    confidence: float = 0.95,
) -> Estimate:
    r"""Free-energy difference by the paper's construction, as corrected or as printed.

    .. math:: z_R(x) - z_F(x) = x/T + \ln(n_F/n_R), \quad \Delta F = T (z_R - z_F)

    "as-printed" solves z_R(x) - z_F(x) = x instead and calls x the difference: about dF/T. It is here to show
    what the printed formula gives, not to be used. The corrected form is `bar`, found by another route.

    Parameters
    ----------
    forward, reverse : ledger, or array_like of shape (trials,)
        Works of the process and of its reverse, each as done in its own process, in energy units.
    temperature : float, optional
        Bath temperature, same units, > 0; read from ledgers, needed with arrays.
    form : {"corrected", "as-printed"}
        Which line the curve is to cross.
    confidence : float
        Nominal coverage of the interval, in (0, 1).

    Returns
    -------
    Estimate
        In energy units; NaN where the two distributions do not overlap, or break the second law by more than one
        kT. As printed it carries no interval.

    Raises
    ------
    InputError
        If a side holds no works, the temperature is missing or contradicted, `reverse` is not the reverse of
        `forward`, or `form` is unknown.

    References
    ----------
    Chen, arXiv 2012.13252, Fig. 4; Bennett, J. Comput. Phys. 22, 245 (1976).
    """
    pair = read_pair(forward, reverse, temperature)
    checked_choice(form, "form", FORMS)
    fields = described(pair, f"acceptance crossing ({form})", confidence)
    settled = settled_pair(pair, fields)
    if settled is not None and (form == "corrected" or np.isnan(settled.value)):
        return settled
    kT, printed = pair.temperature, form == "as-printed"
    scale, offset = (1.0, 0.0) if printed else (1 / kT, pair.log_ratio)
    sides = _Sides(*pair.whole("acceptance_crossing"), kT)
    x = _root(sides, scale, offset)
    z, error = _difference(sides, x), _error(sides, x)
    shared, squares = _shared(sides, x)
    if not printed and (disjoint(shared, squares) or inverted(convergence(shared, squares))):
        return no_estimate(inverted(convergence(shared, squares)) or no_overlap(), **fields)
    value, stderr = (x, error) if printed else (kT * z, kT * error)
    reach = quantile(confidence) * stderr
    as_printed = (
        "As printed, the line is y = x: this is about dF/T and not dF, so it carries no interval." if printed else ""
    )
    wrong = as_printed or second_law(pair)
    return Estimate(
        value,
        stderr,
        NO_INTERVAL if wrong else (value - reach, value + reach),
        diagnostics=(wrong,) if wrong else (),
        details={"x": x, "z_difference": z, "convergence": convergence(shared, squares)},
        **fields,
    )


@dataclass(frozen=True, eq=False)
class _Sides:
    """All works of both processes."""

    forward: Array
    reverse: Array
    temperature: float


def _accepted(sides: _Sides, x: float) -> tuple[Array, Array]:
    """Logarithms of f_x(W) e^{-W/T} on the forward and of f_x(-W) on the reverse works."""
    kT = sides.temperature
    return -np.logaddexp(sides.forward / kT, x / kT), -np.logaddexp(0, (x + sides.reverse) / kT)


def _difference(sides: _Sides, x: float) -> float:
    """z_R(x) - z_F(x)."""
    forward, reverse = (float(np.log(np.mean(np.exp(side - side.max()))) + side.max()) for side in _accepted(sides, x))
    return reverse - forward


def _root(sides: _Sides, scale: float, offset: float) -> float:
    """Where z_R - z_F = scale x + offset: near or between the two limits of z_R - z_F at large |x|."""
    from scipy.optimize import brentq

    kT = sides.temperature
    limits = [
        float(-np.log(np.mean(np.exp(-(sides.forward - sides.forward.min()) / kT))) + sides.forward.min() / kT),
        float(np.log(np.mean(np.exp(-(sides.reverse - sides.reverse.min()) / kT))) - sides.reverse.min() / kT),
    ]
    low, high = ((bound - offset) / scale for bound in (min(limits) - 1, max(limits) + 1))
    width = high - low
    gap = lambda x: _difference(sides, x) - scale * x - offset  # noqa: E731 - the equation
    while gap(low) < 0:
        low -= width
    while gap(high) > 0:
        high += width
    return float(brentq(gap, low, high, xtol=1e-12 * max(1.0, width), rtol=1e-13))


def _error(sides: _Sides, x: float) -> float:
    """Standard error of z_R - z_F: relative variances of the two means, added."""
    total = 0.0
    for side in _accepted(sides, x):
        weights = np.exp(side - side.max())
        total += float(np.mean(weights**2) / weights.mean() ** 2 - 1) / side.size
    return sqrt(max(total, 0.0))


def _shared(sides: _Sides, x: float) -> tuple[float, float]:
    """Sums of Bennett's f over the forward side, and of f^2 over both, for the measures of overlap."""
    forward, reverse = _accepted(sides, x)
    one, other = np.exp(forward + x / sides.temperature), np.exp(reverse)
    return max(float(np.sum(one)), 1e-300), float(np.sum(one**2) + np.sum(other**2))
