"""Four recordings and no model: is this activity irreversible, and could we have told?

Sleep against waking in a mouse, a probe in a brain, cortex and subthalamic nucleus of one patient, one fMRI scan: the
data that ship with the package, by methods of `neurothermo.irreversibility`, each with its null, its controls and a
correction for how much was tried. No number of a recording has an exact value to stand beside; judged are the
controls, whose answer is known. Every figure is one function of the same settings and gives one `Panel`.
docs/recordings2026.md has the numbers.
"""

from __future__ import annotations

from collections.abc import Callable

from neurothermo.report import Panel
from neurothermo.studies.recordings2026.bold import figure_bold
from neurothermo.studies.recordings2026.ecog import figure_ecog
from neurothermo.studies.recordings2026.neuropixels import figure_neuropixels
from neurothermo.studies.recordings2026.settings import Settings
from neurothermo.studies.recordings2026.sleep import figure_sleep

__all__ = ["FIGURES", "INTRODUCTION", "TITLE", "Settings"]

FIGURES: dict[str, Callable[[Settings], Panel]] = {
    "sleep": figure_sleep,
    "neuropixels": figure_neuropixels,
    "ecog": figure_ecog,
    "bold": figure_bold,
}
TITLE = "How irreversible are four real recordings?"
INTRODUCTION = (
    "Spikes of a sleeping and waking mouse, spikes from a Neuropixels probe, field potentials of a patient with "
    "Parkinson's disease, and one fMRI scan. Each is one recording of one subject: what is said holds for it and for "
    "no population. A number counts as told from reversible only if its p-value, corrected by Holm for all tests of "
    "its kind in the figure, is at most 0.05 and its 95% interval is above zero. Of the rest nothing can be "
    "concluded, which is not to say that they are reversible. The judged rows are controls whose answer is known: "
    "data run backwards, trains shifted against each other, reversible surrogates, an arrow that was planted."
)
