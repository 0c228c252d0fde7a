"""Many trials of one experiment, and of its time reverse."""

from __future__ import annotations

from typing import Any

from neurothermo.core.checks import checked_count
from neurothermo.core.errors import InputError
from neurothermo.ensemble.long_steps import warn_of_long_steps
from neurothermo.ensemble.prepared import prepared
from neurothermo.ensemble.setup import setup
from neurothermo.protocols import Feedback

MOST_TRIALS = 10**8  # of one ledger: seven columns of them take 6 GB


def simulate(
    system: Any,
    protocol: Any,
    rule: Any = None,
    *,
    temperature: Any = None,
    dt: float | None = None,
    trials: int = 1000,
    first_trial: int = 0,
    seed: int | None = None,
    initial: Any = None,
    initial_temperature: float | None = None,
    record: Any = (),
    every: int = 1,
    stream: Any = None,
    chunk: int | None = None,
    threads: int | None = None,
    progress: bool | None = None,
    plain: bool = False,
) -> Any:
    r"""Drive many trials of a system or a process through a protocol and keep the books of each.

    .. math:: W = -\sum_t (I_t - I_{t-1}) \cdot V_{t-1}, \qquad Q = \Delta E - W, \qquad
              \text{flow} = \sum \ln \frac{p(x \to x')}{p(x' \to x)}

    Parameters
    ----------
    system : SpinNetwork, RateNetwork, DriftSystem or a process (LinearLangevin, NeuralField, ...)
        N neurons. Where the protocol drives the couplings, one of the networks it drives them between.
    protocol : Protocol, array_like of shape (K + 1, N), int, or Feedback
        Inputs I_0 .. I_K; an integer means that many steps without input; `feedback(...)` lets each trial's inputs
        depend on a measurement of its state.
    rule : Rule, optional
        How the system moves; default for spins ``Glauber()``: heat bath, random neurons, N attempts a step. Real
        variables need one, ``Langevin(dt=...)``. A process moves by itself and takes none.
    temperature : float or array_like of shape (N,)
        Of the bath, in energy units; one a neuron where there are several baths. Not given where the protocol
        drives the temperature, nor for a process: that has its own noise, and its energies are in kT.
    dt : float, optional
        Duration of a step of a process; default a twentieth of its shortest time. Rules carry their own.
    trials : int
    first_trial : int
        The number of the first trial, a multiple of the block of trials that are moved together (64 does for small
        networks; a wrong number is refused with the right one). Trials have absolute numbers: runs of trials 0 .. 639
        and 640 .. 999 give what one of 0 .. 999 does, bit for bit.
    seed : int, optional
        Default 0. The same seed gives the same bits for any `chunk` and `threads`; different runs (another
        system, protocol, rule, temperature or start) with one seed are independent.
    initial : "equilibrium", "stationary", array_like of shape (N,) or (first_trial + trials, N), or a law, optional
        exp(-E/T) at the first input; the law the rule itself settles to there; given states; or something with
        ``draw(address)`` and ``log_probability(states)``, such as a `Gaussian`. Default: equilibrium where there is
        one that the rule keeps, else stationary. Equilibrium is drawn exactly where `exact` can, else
        after a burn-in whose length and convergence the ledger reports.
    initial_temperature : float, optional
        Temperature of the initial equilibrium where it is not the bath's: heat exchange.
    record : names among "overlaps", "states", "activities", "energies", "work", "flow"
        What to keep over time, at steps 0, `every`, 2 `every`, ... and the last: variables overlaps, states (spins, or
        real variables), activities (what the input couples to), energies, work_steps and flow_steps (sums since the
        record before), of shape (trial, time, ...).
    every : int
    stream : int or str, optional
        Names the random numbers in place of the run: two runs with the same seed and stream share them.
    chunk : int, optional
        Trials at a time; bounds memory, changes no bit.
    threads : int, optional
        Default: all cores this process may use.
    progress : bool, optional
        Default: a bar on a terminal, silence elsewhere. False prints nothing.
    plain : bool
        Use the reference form of the rule, in NumPy, in place of a compiled kernel.

    Returns
    -------
    xarray.Dataset
        The ledger, dimension trial: work and entropy_flow always; heat, energy_initial and energy_final where
        there is an energy (else ``attrs["energy"]`` says why not); log_law_initial and log_law_final where
        those laws are known exactly; what was recorded. With feedback also outcome, information (ln p(y|x)/p(y) of
        the measurement) and free_energy_change (to each trial's own last input), or ``attrs["information"]`` and
        ``attrs["free_energy_change"]`` say why not. ``W + Q = dE`` in every trial. Where heat fixes the flow
        (one neuron at a time, an energy, one temperature) it is as exact as the heat; elsewhere compiled kernels
        add it up from single-precision logits, good to about 1e-6 of its size.

    Raises
    ------
    InputError
        If an argument is not what it must be; before any work is done.

    References
    ----------
    Chen, arXiv 2012.13252, eqs. 10-12; signs and the order of work and heat: docs/conventions.md.
    """
    first_trial = checked_count(first_trial, "first_trial", least=0)
    trials = checked_count(trials, "trials")
    if trials > MOST_TRIALS:
        raise InputError(
            f"trials must be at most {MOST_TRIALS:.0e} at once, got {trials:.0e}: "
            "simulate in parts (first_trial=), or scan"
        )
    run = prepared(
        system, protocol, rule, temperature=temperature, dt=dt, trials=first_trial + trials, seed=seed,
        initial=initial, initial_temperature=initial_temperature, record=record, every=every, stream=stream,
        threads=threads, plain=plain,
    )  # fmt: skip
    run.checked_records(trials)
    warn_of_long_steps(run.plan, run.law, run.numbers)
    return run.ledger(first_trial, trials, chunk, progress)


def forward_and_reverse(system: Any, protocol: Any, rule: Any = None, **options: Any) -> tuple[Any, Any]:
    """The ledgers of an experiment and of its time reverse: reversed protocol, reversed rule.

    Parameters
    ----------
    system, protocol, rule
        As in `simulate`.
    **options
        Those of `simulate`. Each run starts in the equilibrium (or stationary law) of its own first input, and
        with one seed their random numbers are independent. Given states cannot start both: `initial` must be a name.

    Returns
    -------
    forward, reverse : xarray.Dataset
    """
    if isinstance(protocol, Feedback):
        raise InputError(
            "protocol: an experiment with feedback has no one reverse: for each outcome, run the reversed protocol of "
            "that outcome, without measuring"
        )
    if options.get("initial") is not None and not isinstance(options["initial"], str):
        raise InputError("initial must be a name here: given states cannot start the reverse as well")
    if options.get("stream") is not None:
        raise InputError("stream would give forward and reverse the same random numbers, and correlate their works")
    plan = setup(system, protocol, rule, options.get("temperature"), options.get("dt"), plain=False)
    back = None if plan.rule is None else plan.rule.reversed()
    forward = simulate(system, plan.protocol, plan.rule, **options)
    return forward, simulate(system, plan.protocol.reversed(), back, **options)
