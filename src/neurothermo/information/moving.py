"""Which moving laws came: checked, and one rate by the formula that fits them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.gaussian import Gaussian
from neurothermo.information.density import Density
from neurothermo.information.gaussian_rate import checked_rate
from neurothermo.information.laws import checked_law, checked_pair, exact, masses

KEPT = 1e-8  # how far from zero the rates of a table may sum, relatively; of a density 1e-5
KEPT_DENSITY = 1e-5
UNDEFINED = (
    "There is no rate here: the measure is infinite, or a state that is empty under both laws is being filled; "
    "ask a moment later."
)


@dataclass(frozen=True, eq=False)
class Moving:
    """Laws of the same states with their rates: (p, p') or (p, p', q, q'); the rates of densities are of their values.

    `cells()` are the probabilities of states or cells and their rates, `coarse_cells()` those of a density on every
    second point.
    """

    p: Any
    dp: Any
    q: Any = None
    dq: Any = None

    @property
    def is_gaussian(self) -> bool:
        """Whether the closed forms apply."""
        return isinstance(self.p, Gaussian)

    @property
    def parts(self) -> tuple[Any, ...]:
        """(p, p') or (p, p', q, q')."""
        return (self.p, self.dp) if self.q is None else (self.p, self.dp, self.q, self.dq)

    def cells(self) -> tuple[Array, ...]:
        """Probabilities and their rates."""
        scale = self.p.volumes if isinstance(self.p, Density) else 1.0
        return tuple(scale * part if number % 2 else masses(part) for number, part in enumerate(self.parts))

    def coarse_cells(self) -> tuple[Array, ...] | None:
        """The same of a density on every second point; None of tables."""
        if not isinstance(self.p, Density):
            return None
        scale = self.p.coarse_volumes
        return tuple(scale * part if number % 2 else part.coarse_masses for number, part in enumerate(self.parts))


def one_moving(p: Any, dp: Any, name: str = "p") -> Moving:
    """One law and its rate.

    Raises
    ------
    InputError
        If the law does not sum to one, or the rate does not fit it.
    """
    law = checked_law(p, name)
    return Moving(law, checked_law_rate(dp, law, f"d{name}" if len(name) == 1 else f"d_{name}"))


def two_moving(p: Any, dp: Any, q: Any, dq: Any) -> Moving:
    """Two laws and their rates; `dq` None: q stands still.

    Raises
    ------
    InputError
        If they are no laws of the same states, or a rate does not fit.
    """
    p, q = checked_pair(p, q)
    return Moving(p, checked_law_rate(dp, p, "dp"), q, checked_law_rate(dq, q, "dq"))


def checked_law_rate(rate: Any, law: Any, name: str) -> Any:
    """A GaussianRate; or an array of the law's shape that sums to zero and takes nothing from an empty state.

    Raises
    ------
    InputError
        If it is none.
    """
    if isinstance(law, Gaussian):
        return checked_rate(rate, law, name)
    values, volumes = (law.values, law.volumes) if isinstance(law, Density) else (law, 1.0)
    if rate is None:
        return np.zeros_like(values)
    checked = checked_array(rate, name, values.shape)
    total, size = float(np.sum(volumes * checked)), float(np.sum(np.abs(volumes * checked)))
    if not abs(total) <= (KEPT_DENSITY if isinstance(law, Density) else KEPT) * size:
        raise InputError(f"{name} must sum to 0, got a sum of {total:.3g} beside a sum of sizes of {size:.3g}")
    if np.any((values == 0) & (checked < 0)):
        raise InputError(f"{name} must not take probability from an empty state, got {checked[values == 0].min():.3g}")
    return checked


def rate_of(formula: Callable[..., float], moving: Moving, units: str, method: str) -> Estimate:
    """A formula of (p, p') or (p, p', q, q'): closed for Gaussians, summed over states or cells otherwise."""
    if moving.is_gaussian:
        return rate_answer(formula(*moving.parts), units, f"{method}, Gaussian")
    found = rate_answer(formula(*moving.cells()), units, method)
    coarse = moving.coarse_cells()
    if coarse is None or not np.isfinite(found.value):
        return found
    return exact(found.value, units, f"{method}, by quadrature", quadrature_error=abs(found.value - formula(*coarse)))


def rate_answer(value: float, units: str, method: str) -> Estimate:
    """The rate, or that there is none."""
    if np.isnan(value):
        return no_estimate(UNDEFINED, units=units, method=method)
    return exact(value, units, method)
