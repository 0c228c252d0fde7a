"""Real data: recordings and wiring."""

from neurothermo.recordings import datasets

__all__ = ["datasets"]
