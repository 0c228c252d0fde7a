"""Warm networks meet a colder bath: heat that flows the wrong way is exponentially rare."""

import numpy as np

from neurothermo import Glauber, fluctuation, hopfield, simulate

one = np.ones(15)
two = np.r_[np.ones(8), -np.ones(7)]
net = hopfield([one, two], weights=[0.2, 0.8])

for bath in (5, 10):
    ledger = simulate(net, 30, Glauber(attempts=1), temperature=bath, initial_temperature=15, trials=20_000, seed=1)
    mean, wrong_way = float(ledger.heat.mean()), float((ledger.heat > 0).mean())
    print(f"from 15 to {bath}: mean heat absorbed {mean:.2f}, wrong way in {wrong_way:.1%} of trials")
    print("  ", fluctuation.check_exchange(ledger))
