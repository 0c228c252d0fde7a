"""A network of graded neurons whose couplings learn while it moves, and the energy of both where noise is matched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_choice, checked_number, checked_word
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import digest
from neurothermo.systems.continuous import Inner
from neurothermo.systems.rates import RateNetwork

NOISES = ("matched", "none")
MARGIN = 0.05  # of a gain's range, kept free of starts of burn-ins at either end
NOISE_FREE = (
    "the couplings learn without noise of their own, so that no energy generates activity and learning together: "
    "work exists, energy, heat and free energy do not"
)


@dataclass(frozen=True, eq=False)
class PlasticNetwork:
    r"""A rate network with couplings :math:`W_{ij} = W_{ji}` that learn by Hebb's rule and are forgotten.

    .. math:: \dot W_{ij} = -W_{ij}/\tau + \eta V_i V_j \; [+ \sqrt{2 \eta T}\,\xi_{ij}], \qquad
              E(V, W; I) = E_\text{rate}(V; J_0 + W; I) + \frac{|W|_F^2}{4 \eta \tau}, \quad
              |W|_F^2 = 2 \sum_{i<j} W_{ij}^2

    The rule as printed has no noise. With noise="matched" it is motion down the joint energy above, of mobility
    eta: the force on a pair is :math:`-\partial E/\partial W_{ij} = V_i V_j - W_{ij}/(\eta\tau)`. Activity and
    couplings under ``Langevin(noise="boltzmann")`` then settle to :math:`e^{-E/T}`, in which W is normal given V,
    of mean :math:`\eta\tau V_i V_j` and variance :math:`\eta\tau T`. Additive noise on the potentials leads them out
    of equilibrium, whatever the noise of the couplings.

    A state is the N potentials, then the N (N - 1)/2 couplings of the pairs (0, 1), (0, 2), .., (N - 2, N - 1).
    An input drives the neurons alone.

    Parameters
    ----------
    network : RateNetwork
        Gain, resistance and constant input; its couplings :math:`J_0` are the part that stays, to which W is added;
        they may be zero. The gain must be bounded: without a bound learning runs away.
    tau : float
        > 0, the time in which an unused coupling is forgotten, in units of the membrane's; tau_s in the source.
    eta : float
        > 0, the rate of learning, coupling per activity squared and unit of time.
    noise : "matched" or "none"
        Of the couplings. With "none" there is no energy, and a path of theirs has no log ratio with its reverse:
        entropy_flow is NaN in the ledger, and work is what remains.

    Raises
    ------
    InputError
        If `network` is no RateNetwork of two neurons or more with a bounded gain, tau or eta is not positive, or the
        noise is unknown.

    References
    ----------
    Chen, arXiv 2012.13252, eqs. 15 and 16. The matched noise and the joint energy are not in it.
    """

    network: RateNetwork
    tau: float
    eta: float
    noise: Any = "matched"  # given as a word, kept as the mobilities that the noise has
    label: str = ""

    def __post_init__(self) -> None:
        checked_word(self.label, "label")
        if not isinstance(self.network, RateNetwork):
            raise InputError(f"network must be a RateNetwork, got {type(self.network).__name__}")
        if self.network.size < 2:
            raise InputError("network must have two neurons at least: one alone has no coupling to learn")
        gain = self.network.gain
        if not np.isfinite(gain.high - gain.low):
            raise InputError(
                f"gain {gain.name!r} must be bounded, got ({gain.low:g}, {gain.high:g}): learning runs away"
            )
        for name in ("tau", "eta"):
            number = checked_number(getattr(self, name), name)
            if number <= 0:
                raise InputError(f"{name} must be positive, got {number:g}")
            object.__setattr__(self, name, number)
        word = checked_choice(self.noise, "noise", NOISES)
        noise = self.pace * (word == "matched")
        noise[: self.size] = 1.0
        noise.setflags(write=False)
        object.__setattr__(self, "noise", noise)

    # -- what it is --------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """N, the number of neurons: what an input drives."""
        return self.network.size

    @property
    def dimension(self) -> int:
        """N potentials and N (N - 1)/2 couplings."""
        return self.size * (self.size + 1) // 2

    @property
    def parts(self) -> dict[str, slice]:
        """Where the potentials and where the couplings are in a state: flow is reported for each."""
        return {"activity": slice(0, self.size), "couplings": slice(self.size, self.dimension)}

    @property
    def matched(self) -> bool:
        """Whether the couplings have noise that matches their mobility."""
        return bool(self.noise[-1] > 0)

    @property
    def has_energy(self) -> bool:
        """Whether noise is matched and the network itself has an energy."""
        return not self.why_no_energy

    @property
    def why_no_energy(self) -> str:
        """A sentence for a network without an energy; empty where there is one."""
        return self.network.why_no_energy or ("" if self.matched else NOISE_FREE)

    @cached_property
    def digest(self) -> str:
        """A word that two networks share only if they are the same."""
        return digest("PlasticNetwork", self.network.digest, self.tau, self.eta, self.noise)

    @property
    def pace(self) -> Array:
        """One for each potential, eta for each coupling."""
        return np.repeat([1.0, self.eta], [self.size, self.dimension - self.size])

    @property
    def patterns(self) -> None:
        """None: no patterns are kept with a rate network."""
        return None

    # -- reading states ----------------------------------------------------------------------------

    def potentials(self, states: Any) -> Any:
        """u, shape (trials, N), of rows of states; more axes before the last one are kept."""
        return self._checked(states)[..., : self.size]

    def couplings(self, states: Any) -> Any:
        """W, what was learned, shape (trials, N, N), symmetric with zero diagonal; J_0 is not in it."""
        states = self._checked(states)
        first, second = self._pairs
        found = np.zeros((*states.shape[:-1], self.size, self.size), states.dtype)
        found[..., first, second] = found[..., second, first] = states[..., self.size :]
        return found

    def _checked(self, states: Any) -> Any:
        states = np.asarray(states)
        if states.ndim == 0 or states.shape[-1] != self.dimension:
            raise InputError(f"states must have {self.dimension} columns, got shape {states.shape}")
        return states

    # -- forces and energy -------------------------------------------------------------------------

    @cached_property
    def _pairs(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The two neurons of each coupling."""
        first, second = np.triu_indices(self.size, 1)
        return first, second

    @cached_property
    def _partners(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The other neurons of each neuron, and the columns of its couplings to them; both (N, N - 1)."""
        first, second = self._pairs
        column = np.zeros((self.size, self.size), np.intp)
        column[first, second] = column[second, first] = np.arange(self.size, self.dimension)
        others = np.array([[j for j in range(self.size) if j != i] for i in range(self.size)])
        return others, np.take_along_axis(column, others, axis=1)

    def evaluate(self, states: Any) -> tuple[Any, Any]:
        """Forces on potentials and couplings without the protocol's input, and V, at the precision of `states`."""
        own, activity = self.network.evaluate(states[:, : self.size])
        first, second = self._pairs
        others, columns = self._partners
        force = np.empty_like(states)
        force[:, : self.size] = own + np.einsum("rik,rik->ri", states[:, columns], activity[:, others])
        force[:, self.size :] = activity[:, first] * activity[:, second]
        force[:, self.size :] -= states[:, self.size :] * states.dtype.type(1 / (self.eta * self.tau))
        return force, activity

    def activity(self, states: Any) -> Any:
        """V = f(u)."""
        return self.network.activity(np.asarray(states)[:, : self.size])

    def energy(self, states: Any, field: Any) -> Array:
        """E(V, W; I), shape (trials,), at one input of shape (N,).

        Raises
        ------
        InputError
            If there is no energy.
        """
        if self.why_no_energy:
            raise InputError(f"this network has no energy: {self.why_no_energy}")
        states = np.asarray(states, dtype=np.float64)
        first, second = self._pairs
        learned, activity = states[:, self.size :], self.activity(states)
        own = learned * (learned / (2 * self.eta * self.tau) - activity[:, first] * activity[:, second])
        return self.network.energy(states[:, : self.size], field) + own.sum(axis=1)

    # -- matched noise -----------------------------------------------------------------------------

    def inner(self, states: Any) -> Inner:
        """Activities of mobility f'(u), and the couplings as they are, of mobility eta."""
        active, learned = self.network.inner(states[:, : self.size]), states[:, self.size :]
        return Inner(
            np.concatenate([active.values, learned], axis=1),
            np.concatenate([active.mobility, np.full_like(learned, self.eta)], axis=1),
            np.concatenate([active.slope, np.zeros_like(learned)], axis=1),
        )

    def outer(self, values: Any) -> Any:
        """Potentials from activities; couplings as they are."""
        return np.concatenate([self.network.outer(values[:, : self.size]), values[:, self.size :]], axis=1)

    @property
    def box(self) -> tuple[Array, Array]:
        """The gain's range for activities; couplings are unbounded."""
        low, high = self.network.box
        open_end = np.full(self.dimension - self.size, np.inf)
        return np.concatenate([low, -open_end]), np.concatenate([high, open_end])

    def scattered(self, uniforms: Array) -> Array:
        """Activities evenly over the gain's range but for its ends, couplings over what can be learned.

        Where a gain is flat its matched noise hardly moves it: trials that start at the ends would stay there.
        """
        gain = self.network.gain
        learned = self.eta * self.tau * max(abs(gain.low), abs(gain.high)) ** 2 * (2 * uniforms[:, self.size :] - 1)
        if gain.inverse is None:
            return np.concatenate([self.network.scattered(uniforms[:, : self.size]), learned], axis=1)
        room = MARGIN + (1 - 2 * MARGIN) * uniforms[:, : self.size]
        return np.concatenate([gain.inverse(gain.low + (gain.high - gain.low) * room), learned], axis=1)

    def __repr__(self) -> str:
        kind = "matched noise" if self.matched else "no noise of the couplings"
        energy = "" if self.has_energy else ", no energy"
        label = f"{self.label}: " if self.label else ""
        return f"PlasticNetwork({label}N = {self.size}, tau = {self.tau:g}, eta = {self.eta:g}, {kind}{energy})"
