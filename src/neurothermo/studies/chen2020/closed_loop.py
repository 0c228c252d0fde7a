"""Stimulation in a closed loop: the input goes towards the memory that a noisy readout says is nearer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo import exact, fluctuation
from neurothermo.core.checks import Array
from neurothermo.core.estimate import ENERGY, NATS, Estimate
from neurothermo.dynamics import Glauber
from neurothermo.ensemble import simulate
from neurothermo.protocols import Feedback, NoisySign, feedback
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, REVERSE
from neurothermo.studies.chen2020.experiment import Settings

ERRORS = (0.02, 0.1, 0.3)
STEPS = 60  # of one attempt each, on which the input goes back to nothing


def figure_feedback(settings: Settings) -> Panel:
    """Work, information and efficacy of closed-loop stimulation against the error of the readout."""
    rule, temperature = Glauber(attempts=1), settings.temperature
    laws = _Laws.of(settings)
    rows: list[Row] = []
    seen = []
    for error in ERRORS:
        ledger = simulate(
            settings.network(), closed_loop(settings, error), rule, temperature=temperature, trials=settings.trials,
            seed=settings.seed, initial="equilibrium", progress=False,
        )  # fmt: skip
        name = f"readout wrong in {error:.0%}"
        gain, informed = _mean(-ledger.work.values, ENERGY), _mean(ledger.information.values, NATS)
        efficacy = fluctuation.efficacy(ledger)
        seen.append((gain, informed, efficacy))
        rows += [
            Row.compare(f"work gained, {name}", "closed loop", gain, -laws.work(error)),
            Row.compare(f"information, {name}", "closed loop", informed, laws.information(error)),
            Row.compare(f"efficacy, {name}", "closed loop", efficacy, laws.efficacy(error)),
            Row.of_verdict(f"Sagawa and Ueda's equality, {name}", "corrected", fluctuation.check_feedback(ledger)),
            Row.of_verdict(
                f"second law with information, {name}", "corrected",
                fluctuation.check_feedback(ledger, of="second law"), units=NATS,
            ),
        ]  # fmt: skip
        if error == ERRORS[0]:
            sigma, known = ledger.work.values / temperature, ledger.information.values
            rows += [
                Row.of_verdict(
                    f"without information, {name}", "Jarzynski", fluctuation.check_feedback(sigma), expected=False
                ),
                Row.of_verdict(
                    f"information with the printed sign, {name}", "as printed",
                    fluctuation.check_feedback(sigma - known), expected=False,
                ),
                Row.of_verdict(
                    f"mean information outside the average, {name}", "as printed, sign corrected",
                    fluctuation.check_feedback(sigma + known.mean()), expected=False,
                ),
            ]  # fmt: skip
    total = max(abs(laws.equality(error) - 1) for error in ERRORS)
    rows.append(Row("Sagawa and Ueda's equality, largest deviation over errors", "exact", total, exact=0.0,
                    verdict=bool(total < 1e-9)))  # fmt: skip
    return Panel(
        "feedback", "Closed-loop stimulation: work from information",
        "The network rests without input; a readout of which memory is nearer, wrong now and then, decides to which "
        f"of them the input jumps (magnitude {settings.magnitude:g}) before it goes back to nothing in {STEPS} "
        "attempts. Then dF is zero, so Jarzynski's average of exp(-W/T) would be 1 without feedback; "
        "it is the efficacy, above 1. With the information inside the average it is 1 again, and no more work is "
        "gained than T times the mean information.",
        tuple(rows), lambda figure: _draw(figure, settings, laws, seen), (8.0, 3.2),
    )  # fmt: skip


def closed_loop(settings: Settings, error: float) -> Feedback:
    """Read which memory is nearer, jump to it as input, and go back to no input."""
    one, two = settings.patterns
    back = settings.magnitude * np.linspace(1, 0, STEPS + 1)[:, None]
    measure = NoisySign(two - one, error)

    def respond(outcomes: Any) -> Array:
        return np.where(outcomes[:, None, None] > 0, two, one) * back

    return feedback(measure, respond)


def _mean(values: Array, units: str) -> Estimate:
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size)), n=values.size, units=units)


@dataclass(frozen=True, eq=False)
class _Laws:
    """Sums over all states and paths, for each outcome and each truth: (2, 2), outcome by nearer memory.

    Everything is linear in the probability of an outcome given the nearer memory, which is all that the error is in.
    """

    truth: Array  # (2,), how likely either memory is nearer
    works: Array  # mean work, times the probability of that truth
    weights: Array  # the same of exp(-W/T)

    @classmethod
    def of(cls, settings: Settings) -> _Laws:
        """Every state of the network, one attempt after another, by propagation."""
        chain = exact.enumerated_chain(settings.network(), Glauber(attempts=1), settings.temperature)
        start = chain.equilibrium(np.zeros(settings.size))
        patterns = settings.patterns
        nearer = chain.amounts(patterns[1] - patterns[0]) >= 0
        split = np.stack([np.where(nearer, 0.0, start), np.where(nearer, start, 0.0)])
        works, weights = np.zeros((2, 2)), np.zeros((2, 2))
        for outcome, pattern in enumerate(patterns):
            laws = np.concatenate([split, split])  # plain, and weighted by exp(-W/T)
            held = np.zeros(settings.size)
            for height in np.linspace(1, 0, STEPS + 1):
                given = settings.magnitude * height * pattern
                amounts = chain.amounts(given - held)
                works[outcome] -= laws[:2] @ amounts
                laws[2:] *= np.exp(amounts / settings.temperature)
                chain.step(laws, given)
                held = given
            weights[outcome] = laws[2:].sum(axis=1)
        return cls(split.sum(axis=1), works, weights)

    def _channel(self, error: float) -> tuple[Array, Array]:
        """p(outcome | truth), and p(outcome)."""
        channel = np.array([[1 - error, error], [error, 1 - error]])
        return channel, channel @ self.truth

    def work(self, error: float) -> float:
        """<W>."""
        return float(np.sum(self._channel(error)[0] * self.works))

    def efficacy(self, error: float) -> float:
        """<exp(-W/T)>."""
        return float(np.sum(self._channel(error)[0] * self.weights))

    def information(self, error: float) -> float:
        """I of outcome and state, in nats."""
        channel, chance = self._channel(error)
        return float(np.sum(channel * self.truth * np.log(channel / chance[:, None])))

    def equality(self, error: float) -> float:
        """<exp(-W/T - i)>."""
        return float(np.sum(self._channel(error)[1][:, None] * self.weights))


def _draw(figure: Any, settings: Settings, laws: _Laws, seen: Any) -> None:
    left, right = figure.subplots(1, 2)
    errors = np.linspace(0.005, 0.5, 100)
    temperature = settings.temperature
    left.plot(errors, [temperature * laws.information(error) for error in errors], color=EXACT, label="T ⟨i⟩")
    left.plot(errors, [-laws.work(error) for error in errors], color=FORWARD, label="work gained")
    right.plot(errors, [laws.efficacy(error) for error in errors], color=REVERSE, label="⟨exp(-W/T)⟩")
    right.axhline(1, color=EXACT, linewidth=1, label="⟨exp(-W/T - i)⟩")
    for error, (gain, informed, efficacy) in zip(ERRORS, seen, strict=True):
        left.errorbar(error, gain.value, gain.stderr, fmt="o", color=FORWARD, markersize=4)
        left.errorbar(error, temperature * informed.value, temperature * informed.stderr, fmt="o", color=EXACT,
                      markersize=4)  # fmt: skip
        right.errorbar(error, efficacy.value, efficacy.stderr, fmt="o", color=REVERSE, markersize=4)
    left.set(xlabel="error of the readout", ylabel="energy")
    right.set(xlabel="error of the readout")
    for axes in (left, right):
        axes.legend()
