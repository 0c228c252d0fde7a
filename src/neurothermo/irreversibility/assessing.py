"""All methods that apply to a recording, side by side, and what can be concluded from them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from neurothermo.core.checks import checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.progress import progress as progress_bar
from neurothermo.irreversibility.assessment import Assessment
from neurothermo.irreversibility.methods import Method, checked_methods
from neurothermo.recordings.recording import SPIKES, Recording

Tell = Callable[[str], None]


def assess(
    recording: Recording, *, methods: Sequence[str] | str | None = None, confidence: float = 0.95, seed: int = 0,
    progress: bool | None = None, tell: Tell | None = None,
) -> Assessment:  # fmt: skip
    """Entropy production by every method that applies, with one paragraph on what it means.

    Methods that cannot be used on the recording are named with the reason. p-values are corrected for the number of
    methods that were tried (Holm): trying ten methods and keeping the best is not a test.

    Parameters
    ----------
    recording : Recording
        States or signals; spikes must be binned first.
    methods : sequence of str, optional
        Names of `irreversibility.METHODS`; default: all.
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
    chosen = checked_methods(methods)
    confidence, seed = checked_fraction(confidence, "confidence"), checked_count(seed, "seed", least=0)
    if recording.kind == SPIKES:
        raise InputError('recording must be sampled at equal steps, got spikes: bin them first, recording.bin("10 ms")')
    obstacles = {method.name: why for method in chosen if (why := method.obstacle(recording)) is not None}
    usable = [method for method in chosen if method.name not in obstacles]
    if not usable:
        raise InputError("no method can be used on this recording: " + "; ".join(obstacles.values()))
    costs = {method.name: method.cost(recording) for method in usable}
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
    return Assessment(recording, results, obstacles, recording.stationarity(), confidence)


LONG = 5.0  # seconds that a user should hear of


def _tried(method: Method, recording: Recording, confidence: float, seed: int) -> Estimate | str:
    """The estimate, or the sentence that says why there is none after all."""
    try:
        return method(recording, confidence=confidence, seed=seed)
    except InputError as error:
        return str(error)


def total_cost(recording: Recording, methods: Sequence[str] | str | None = None) -> float:
    """About how many seconds `assess` takes on one core."""
    return sum(method.cost(recording) for method in checked_methods(methods) if method.obstacle(recording) is None)


def _shown(duration: float) -> str:
    return f"{duration:.0f} s" if duration < 120 else f"{duration / 60:.0f} min"
