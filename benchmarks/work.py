"""Whole distributions of work and their cumulants, without sampling: wall time, and Crooks' theorem point by point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness import Ask, Cost, timed
from benchmarks.settings import Settings
from benchmarks.table import Row, quantity
from neurothermo import Glauber, Protocol, SpinNetwork, exact, hopfield, ramp

TITLE = "Exact work: P_F(W) and P_R(-W), mean and variance (wall time, compilation apart)"
LEAST = 1e-200  # Crooks' theorem is asked for where both probabilities are larger


@dataclass(frozen=True, eq=False)
class Case:
    """Two patterns that agree in the first neurons; the input ramped from one to the other, a sweep a step."""

    name: str
    system: SpinNetwork
    protocol: Protocol
    temperature: float
    seconds: float

    @classmethod
    def of(cls, size: int, steps: int, *, strength: float, temperature: float, seconds: float, scale: str) -> Case:
        """Both patterns weigh .3 and .7 with scale "hopfield", .2 and .8 with scale "paper"."""
        one = np.ones(size)
        two = np.where(np.arange(size) < (size + 1) // 2, 1.0, -1.0)
        weights = [0.2, 0.8] if scale == "paper" else [0.3, 0.7]
        system = hopfield([one, two], weights=weights, scale=scale)
        name = f"N = {size}, {steps} steps of {size} attempts"
        return cls(name, system, ramp(strength * one, strength * two, steps), temperature, seconds)


def rows(settings: Settings) -> list[Row]:
    """Three sizes."""
    small = Case.of(15, settings.pick(1000, 20), strength=1.0, temperature=15.0, seconds=5, scale="paper")
    medium = Case.of(
        settings.pick(100, 20), settings.pick(100, 5), strength=0.5, temperature=1.0, seconds=45, scale="hopfield"
    )
    large = Case.of(
        settings.pick(1000, 200), settings.pick(100, 3), strength=0.1, temperature=1.0, seconds=20, scale="hopfield"
    )
    _compile()
    rounds = settings.pick(3, 1)
    return [*_distributions(small, rounds), *_distributions(medium, 1), _moments(large)]


def _compile() -> None:
    """Call every kernel once: compilation is not what is timed."""
    case = Case.of(4, 2, strength=0.5, temperature=1.0, seconds=0, scale="hopfield")
    _both_ways(case)
    tall = Case.of(200, 2, strength=0.1, temperature=1.0, seconds=0, scale="hopfield")
    exact.work_cumulants(tall.system, tall.protocol, Glauber(attempts=64), temperature=1.0, order=2)


def _both_ways(case: Case) -> list[Any]:
    protocols = (case.protocol, case.protocol.reversed())
    return [exact.work_distribution(case.system, protocol, temperature=case.temperature) for protocol in protocols]


def _distributions(case: Case, rounds: int) -> list[Row]:
    found: list[Any] = []
    costs = [timed(lambda: found.append(_both_ways(case))) for _ in range(rounds)]
    gap, points = _crooks(case, *found[-1])
    what, accuracy = f"Crooks' log ratio, {case.name}: largest error", f"{gap:.1e} at {points} works"
    return [
        _time(f"P_F(W) and P_R(-W), {case.name}", costs, case.seconds),
        quantity(what, gap, accuracy, Ask("at most", 1e-11, ""), points=points),
    ]


def _crooks(case: Case, forward: Any, reverse: Any) -> tuple[float, int]:
    """The largest |ln P_F(W)/P_R(-W) - (W - dF)/T| where both are above `LEAST`, and at how many works that is."""
    change = exact.free_energy_difference(case.system, case.protocol, temperature=case.temperature).value
    back = reverse.values[::-1]
    both = (forward.values > LEAST) & (back > LEAST)
    ratio = np.log(forward.values[both]) - np.log(back[both])
    error = ratio - (forward.work.values[both] - change) / case.temperature
    return float(np.abs(error).max()), int(both.sum())


def _moments(case: Case) -> Row:
    found: list[Any] = []
    ask = {"temperature": case.temperature, "order": 2}
    cost = timed(lambda: found.append(exact.work_cumulants(case.system, case.protocol, **ask)))
    mean, variance = (float(value) for value in found[0])
    return _time(f"mean {mean:.10f}, variance {variance:.10f}, {case.name}", [cost], case.seconds)


def _time(what: str, costs: list[Cost], seconds: float) -> Row:
    wall, core = (float(np.median([getattr(cost, clock) for cost in costs])) for clock in ("wall", "core"))
    return quantity(what, wall, f"{wall:.2f} s ({core:.2f} core-s)", Ask("at most", seconds, "s"), core=core)
