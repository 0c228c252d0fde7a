"""The statistics of work, without sampling: cumulants, generating function, and the whole distribution."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_choice, checked_count
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import ENERGY
from neurothermo.exact.driving import Request
from neurothermo.exact.entropy_path import entropies, has_potentials
from neurothermo.exact.entropy_tilt import tilted_entropy
from neurothermo.exact.planning import BATCH, check_feasible, drive_for
from neurothermo.exact.tilting import generated
from neurothermo.exact.windowed import Window, wants_window, windowed_step
from neurothermo.exact.work_lattice import WorkLattice

HIGHEST_ORDER = 12  # of a cumulant: beyond, moments lose all their digits


def work_cumulants(
    system: Any,
    protocol: Any,
    rule: Any = None,
    *,
    temperature: Any = None,
    order: int = 4,
    initial: Any = None,
    initial_temperature: Any = None,
) -> Array:
    r"""The cumulants of the work of a driving protocol: mean, variance, third, fourth, ...

    .. math:: m_k \leftarrow \sum_{j=0}^{k} \binom{k}{j} w^j m_{k-j}, \qquad m_k \leftarrow T m_k

    at each step: w = -dI.V is the work of the change of input in every state (with -V.dJ.V/2 + dU.V where couplings
    are driven), T moves the state, and m_k(V) is the mean of W^k over the paths that end in V. Works are counted from
    their running mean, so that nothing cancels.

    Parameters
    ----------
    system : SpinNetwork
        N <= 22, or pattern couplings of any N that start in equilibrium. One of the networks that the protocol
        mixes, where it drives the couplings.
    protocol : Protocol or array_like, shape (K + 1, N)
        Of input, couplings and temperature. A reversed one relaxes first.
    rule : Glauber, optional
        Default ``Glauber()``.
    temperature : float or array_like, shape (N,)
        T of the bath, or one for each neuron, in energy units, > 0; not given where the protocol drives it.
    order : int
        How many cumulants, 1 to 12.
    initial : "equilibrium" or "stationary", optional
        The law at the first value, from which every trial starts. Default: equilibrium where there is one, else the
        stationary law of the rule (over all states, N <= 22).
    initial_temperature : float, optional
        Of the equilibrium at the first value; default that of the bath.

    Returns
    -------
    array, shape (order,)
        In energy units to the power 1, 2, 3, ... Relative rounding is about 1e-12, or 1e-9 where a large lumped
        network takes the series of `windowed_step`.

    Raises
    ------
    InputError
        If an argument is not what it must be, there is no such law to start from, or memory or time would not
        suffice.

    References
    ----------
    Chen, arXiv 2012.13252, eq. 10 (work); Imparato & Peliti, Phys. Rev. E 72, 046114 (2005) (joint law of state and
    work).
    """
    order = checked_count(order, "order")
    if order > HIGHEST_ORDER:
        raise InputError(f"order must be at most {HIGHEST_ORDER} (higher moments lose all digits), got {order}")
    request = Request.of(system, protocol, rule, temperature, initial, initial_temperature)
    drive = drive_for(request, rows=order + 1, moments=True)
    start, window, mean = drive.start(), Window(), 0.0
    moments = np.zeros((order + 1, len(start)))
    moments[0] = start
    for works, move in drive.works():
        shift = float(moments[0] @ works)
        mean += shift
        _add_work(moments, works - shift)
        if move is None:
            break
        if wants_window(move.chain):
            window = windowed_step(move.chain, moments, move.field, window)
        else:
            move.step(moments)
    sums = moments.sum(axis=1)
    cumulants = _cumulants(sums / sums[0])
    cumulants[0] += mean
    return cumulants


def generating_function(
    system: Any,
    protocol: Any,
    rule: Any = None,
    *,
    temperature: Any = None,
    counting: Any,
    of: str = "work",
    initial: Any = None,
    initial_temperature: Any = None,
) -> npt.NDArray[Any]:
    r"""The mean of an exponential of work or of total entropy production.

    .. math:: G(\lambda) = \langle e^{-\lambda W} \rangle, \qquad
              \Sigma = \ln p_0(V_0) - \ln p_1(V_K) + \text{flow}

    p_0 is the law of the start; p_1 is the same kind of law at the last value. Jarzynski: G(1/T) = exp(-dF/T) from
    equilibrium at T. The integral theorem: G(1) = 1 for entropy, under every rule.

    Parameters
    ----------
    system, protocol, rule, temperature, initial, initial_temperature
        As for `work_cumulants`.
    counting : array_like, real or complex
        lambda, any shape: per energy unit for work, a number for entropy. Imaginary: characteristic function.
    of : "work" or "entropy"
        Entropy: from equilibrium p_1 is equilibrium at the last value; from the stationary law (couplings without an
        energy, temperatures of single neurons) p_1 is stationary too, over all states. Temperature may be driven.

    Returns
    -------
    array of the shape of `counting`
        Real where `counting` is.

    Raises
    ------
    InputError
        As `work_cumulants` does, if G does not fit in a float, or if states too improbable for a float at the start
        might carry it.

    References
    ----------
    Jarzynski, Phys. Rev. Lett. 78, 2690 (1997), eq. 2; Seifert, Phys. Rev. Lett. 95, 040602 (2005), eq. 17.
    """
    checked_choice(of, "of", ("work", "entropy"))
    parameters = _checked_counting(counting)
    request = Request.of(system, protocol, rule, temperature, initial, initial_temperature)
    if of == "entropy" and not has_potentials(request):
        drive_for(request)  # refuses what is too large
        return tilted_entropy(request, parameters.reshape(-1)).reshape(parameters.shape)
    drive = drive_for(request, rows=parameters.size * (2 if np.iscomplexobj(parameters) else 1))
    start, path = (drive.start, drive.works) if of == "work" else (drive.law.copy, lambda: entropies(drive))
    batch = max(1, BATCH // drive.chain.states)
    parts = [
        generated(start(), path(), parameters.reshape(-1)[first : first + batch])
        for first in range(0, parameters.size, batch)
    ]
    return np.concatenate([*parts, parameters.reshape(-1)[:0]]).reshape(parameters.shape)


def work_distribution(
    system: Any,
    protocol: Any,
    rule: Any = None,
    *,
    temperature: Any = None,
    density: bool = False,
    bins: int | None = None,
    initial: Any = None,
    initial_temperature: Any = None,
) -> Any:
    r"""The probability of every value of work.

    .. math:: p(V, W) \leftarrow \sum_{V'} T(V' \to V)\, p(V', W - w(V'))

    Where all changes of inputs and couplings are whole multiples of one unit, works lie on a lattice and the law is
    exact. Only
    positive numbers are added, so that tails keep their relative accuracy down to 1e-290, below which they are
    dropped, and Crooks' theorem holds point by point: P_F(W)/P_R(-W) = exp((W - dF)/T). Elsewhere works are split
    linearly between the two nearest of many bins: the mean is kept, and the variance grows by
    ``attrs["variance_added"]``.

    Parameters
    ----------
    system, protocol, rule, temperature, initial, initial_temperature
        As for `work_cumulants`.
    density : bool
        Divide by the spacing of works: a density instead of probabilities.
    bins : int, optional
        Cut the range of works into so many bins, whether there is a lattice or not; default 4096 where there
        is none.

    Returns
    -------
    xarray.DataArray
        Dimension ``work``, in energy units, ascending.

    Raises
    ------
    InputError
        As `work_cumulants` does.

    References
    ----------
    Crooks, Phys. Rev. E 60, 2721 (1999), eq. 2; Imparato & Peliti, Phys. Rev. E 72, 046114 (2005), eq. 10.
    """
    import xarray as xr

    from neurothermo.exact.joint_law import joint_law

    request = Request.of(system, protocol, rule, temperature, initial, initial_temperature)
    bins = None if bins is None else checked_count(bins, "bins", least=2)
    check_feasible(request)
    lattice = WorkLattice.of(request.protocol, bins)
    if density and not lattice.spacing:
        raise InputError("density needs a work that varies: this protocol changes no input, every work is 0")
    drive = drive_for(request, cells=lattice.cells)
    origin, law, added = joint_law(drive, lattice)
    return xr.DataArray(
        law / lattice.spacing if density else law,
        coords={"work": ("work", origin + lattice.spacing * np.arange(len(law)), {"units": ENERGY})},
        name="density" if density else "probability",
        attrs={
            "units": f"1/({ENERGY})" if density else "probability",
            **request.bath,
            "initial": request.initial,
            "direction": request.protocol.direction,
            "route": drive.chain.route,
            "states": drive.chain.states,
            "spacing": lattice.spacing,
            "lattice": int(lattice.exact),
            "variance_added": added,
            "method": "exact, on the lattice of works" if lattice.exact else "works split between neighbouring bins",
        },
    )


def _add_work(moments: Array, works: Array) -> None:
    """m_k <- sum_j binomial(k, j) w^j m_{k-j}, in place, shape (order + 1, states)."""
    for k in range(len(moments) - 1, 0, -1):
        total = moments[0] * works  # Horner's scheme in w
        for j in range(1, k):
            total += comb(k, j) * moments[j]
            total *= works
        moments[k] += total


def _cumulants(moments: Array) -> Array:
    """Cumulants 1, 2, ... from raw moments 0, 1, 2, ..."""
    cumulants = np.zeros(len(moments))
    for k in range(1, len(moments)):
        cumulants[k] = moments[k] - sum(comb(k - 1, j - 1) * cumulants[j] * moments[k - j] for j in range(1, k))
    return cumulants[1:]


def _checked_counting(counting: Any) -> npt.NDArray[Any]:
    try:
        values = np.asarray(counting)
        values = values.astype(np.complex128 if np.iscomplexobj(values) else np.float64)
    except (TypeError, ValueError):
        raise InputError(f"counting must be numbers, real or complex, got {counting!r:.60}") from None
    if not np.all(np.isfinite(values)):
        raise InputError(f"counting must be finite, got {int(np.sum(~np.isfinite(values)))} NaN or infinite values")
    return values
