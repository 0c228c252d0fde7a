"""Networks of dendritic spines: two states each, potentiated together with their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import (
    Array,
    as_they_come,
    checked_array,
    checked_count,
    checked_number,
    checked_range,
    checked_sparse_form,
    checked_word,
    shown,
)
from neurothermo.core.errors import InputError
from neurothermo.core.machine import check_fits_here
from neurothermo.core.randomness import digest
from neurothermo.processes.jump_rates import Edges
from neurothermo.processes.operators import is_sparse
from neurothermo.processes.spines_law import EnumeratedLaw, RingLaw, all_states

if TYPE_CHECKING:
    from neurothermo.processes.jump import MarkovJump
    from neurothermo.processes.spines_driver import SpineDriver
    from neurothermo.processes.spines_pulse import Pulse

BYTES = 100.0  # a spine, with its neighbours
LARGEST_ENUMERATED = 16  # spines
STRONGEST = 40.0  # nats: e^40 times any rate is still a number in single precision


@dataclass(frozen=True, eq=False)
class SpineNetwork:
    r"""N spines, each active (1) or not (0), that help their neighbours become active.

    .. math:: \text{up}_i = a\, s\, e^{\gamma k_i + I_i}, \qquad \text{down} = b, \qquad
              E(n) = -\sum_i \Big(\ln \frac{a s}{b} + I_i\Big) n_i - \gamma \sum_{(ij)} n_i n_j

    k_i is the number of active neighbours. The ratio of rates is exp(-dE): the energy is in units of kT, and every
    constant input leads to equilibrium. A change of the input does the work -dI.n. A reconstruction of the kind of
    model that Karbowski and Urban study, after its summary; their closure for pairs of spines is not.

    Parameters
    ----------
    size : int
        N.
    up, down : float
        a and b, per unit time, > 0.
    cooperativity : float
        gamma, in nats for each active neighbour.
    stimulus : float
        s > 0.
    neighbours : "ring" or array_like or scipy.sparse matrix, shape (N, N)
        Who is whose neighbour: symmetric, 0 and 1, nothing on the diagonal.
    label : str
        A name for prints.

    Raises
    ------
    InputError
        If a rate is not positive or the neighbours do not fit.

    References
    ----------
    Karbowski and Urban, arXiv 2404.14123 (2024), for the question; the model here is not taken from its text.
    """

    size: int
    up: float = 0.2
    down: float = 1.0
    cooperativity: float = 0.0
    stimulus: float = 1.0
    neighbours: Any = "ring"
    label: str = ""

    def __post_init__(self) -> None:
        checked_word(self.label, "label")
        object.__setattr__(self, "size", checked_count(self.size, "size"))
        check_fits_here(BYTES * self.size, f"size: a network of {self.size} spines")
        for name in ("up", "down", "stimulus", "cooperativity"):
            object.__setattr__(self, name, checked_number(getattr(self, name), name))
            if name != "cooperativity" and not 1e-12 <= getattr(self, name) <= 1e12:
                raise InputError(f"{name} must be positive, from 1e-12 to 1e12, got {getattr(self, name):g}")
        object.__setattr__(self, "neighbours", _checked_neighbours(self.neighbours, self.size))
        checked_range(self.cooperativity, "cooperativity")
        if abs(self.cooperativity) * self.degrees.max() > STRONGEST:
            raise InputError(
                f"cooperativity must be at most {STRONGEST:g} nats from all neighbours together, got "
                f"{self.cooperativity:g} from each of {self.degrees.max()}"
            )

    # -- what it is --------------------------------------------------------------------------------

    @property
    def dimension(self) -> int:
        """N: a state is one 0 or 1 a spine."""
        return self.size

    @property
    def gain(self) -> float:
        """ln(a s / b), in kT."""
        return log(self.up * self.stimulus / self.down)

    @cached_property
    def links(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The neighbours in compressed rows: those of i are targets[starts[i]:starts[i + 1]]."""
        if isinstance(self.neighbours, str):
            spine = np.arange(self.size)
            ends = np.stack([(spine - 1) % self.size, (spine + 1) % self.size], axis=1)
            targets = np.sort(ends, axis=1)[:, : min(2, self.size - 1)].ravel()
            if self.size == 2:
                targets = 1 - spine
            return np.arange(self.size + 1) * min(2, self.size - 1), targets
        return self.neighbours.indptr.astype(np.int64), self.neighbours.indices.astype(np.int64)

    @cached_property
    def degrees(self) -> npt.NDArray[np.int64]:
        """How many neighbours each spine has."""
        return np.diff(self.links[0])

    @cached_property
    def adjacency(self) -> Any:
        """Who is whose neighbour, a sparse matrix of 0 and 1."""
        from scipy.sparse import csr_array

        starts, targets = self.links
        return csr_array((np.ones(len(targets)), targets, starts), shape=(self.size, self.size))

    @cached_property
    def digest(self) -> str:
        """A word that two networks share only if they are the same."""
        numbers = (self.up, self.down, self.cooperativity, self.stimulus)
        return digest("SpineNetwork", self.size, *numbers, *self.links)

    def __repr__(self) -> str:
        label = f"{self.label}: " if self.label else ""
        around = "ring" if isinstance(self.neighbours, str) else f"{len(self.links[1]) // 2} links"
        return (
            f"SpineNetwork({label}N = {self.size}, {around}, up {self.up:g}, down {self.down:g}, cooperativity "
            f"{self.cooperativity:g}, stimulus {self.stimulus:g})"
        )

    def as_markov_jump(self, field: Any = None) -> MarkovJump:
        """The master equation of all 2^N states at an input of shape (N,); bit i of a state's number is spine i.

        Raises
        ------
        InputError
            If there are more than 16 spines.
        """
        from neurothermo.processes.jump import MarkovJump

        edges = self.edges(field)
        return MarkovJump(edges.generator, self.label or repr(self))

    def edges(self, field: Any = None) -> Edges:
        """The flips between all 2^N states."""
        field = self._field(field)
        self._check_small()
        states = all_states(self.size)
        active = (self.adjacency @ states.T).T
        rising = self.up * self.stimulus * np.exp(field + self.cooperativity * active)
        rate = np.where(states == 1, self.down, rising)
        source = np.repeat(np.arange(len(states)), self.size)
        target = (np.arange(len(states))[:, None] ^ (1 << np.arange(self.size))).ravel()
        return Edges.of(len(states), source, target, rate.ravel())

    # -- energy, and what drives it ----------------------------------------------------------------

    @property
    def has_energy(self) -> bool:
        """Always: neighbours are mutual."""
        return True

    @property
    def why_no_energy(self) -> str:
        """Empty: there is an energy."""
        return ""

    def energy(self, states: Any, field: Any = None) -> Array:
        """E of rows of states, in kT; shape (trials,)."""
        rows, field = self.spines(states).astype(np.float64), self._field(field)
        pairs = np.einsum("ri,ir->r", rows, self.adjacency @ rows.T) / 2
        return -(rows @ (self.gain + field)) - self.cooperativity * pairs

    def activity(self, states: Any) -> Array:
        """What the input couples to: n itself, shape (trials, N)."""
        return self.spines(states).astype(np.float64)

    def scattered(self, uniforms: Array) -> npt.NDArray[np.int8]:
        """Spines active at random, from uniform numbers of shape (trials, N); all of them where these are near 1."""
        return (np.asarray(uniforms) > 0.5).astype(np.int8)

    def stationary_law(self, field: Any = None) -> EnumeratedLaw | RingLaw | None:
        """Equilibrium at an input of shape (N,): of a ring of any size, or of up to 16 spines; else None."""
        field = self._field(field)
        if isinstance(self.neighbours, str) and self.size > 2:
            return RingLaw(self.gain + field, self.cooperativity)
        if self.size <= LARGEST_ENUMERATED:
            return EnumeratedLaw(self.size, self.energy(all_states(self.size), field))
        return None

    def driver(self, dt: float | None = None) -> SpineDriver:
        """What carries trials through a protocol whose steps last `dt` each; exact for any."""
        from neurothermo.processes.spines_driver import SpineDriver

        return SpineDriver.of(self, dt)

    # -- a pulse -----------------------------------------------------------------------------------

    def pulse(self, stimulus: float, duration: float) -> Pulse:
        r"""What a pulse of stimulation costs and leaves behind, from equilibrium; exact, for up to 16 spines.

        .. math:: \text{information} = D(p_T \| p_0), \qquad
                  \Sigma_{during} = D(p_0 \| \pi_s) - D(p_T \| \pi_s), \qquad \Sigma_{after} = D(p_T \| p_0)

        pi_s is the equilibrium at the pulse's stimulus. All of it together is the work done by switching the stimulus
        on and off.

        Parameters
        ----------
        stimulus : float
            s during the pulse, in place of the network's own; > 0.
        duration : float
            T > 0.

        Raises
        ------
        InputError
            If there are more than 16 spines: simulate ``pulse_protocol`` and give its ledger to `measured_pulse`.
        """
        from neurothermo.processes.spines_pulse import exact_pulse

        return exact_pulse(self, stimulus, duration)

    def pulse_protocol(self, stimulus: float, steps: int, rest: int = 1) -> Array:
        """The inputs of a pulse, shape (steps + rest + 1, N): nothing, `steps` of the stimulus, `rest` of nothing."""
        from neurothermo.processes.spines_pulse import pulse_protocol

        return pulse_protocol(self, stimulus, steps, rest)

    def measured_pulse(self, ledger: Any, protocol: Any, *, confidence: float = 0.95) -> Pulse:
        """What a simulated pulse cost: of a network of any size.

        Parameters
        ----------
        ledger : xarray.Dataset
            Of ``simulate(network, protocol, dt=...)``, started in equilibrium.
        protocol : array_like
            Of `pulse_protocol`.
        confidence : float

        Returns
        -------
        Pulse
            `production`, of pulse and full recovery, is the mean work. How it splits, and the information, takes the
            entropy of the law at the end of the pulse, which no count of states gives: on a ring a lower bound from the
            active share is given, else NaN with a sentence.
        """
        from neurothermo.processes.spines_pulse import measured_pulse

        return measured_pulse(self, ledger, protocol, confidence)

    # -- checks ------------------------------------------------------------------------------------

    def spines(self, states: Any) -> npt.NDArray[np.int8]:
        """Rows of 0 and 1 as int8, shape (trials, N)."""
        rows = as_they_come(states, f"states must be rows of {self.size} zeros and ones")
        if rows.ndim != 2 or rows.shape[1] != self.size:
            raise InputError(f"states must have shape (trials, {self.size}), got {rows.shape}")
        wrong = (rows != 0) & (rows != 1)
        if np.any(wrong):
            raise InputError(f"states must hold 0 and 1 only, got {rows[wrong][0]:g}")
        return rows.astype(np.int8)

    def check_input(self, inputs: Array) -> None:
        """Refuse inputs that single precision cannot hold."""
        inputs = checked_array(inputs, "field")
        if np.any(np.abs(inputs) > STRONGEST):
            raise InputError(f"field must lie within {STRONGEST:g} kT of zero, got {np.abs(inputs).max():g}")

    def _field(self, field: Any) -> Array:
        values = np.zeros(self.size) if field is None else checked_array(field, "field", (self.size,))
        self.check_input(values)
        return values

    def _check_small(self) -> None:
        if self.size > LARGEST_ENUMERATED:
            raise InputError(
                f"size {self.size} is too large to count all states, at most {LARGEST_ENUMERATED} spines: simulate the "
                "network (pulse_protocol, measured_pulse)"
            )


