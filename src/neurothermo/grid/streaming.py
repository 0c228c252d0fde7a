"""Estimates from more trials than fit in memory: passes over chunks, and sums that are kept.

Up to `AT_ONCE` trials the estimators of `free_energy` are asked themselves. Above it their formulas are followed in
passes over the store, chunk by chunk: value, standard error and interval agree with theirs to rounding, and what
needs all works at once (bootstraps, the skewness of small samples, drifts) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, log, nan, sqrt
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import ENERGY, Estimate, no_estimate
from neurothermo.core.ledger import bath_temperature, check_has_energy, check_pair, column, start_of
from neurothermo.core.resampling import quantile
from neurothermo.free_energy.diagnostics import FEWEST, convergence, disjoint, jarzynski_bias, overlap
from neurothermo.grid.estimators import ESTIMATORS, named

AT_ONCE = 2**21  # trials: two columns of them are 32 MB
PIECE = 2**20
ITERATIONS = 100


@dataclass(frozen=True, eq=False)
class Parts:
    """A column of a ledger, read piece by piece."""

    ledger: Any
    name: str

    @property
    def size(self) -> int:
        """How many trials there are."""
        return int(self.ledger.sizes["trial"])

    def __iter__(self) -> Iterator[Array]:
        for start in range(0, self.size, PIECE):
            piece = column(self.ledger.isel(trial=slice(start, start + PIECE)), self.name)
            if not np.all(np.isfinite(piece)):
                raise InputError(f"the scan's {self.name} holds NaN or infinity: find out why before estimating")
            yield piece

    def sums(self, *functions: Callable[[Array], Any]) -> list[float]:
        """The sum of each function over all trials, in one pass."""
        totals = [0.0] * len(functions)
        for piece in self:
            for place, function in enumerate(functions):
                totals[place] += float(np.sum(function(piece)))
        return totals

    def lowest(self) -> float:
        """The smallest of them."""
        return min(float(piece.min()) for piece in self)


def estimate(name: str, ledger: Any, reverse: Any = None) -> Estimate:
    """An estimator of a scan at one point, whatever the number of trials.

    Raises
    ------
    InputError
        If the estimator is unknown, has no form that reads trials in pieces, or the ledger does not serve it.
    """
    method = named(name)
    sides = [side for side in (ledger, reverse) if side is not None]
    if max(side.sizes["trial"] for side in sides) <= AT_ONCE:
        return method(*(side.load() for side in sides))
    if name in STREAMED:
        return STREAMED[name](ledger)
    if name == "bar":
        return _bar(ledger, reverse)
    if name in ("work", "heat", "entropy_flow"):
        return _mean(ledger, name)
    raise InputError(f"estimator {name} reads all trials at once, and there are more than {AT_ONCE} of them")


def _mean(ledger: Any, name: str) -> Estimate:
    works = Parts(ledger, name)
    value, variance = _moments(works)
    units = str(ledger[name].attrs.get("units", ""))
    return _normal(value, sqrt(variance / works.size), works.size, units, f"mean {name.replace('_', ' ')}")


def _moments(works: Parts) -> tuple[float, float]:
    """Mean and variance, in two passes."""
    (total,) = works.sums(lambda w: w)
    mean = total / works.size
    (squares,) = works.sums(lambda w: (w - mean) ** 2)
    return mean, squares / (works.size - 1)


def _jarzynski(ledger: Any) -> Estimate:
    """-T ln <exp(-W/T)>; the sums are of exp(-(W - lowest)/T)."""
    kT, sign, fields = _said(ledger, "Jarzynski")
    works = Parts(ledger, "work")
    if fields["diagnostics"]:
        return Estimate(nan, **fields)
    n, low = works.size, works.lowest()
    (excess,) = works.sums(lambda w: np.expm1((low - w) / kT))
    mean = excess / n
    (squares,) = works.sums(lambda w: ((np.expm1((low - w) / kT) - mean) / (1 + mean)) ** 2)
    ess = n / (1 + squares / n)
    value, stderr = low - kT * log(1 + mean), kT * sqrt(squares) / n
    if ess < FEWEST:
        return no_estimate(f"Only {ess:.1f} of {n} trials carry the average: drive more slowly.", **{
            key: one for key, one in fields.items() if key != "diagnostics"})  # fmt: skip
    total, spread = _moments(works)
    (weighted,) = works.sums(lambda w: np.exp((low - w) / kT) * (w - total))
    centre = total + weighted / (n * (1 + mean))
    (below,) = works.sums(lambda w: w <= centre)
    unseen = below < 30 and ess > 3 * n * exp(-min(spread / kT**2, 700.0))
    sentence = f"Only {below:.0f} of {n} works lie where the average is decided: no interval is given."
    found = _normal(value, stderr, n, ENERGY, "", interval=not unseen)
    details = {"bias": sign * jarzynski_bias(ess, n, kT), "dissipated_work": total - value}
    fields["diagnostics"] = (sentence,) * unseen
    return Estimate(value, stderr, found.interval, ess=ess, details=details, **fields).scaled(sign, ENERGY)


def _cumulant(ledger: Any) -> Estimate:
    """<W> - var(W) / 2T, its error by the delta method; without an interval where the third cumulant matters."""
    kT, sign, fields = _said(ledger, "cumulant")
    works = Parts(ledger, "work")
    if fields["diagnostics"]:
        return Estimate(nan, **fields)
    n = works.size
    mean, variance = _moments(works)
    value, plain_variance = mean - variance / kT / 2, variance * (n - 1) / n

    def influence(w: Array) -> Array:
        return w - mean - ((w - mean) ** 2 - plain_variance) / kT / 2

    def cubes(w: Array) -> Array:
        return (w - mean) * (((w - mean) / kT) ** 2 - 3 * plain_variance / kT**2)

    squares, third = works.sums(lambda w: influence(w) ** 2, cubes)
    (third_squares,) = works.sums(lambda w: (cubes(w) - third / n) ** 2)
    stderr = sqrt(squares / (n - 1) / n)
    term, error = third / n / 6, sqrt(third_squares / n) / sqrt(n) / 6
    skewed = abs(term) > 3 * error and abs(term) > stderr
    fields["diagnostics"] = (f"The works are not Gaussian: the next cumulant would add {sign * term:.2g}.",) * skewed
    found = _normal(value, stderr, n, ENERGY, "", interval=not skewed)
    details = {"third_cumulant_term": sign * term, "third_cumulant_term_stderr": error}
    return Estimate(value, stderr, found.interval, ess=float(n), details=details, **fields).scaled(sign, ENERGY)


def _bar(forward: Any, reverse: Any) -> Estimate:
    """Bennett's equation by bisection and Newton's steps, one pass over both sides for each."""
    check_pair(forward, reverse)
    kT, _, fields = _said(forward, "BAR")
    bath_temperature(forward, reverse)
    fields["diagnostics"] = fields["diagnostics"] or tuple(filter(None, (start_of(reverse),)))
    sides = Parts(forward, "work"), Parts(reverse, "work")
    n = sides[0].size, sides[1].size
    fields["n"] = n
    if fields["diagnostics"]:
        return Estimate(nan, **fields)
    m = log(n[0] / n[1])

    def sums(x: float) -> list[float]:
        def f(shift: float) -> Callable[[Array], Array]:
            return lambda w: 1 / (1 + np.exp(np.minimum(w / kT + shift, 300.0)))

        one, other = f(m - x), f(x - m)
        return sides[0].sums(one, lambda w: one(w) ** 2) + sides[1].sums(other, lambda w: other(w) ** 2)

    means = _moments(sides[0])[0] / kT, -_moments(sides[1])[0] / kT
    x, low, high = sum(means) / 2, -np.inf, np.inf
    for _ in range(ITERATIONS):
        one, one_square, other, other_square = sums(x)
        h = log(one) - log(other)
        low, high = (x, high) if h < 0 else (low, x)
        new = x - h / max(2 - one_square / one - other_square / other, 1e-300)
        if not low <= new <= high or abs(new - x) > 50:
            new = (low + high) / 2 if np.isfinite(low + high) else x - np.sign(h) * 10.0
        last, x = abs(new - x), new
        if last < 1e-9:
            break
    else:
        return no_estimate("Bennett's equation was not solved: the works are too far apart.", **{
            key: one for key, one in fields.items() if key != "diagnostics"})  # fmt: skip
    details = {"overlap": overlap(one, n), "convergence": convergence(one, one_square + other_square)}
    if disjoint(one, one_square + other_square):
        fields["diagnostics"] = ("The forward works and the negative reverse works do not overlap: drive more slowly.",)
        return Estimate(nan, details=details, **fields)
    variance = one_square / one**2 - 1 / n[0] + other_square / other**2 - 1 / n[1]
    stderr = kT * sqrt(max(variance, 0.0))
    found = _normal(kT * x, stderr, 0, ENERGY, "", interval=True)
    ess = min(details["overlap"], 1.0) * sum(n)
    return Estimate(kT * x, stderr, found.interval, ess=ess, details=details, **fields)


def _said(ledger: Any, method: str) -> tuple[float, float, dict[str, Any]]:
    """Temperature, sign and what the estimate says of itself."""
    check_has_energy(ledger)
    kT, doubt = bath_temperature(ledger), start_of(ledger)
    sign = -1.0 if ledger.attrs.get("direction") == "reverse" else 1.0
    name = f"{method}, reverse works" if sign < 0 else method
    about = {
        "n": int(ledger.sizes["trial"]), "units": ENERGY, "temperature": kT, "method": name,
        "diagnostics": (f"No free energy follows from these works: {doubt}.",) if doubt else (),
    }  # fmt: skip
    return kT, sign, about


def _normal(value: float, stderr: float, n: int, units: str, method: str, interval: bool = True) -> Estimate:
    reach = quantile(0.95) * stderr
    bounds = (value - reach, value + reach) if interval else (nan, nan)
    return Estimate(value, stderr, bounds, n=n, ess=float(n), units=units, method=method)


STREAMED: dict[str, Callable[[Any], Estimate]] = {"jarzynski": _jarzynski, "cumulant": _cumulant}
assert set(STREAMED) < set(ESTIMATORS)
