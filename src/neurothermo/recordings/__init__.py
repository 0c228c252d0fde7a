"""Real data: spike trains, signals and wiring."""

from neurothermo.recordings import datasets
from neurothermo.recordings.making import from_array, from_spikes
from neurothermo.recordings.reading import read
from neurothermo.recordings.recording import Recording

__all__ = ["Recording", "datasets", "from_array", "from_spikes", "read"]