def _checked_neighbours(neighbours: Any, size: int) -> Any:
    """ "ring", or a symmetric sparse matrix of 0 and 1 in compressed rows."""
    from scipy.sparse import csr_array

    if isinstance(neighbours, str):
        if neighbours != "ring":
            raise InputError(f"neighbours must be 'ring' or a matrix, got {shown(neighbours)}")
        return neighbours
    sparse = is_sparse(neighbours)
    matrix = csr_array(
        checked_sparse_form(neighbours, "neighbours")
        if sparse
        else checked_array(neighbours, "neighbours", (size, size))
    )
    if matrix.shape != (size, size):
        raise InputError(f"neighbours must have shape {(size, size)}, got {matrix.shape}")
    matrix.eliminate_zeros()
    matrix.sort_indices()
    if np.any(matrix.data != 1):
        raise InputError(f"neighbours must hold 0 and 1 only, got {matrix.data[matrix.data != 1][0]:g}")
    if np.any(matrix.diagonal()):
        raise InputError(f"neighbours must not make a spine its own, got spine {int(np.argmax(matrix.diagonal()))}")
    gap = (matrix - matrix.T).tocoo()
    if np.any(gap.data):
        one = int(np.flatnonzero(gap.data)[0])
        raise InputError(
            f"neighbours must be mutual, or there is no energy: got entries {gap.row[one]}, {gap.col[one]} and "
            f"{gap.col[one]}, {gap.row[one]} that differ"
        )
    return matrix
