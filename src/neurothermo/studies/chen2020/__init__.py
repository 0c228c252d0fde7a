"""Chen 2020 (arXiv 2012.13252): a Hopfield network driven between two memories, figure by figure.

Every figure is one function of the same settings and gives one `Panel`: the picture, and rows with estimate,
error, exact value, z-score and verdict. "Corrected" is the experiment with heat-bath neurons, a protocol whose
reverse is its reverse, and Bennett's line; "as printed" is what the paper's equations say, and the rows show how
it fails. docs/chen2020.md lists every difference with its numbers.
"""

from __future__ import annotations

from collections.abc import Callable

from neurothermo.report import Panel
from neurothermo.studies.chen2020.asymmetry import figure_6
from neurothermo.studies.chen2020.closed_loop import figure_feedback
from neurothermo.studies.chen2020.crooks import figure_4a, figure_4b, figure_4c, figure_4d, figure_4e
from neurothermo.studies.chen2020.distributions import figure_2, figure_3
from neurothermo.studies.chen2020.exact_laws import figure_exact, figure_hundred
from neurothermo.studies.chen2020.exchange import figure_5
from neurothermo.studies.chen2020.experiment import Settings
from neurothermo.studies.chen2020.kinetics import figure_7
from neurothermo.studies.chen2020.learning import figure_learning
from neurothermo.studies.chen2020.regimes import figure_regimes

__all__ = ["FIGURES", "INTRODUCTION", "TITLE", "Settings"]

FIGURES: dict[str, Callable[[Settings], Panel]] = {
    "2": figure_2,
    "3": figure_3,
    "4a": figure_4a,
    "4b": figure_4b,
    "4c": figure_4c,
    "4d": figure_4d,
    "4e": figure_4e,
    "5": figure_5,
    "6": figure_6,
    "7": figure_7,
    "learning": figure_learning,
    "feedback": figure_feedback,
    "regimes": figure_regimes,
    "exact": figure_exact,
    "hundred": figure_hundred,
}
TITLE = "Nonequilibrium thermodynamics of input-driven networks (Chen 2020), reproduced"
INTRODUCTION = (
    "Every figure of K. S. Chen, arXiv 2012.13252, on driven Hopfield networks (Figs. 2 to 7), as the paper's "
    "equations are printed and as they must be for its theorems to hold, beside exact values."
)
