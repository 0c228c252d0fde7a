"""A pulse of stimulation on a network of spines: what it costs, and what is known of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_count, checked_fraction, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.ledger import column, is_ledger
from neurothermo.core.machine import check_fits_here
from neurothermo.core.randomness import digest
from neurothermo.processes.jump_transient import divergence, entropy, propagated
from neurothermo.processes.spines_law import EnumeratedLaw, RingLaw, all_states

if TYPE_CHECKING:
    from neurothermo.processes.spines import SpineNetwork

SEARCHED_TO = 30.0  # nats: the largest tilt that a bound is looked for with


@dataclass(frozen=True, eq=False)
class Pulse:
    """A pulse from equilibrium and the full recovery after it.

    Parameters
    ----------
    active_before, active_after : Estimate
        Share of active spines before, and at the end of the pulse.
    information : Estimate
        D(p_T || p_0), what the law at the end of the pulse says of there having been one; nats.
    production_during, production_after, production : Estimate
        Entropy produced in the pulse, in the recovery, and in both; nats.
    work : Estimate
        Done by switching the stimulus on and off, in kT; equal to `production`.
    """

    active_before: Estimate
    active_after: Estimate
    information: Estimate
    production_during: Estimate
    production_after: Estimate
    production: Estimate
    work: Estimate

    def __str__(self) -> str:
        return "\n".join(f"{name}: {estimate}" for name, estimate in self._items())

    def _items(self) -> list[tuple[str, Estimate]]:
        return [(one.name, getattr(self, one.name)) for one in fields(self)]

    @property
    def cost_per_bit(self) -> float:
        """Entropy produced for each bit of information, in nats (kT of work) a bit; NaN where it is not known."""
        return self.production / self.information.to("bits")

    def to_dataset(self) -> Any:
        """value, stderr, low, high and units of every number, over `quantity`."""
        import xarray as xr

        items = self._items()
        series = {
            "value": [one.value for _, one in items],
            "stderr": [one.stderr for _, one in items],
            "low": [one.interval[0] for _, one in items],
            "high": [one.interval[1] for _, one in items],
            "units": [one.units for _, one in items],
            "kind": [one.kind for _, one in items],
        }
        variables = {name: ("quantity", values) for name, values in series.items()}
        return xr.Dataset(variables, {"quantity": [name for name, _ in items]})


def pulse_protocol(network: SpineNetwork, stimulus: Any, steps: Any, rest: Any) -> Array:
    """The array of `SpineNetwork.pulse_protocol`."""
    push = _push(network, stimulus)
    steps, rest = checked_count(steps, "steps"), checked_count(rest, "rest")
    check_fits_here(8.0 * (steps + rest + 1) * network.size, "steps and rest: the values of the protocol")
    values = np.zeros((steps + rest + 1, network.size))
    values[1 : steps + 1] = push
    return values


def exact_pulse(network: SpineNetwork, stimulus: Any, duration: Any) -> Pulse:
    """The record of `SpineNetwork.pulse`."""
    push, duration = _push(network, stimulus), checked_number(duration, "duration")
    if duration <= 0:
        raise InputError(f"duration must be positive, got {duration:g}")
    edges = network.edges(np.full(network.size, push))
    states = all_states(network.size)
    energies = network.energy(states)
    count = states.sum(axis=1).astype(np.float64)
    start = EnumeratedLaw(network.size, energies).probabilities
    end = propagated(edges, start, duration)
    during = entropy(end) - entropy(start) - float((end - start) @ (energies - push * count))
    after = entropy(start) - entropy(end) + float((end - start) @ energies)
    work = push * float((end - start) @ count)
    method = f"master equation of {len(states)} states"

    def exactly(value: float, units: str, **more: Any) -> Estimate:
        return Estimate(value, 0.0, (value, value), units=units, method=method, kind="exact", **more)

    gained = divergence(end, start)
    return Pulse(
        exactly(float(start @ count) / network.size, "share of spines"),
        exactly(float(end @ count) / network.size, "share of spines"),
        exactly(gained, "nats", details={"per_spine": gained / network.size}),
        exactly(during, "nats"),
        exactly(after, "nats"),
        exactly(during + after, "nats"),
        exactly(work, "kT"),
    )


def measured_pulse(network: SpineNetwork, ledger: Any, protocol: Any, confidence: float) -> Pulse:
    """The record of `SpineNetwork.measured_pulse`."""
    level = checked_fraction(confidence, "confidence")
    push = _checked_ledger(network, ledger, protocol)
    works = column(ledger, "work")
    mean, error = float(works.mean()), float(works.std(ddof=1) / np.sqrt(works.size))

    def measured(value: float, stderr: float, units: str, kind: str = "estimate", sentence: str = "") -> Estimate:
        from scipy.special import stdtrit

        reach = float(stdtrit(works.size - 1, 0.5 + level / 2)) * stderr
        return Estimate(
            value, stderr, (value - reach, value + reach), level, works.size, units=units, kind=kind,
            method="work of a simulated pulse", diagnostics=(sentence,) if sentence else (),
        )  # fmt: skip

    law = network.stationary_law()
    unknown = "The entropy of the law at the end of the pulse cannot be counted in a network of this size."
    production = measured(mean, error, "nats")
    work = measured(mean, error, "kT")
    if law is None:
        share = no_estimate("No exact equilibrium of this network: record='states' gives the active share.")
        limit = f"{unknown} The information is at most the production, {mean:.4g} nats."
        blank = no_estimate(limit, units="nats")
        return Pulse(share, share, blank, blank, blank, production, work)
    before, scale = float(law.active.mean()), abs(push) * network.size
    share = Estimate(
        before, 0.0, (before, before), units="share of spines", method="equilibrium", kind="exact"
    )  # fmt: skip
    after = measured(before + mean / (push * network.size), error / scale, "share of spines")
    gained, tilt = least_information(network, law, after.value)
    spread = abs(tilt) * network.size * after.stderr
    least = measured(
        gained, spread, "nats", "lower bound", f"What the active share alone tells; at most {mean:.4g} nats. {unknown}"
    )
    rest = no_estimate(f"{unknown} It is at most the production less the bound on the information.", units="nats")
    return Pulse(share, after, least, rest, least, production, work)


def least_information(network: SpineNetwork, law: EnumeratedLaw | RingLaw, active: float) -> tuple[float, float]:
    r"""The least D(p || p_0) of any law with this share of active spines, and the tilt that has it.

    .. math:: D(p \| p_0) \ge \max_\lambda [\lambda \langle n \rangle_p - \ln \langle e^{\lambda n} \rangle_0]

    With equality for the equilibrium at an input lambda.

    References
    ----------
    Donsker and Varadhan, Commun. Pure Appl. Math. 36, 183 (1983).
    """
    from scipy.optimize import minimize_scalar

    def negative(tilt: float) -> float:
        tilted = network.stationary_law(np.full(network.size, tilt))
        assert tilted is not None
        return tilted.log_partition - law.log_partition - tilt * network.size * active

    found = minimize_scalar(negative, bounds=(-SEARCHED_TO, SEARCHED_TO), method="bounded", options={"xatol": 1e-9})
    return max(0.0, -float(found.fun)), float(found.x)


def _push(network: SpineNetwork, stimulus: Any) -> float:
    """ln of the pulse's stimulus over the network's own."""
    stimulus = checked_number(stimulus, "stimulus")
    if stimulus <= 0:
        raise InputError(f"stimulus must be positive, got {stimulus:g}")
    push = log(stimulus / network.stimulus)
    network.check_input(np.array([push]))
    return push


def _checked_ledger(network: SpineNetwork, ledger: Any, protocol: Any) -> float:
    """The input of the pulse, if the ledger is of this network under this pulse from equilibrium."""
    values = checked_array(protocol, "protocol", (None, network.size))
    push = float(values[1, 0]) if len(values) > 1 else 0.0
    if push == 0 or np.any(values[[0, -1]]) or np.any((values != 0) & (values != push)):
        raise InputError("protocol must be one that pulse_protocol made: nothing, one stimulus for all, nothing")
    if not is_ledger(ledger):
        raise InputError(f"ledger must be an xarray.Dataset that simulate made, got {type(ledger).__name__}")
    attributes = ledger.attrs
    if attributes.get("system") != network.digest or attributes.get("protocol") != digest("Protocol", values):
        raise InputError("ledger must be of this network under this protocol, got one of another run")
    if attributes.get("initial") not in ("equilibrium", "stationary"):
        raise InputError(f"ledger must start in equilibrium, got initial = {attributes.get('initial')!r}")
    if ledger.sizes["trial"] < 2:
        raise InputError("ledger must hold at least two trials, got one")
    return push
