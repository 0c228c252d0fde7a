"""Couplings from a file: write a CSV, read it back as a network, drive it, and keep the ledger as NetCDF."""

import tempfile
from pathlib import Path

import numpy as np

from neurothermo import SpinNetwork, exact, forward_and_reverse, free_energy, ramp

rng = np.random.default_rng(3)
counts = np.triu(rng.poisson(2.0, (12, 12)), 1)
with tempfile.TemporaryDirectory() as folder:
    np.savetxt(Path(folder) / "synapses.csv", counts + counts.T, delimiter=",")
    net = SpinNetwork.read(Path(folder) / "synapses.csv", scale=0.1)  # counts are not energies
    drive = ramp(np.zeros(12), np.full(12, 0.5), steps=50)
    forward, reverse = forward_and_reverse(net, drive, temperature=3, trials=4000, seed=1)
    forward.to_netcdf(Path(folder) / "forward.nc", engine="h5netcdf")

print(net)
print("BAR  ", free_energy.bar(forward, reverse))
print("exact", exact.free_energy_difference(net, drive, temperature=3))
