"""Lucente, Gradenigo and Salasnich 2025: entropy production of the linearized stochastic Amari field.

Only the abstract is at hand. Every formula here is a reconstruction with the properties that the abstract states, and
is checked by a second route that shares nothing with the library's; no equation is quoted. Every figure is one
function of the same settings and gives one `Panel`. docs/lucente2025.md has the numbers.
"""

from __future__ import annotations

from collections.abc import Callable

from neurothermo.report import Panel
from neurothermo.studies.lucente2025.bump import figure_bump
from neurothermo.studies.lucente2025.equilibrium import figure_table
from neurothermo.studies.lucente2025.instability import figure_instability
from neurothermo.studies.lucente2025.noise import figure_noise
from neurothermo.studies.lucente2025.nonlinear import figure_nonlinear
from neurothermo.studies.lucente2025.settings import Settings
from neurothermo.studies.lucente2025.shifted import figure_spectrum
from neurothermo.studies.lucente2025.transient import figure_transient

__all__ = ["FIGURES", "INTRODUCTION", "TITLE", "Settings"]

FIGURES: dict[str, Callable[[Settings], Panel]] = {
    "table": figure_table,
    "spectrum": figure_spectrum,
    "noise": figure_noise,
    "transient": figure_transient,
    "bump": figure_bump,
    "nonlinear": figure_nonlinear,
    "instability": figure_instability,
}
TITLE = "Entropy production of the linearized stochastic Amari field (Lucente, Gradenigo and Salasnich 2025)"
INTRODUCTION = (
    "What the abstract of D. Lucente, G. Gradenigo and L. Salasnich, Entropy 27, 1104 (2025), arXiv 2510.16422, "
    "claims, computed: when a neural field with noise is in equilibrium, what it produces when it is not, and how "
    "that is tied to the change of Shannon's entropy. The full text was not available: symbols, normalisations and "
    "figures are a reconstruction with the properties that the abstract states, not the paper's own."
)
