"""Figures and pages, drawn from results only: nothing here computes physics."""

from neurothermo.report.page import write_report
from neurothermo.report.panel import Panel, Row

__all__ = ["Panel", "Row", "write_report"]
