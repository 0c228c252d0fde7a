"""Many trials of one experiment: the one loop over trials, and the ledger it writes."""

from neurothermo.ensemble.loop import forward_and_reverse, simulate

__all__ = ["forward_and_reverse", "simulate"]
