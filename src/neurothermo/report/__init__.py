"""Figures and pages, drawn from results only: nothing here computes physics."""

from neurothermo.report.page import write_report
from neurothermo.report.panel import Panel, Row
from neurothermo.report.recorded import draw_across_bins, draw_attribution

__all__ = ["Panel", "Row", "draw_across_bins", "draw_attribution", "write_report"]
