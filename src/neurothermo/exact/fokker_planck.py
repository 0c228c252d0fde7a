"""Stationary law and entropy production of nonlinear Langevin systems: the Fokker-Planck equation on a grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan, prod
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.machine import memory_limit
from neurothermo.exact.fokker_planck_box import checked_dimensions, confining_box, wall_masses
from neurothermo.exact.fokker_planck_chain import GridChain, checked_box, checked_fields, checked_points, grid_chain
from neurothermo.exact.fokker_planck_production import cell_currents, current_production, edge_production
from neurothermo.exact.fokker_planck_refining import NOTHING, extrapolated, refined
from neurothermo.exact.fokker_planck_solver import GridSolution, stationary_cells

POINTS = {1: 1000, 2: 160, 3: 40}
LEAST_POINTS = 16  # a quarter of them must still be a grid
ACCURATE = 1e-6  # of the law, in total variation; less is no answer
CELL_BYTES = 2000.0  # a cell, at least: rates, the matrix and its factors
LEAKING = 1e-6  # in the outermost cells: worth a sentence
UNRESOLVED = 0.05  # relative error: worth a sentence


@dataclass(frozen=True, eq=False)
class GridLaw:
    r"""The stationary law and the probability currents of a diffusion in a box with reflecting walls.

    .. math:: J_i = b_i p - \partial_i (D_i p), \qquad \nabla \cdot J = 0

    Parameters
    ----------
    axes : tuple of ndarray
        The centres of the cells along each axis.
    density : ndarray
        p at the centres, shaped as the grid; NaN where the law could not be determined.
    currents : ndarray, shape (d, ...)
        J at the centres, the mean of a cell's two faces; all baths together.
    residual, accuracy : float
        Of the chain's stationary law, see `GridSolution`; what the grid is off by is another matter, and is in the
        error of `entropy_production` and `expectation`.
    chain : GridChain
        The jump process on the cells.
    coarser : GridLaw, optional
        The same on half as many points an axis; None at the end.
    method : str
    """

    axes: tuple[Array, ...]
    density: Array = field(repr=False)
    currents: Array = field(repr=False)
    residual: float
    accuracy: float
    chain: GridChain = field(repr=False)
    coarser: GridLaw | None = field(repr=False)
    method: str

    @property
    def grid(self) -> str:
        """`120 x 120`."""
        return " x ".join(str(axis.size) for axis in self.axes)

    @property
    def points(self) -> Array:
        """The centres of the cells, shape (P, d), the last axis fastest."""
        return self.chain.centres()

    @property
    def probabilities(self) -> Array:
        """Of the cells, shaped as the grid."""
        return self.density * self.chain.volume

    @property
    def converged(self) -> bool:
        """Whether the law is known; it is not where that of the coarser grid is not."""
        return self.accuracy <= ACCURATE

    @property
    def wall_mass(self) -> Array:
        """Probability in the outermost layer of cells, shape (d, 2): at the low and the high wall of each axis."""
        return wall_masses(self.probabilities)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a user should know of this law."""
        if not self.converged:
            return (
                f"The stationary law could not be determined (accuracy {self.accuracy:.1g}): it is metastable, rarely "
                "crossing between regions. Raise the noise, or narrow the box to one region.",
            )
        leaking = self.wall_mass.max()
        if leaking > LEAKING:
            return (
                f"{leaking:.2g} of the probability is in the cells at one wall: widen the box, unless the wall is part "
                "of the model (it reflects).",
            )
        return ()

    def expectation(self, function: Callable[[Array], Array]) -> Estimate:
        r"""The mean of a function of the state.

        .. math:: \langle g \rangle = \sum_c p_c\, g(x_c)

        extrapolated from this grid and the coarser one, errors of order h^2.

        Parameters
        ----------
        function : callable
            g, from points (P, d) to values (P,).

        Returns
        -------
        Estimate
            Kind "estimate"; `stderr` as for `entropy_production`. NaN where the law is not known.

        Raises
        ------
        InputError
            If the function does not return one finite number a point.
        """

        def mean(law: GridLaw) -> float:
            values = checked_array(function(law.points), "function(points)", (law.density.size,))
            return float(law.probabilities.ravel() @ values)

        return _estimate(self, mean, "")

    def entropy_production(self) -> Estimate:
        r"""Entropy production of the stationary state, in nats per unit time.

        .. math:: \sigma = \sum_a \int \frac{1}{p} J_a \cdot D_a^{-1} J_a\, dx
                         \;\leftarrow\; \sum_a \sum_{\mathrm{edges}} (F^a_+ - F^a_-) \ln \frac{F^a_+}{F^a_-}, \qquad
                  F_+ = p_{\mathrm{left}} k_+, \; F_- = p_{\mathrm{right}} k_-

        over the baths a. The sum over edges is the exact production of the jump process, zero to rounding where its
        forces are a gradient; as the grid is refined it goes to the integral with an error of order h^2, which is
        extrapolated away from this grid and the coarser one.

        Returns
        -------
        Estimate
            Kind "estimate", without an interval: `stderr` is the size of the extrapolation, an error of
            discretization and not of statistics; it is larger where three grids do not show order 2. ``details``:
            `grids`, the value of each grid; `order`, the order of convergence that they show (NaN where their
            differences are rounding); `quadrature`, the integral by quadrature on the faces of cells, extrapolated;
            `baths`, this grid's production bath by bath; `wall_mass`, the largest; `residual`, `accuracy`, `box`. NaN
            where the law is not known.

        References
        ----------
        Schnakenberg, Rev. Mod. Phys. 48, 571 (1976), eq. 7.6.
        """
        integral = _estimate(self, lambda law: current_production(law.chain, law.probabilities), "", None, True)
        details = {
            "quadrature": integral.value,
            "baths": edge_production(self.chain, self.probabilities),
            "box": tuple(
                (float(axis[0] - step / 2), float(axis[-1] + step / 2))
                for axis, step in zip(self.axes, self.chain.steps, strict=True)
            ),
        }
        units = "nats per unit time"
        return _estimate(self, lambda law: sum(edge_production(law.chain, law.probabilities)), units, details, True)


