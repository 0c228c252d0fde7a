"""Exact averages of small driven networks from dense transition matrices; shares nothing with the package."""

import itertools

import numpy as np


def all_states(n):
    """All 2^n states of -1/+1, shape (2^n, n)."""
    return 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1) - 1.0


def boltzmann(couplings, field, beta):
    states = all_states(len(couplings))
    weights = np.exp(beta * (0.5 * np.einsum("si,ij,sj->s", states, couplings, states) + states @ field))
    return weights / weights.sum()


def free_energy(couplings, field, beta):
    states = all_states(len(couplings))
    logs = beta * (0.5 * np.einsum("si,ij,sj->s", states, couplings, states) + states @ field)
    return -(np.log(np.sum(np.exp(logs - logs.max()))) + logs.max()) / beta


def site_matrix(couplings, field, beta, site, steepness=2.0):
    """T[x', x] of drawing one neuron anew."""
    n = len(couplings)
    states = all_states(n)
    up = 1 / (1 + np.exp(-steepness * beta * (states @ couplings[site] + field[site])))
    matrix = np.zeros((2**n, 2**n))
    x = np.arange(2**n)
    matrix[x | (1 << site), x] += up
    matrix[x & ~(1 << site), x] += 1 - up
    return matrix


def step_matrix(couplings, field, beta, order, attempts=None, steepness=2.0):
    """T[x', x] of one step."""
    n = len(couplings)
    attempts = n if attempts is None else attempts
    if order == "parallel":
        states = all_states(n)
        up = 1 / (1 + np.exp(-steepness * beta * (states @ couplings.T + field)))
        return np.prod(np.where(states[:, None, :] > 0, up[None], 1 - up[None]), axis=2)
    sites = [site_matrix(couplings, field, beta, i, steepness) for i in range(n)]
    if order == "random":
        return np.linalg.matrix_power(sum(sites) / n, attempts)
    product = np.eye(2**n)
    for attempt in range(attempts):
        product = sites[(attempts - 1 - attempt if order == "descending" else attempt) % n] @ product
    return product


def work_moments(couplings, values, beta, order, *, start, attempts=None, steepness=2.0, relax_first=False, weight=0.0):
    """(<e^{-weight W}>, <W e^{-weight W}>) over a protocol, from the initial law `start`."""
    states = all_states(len(couplings))
    mass, first = start.copy(), np.zeros_like(start)
    for before, after in itertools.pairwise(values):
        matrix = step_matrix(couplings, before if relax_first else after, beta, order, attempts, steepness)
        work = -states @ (after - before)
        tilt = np.exp(-weight * work)
        if relax_first:
            mass, first = matrix @ mass, matrix @ first
        mass, first = tilt * mass, tilt * (first + work * mass)
        if not relax_first:
            mass, first = matrix @ mass, matrix @ first
    return mass.sum(), first.sum()


def mean_flow(couplings, field, beta, order, law, steepness=2.0):
    """Mean of ln T(x -> x') / T(x' -> x) over one step of one attempt (random) or of all neurons (parallel)."""
    matrix = step_matrix(couplings, field, beta, order, 1, steepness)
    moves = (matrix > 0) & (matrix.T > 0)
    ratio = np.log(np.where(moves, matrix, 1) / np.where(moves, matrix.T, 1))
    return float(np.sum(matrix * law[None, :] * ratio))


def stationary(matrix):
    """The law that a transition matrix keeps."""
    values, vectors = np.linalg.eig(matrix)
    law = np.real(vectors[:, np.argmax(np.real(values))])
    return law / law.sum()


def dense_step(couplings, field, beta, order, attempts, steepness):
    """T[x', x] of one step; beta (N,) one a neuron; order a list of sites, "random" or "parallel"."""
    return tilted_dense_step(couplings, field, beta, order, attempts, steepness, 0.0)


def tilted_dense_step(couplings, field, beta, order, attempts, steepness, theta):
    """As `dense_step`, every elementary transition times exp(-theta flow), flow = ln T(x -> x') / T(x' -> x)."""
    one_move = [tilted(matrix, theta) for matrix in elementary(couplings, field, beta, order, steepness)]
    if order == "parallel":
        return one_move[0]
    if order == "random":
        return np.linalg.matrix_power(sum(one_move) / len(one_move), attempts)
    product = np.eye(2 ** len(couplings))
    for site in order:
        product = one_move[site] @ product
    return product


def elementary(couplings, field, beta, order, steepness):
    """The matrices of single moves: one a neuron, or the one of all neurons at once."""
    states = all_states(len(couplings))
    gain = steepness * beta * (states @ couplings.T + field)
    logs = -np.logaddexp(0, -states[:, None, :] * gain[None])  # [x', x, i]: of drawing x'_i; none lost to rounding
    if order == "parallel":
        return [np.exp(logs.sum(axis=2))]
    differ = states[:, None, :] != states[None, :, :]
    others = differ.sum(axis=2, keepdims=True) - differ
    return list(np.where(others == 0, np.exp(logs), 0.0).transpose(2, 0, 1))


def log_ratio(matrix):
    """ln T[x', x] / T[x, x'], zero where either vanishes."""
    moves = (matrix > 0) & (matrix.T > 0)
    return np.log(np.where(moves, matrix, 1)) - np.log(np.where(moves, matrix.T, 1))


def tilted(matrix, theta):
    return matrix * np.exp(-theta * log_ratio(matrix))


def path_flow(couplings, field, beta, order, attempts, steepness, law):
    """Mean flow of one step from a law, and each neuron's part of it, by following the law move by move."""
    n = len(couplings)
    matrices = elementary(couplings, field, beta, order, steepness)
    by_neuron = np.zeros(n)
    if order == "parallel":
        states = all_states(n)
        gain = steepness * beta * (states @ couplings.T + field)
        there = -np.logaddexp(0, -states[:, None, :] * gain[None])  # [x', x, i]
        share = there - there.transpose(1, 0, 2)
        by_neuron += np.einsum("yx,yxi,x->i", matrices[0], share, law)
        return float(np.sum(matrices[0] * log_ratio(matrices[0]) * law)), by_neuron
    for move in range(attempts):
        drawn = range(n) if order == "random" else [order[move]]
        for site in drawn:
            by_neuron[site] += np.sum(matrices[site] * log_ratio(matrices[site]) * law) / len(drawn)
        law = sum(matrices[site] @ law for site in drawn) / len(drawn)
    return float(by_neuron.sum()), by_neuron
