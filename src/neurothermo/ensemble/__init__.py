"""Many trials of one experiment: the one loop over trials, and the ledger it writes."""

from neurothermo.ensemble.loop import forward_and_reverse, simulate
from neurothermo.ensemble.predictive import predictive_information
from neurothermo.ensemble.production import entropy_production
from neurothermo.ensemble.split import split_flow

__all__ = ["entropy_production", "forward_and_reverse", "predictive_information", "simulate", "split_flow"]