def grid_stationary_law(drift: Any, diffusion: Any, box: Any, points: Any = None) -> GridLaw:
    r"""The stationary law of a diffusion in one to three dimensions, on a grid.

    .. math:: dx_i = b_i(x)\, dt + \sqrt{2 D_i(x)}\, dW_i \quad \text{(Ito)}, \qquad
              0 = -\sum_i \partial_i \left[ b_i p - \partial_i (D_i p) \right]

    by finite volumes with exponentially fitted rates (`GridChain`), walls reflecting. Where b_i/D_i - d ln D_i/dx_i is
    a gradient the law at the cells' centres is Boltzmann's to rounding; else the error is of order h^2. Solved on
    three grids, each of half as many points an axis as the one before.

    Parameters
    ----------
    drift : callable, or list of callables
        b, from points (P, d) to (P, d), per unit time. A list: one a bath (channel), whose drifts add up.
    diffusion : number, array_like, callable, or list of these
        D > 0: one number, one a coordinate (d,), or a function from points (P, d) to (P, d), (d,) or a number. A list
        where `drift` is one.
    box : array_like, shape (d, 2)
        Low and high wall of each coordinate; d = 1, 2, 3.
    points : int or array_like of shape (d,), optional
        Cells along each axis, at least 16; default 1000, 160 or 40 in one, two or three dimensions.

    Returns
    -------
    GridLaw

    Raises
    ------
    InputError
        If the box is none, there are too few points, drift or diffusion return something of the wrong shape or not
        finite, or the diffusion is not positive.

    References
    ----------
    Scharfetter and Gummel, IEEE Trans. Electron Devices 16, 64 (1969); Chang and Cooper, J. Comput. Phys. 6, 1 (1970).
    """
    walls = checked_box(box)
    sizes = checked_points(POINTS[len(walls)] if points is None else points, len(walls), LEAST_POINTS)
    if CELL_BYTES * prod(sizes) > memory_limit():
        raise InputError(
            f"points must make at most {memory_limit() / CELL_BYTES:.2g} cells on this machine, got {prod(sizes):.3g}"
        )
    drifts, diffusions = checked_fields(drift, diffusion, len(walls))
    law = None
    for parts in (4, 2, 1):
        law = _law(grid_chain(drifts, diffusions, walls, [size // parts for size in sizes]), law)
    assert law is not None
    return law


def langevin_entropy_production(
    drift: Any, diffusion: Any, dimensions: int, *, box: Any = None, points: Any = None
) -> Estimate:
    r"""Entropy production of a stationary diffusion, in nats per unit time.

    .. math:: dx_i = b_i(x)\, dt + \sqrt{2 D_i(x)}\, dW_i, \qquad
              \sigma = \sum_i \int \frac{J_i^2}{D_i\, p}\, dx

    ``grid_stationary_law(...).entropy_production()`` in a box that is given or found by `confining_box`.

    Parameters
    ----------
    drift, diffusion, points
        As for `grid_stationary_law`.
    dimensions : int
        d: 1, 2 or 3.
    box : array_like, shape (d, 2), optional
        As for `grid_stationary_law`; None: found.

    Returns
    -------
    Estimate
        As `GridLaw.entropy_production`.

    Raises
    ------
    InputError
        As `grid_stationary_law` and `confining_box` do.
    """
    size = checked_dimensions(dimensions)
    walls = confining_box(drift, diffusion, size) if box is None else checked_box(box)
    if len(walls) != size:
        raise InputError(f"box must have {size} pairs (low, high), got {len(walls)}")
    return grid_stationary_law(drift, diffusion, walls, points).entropy_production()


def _law(chain: GridChain, coarser: GridLaw | None) -> GridLaw:
    """The law of one grid; not even tried where that of the coarser one is not known."""
    unknown = np.full(chain.shape, nan)
    if coarser is not None and not coarser.converged:
        found = GridSolution(unknown, nan, coarser.accuracy, coarser.method)
    else:
        found = stationary_cells(chain, None if coarser is None else refined(coarser.axes, coarser.density, chain))
    known = found.probabilities if found.accuracy <= ACCURATE else unknown
    currents = cell_currents(chain, known)
    density = known / chain.volume
    return GridLaw(chain.axes, density, currents, found.residual, found.accuracy, chain, coarser, found.method)


def _estimate(
    law: GridLaw,
    measure: Callable[[GridLaw], float],
    units: str,
    details: dict[str, Any] | None = None,
    positive: bool = False,
) -> Estimate:
    """A number of each grid, its error of order h^2 extrapolated away from the two finest."""
    fields: dict[str, Any] = {"units": units, "method": f"Fokker-Planck on a grid, {law.grid} points"}
    if not law.converged:
        return no_estimate(*law.sentences, **fields)
    laws = [law]
    while laws[-1].coarser is not None:
        laws.append(laws[-1].coarser)
    values = [measure(one) for one in laws]
    # the ratio of steps: 2, or nearly for odd numbers of points
    ratio = (law.density.size / laws[1].density.size) ** (1 / law.density.ndim)
    value, stderr, order = extrapolated(values, ratio, positive)
    sentences = law.sentences
    if stderr > UNRESOLVED * abs(value) and stderr > NOTHING:
        sentences += (
            f"The grid is too coarse: {values[0]:.3g} on {law.grid}, {values[1]:.3g} on half as many points an axis. "
            "Take more points, or a narrower box.",
        )
    grids = {one.grid: found for one, found in zip(laws, values, strict=True)}
    shared = {"grids": grids, "order": order, "residual": law.residual, "accuracy": law.accuracy}
    shared["wall_mass"] = float(law.wall_mass.max())
    return Estimate(value, stderr, diagnostics=sentences, details=shared | (details or {}), **fields)
