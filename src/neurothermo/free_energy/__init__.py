"""Free-energy differences from works: of one process, or of a process and its reverse."""

from neurothermo.free_energy.acceptance import acceptance_crossing, acceptance_curves
from neurothermo.free_energy.bar import bar
from neurothermo.free_energy.crossing import crossing
from neurothermo.free_energy.cumulant import cumulant
from neurothermo.free_energy.jarzynski import jarzynski

__all__ = ["acceptance_crossing", "acceptance_curves", "bar", "crossing", "cumulant", "jarzynski"]
