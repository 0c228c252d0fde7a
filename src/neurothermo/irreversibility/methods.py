"""Every method that answers "how irreversible is this recording?" with one number: what it assumes, sees and misses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from neurothermo.core.checks import checked_choice
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility.door import checked_recording
from neurothermo.recordings.recording import Recording

ENTROPY, INDEX = "entropy production", "index"
MARKOV = (
    "a stationary Markov process of even variables, hidden ones included, of which a row is a function at an instant "
    "(or, averaged, over its own step)"
)


@dataclass(frozen=True)
class Method:
    """One way to measure irreversibility.

    Parameters
    ----------
    name : str
        Of the function.
    file : str
        The module of `neurothermo.irreversibility` that it lives in.
    kind : str
        Of its answer: "estimate", "lower bound" or "index".
    assumes : str
        What must be true for the number to mean what it says.
    misses : str
        What it cannot see, or gets wrong.
    caveat : str
        The same in a few words, for a table.
    prefix : str
        Of its `obstacle` and `cost` in the file, where more than one method lives there.
    """

    name: str
    file: str
    kind: str
    assumes: str
    misses: str
    caveat: str
    prefix: str = ""

    def __call__(self, recording: Recording, **options: Any) -> Estimate:
        """The estimate itself."""
        return self._of(self.name)(checked_recording(recording), **options)

    def obstacle(self, recording: Recording) -> str | None:
        """Why it cannot be used on this recording; None where it can."""
        return self._of(f"{self.prefix}obstacle")(checked_recording(recording))

    def cost(self, recording: Recording) -> float:
        """About how many seconds it takes on one core."""
        return float(self._of(f"{self.prefix}cost")(checked_recording(recording)))

    @property
    def attribution(self) -> Any:
        """The function that splits its value over channels and pairs; None where there is none."""
        return None if self.kind == INDEX else getattr(self._module, "attribution", None)

    @property
    def _module(self) -> Any:
        return import_module(f"neurothermo.irreversibility.{self.file}")

    def _of(self, name: str) -> Any:
        return getattr(self._module, name)


METHODS = {
    method.name: method
    for method in (
        Method(
            "gaussian", "gaussian_process", "estimate",
            "a linear process in continuous time with Gaussian noise, stationary, every channel that matters recorded",
            "all that is not Gaussian; a single channel is always reversible to it; noise of the measurement biases it",
            "linear and Gaussian",
        ),
        Method(
            "spectral", "cross_spectrum", "estimate",
            "a stationary Gaussian process, any memory",
            "all that cross-spectra do not hold: asymmetries of single channels, third moments",
            "assumes Gaussian signals",
        ),
        Method(
            "plugin", "words", "estimate",
            "words of one sample follow each other as a Markov chain, and each transition was seen often",
            "memory beyond one word; with more words than data allow it says so and stops",
            "needs few words",
        ),
        Method(
            "waiting_times", "waiting", "lower bound",
            f"{MARKOV}",
            "all that does not show in one observed variable",
            "one observed variable",
        ),
        Method(
            "maxent", "maximum_entropy", "lower bound",
            f"{MARKOV}; pairs of channels and one step of delay",
            "what does not show in antisymmetric averages of pairs at one delay",
            "pairs at one delay",
        ),
        Method(
            "uncertainty", "currents", "lower bound",
            f"{MARKOV}; currents made of pairs of channels",
            "far from equilibrium most of it: the thermodynamic uncertainty relation is loose there",
            "loose far from equilibrium",
        ),
        Method(
            "kinetic_ising", "couplings", "estimate",
            "each channel is drawn from a logistic function of the row before, and no channel is hidden",
            "memory longer than one bin, coincidences within a bin",
            "logistic neurons, one bin",
        ),
        Method(
            "classifier", "arrow_classifier", "lower bound",
            f"{MARKOV}; enough rows to learn from",
            "what its features (pairs in short windows) do not show; it needs data to learn from",
            "pairs in short windows",
        ),
        Method(
            "lagged_asymmetry", "indices", INDEX,
            "a stationary recording",
            "the scale: it is no entropy production; one lag; all that pairwise correlations do not hold",
            "no entropy production",
        ),
        Method(
            "fluctuation_dissipation", "indices", INDEX,
            "a linear process in continuous time",
            "the scale: it is no entropy production; all that is not linear",
            "no entropy production", "fluctuation_",
        ),
    )
}  # fmt: skip


def checked_methods(methods: Sequence[str] | str | None) -> tuple[Method, ...]:
    """The methods of these names, each once; all for None or "all".

    Raises
    ------
    InputError
        If a name is unknown (the nearest is suggested) or none is given.
    """
    if methods is None or methods == "all" or list(methods) == ["all"]:
        return tuple(METHODS.values())
    names = [methods] if isinstance(methods, str) else list(methods)
    if not names:
        raise InputError("methods must name at least one method, got none")
    return tuple(METHODS[checked_choice(name, "methods", tuple(METHODS))] for name in dict.fromkeys(names))
