"""Entropy production of a network in its stationary state: over all edges of 2^N states, or over occupation numbers."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.flight import Process
from neurothermo.exact.langevin import production_of_variables
from neurothermo.exact.lumped_steady import lumped_flow, lumped_law
from neurothermo.exact.lumped_ticks import LumpedTick, lumped_tick
from neurothermo.exact.odds import checked_law
from neurothermo.exact.steady import StationaryLaw, law_of
from neurothermo.exact.ticks import Tick, tick_of, units_of
from neurothermo.systems.continuous import is_continuous

FIGURES = ("residual", "gap", "accuracy", "applications")  # of a law, handed on in the details
STATIONARY = 1e-6  # a law given that moves by more in one tick is not stationary


def entropy_production(system: Any, rule: Any, *, temperature: Any, field: Any = None, law: Any = None) -> Estimate:
    r"""The entropy production of the stationary state, in nats a tick of the rule's clock.

    .. math:: \sigma = \tfrac12 \sum_{s, s'} [\pi(s) T(s \to s') - \pi(s') T(s' \to s)]
                       \ln \frac{\pi(s) T(s \to s')}{\pi(s') T(s' \to s)}
                     = \sum_{s, s'} \pi(s)\, T(s \to s') \ln \frac{T(s \to s')}{T(s' \to s)}

    In a stationary state all of it flows into the bath. Random order: T is one attempt. Sequential order: the sum
    over the attempts of a step, each from the law it finds (the reverse process goes through the neurons
    backwards); not Schnakenberg's formula for the product matrix, which is something else. Parallel order: T is a
    step.

    Pattern networks at one temperature go over the occupation numbers of exchangeable neurons, at any N, in random and
    parallel order, where these are much fewer than the states; ``details["route"]`` says so. The sum is then over the
    neurons' own moves: T(s -> s') is not that of the numbers, whose log ratio holds multiplicities too.

    Parameters
    ----------
    system : SpinNetwork; or RateNetwork, DriftSystem, ... of at most three variables
        Of real variables the Fokker-Planck equation is solved on grids and extrapolated (`grid_stationary_law`): an
        estimate in nats per unit time, for dt -> 0, its standard error the size of the extrapolation.
    rule : Glauber; or Langevin
    temperature : float or array_like, shape (N,)
        One, or one for each neuron; energy units, > 0.
    field : array_like, shape (N,), optional
        The input I, in energy units; default 0.
    law : StationaryLaw or array_like, shape (2^N,), optional
        The stationary law, if it is known already.

    Returns
    -------
    Estimate
        Exact; "nats per attempt" (random), "nats per sweep" (sequential; "nats per step" where a step is not N
        attempts) or "nats per step" (parallel). ``details`` has the conversions `per_attempt`, `per_sweep` and
        `per_step` where they mean something, `residual`, `gap` and `accuracy` of the law, and the `route`, "lumped" or
        "enumerated". NaN where the law
        could not be determined.

    Raises
    ------
    InputError
        As `stationary_law` does, or if the law given is none.

    References
    ----------
    Schnakenberg, Rev. Mod. Phys. 48, 571 (1976), eq. 7.6; Gaspard, J. Stat. Phys. 117, 599 (2004).
    """
    if isinstance(system, Process):
        raise InputError("system: a process answers for itself: process.entropy_production()")
    if is_continuous(system):
        return production_of_variables(system, rule, temperature, field)
    if law is None and (lumped := lumped_tick(system, rule, temperature, field)) is not None:
        return _lumped(lumped)
    from neurothermo.exact.attribution import flow_parts

    tick = tick_of(system, rule, temperature, field)
    known, sentences = _law(tick, law)
    value = flow_parts(known.probabilities, tick).total if known.converged else nan
    bath = float(temperature) if np.ndim(temperature) == 0 else None
    return _estimate(value, known, rule, tick.size, bath, "enumerated", f"2^{tick.size} states", sentences)


def _lumped(tick: LumpedTick) -> Estimate:
    known, chain = lumped_law(tick), tick.chain
    value = lumped_flow(known.probabilities, tick) if known.converged else nan
    states = f"{chain.states} occupation numbers"
    return _estimate(value, known, chain.rule, chain.system.size, chain.temperature, "lumped", states)


def _estimate(
    value: float,
    known: StationaryLaw,
    rule: Any,
    size: int,
    temperature: float | None,
    route: str,
    states: str,
    sentences: tuple[str, ...] = (),
) -> Estimate:
    details = {"route": route} | {name: getattr(known, name) for name in FIGURES}
    fields: dict[str, Any] = {
        "units": units_of(rule, size),
        "temperature": temperature,
        "method": f"{known.method}, {states}",
        "kind": "exact",
    }
    if not known.converged:
        return no_estimate(known.sentence, details=details, **fields)
    details |= _conversions(value, rule, size)
    return Estimate(value, 0.0, (value, value), diagnostics=sentences, details=details, **fields)


def entropy_production_map(system: Any, rule: Any, *, temperature: Any, field: Any = None, law: Any = None) -> Any:
    r"""Which neuron, and which coupling, the entropy production of the stationary state goes with.

    .. math:: \sigma = \sum_i \sigma_i, \qquad \sigma_i = \sum_j \sigma_{ij} + \sigma_i^{\mathrm{input}}, \qquad
              \sigma_{ij} = -K_{ij} \langle r_i s_i s_j \rangle, \qquad K_{ij} = c J_{ij}/T_i

    sigma_i is the mean flow of neuron i's own moves, linear in its local field; it is split as the field is, into
    what each coupling and what the input contributes. (Parallel order: K_ij <s_i' s_j - s_i s_j'>/2.) The input's part
    vanishes in a stationary state, where no mean changes. The parts are not positive one by one. Of a pair coupled
    alike both ways at one temperature, (i, j) and (j, i) cancel: what is left goes with the asymmetry. All 2^N states
    are enumerated, of pattern networks too.

    Parameters
    ----------
    system, rule, temperature, field, law
        As for `entropy_production`.

    Returns
    -------
    xarray.Dataset
        `value` (neuron), `pair` (neuron, source), `input` (neuron), and their `total`; with `stderr`, `low` and
        `high` of `value`. All NaN where the law could not be determined, with a sentence in ``attrs["why"]``.

    Raises
    ------
    InputError
        As `entropy_production` does.
    """
    if isinstance(system, Process):
        raise InputError(
            "system: entropy_production_map is for spins; a process answers for itself: process.entropy_production(), "
            "and its own entropy_production_map() where it has one"
        )
    if is_continuous(system):
        raise InputError(f"system: entropy_production_map is for spins (SpinNetwork), got {type(system).__name__}")
    import xarray as xr

    from neurothermo.exact.attribution import FlowParts, flow_parts

    tick = tick_of(system, rule, temperature, field)
    known, sentences = _law(tick, law)
    if known.converged:
        parts = flow_parts(known.probabilities, tick, pairs=True)
    else:
        parts = FlowParts(np.full(tick.size, nan), np.full(tick.size, nan), np.full((tick.size, tick.size), nan))
        sentences = (known.sentence,)
    one = ("neuron", parts.neurons)
    return xr.Dataset(
        {
            "value": one,
            "stderr": ("neuron", 0 * parts.neurons),
            "low": one,
            "high": one,
            "pair": (("neuron", "source"), parts.pairs),
            "input": ("neuron", parts.inputs),
            "total": parts.total,
        },
        coords={"neuron": np.arange(tick.size), "source": np.arange(tick.size)},
        attrs={"units": tick.units, "kind": "exact", "why": " ".join(sentences)},
    )


def _conversions(value: float, rule: Any, size: int) -> dict[str, float]:
    """The same production by other clocks."""
    if rule.order == "parallel":
        return {"per_step": value}
    attempts = rule.attempts_per_step(size)
    attempt = value if rule.order == "random" else value / attempts
    return {"per_attempt": attempt, "per_sweep": size * attempt, "per_step": attempts * attempt}


def _law(tick: Tick, law: Any) -> tuple[StationaryLaw, tuple[str, ...]]:
    """The stationary law, and what to say about one that was given."""
    if law is None:
        return law_of(tick), ()
    if isinstance(law, StationaryLaw):
        if len(law.probabilities) != 2**tick.size:
            raise InputError(f"law must be one of 2^{tick.size} states, got {len(law.probabilities)} states")
        return law, ()
    given = checked_law(law, tick.size)
    moved = given.copy()
    tick.move(moved)
    residual = float(np.abs(moved - given).sum())
    sentence = f"The law given moves by {residual:.2g} in one tick: it is not stationary; see entropy_balance()."
    return StationaryLaw(given, "law given", residual, nan, nan), (sentence,) if residual > STATIONARY else ()
