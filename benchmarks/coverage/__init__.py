"""How often nominal intervals cover the truth: of free energies, and of entropy production from recordings."""

from benchmarks.coverage.free_energy import Row, coverage, gaussian_pair, report, table

__all__ = ["Row", "coverage", "gaussian_pair", "report", "table"]
