"""Markov jump processes: a finite number of states, and rates between them."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_array, checked_word
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.randomness import digest
from neurothermo.core.verdict import Verdict
from neurothermo.processes import jump_balance
from neurothermo.processes.jump_rates import Edges, checked_rates
from neurothermo.processes.operators import is_sparse

if TYPE_CHECKING:
    from neurothermo.processes.jump_driver import JumpDriver
    from neurothermo.processes.jump_law import DiscreteLaw, Steady

STRONGEST = 300.0  # nats of an input: exp of it is still a number


@dataclass(frozen=True, eq=False)
class MarkovJump:
    r"""A process that jumps between states 0 .. n - 1.

    .. math:: \dot p_i = \sum_j W_{ij}\, p_j, \qquad W_{ij}(I) = w_{ij}\, e^{-I_j} \quad (i \ne j)

    An input I, one number a state in units of kT, deepens the states it stands on: all rates out of j are slower by
    exp(-I_j). So its stationary law is that without input times exp(I), in or out of equilibrium, and a change of the
    input does the work -dI_x on a process in state x.

    Parameters
    ----------
    rates : array_like or scipy.sparse matrix, shape (n, n)
        w[i, j], the rate from j to i per unit time, not negative. Columns sum to zero; a diagonal left at zero is
        filled in.
    label : str
        A name for prints.

    Raises
    ------
    InputError
        If the matrix is not square, a rate is negative, or columns do not sum to zero.

    References
    ----------
    Schnakenberg, Rev. Mod. Phys. 48, 571 (1976).
    """

    rates: Any
    label: str = ""
    edges: Edges = dataclass_field(init=False, repr=False)

    def __post_init__(self) -> None:
        checked_word(self.label, "label")
        matrix, edges = checked_rates(self.rates)
        object.__setattr__(self, "rates", matrix)
        object.__setattr__(self, "edges", edges)

    # -- what it is --------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """n, the number of states: what an input drives."""
        return self.edges.size

    @property
    def dimension(self) -> int:
        """1: a trial is the number of its state."""
        return 1

    @cached_property
    def digest(self) -> str:
        """A word that two processes share only if they are the same."""
        return digest("MarkovJump", self.size, self.edges.source, self.edges.target, self.edges.rate)

    def __repr__(self) -> str:
        label = f"{self.label}: " if self.label else ""
        return f"MarkovJump({label}{self.size} states, {len(self.edges.rate)} transitions)"

    def under(self, field: Any) -> MarkovJump:
        """The process at a constant input of shape (n,), as a process without input."""
        factors = np.exp(-self._field(field))
        return MarkovJump(
            self.rates @ _diagonal(factors) if is_sparse(self.rates) else self.rates * factors, self.label
        )

    # -- the stationary state ----------------------------------------------------------------------

    @cached_property
    def steady(self) -> Steady:
        """The stationary law, how it was found, and its residual."""
        from neurothermo.processes.jump_law import steady

        return steady(self.edges)

    def stationary(self, field: Any = None) -> Array:
        r"""The stationary law, :math:`W p = 0`; shape (n,), 0 for states that are left for good.

        Up to 512 states by elimination without a subtraction, each probability to nearly full relative accuracy;
        beyond by detailed balance where it holds, else by sparse factors.

        Parameters
        ----------
        field : array_like, shape (n,), optional
            A constant input; default 0.

        Raises
        ------
        InputError
            If there is more than one: the sets of states that are never left are named.

        References
        ----------
        Grassmann, Taksar and Heyman, Oper. Res. 33, 1107 (1985).
        """
        law = self.steady.law.copy()
        shift = self._field(field)
        if np.any(shift):
            law *= np.exp(shift - shift[law > 0].max())
            law /= law.sum()
        return law

    def stationary_law(self, field: Any = None) -> DiscreteLaw:
        """`stationary` as a law to draw from."""
        from neurothermo.processes.jump_law import DiscreteLaw

        return DiscreteLaw(self.stationary(field))

    # -- irreversibility ---------------------------------------------------------------------------

    def entropy_production(self) -> Estimate:
        r"""Entropy production of the stationary state, in nats per unit time.

        .. math:: \sigma = \sum_{i < j} (a_{ij} - a_{ji}) \ln \frac{a_{ij}}{a_{ji}}, \qquad a_{ij} = w_{ij}\, p_j

        Returns
        -------
        Estimate
            Kind "exact"; +inf, with a sentence, where jumps happen that never happen the other way. ``details`` has
            the `route` and `residual` of the stationary law, and the entropy `flow`, the same number by another sum.

        References
        ----------
        Schnakenberg, Rev. Mod. Phys. 48, 571 (1976), eq. 7.6.
        """
        return jump_balance.entropy_production(self.edges, self.steady)

    def entropy_production_map(self) -> Any:
        """The entropy production of each pair of states in the stationary state.

        Returns
        -------
        xarray.Dataset
            Over `pair`, with coordinates source and target: `value` with `stderr`, `low`, `high`, the net `current`
            from source to target, the `force` (current and force multiply to the value); and the `total`.
        """
        return jump_balance.entropy_production_map(self.edges, self.steady.law)

    def entropy_flow(self, law: Any = None) -> Estimate:
        r"""Entropy that flows into the bath at a law, :math:`\sum_{ij} w_{ij} p_j \ln (w_{ij} / w_{ji})`.

        Parameters
        ----------
        law : array_like, shape (n,), optional
            p; default the stationary law.
        """
        value = jump_balance.flow_rate(self.edges, self._law(law))
        return Estimate(
            value, 0.0, (value, value), units=jump_balance.UNITS, method="sum over transitions", kind="exact"
        )

    def currents(self, law: Any = None) -> Any:
        """Net jumps per unit time, J[i, j] = w[i, j] p[j] - w[j, i] p[i] from j to i; dense or sparse as the rates are.

        Parameters
        ----------
        law : array_like, shape (n,), optional
            p; default the stationary law.
        """
        law = self._law(law)
        flux = self.rates @ _diagonal(law) if is_sparse(self.rates) else self.rates * law
        return flux - flux.T

    def cycles(self) -> Any:
        r"""The stationary state as currents around cycles.

        .. math:: \sigma = \sum_c J_c A_c, \qquad A_c = \sum_{(j \to i) \in c} \ln \frac{w_{ij}}{w_{ji}}

        The cycles are those that the pairs of states beyond a spanning tree close with it, each in the direction of
        its current.

        Returns
        -------
        xarray.Dataset
            Over `cycle`: current, affinity, their product `value` (one of them may be negative, their sum not), and the
            `path` of states; the `total`.

        Raises
        ------
        InputError
            If a transition has no way back.

        References
        ----------
        Schnakenberg, Rev. Mod. Phys. 48, 571 (1976), section VII.
        """
        from neurothermo.processes.jump_cycles import cycles

        kept = self.steady.law > 0
        return cycles(self.edges.only(kept), self.steady.law[kept], np.flatnonzero(kept))

    @cached_property
    def _balance(self) -> Verdict:
        kept = self.edges.recurrent()
        return jump_balance.detailed_balance(self.edges.only(kept), np.flatnonzero(kept))

    def is_equilibrium(self) -> Verdict:
        """Whether the stationary state is an equilibrium: no cycle has an affinity (Kolmogorov's criterion).

        Returns
        -------
        Verdict
            Where it fails, the fundamental cycle with the largest affinity. No input changes it.
        """
        return self._balance

    def transient(self, law: Any, times: Any) -> Any:
        r"""A law in motion and its entropy balance.

        .. math:: \frac{dS}{dt} = \sigma - \Phi, \qquad \sigma = \sigma_{hk} + \sigma_{ex}, \qquad
                  \sigma_{ex} = -\frac{d}{dt} D(p_t \| p_s)

        Parameters
        ----------
        law : array_like, shape (n,)
            p at time 0.
        times : array_like, shape (m,)
            Not negative.

        Returns
        -------
        xarray.Dataset
            Over `time`: the law `p` (time, state); total, flow, shannon_rate, housekeeping, excess (nats per unit
            time), entropy and divergence (nats). Infinite where an empty state is entered, or jumps have no way back.

        References
        ----------
        Esposito and Van den Broeck, Phys. Rev. Lett. 104, 090601 (2010).
        """
        from neurothermo.processes.jump_transient import transient

        return transient(self.edges, self._law(law), times, self.steady.law, repr(self))

    def information_flows(self, partition: Any, law: Any = None) -> Any:
        r"""Which subsystem's jumps make and use the information that subsystems have of each other.

        .. math:: \dot I^X = \frac{d}{dt} I(X; \text{rest}) \Big|_{\text{jumps of } X}, \qquad
                  \sigma_X = \dot S_X + \Phi_X - \dot I^X \ge 0, \qquad \sum_X \dot I^X = \frac{dI}{dt}

        I is the mutual information of two subsystems, the total correlation of more.

        Parameters
        ----------
        partition : sequence of int, or array_like of shape (n, subsystems)
            How many states each subsystem has, the last running fastest; or the state of each subsystem in each state.
        law : array_like, shape (n,), optional
            p; default the stationary law.

        Returns
        -------
        xarray.Dataset
            Over `subsystem`: information_flow, shannon_rate, flow, production; and `information_rate`, their sum.

        Raises
        ------
        InputError
            If a jump changes two subsystems at once.

        References
        ----------
        Horowitz and Esposito, Phys. Rev. X 4, 031015 (2014).
        """
        from neurothermo.processes.jump_information import information_flows, labels_of

        return information_flows(self.edges, self._law(law), labels_of(partition, self.size))

    # -- energy, and what drives it ----------------------------------------------------------------

    @cached_property
    def has_energy(self) -> bool:
        """Whether every state is visited for ever and the stationary law is an equilibrium."""
        return len(self.edges.closed) == 1 and bool(np.all(self.edges.recurrent())) and bool(self._balance)

    @property
    def why_no_energy(self) -> str:
        """A sentence for a process without an energy; empty where there is one."""
        if self.has_energy:
            return ""
        if len(self.edges.closed) > 1:
            return f"{len(self.edges.closed)} sets of states are never left, so there is no one stationary law"
        if not self._balance:
            return f"the stationary state is not an equilibrium, so it has no energy: {self._balance.sentence}"
        return "some states are left for good, so their energy would be infinite"

    def energy(self, states: Any, field: Any = None) -> Array:
        """-ln p_s(x) - I_x of rows of states, in units of kT; shape (trials,)."""
        if not self.has_energy:
            raise InputError(f"this process has no energy: {self.why_no_energy}")
        index = self.indices(states)
        return -np.log(self.steady.law[index]) - self._field(field)[index]

    def activity(self, states: Any) -> Array:
        """What the input couples to: 1 for the state a trial is in; shape (trials, n)."""
        return (self.indices(states)[:, None] == np.arange(self.size)).astype(np.float64)

    def scattered(self, uniforms: Array) -> npt.NDArray[np.int64]:
        """States spread evenly, from uniform numbers of shape (trials, 1)."""
        return np.minimum((np.asarray(uniforms) * self.size).astype(np.int64), self.size - 1)

    def driver(self, dt: float | None = None) -> JumpDriver:
        """What carries trials through a protocol whose steps last `dt` each; exact for any."""
        from neurothermo.processes.jump_driver import JumpDriver

        return JumpDriver.of(self, dt)

    def indices(self, states: Any) -> npt.NDArray[np.int64]:
        """The numbers of the states of trials, shape (trials,), from rows of one column.

        Raises
        ------
        InputError
            If they are not whole numbers from 0 to n - 1.
        """
        values = checked_array(states, "states", (None, 1))
        index = values[:, 0].astype(np.int64)
        wrong = (index != values[:, 0]) | (index < 0) | (index >= self.size)
        if np.any(wrong):
            raise InputError(f"states must be whole numbers from 0 to {self.size - 1}, got {values[wrong][0, 0]:g}")
        return index

    # -- checks ------------------------------------------------------------------------------------

    def _field(self, field: Any) -> Array:
        if field is None:
            return np.zeros(self.size)
        values = checked_array(field, "field", (self.size,))
        if np.any(np.abs(values) > STRONGEST):
            raise InputError(f"field must lie within {STRONGEST:g} kT of zero, got {np.abs(values).max():g}")
        return values

    def _law(self, law: Any) -> Array:
        from neurothermo.processes.jump_law import checked_law

        return self.steady.law if law is None else checked_law(law, self.size)


def _diagonal(values: Array) -> Any:
    from scipy.sparse import diags_array

    return diags_array(values)
