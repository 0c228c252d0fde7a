"""A rule of motion of one's own, in NumPy: Metropolis flips of one random neuron at a time."""

from dataclasses import dataclass

import numpy as np

from neurothermo import SpinNetwork, exact, fluctuation, ramp, simulate


@dataclass(frozen=True)
class Metropolis:
    def move(self, system, states, field, *, temperature, address):
        states, rows = states.copy(), np.arange(len(states))
        which, chance = address.uniforms(2).T
        site = (which * system.size).astype(int)
        gain = -2 * states[rows, site] * system.local_fields(states, field)[rows, site] / temperature
        flips = np.log(chance) < gain
        states[rows[flips], site[flips]] *= -1
        return states, np.where(flips, gain, 0.0)

    def reversed(self):
        return self


net, drive = SpinNetwork([[0, 0.7, -0.2], [0.7, 0, 0.4], [-0.2, 0.4, 0]]), ramp([0.1, -0.3, 0.2], [1.5, 0.4, -1], 12)
ledger = simulate(net, drive, Metropolis(), temperature=0.8, trials=20_000, seed=1)
print("largest |flow + Q/T|:", float(abs(ledger.entropy_flow + ledger.heat / 0.8).max()))
print(fluctuation.check_jarzynski(ledger, exact.free_energy_difference(net, drive, temperature=0.8)))
