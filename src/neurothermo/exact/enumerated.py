"""Exact propagation over all 2^N states of a small network, without a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_array, checked_temperatures
from neurothermo.core.errors import InputError
from neurothermo.dynamics.glauber import Glauber
from neurothermo.engine.butterfly_tables import LARGEST_EXPONENT, LARGEST_LOGIT, LOW, SIDE, Logits
from neurothermo.exact.law import checked_system
from neurothermo.exact.lumping import singletons
from neurothermo.systems.spins import SpinNetwork

LARGEST = 26  # neurons
LARGEST_PARALLEL = 20  # neurons: a parallel step makes 4^N transitions
MEMORY = 12e9  # bytes


@dataclass(frozen=True, eq=False)
class EnumeratedChain:
    r"""A small network under Glauber dynamics, as a Markov chain on all its states.

    .. math:: p' = T p, \qquad T = \Big(\tfrac1N \sum_i B_i\Big)^m \ \text{(random)}, \quad
              B_{m-1} \cdots B_1 B_0 \ \text{(sequential)}, \quad
              T_{s's} = \prod_i p_i(s'_i | s) \ \text{(parallel)}

    B_i draws neuron i anew: it mixes pairs of states, in place. State number s has neuron i up where bit i of s is
    set. Made by `enumerated_chain`.

    Logits c h_i / T beyond +-345 count as 345 with single-site rules: no weight is taken below 1e-150 there.

    Parameters
    ----------
    system : SpinNetwork
    rule : Glauber
    temperature : float or array, shape (N,)
        In energy units; one for each neuron where it is an array.
    """

    system: SpinNetwork
    rule: Glauber
    temperature: float | Array
    route: str = "enumerated"

    @property
    def states(self) -> int:
        """2^N."""
        return int(2**self.system.size)

    @cached_property
    def steepness(self) -> Array:
        """c / T of every neuron, shape (N,)."""
        return np.asarray(self.rule.steepness / (np.zeros(self.system.size) + self.temperature))

    @cached_property
    def _scaled(self) -> Array:
        dense = self.system.couplings.toarray() if self.system.sparse else self.system.couplings
        return np.asarray(self.steepness[:, None] * dense)

    @cached_property
    def _logits(self) -> Logits:
        return Logits.of(self._scaled)

    @cached_property
    def _paired(self) -> Logits:
        return Logits.paired(self._scaled)

    # -- laws --------------------------------------------------------------------------------------

    def equilibrium(self, field: Any) -> Array:
        r"""Boltzmann's law at one input, :math:`p = e^{-E/T}/Z`, shape (states,).

        Raises
        ------
        InputError
            If the network has no energy, or there are several temperatures.
        """
        if not self.system.symmetric:
            raise InputError(f"this network has no equilibrium: {self.system.why_no_energy}")
        if not isinstance(self.temperature, float):
            raise InputError(
                f"there is no equilibrium with one temperature for each of {self.system.size} neurons: baths at "
                "different temperatures drive a current, and the stationary law is no Boltzmann law"
            )
        law = singletons(self.system, self._checked_field(field)).energies()
        law -= law.min()
        law /= -self.temperature
        np.exp(law, out=law)
        law /= law.sum()
        return law

    def amounts(self, direction: Any) -> Array:
        """direction . V of every state, shape (states,): the work of a change dI of input is -amounts(dI)."""
        total = np.zeros(1)
        for part in checked_array(direction, "direction", (self.system.size,)):
            total = np.concatenate([total - part, total + part])
        return total

    def tilt(self, law: npt.NDArray[Any], direction: Any, counting: complex) -> None:
        """law <- exp(counting direction . V) law, in place, without an exponential for every state.

        Raises
        ------
        InputError
            If the exponent does not fit in a float, or a real law meets a complex counting parameter.
        """
        from neurothermo.engine.butterfly import multiply

        direction = checked_array(direction, "direction", (self.system.size,))
        largest = abs(np.real(counting)) * float(np.abs(direction).sum())
        if not largest <= LARGEST_EXPONENT:
            raise InputError(
                f"counting parameter {counting:g} overflows: exponents up to {largest:.4g} (limit "
                f"{LARGEST_EXPONENT:g}); use smaller steps or a smaller parameter"
            )
        counting = _fitting(counting, law)
        paired = np.iscomplexobj(law) and np.isrealobj(counting)
        amounts = self._paired.amounts(np.append(0.0, direction)) if paired else self._logits.amounts(direction)
        low, high = (np.exp(counting * part) for part in amounts)

        def operate(laws: Any) -> Any:
            multiply(laws, low, high)
            return laws

        self._apply(law, operate, paired)

    # -- steps -------------------------------------------------------------------------------------

    def step(self, law: npt.NDArray[Any], field: Any, *, transposed: bool = False) -> None:
        """One step of the rule at one input, in place: law <- T law, or T^t law.

        Parameters
        ----------
        law : array, shape (states,) or (rows, states), float64 or complex128
            Changed in place.
        field : array_like, shape (N,)
            The input I, in energy units.
        transposed : bool
            For adjoints and left eigenvectors.

        Raises
        ------
        InputError
            If the law or the field does not fit.
        """
        self._step(law, self._base(field), None, transposed)

    def tilted_step(self, law: npt.NDArray[Any], field: Any, theta: complex, *, transposed: bool = False) -> None:
        r"""One step in which every elementary transition is weighted by its entropy flow.

        .. math:: T_\theta(x'|x) = T(x'|x)\, e^{-\theta\,\text{flow}} = T(x'|x)^{1-\theta}\, T(x|x')^{\theta}

        The logarithm of its dominant eigenvalue is the scaled cumulant generating function of the flow. The
        transpose of one elementary transition has 1 - theta for theta (Gallavotti and Cohen).

        Parameters
        ----------
        law, field, transposed
            As for `step`; a complex theta needs a complex law.
        theta : float or complex

        Raises
        ------
        InputError
            If the law or the field does not fit, or weights overflow.

        References
        ----------
        Lebowitz and Spohn, J. Stat. Phys. 95, 333 (1999).
        """
        theta = _fitting(theta, law)
        base = self._base(field)
        self._refuse_overflow(theta, base)
        self._step(law, base, theta, transposed)

    def neuron_flows(self, law: npt.NDArray[Any], field: Any) -> Array:
        r"""Expected entropy flow of one step from a law, by the neuron that moves, shape (N,), nats.

        .. math:: \langle\text{flow}_i\rangle = \sum_s p(s)\, [1 - w_i(s)]\, (-a_i s_i)
                  \ \text{for each attempt at neuron } i

        a_i = c h_i / T and w_i the probability to draw the own sign again; the law moves on from attempt to attempt,
        and in random order every neuron is attempted with probability 1/N. Parallel: neuron i's share of the flow of
        the whole move, the mean of ln p_i(s_i' | s) / p_i(s_i | s').

        Raises
        ------
        InputError
            If the law is not real with shape (states,), or the field does not fit.
        """
        base = self._base(field)
        if np.shape(law) != (self.states,) or not np.isrealobj(law):
            raise InputError(f"law must be real with shape ({self.states},), got {_described(law)}")
        law = np.array(law, dtype=np.float64)
        if self.rule.order == "parallel":
            from neurothermo.engine.butterfly_parallel import Moves, flows

            return np.asarray(flows(Moves(self._scaled, base), law))
        size = self.system.size
        total = np.zeros(size)
        if self.rule.order == "random":
            moves: list[tuple[Any, Any]] = self._attempts() * [(np.arange(size), 1)]
        else:
            moves = [(sites, sites) for sites in self._sites()[:, None]]
        for k, (sites, plan) in enumerate(moves):
            total[sites] += self._flows_of(law, sites, base) / len(sites)
            if k < len(moves) - 1:
                self._move(law, base, None, plan, False)
        return total

    def mean_flow(self, law: npt.NDArray[Any], field: Any) -> float:
        """Expected entropy flow into the bath of one step from a law, nats: the sum of `neuron_flows`."""
        return float(self.neuron_flows(law, field).sum())

    # -- how ---------------------------------------------------------------------------------------

    def _attempts(self) -> int:
        return self.rule.attempts_per_step(self.system.size)

    def _sites(self) -> npt.NDArray[np.int64]:
        """The neurons of a sequential step, in the order in which they are drawn."""
        visited = np.arange(self._attempts())
        return (visited[::-1] if self.rule.descending else visited) % self.system.size

    def _checked_field(self, field: Any) -> Array:
        return checked_array(field, "field", (self.system.size,))

    def _base(self, field: Any) -> Array:
        """c (I - U) / T, shape (N,)."""
        with np.errstate(over="ignore"):
            base = self.steepness * (self._checked_field(field) - self.system.thresholds)
        if not np.all(np.isfinite(base)):
            raise InputError("field over temperature must fit in a float, got an overflow")
        return np.asarray(base)

    def _refuse_overflow(self, theta: complex, base: Array) -> None:
        if self.rule.order == "parallel":
            from neurothermo.engine.butterfly_parallel import Moves

            largest, limit = Moves(self._scaled, base, theta).largest_exponent(), LARGEST_EXPONENT
        else:
            outside = max(abs(np.real(theta)), abs(np.real(1 - theta)))
            largest = self._logits.largest(base) * outside if outside > 1 else 0.0
            limit = LARGEST_LOGIT
        if not largest <= limit:
            raise InputError(
                f"theta = {theta:g} overflows: weights up to exp({largest:.4g}) at this temperature (limit "
                f"exp({limit:g})); raise the temperature or use a theta nearer to 1/2"
            )

    def _step(self, law: Any, base: Array, theta: complex | None, transposed: bool) -> None:
        if self.rule.order == "parallel":
            from neurothermo.engine.butterfly_parallel import Moves, step

            _check_law(law, self.states)
            moves = Moves(self._scaled, base, 0.0 if theta is None else theta)
            law[...] = step(moves, np.reshape(law, (-1, self.states)), transposed=transposed).reshape(law.shape)
            return
        plan = self._sites() if self.rule.order == "sequential" else self._attempts()
        self._move(law, base, theta, plan, transposed)

    def _move(self, law: Any, base: Array, theta: complex | None, plan: Any, transposed: bool) -> None:
        """So many random attempts, where `plan` is a number, or these neurons one after the other."""
        from neurothermo.engine import butterfly

        paired = np.iscomplexobj(law) and (theta is None or np.isrealobj(theta))
        logits, first = (self._paired, 1) if paired else (self._logits, 0)
        base = np.append(np.zeros(first), base)
        tables = logits.tables(base)
        if theta is None:
            kind, powers = (butterfly.TRANSPOSED if transposed else butterfly.FORWARD), logits.no_powers
        else:
            theta = 1 - theta if transposed else theta  # the transpose of one butterfly
            kind, powers = butterfly.TILTED, logits.powers(base, theta)
        arguments = (kind, tables.sums, tables.inner, tables.outer, tables.high, *powers, theta or 0.0)

        def operate(laws: Any) -> Any:
            if not isinstance(plan, int):
                order = np.array(plan[::-1] if transposed else plan, dtype=np.int64)
                butterfly.sweep(laws, order + first, *arguments)
                return laws
            spare = np.empty_like(laws)
            butterfly.random_attempts(laws, spare, plan, first, *arguments)
            return spare if plan % 2 else laws

        self._apply(law, operate, paired)

    def _apply(self, law: Any, operate: Callable[[Any], Any], paired: bool) -> None:
        """Run a kernel on a law as blocks; `paired`: real and imaginary parts as states of their own."""
        from neurothermo.engine.butterfly import threads_for

        _check_law(law, self.states)
        laws = np.ascontiguousarray(law).reshape(-1, self.states)
        laws = laws.view(np.float64) if paired else laws
        width = laws.shape[1]
        if width < 2**LOW:
            laws = np.pad(laws, ((0, 0), (0, 2**LOW - width)))
        with threads_for(laws.size):
            done = operate(laws.reshape(len(laws), -1, SIDE, SIDE)).reshape(len(laws), -1)
        if not np.may_share_memory(done, law):
            done = np.ascontiguousarray(done[:, :width])
            law[...] = (done.view(np.complex128) if paired else done).reshape(law.shape)

    def _flows_of(self, law: Array, sites: npt.NDArray[np.int64], base: Array) -> Array:
        """Mean flow of drawing each of `sites` from this law."""
        from neurothermo.engine.butterfly import site_flows, threads_for

        logits = self._logits
        padded = law if self.system.size >= LOW else np.pad(law, (0, 2**LOW - self.states))
        partial = np.empty((logits.blocks, len(sites)))
        with threads_for(padded.size):
            site_flows(padded.reshape(-1, SIDE, SIDE), sites, logits.inner, logits.outer, logits.high + base, partial)
        return np.asarray(partial.sum(axis=0))


def enumerated_chain(system: SpinNetwork, rule: Glauber, temperature: Any) -> EnumeratedChain:
    """A network of at most 26 neurons (parallel order: 20) as a chain on all its states.

    Parameters
    ----------
    system : SpinNetwork
        Any couplings, symmetric or not, dense or sparse.
    rule : Glauber
        Any order, attempts and activation.
    temperature : float or array_like, shape (N,)
        In energy units, > 0.

    Raises
    ------
    InputError
        If the network is too large, or an argument is not what it must be; nothing is allocated before.
    """
    size = checked_system(system).size
    if not isinstance(rule, Glauber):
        raise InputError(f"rule must be Glauber dynamics to be enumerated, got {type(rule).__name__}")
    limit = LARGEST_PARALLEL if rule.order == "parallel" else LARGEST
    needed = bytes_needed(size, rule.order, complex_valued=True)
    if size > limit or needed > MEMORY:
        work = f", and 4^{size} transitions a step" if rule.order == "parallel" else ""
        raise InputError(
            f"the 2^{size} states of N = {size} neurons are too many to enumerate in {rule.order} order: they take "
            f"{needed / 1e9:.3g} GB{work} (limits N = {limit} and {MEMORY / 1e9:g} GB)"
        )
    chain = EnumeratedChain(system, rule, checked_temperatures(temperature, size))
    with np.errstate(over="ignore", invalid="ignore"):
        largest = np.abs(chain._scaled).sum()
    if not np.isfinite(largest):
        raise InputError("couplings over temperature must fit in a float, got an overflow")
    return chain


def bytes_needed(size: int, order: str, *, rows: int = 1, complex_valued: bool = False) -> float:
    """About how much memory a step of `rows` laws takes at its peak, the laws included.

    Parameters
    ----------
    size : int
        N.
    order : "random", "sequential" or "parallel"
    rows : int
        How many laws at once.
    complex_valued : bool
        Whether they are complex.
    """
    copies = {"sequential": 1, "random": 2, "parallel": 6}[order]  # parallel: four sums of blocks of sources
    tables = 8 * size * 2.0 ** max(0, size - LOW)
    return 8 * (rows * copies * (1 + complex_valued) * 2.0**size + tables)


def _fitting(parameter: Any, law: Any) -> Any:
    """A float where the parameter is real; a complex one needs a complex law."""
    number = complex(parameter)
    if not np.isfinite(number):
        raise InputError(f"a counting parameter must be finite, got {number:g}")
    if number.imag == 0:
        return number.real
    if np.isrealobj(law):
        raise InputError(f"a complex counting parameter ({number:g}) needs a complex law, got {_described(law)}")
    return number


def _check_law(law: Any, states: int) -> None:
    fits = isinstance(law, np.ndarray) and law.dtype in (np.float64, np.complex128) and law.flags.writeable
    if not fits or law.ndim not in (1, 2) or law.shape[-1] != states:
        raise InputError(
            f"law must be a writeable float64 or complex128 array of shape ({states},) or (rows, {states}), "
            f"got {_described(law)}"
        )


def _described(law: Any) -> str:
    return f"{law.dtype} of shape {law.shape}" if isinstance(law, np.ndarray) else type(law).__name__
