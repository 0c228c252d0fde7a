"""Drive a Hopfield network from one memory to the other; measure the free-energy difference, and know it exactly."""

import numpy as np

from neurothermo import exact, fluctuation, forward_and_reverse, free_energy, hopfield, ramp

one = np.ones(15)
two = np.r_[np.ones(8), -np.ones(7)]
net = hopfield([one, two], weights=[0.2, 0.8])
drive = ramp(one, two, steps=1000)

forward, reverse = forward_and_reverse(net, drive, temperature=15, trials=5000, seed=1)
change = exact.free_energy_difference(net, drive, temperature=15)
print(net)
print("BAR       ", free_energy.bar(forward, reverse))
print("Jarzynski ", free_energy.jarzynski(forward))
print("exact     ", change)
print("in kT     ", change.in_kT())
print("Jarzynski's equality", fluctuation.check_jarzynski(forward, change))
