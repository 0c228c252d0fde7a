"""What a fitted network would dissipate if it ran forever: its own stationary law, over all 2^N states."""

from __future__ import annotations

import numpy as np

from neurothermo.core.checks import Array

MOST_CHANNELS = 10


def stationary_flow(couplings: Array, fields: Array, order: str) -> float:
    r"""Entropy production of the network itself, in nats a row.

    .. math:: \sigma = \sum_{s s'} \pi(s)\, T(s \to s') \ln \frac{T(s \to s')}{T(s' \to s)}

    Self-couplings are allowed in parallel order.
    """
    size = len(fields)
    states = 2.0 * ((np.arange(2**size)[:, None] >> np.arange(size)) & 1) - 1.0
    local = states @ couplings.T + fields
    if order == "parallel":
        logs = local @ states.T - np.logaddexp(local, -local).sum(axis=1)[:, None]
        chain = np.exp(logs)
        law = _kept(chain)
        return float(law @ np.sum(chain * (logs - logs.T), axis=1))
    flips = 1 / (1 + np.exp(2 * states * local)) / size
    chain = np.zeros((len(states),) * 2)
    rows = np.arange(len(states))
    for i in range(size):
        chain[rows, rows ^ (1 << i)] = flips[:, i]
    chain[rows, rows] = 1 - flips.sum(axis=1)
    return float(_kept(chain) @ np.sum(-2 * states * local * flips, axis=1))


def _kept(chain: Array) -> Array:
    """The law that a chain keeps."""
    balance = chain.T - np.eye(len(chain))
    balance[-1] = 1.0
    right = np.zeros(len(chain))
    right[-1] = 1.0
    return np.asarray(np.linalg.solve(balance, right))
