"""Couplings that are not symmetric: no energy and no heat, but entropy that flows into the bath without end."""

from neurothermo import InputError, hopfield, simulate

one, two = [1, 1, 1, 1, 1, 1], [1, 1, 1, -1, -1, -1]
sweeps = 200
for crossover in (0.0, 0.2, 0.5, 1.0):
    net = hopfield([one, two], weights=[0.2, 0.8], crossover=crossover)
    ledger = simulate(net, sweeps, temperature=2, trials=2000, seed=1, initial="stationary")
    flow = ledger.entropy_flow / sweeps
    error = float(flow.std()) / len(flow) ** 0.5
    print(f"crossover {crossover}: {float(flow.mean()):.4f} ± {error:.4f} nats per sweep")

print("start:", ledger.attrs["initial_route"])
print("heat in the ledger:", "heat" in ledger)
try:
    net.energy([one, two], field=0)
except InputError as refusal:
    print(refusal)
