"""Karbowski 2024: information thermodynamics of a particle, of neurons that follow it, and of synapses that remember.

Only the abstract is at hand. Every model and formula here is a reconstruction that fits it, and is checked by a second
route that shares nothing with the library's; no equation is quoted. Where two definitions exist (what a velocity does
when time is reversed, which entropy production, which energy), each number says which one it is. Every figure is one
function of the same settings and gives one `Panel`. docs/karbowski2024.md has the numbers.
"""

from __future__ import annotations

from collections.abc import Callable

from neurothermo.report import Panel
from neurothermo.studies.karbowski2024.bistability import figure_bistability
from neurothermo.studies.karbowski2024.bounds import figure_bounds
from neurothermo.studies.karbowski2024.inference import figure_inference
from neurothermo.studies.karbowski2024.learning import figure_learning
from neurothermo.studies.karbowski2024.particle import figure_particle
from neurothermo.studies.karbowski2024.settings import Settings
from neurothermo.studies.karbowski2024.spines import figure_spines
from neurothermo.studies.karbowski2024.transient import figure_transient

__all__ = ["FIGURES", "INTRODUCTION", "TITLE", "Settings"]

FIGURES: dict[str, Callable[[Settings], Panel]] = {
    "particle": figure_particle,
    "inference": figure_inference,
    "transient": figure_transient,
    "learning": figure_learning,
    "bistability": figure_bistability,
    "spines": figure_spines,
    "bounds": figure_bounds,
}
TITLE = "Information thermodynamics: from physics to neuroscience (Karbowski 2024)"
INTRODUCTION = (
    "What the abstract of J. Karbowski, Entropy 26, 779 (2024), arXiv 2409.17599, describes, computed: a Brownian "
    "particle, noisy neurons that infer its velocity, synapses that learn it and keep it, and what information costs "
    "in each. The full text was not available: models, symbols and parameters are a reconstruction that fits the "
    "abstract, not the paper's own. Where two definitions exist, each number says which one it is."
)
