"""Real data: spike trains, signals and wiring; what a reversible process would have looked like."""

from neurothermo.recordings import datasets
from neurothermo.recordings.chain_surrogates import reversible_chain
from neurothermo.recordings.making import from_array, from_spikes
from neurothermo.recordings.reading import read
from neurothermo.recordings.recording import Recording
from neurothermo.recordings.stationarity import check_stationarity
from neurothermo.recordings.surrogates import block_reversal, p_value_of, reversible_spikes, symmetrized_spectrum

__all__ = [
    "Recording",
    "block_reversal",
    "check_stationarity",
    "datasets",
    "from_array",
    "from_spikes",
    "p_value_of",
    "read",
    "reversible_chain",
    "reversible_spikes",
    "symmetrized_spectrum",
]
