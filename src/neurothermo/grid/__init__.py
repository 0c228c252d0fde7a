"""Scans: grids of experiments with many trials each, on any number of processes, kept on disk and resumed."""

from neurothermo.grid.reading import open_scan, status
from neurothermo.grid.scanning import scan
from neurothermo.grid.shelf import ledgers

__all__ = ["ledgers", "open_scan", "scan", "status"]
