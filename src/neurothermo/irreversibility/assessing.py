"""All methods that apply to a recording, side by side, and what can be concluded from them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from neurothermo.core.checks import checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.progress import progress as progress_bar
from neurothermo.irreversibility.assessment import Assessment, merged
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.methods import Method, checked_methods
from neurothermo.recordings.recording import SPIKES, Recording

Tell = Callable[[str], None]


def assess(
    recording: Recording, *, methods: Sequence[str] | str | None = None, confidence: float = 0.95, seed: int = 0,
    progress: bool | None = None, tell: Tell | None = None,
) -> Assessment:  # fmt: skip
    """Entropy production by every method that applies, with one paragraph on what it means.

    Methods that cannot be used on the recording, or fail on it, are named with the reason. p-values are corrected for
    the number of methods that were tried (Holm): trying ten methods and keeping the best is not a test.

    Parameters
    ----------
    recording : Recording
        States or signals; spikes must be binned first.
    methods : sequence of str, optional
        Names of `irreversibility.METHODS`, or "all". Default: all but those that would take more than five minutes
        each, which are named among the obstacles.
    confidence : float
        Of the intervals, and 1 minus the level of the tests.
    seed : int
    progress : bool, optional
        Whether to draw a bar; default: on a terminal.
    tell : callable, optional
        Told a sentence before each method that will take long.

    Returns
    -------
    Assessment
        Prints as a table and a paragraph; `results` has the estimates by name.

    Raises
    ------
    InputError
        If these are spikes, a name is unknown, or no method can be used.
    """
    recording, chosen = checked_recording(recording), checked_methods(methods)
    confidence, seed = checked_fraction(confidence, "confidence"), checked_count(seed, "seed", least=0)
    if recording.kind == SPIKES:
        raise InputError('recording must be sampled at equal steps, got spikes: bin them first, recording.bin("10 ms")')
    obstacles, costs = _sorted_out(chosen, recording, PATIENCE if methods is None else inf)
    usable = [method for method in chosen if method.name in costs]
    results: dict[str, Estimate] = {}
    with progress_bar("entropy production", max(sum(costs.values()), 1e-9), progress, "estimated seconds") as advance:
        for method in usable:
            if tell is not None and costs[method.name] >= LONG:
                tell(f"{method.name} will take about {_shown(costs[method.name])}")
            found = _tried(method, recording, confidence, seed)
            if isinstance(found, str):
                obstacles[method.name] = found
            else:
                results[method.name] = found
            advance(costs[method.name])
    if not results:
        raise InputError(f"no method can be used on this recording: {'; '.join(merged(obstacles))}")
    return Assessment(recording, results, obstacles, recording.stationarity(), confidence)


LONG = 5.0  # seconds that a user should hear of
PATIENCE = 300.0  # seconds that a method may take which nobody has named


def _sorted_out(
    chosen: Sequence[Method], recording: Recording, patience: float
) -> tuple[dict[str, str], dict[str, float]]:
    """Why some methods are not used, and about how long each of the others takes."""
    obstacles: dict[str, str] = {}
    costs: dict[str, float] = {}
    for method in chosen:
        why = _unless_it_fails(method, method.obstacle, recording)
        if why is None:
            cost = _unless_it_fails(method, method.cost, recording)
            if isinstance(cost, str):
                why = cost
            elif cost > patience:
                why = f"would take about {_shown(cost)}: it is used where it is named among the methods"
            else:
                costs[method.name] = cost
        if why is not None:
            obstacles[method.name] = why
    return obstacles, costs


def _tried(method: Method, recording: Recording, confidence: float, seed: int) -> Estimate | str:
    """The estimate, or the sentence that says why there is none after all."""
    return _unless_it_fails(method, method, recording, confidence=confidence, seed=seed)


def _unless_it_fails(method: Method, asked: Callable[..., Any], recording: Recording, **options: Any) -> Any:
    """The answer, or a sentence: one method that fails on these data does not take the others with it."""
    try:
        return asked(recording, **options)
    except InputError as error:
        return str(error)
    except MemoryError:
        return "does not fit in memory: choose fewer channels, or a part of the recording"
    except Exception as error:  # whatever it is, the answers of the other methods stand
        said = f": {str(error).splitlines()[0]}" if str(error) else ""
        return f"{method.name} fails on these data ({type(error).__name__}{said})"


def total_cost(recording: Recording, methods: Sequence[str] | str | None = None) -> float:
    """About how many seconds `assess` takes on one core."""
    recording, chosen = checked_recording(recording), checked_methods(methods)
    return sum(_sorted_out(chosen, recording, PATIENCE if methods is None else inf)[1].values())


def _shown(duration: float) -> str:
    return f"{duration:.0f} s" if duration < 120 else f"{duration / 60:.0f} min"
