"""Trials whose protocol depends on a measurement of their own state."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, as_floats, checked_array, checked_count
from neurothermo.core.errors import InputError
from neurothermo.core.flight import Flight
from neurothermo.core.progress import progress as progress_bar
from neurothermo.core.randomness import Stream, digest
from neurothermo.ensemble.chunks import COLUMNS, PIECE_NANOSECONDS, Run
from neurothermo.ensemble.feedback_exact import free_energy_changes, log_evidence
from neurothermo.ensemble.feedback_moves import ROWS, Carrier, energies, move_of
from neurothermo.ensemble.initial import InitialLaw
from neurothermo.ensemble.ledger import attributes
from neurothermo.ensemble.records import Records
from neurothermo.ensemble.setup import Setup
from neurothermo.protocols import Feedback
from neurothermo.systems import SpinNetwork

ANSWERED = ("outcome", "information", "free_energy_change")
PROBES = 64  # states on which a measure and a response are tried before any trial is run
LARGEST_BYTES = 2**28  # of the values of the trials that are under way together
NO_JARZYNSKI = (
    "the input depended on a measurement of the state, so that works average to the free-energy difference only "
    "with the information of the measurement (check_feedback)"
)


@dataclass(frozen=True, eq=False)
class Answer:
    """A measurement and the response to it, tried on a few states.

    Parameters
    ----------
    closed : Feedback
    steps : int
        M, of the response.
    readings : tuple of int
        Shape of an outcome: (), or (readings,).
    digest : str
        A word from what it measures and answers on those states.
    """

    closed: Feedback
    steps: int
    readings: tuple[int, ...]
    digest: str

    @classmethod
    def of(cls, closed: Feedback, plan: Setup) -> Answer:
        """Try it.

        Raises
        ------
        InputError
            If outcomes, likelihoods or values are not what they must be, or mix trials.
        """
        move_of(plan)  # says so where trials cannot have inputs of their own
        address = Stream.of(0, "probes").at(np.arange(PROBES), 0)
        uniforms = address.uniforms(plan.first.dimension)
        if isinstance(plan.first, SpinNetwork):
            states: Any = np.where(uniforms < 0.5, -1, 1).astype(np.int8)
        else:
            states = plan.first.scattered(uniforms)
        found = cls(closed, 0, (), "")
        outcomes = found.measured(states, address)
        values = found.answered(outcomes, plan.first.size)
        half = PROBES // 2
        alone = found.measured(states[half:], replace(address, trials=address.trials[half:]))
        if not np.array_equal(outcomes[half:], alone):
            raise InputError("measure.sample must measure each row of states by itself, at its own address")
        if not np.array_equal(values[half:], found.answered(outcomes[half:], plan.first.size)):
            raise InputError("respond must answer each outcome by itself: a row of its values depends on the others")
        word = digest("Feedback", plan.protocol.digest, outcomes, found.likelihood(outcomes, states), values)
        return cls(closed, values.shape[1], outcomes.shape[1:], word)

    def block(self, before: int) -> int:
        """Trials that are moved together: a multiple of the block until the measurement."""
        return before * -(-ROWS // before)

    def about(self, plan: Setup, law: InitialLaw, word: str, options: dict[str, Any], more: Any) -> dict[str, Any]:
        """What a ledger of such a run says of itself."""
        clock, ticks = plan.clock
        found = attributes(plan, law, word, options)
        found.pop("protocol_reversed")
        said = {**json.loads(found["configuration"]), "protocol": repr(self.closed)}
        return {
            **found,
            "direction": "feedback",
            "protocol": self.digest,
            "clock": clock,
            "ticks": ticks * (plan.protocol.steps + self.steps),
            "input_held": 0,
            "measured_at": plan.protocol.steps,
            "keeps_not": plan.attributes.get("keeps_not") or NO_JARZYNSKI,
            "configuration": json.dumps(said),
            **more,
        }

    def measured(self, states: Any, address: Any) -> Array:
        """Outcomes, shape (trials,) or (trials, readings)."""
        outcomes = as_floats(self.closed.measure.sample(states.copy(), address), "measure.sample(states, address)")
        if outcomes.ndim not in (1, 2) or len(outcomes) != len(states) or not np.all(np.isfinite(outcomes)):
            raise InputError(
                f"measure.sample must give one finite outcome a trial, shape ({len(states)},) or ({len(states)}, "
                f"readings), got shape {outcomes.shape}"
            )
        return outcomes

    def likelihood(self, outcomes: Any, states: Any) -> Array:
        """ln p(y|x) of each trial."""
        given = self.closed.measure.log_likelihood(outcomes, states)
        return checked_array(given, "measure.log_likelihood(outcome, states)", (len(states),))

    def answered(self, outcomes: Any, size: int) -> Array:
        """The values of each trial, shape (trials, M, N)."""
        name = "respond(outcomes)"
        values = checked_array(self.closed.respond(outcomes.copy()), name, (len(outcomes), self.steps or None, size))
        if values.shape[1] == 0:
            raise InputError(
                "respond must give at least one value a trial, shape (trials, M, N) with M >= 1, got M = 0"
            )
        return values


@dataclass(frozen=True, eq=False)
class FeedbackRun:
    """A run until the measurement, then each trial on its own."""

    run: Run
    answer: Answer

    def variables(self, chunk: int | None, show: bool | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """The ledger's variables, and how information and free energies were found, or why not."""
        plan = self.run.setup
        columns, taken = self._all_chunks(chunk, show)
        last, likelihood, outcomes, flow = (columns.pop(name) for name in ("last", "likelihood", "outcome", "flow"))
        if plan.has_energy:
            columns["heat"] = columns["energy_final"] - columns["energy_initial"] - columns["work"]
            if plan.driver.flow_of_heat is not None:
                flow = plan.driver.flow_of_heat * columns["heat"]
        columns["entropy_flow"] = flow
        if "flow" in plan.attributes and plan.has_energy and np.ndim(plan.temperature) == 0:
            columns["shadow_work"] = plan.temperature * flow + columns["heat"]
        columns["outcome"] = (("trial", "reading")[: outcomes.ndim], outcomes)
        evidence, how = log_evidence(self.answer.closed, plan, self.run.law, outcomes)
        changes, reached = free_energy_changes(self.answer.closed, plan, last)
        if evidence is not None:
            columns["information"] = likelihood - evidence
        if changes is not None:
            columns["free_energy_change"] = changes
        state = "neuron" if plan.first.dimension == plan.first.size else "variable"
        ordered = {name: columns[name] for name in (*COLUMNS, *ANSWERED) if name in columns}
        return {**ordered, **self.run.records.variables(taken, state)}, {
            "information": how, "free_energy_change": reached,
        }  # fmt: skip

    def _all_chunks(self, chunk: int | None, show: bool | None) -> tuple[dict[str, Any], list[Any]]:
        run, plan, trials = self.run, self.run.setup, self.run.trials
        block = self.answer.block(plan.driver.block)
        chunk = self._chunk(chunk, block)
        names = ["work", "flow", "likelihood"] + ["energy_initial", "energy_final"] * plan.has_energy
        names += ["log_law_initial"] * bool(run.law.log_probability)
        columns: dict[str, Any] = {name: np.empty(trials) for name in names}
        columns["outcome"] = np.empty((trials, *self.answer.readings))
        columns["last"] = np.empty((trials, plan.first.size))
        carrier, taken = Carrier(plan.first, move_of(plan), block), []
        steps = plan.protocol.steps + self.answer.steps
        with progress_bar("simulating", trials * steps, show, "steps") as advance:
            for start in range(0, trials, chunk):
                rows = slice(start, min(start + chunk, trials))
                states = run.law.draw(run.first + np.arange(rows.start, rows.stop), run.numbers, run.threads)
                flight = Flight.of(states, run.first + start, run.numbers)
                found, written = self._fly(flight, carrier)
                found["work"], found["flow"] = flight.work, flight.flow
                for name, values in found.items():
                    columns[name][rows] = values
                taken.append(written)
                advance(len(states) * steps)
        return columns, taken

    def _fly(self, flight: Flight, carrier: Carrier) -> tuple[dict[str, Any], list[Any]]:
        """One chunk: alike until the measurement, each its own way from there; its columns and its records."""
        run, plan, opening = self.run, self.run.setup, self.run.setup.protocol
        found: dict[str, Any] = {}
        if run.law.log_probability:
            found["log_law_initial"] = run.law.log_probability(flight.states)
        if plan.has_energy:
            found["energy_initial"] = plan.first.energy(flight.states, opening.values[0])
        written = self._open(flight)
        trials = flight.first_trial + np.arange(len(flight.states))
        address = flight.stream.at(trials, opening.steps + self.answer.steps + 1)  # one past the last step
        outcomes = self.answer.measured(flight.states, address)
        found["outcome"], found["likelihood"] = outcomes, self.answer.likelihood(outcomes, flight.states)
        values = self.answer.answered(outcomes, plan.first.size)
        values = np.concatenate(
            [np.broadcast_to(opening.values[-1], (len(trials), 1, plan.first.size)), values], axis=1
        )
        stops = [0, *(step - opening.steps for step in run.records.steps if step > opening.steps)]
        for before, after in pairwise(stops):
            piece = values[:, before : after + 1]
            carrier.carry(flight, piece, opening.steps + before + 1, run.threads)
            written.append(self._written(flight, values[:, after]))
        if plan.has_energy:
            found["energy_final"] = energies(plan.last, flight.states, values[:, -1])
        found["last"] = values[:, -1]
        return found, written

    def _open(self, flight: Flight) -> list[dict[str, Any]]:
        """Until the measurement, in pieces short enough to be interrupted; the records on the way."""
        plan, opening = self.run.setup, self.run.setup.protocol
        piece = max(1, int(PIECE_NANOSECONDS * self.run.threads / (plan.driver.cost * len(flight.states))))
        noted = [step for step in self.run.records.steps if step <= opening.steps]
        stops = sorted({*noted, *range(0, opening.steps, piece), opening.steps})
        written = [self._written(flight, opening.values[:1])]
        for before, after in pairwise(stops):
            plan.driver.carry(flight, opening.values[before : after + 1], before + 1, False, self.run.threads)
            if after in noted:
                written.append(self._written(flight, opening.values[after : after + 1]))
        return written

    def _written(self, flight: Flight, fields: Array) -> dict[str, Any]:
        """What is to be written down, at these inputs, one for each trial or one for all."""
        records = self.run.records
        others = Records(tuple(name for name in records.names if name != "energies"), records.steps)
        noted = others.take(flight, self.run.setup.first, None)
        if "energies" in records.names:
            fields = np.broadcast_to(fields, (len(flight.states), fields.shape[1]))
            noted["energies"] = energies(self.run.setup.first, flight.states, fields)
        return noted

    def _chunk(self, chunk: int | None, block: int) -> int:
        """Trials at a time: their values fit in memory, and they are a multiple of the block."""
        if chunk is not None:
            chunk = checked_count(chunk, "chunk")
        else:
            chunk = int(LARGEST_BYTES / (8 * (self.answer.steps + 1) * self.run.setup.first.size))
        return max(block, min(chunk // block * block, -(-self.run.trials // block) * block))
