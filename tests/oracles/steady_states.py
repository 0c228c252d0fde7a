"""Stationary entropy production of small networks from dense transition matrices; shares nothing with the package."""

import numpy as np

from oracles.transfer import site_matrix, stationary, step_matrix


def chen(n, alpha, ups, gamma=0.2):
    """Couplings of Chen 2020, eq. 13: all up, and the first `ups` up; the second pattern recalls the first by alpha."""
    one, two = np.ones(n), np.r_[np.ones(ups), -np.ones(n - ups)]
    couplings = gamma * np.outer(one, one) + (1 - gamma) * np.outer(two, two) + alpha * np.outer(one, two)
    np.fill_diagonal(couplings, 0)
    return couplings


def random_couplings(n, seed, scale=1.0):
    """Dense, asymmetric."""
    couplings = scale * np.random.default_rng(seed).normal(size=(n, n)) / np.sqrt(n)
    np.fill_diagonal(couplings, 0)
    return couplings


def kept(couplings, field, beta, order, attempts=None, steepness=2.0):
    """The stationary law of one step; of one attempt in random order."""
    return stationary(step_matrix(couplings, field, beta, order, 1 if order == "random" else attempts, steepness))


def schnakenberg(matrix, law):
    """Half the sum over edges of net current times affinity."""
    forward = matrix * law[None, :]
    there = (forward > 0) & (forward.T > 0)
    ratio = np.log(np.where(there, forward, 1) / np.where(there, forward.T, 1))
    return 0.5 * float(np.sum((forward - forward.T) * ratio))


def sweep_production(couplings, field, beta, descending=False, steepness=2.0):
    """The flow of N sub-steps from the periodic law."""
    n = len(couplings)
    sites = range(n - 1, -1, -1) if descending else range(n)
    matrices = [site_matrix(couplings, field, beta, site, steepness) for site in sites]
    product = np.eye(2**n)
    for matrix in matrices:
        product = matrix @ product
    law, total = stationary(product), 0.0
    for matrix in matrices:
        there = (matrix > 0) & (matrix.T > 0)
        ratio = np.log(np.where(there, matrix, 1) / np.where(there, matrix.T, 1))
        total += float(np.sum(matrix * law[None, :] * ratio))
        law = matrix @ law
    return total
