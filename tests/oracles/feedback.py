"""Measured, then driven according to the outcome: sums over all states; shares nothing with the package."""

from itertools import pairwise

import numpy as np

from oracles.brute_force import boltzmann_table


def attempt_matrix(couplings, field, temperature):
    """One attempt at a random neuron under the heat bath, columns: from a state."""
    table = boltzmann_table(couplings, temperature, field)
    n, total = len(couplings), len(table.states)
    matrix = np.zeros((total, total))
    for a in range(total):
        for i in range(n):
            flipped = table.states[a].copy()
            flipped[i] *= -1
            b = int(np.flatnonzero((table.states == flipped).all(axis=1))[0])
            chance = 1 / (1 + np.exp((table.energies[b] - table.energies[a]) / temperature))
            matrix[b, a] += chance / n
            matrix[a, a] += (1 - chance) / n
    return matrix


def closed_loop(couplings, temperature, opening, responses, likelihood, attempts):
    """Means of (W - dF)/T, i, exp(-(W - dF)/T - i) and exp(-(W - dF)/T).

    opening (k + 1, N): inputs before the measurement; responses: values (M, N) of every outcome; likelihood(y, states):
    p(y|x) of every state.
    """
    start = boltzmann_table(couplings, temperature, opening[0])
    states, free = start.states, start.free_energy

    def driven(laws, before, after):
        matrix = np.linalg.matrix_power(attempt_matrix(couplings, after, temperature), attempts)
        work = -states @ (after - before)
        plain, sums, weighted = laws
        return matrix @ plain, matrix @ (sums + work * plain), matrix @ (weighted * np.exp(-work / temperature))

    laws = (start.probabilities, np.zeros(len(states)), start.probabilities)
    for before, after in pairwise(opening):
        laws = driven(laws, before, after)
    dissipated = information = equality = efficacy = 0.0
    for outcome, values in enumerate(responses):
        given = likelihood(outcome, states)
        chance = laws[0] @ given
        information += np.sum(laws[0] * given * np.log(given / chance))
        change = (boltzmann_table(couplings, temperature, values[-1]).free_energy - free) / temperature
        branch, informed = tuple(law * given for law in laws), tuple(law * chance for law in laws)
        held = opening[-1]
        for value in values:
            branch, informed = driven(branch, held, value), driven(informed, held, value)
            held = value
        dissipated += branch[1].sum() / temperature - change * branch[0].sum()
        efficacy += branch[2].sum() * np.exp(change)
        equality += informed[2].sum() * np.exp(change)
    return dissipated, information, equality, efficacy
