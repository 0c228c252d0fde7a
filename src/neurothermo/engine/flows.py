"""Averages over a law that entropy flows are made of: one pass over all states, no matrix.

State number s has bit i set where neuron i is up. Log odds of neuron i: a_i(s) = sum_j K_ij s_j + b_i.
"""

import numpy as np
from numba import njit, prange
from threadpoolctl import threadpool_limits

from neurothermo.engine.butterfly import threads_for
from neurothermo.engine.counter import FAST

WIDTH_BITS = 10


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def _moments(law, low, high, low_signs, high_signs, together, pairs, flows, means, products):
    """For each of some neurons i, by block: -<u_i a_i>, <u_i> and, with `pairs`, <u_i s_j>.

    u_i = s_i r_i, r_i = 1 / (1 + exp(s_i a_i)) the probability that i, drawn anew, flips; or tanh(a_i / 2), its mean
    next sign, with `together`. law (blocks, width); low, low_signs (neurons, width) and high, high_signs (blocks,
    neurons): a_i = low + high, s_i = low sign times high sign; flows, means (blocks, neurons); products (blocks,
    neurons, N).
    """
    blocks, width = law.shape
    bits = 0
    while 1 << bits < width:
        bits += 1
    for block in prange(blocks):
        p = law[block]
        u = np.empty(width)
        for n in range(len(low)):
            a, c = low[n], high[block, n]
            own, turn = low_signs[n], high_signs[block, n]
            flow = 0.0
            mean = 0.0
            for k in range(width):
                odds = a[k] + c
                if together:
                    x = p[k] * np.tanh(0.5 * odds)
                else:
                    s = own[k] * turn
                    x = p[k] * s / (1.0 + np.exp(s * odds))
                u[k] = x
                mean += x
                flow -= x * odds
            flows[block, n] = flow
            means[block, n] = mean
            if pairs:
                for j in range(bits):
                    stride = 1 << j
                    down = 0.0
                    for start in range(0, width, 2 * stride):
                        part = u[start : start + stride]
                        for k in range(stride):
                            down += part[k]
                    products[block, n, j] = mean - 2 * down
                for j in range(bits, products.shape[2]):
                    products[block, n, j] = mean if (block >> (j - bits)) & 1 else -mean


def flip_moments(law, couplings, base, sites=None, *, pairs=False, together=False):
    r"""Averages over a law of what neurons do when drawn anew.

    .. math:: f_i = -\langle u_i a_i \rangle, \qquad m_i = \langle u_i \rangle, \qquad
              M_{ij} = \langle u_i s_j \rangle, \qquad u_i = s_i / (1 + e^{s_i a_i})

    f_i is the mean entropy flow of one attempt at neuron i. With `together`, u_i = tanh(a_i / 2) instead.

    law (2^N,); couplings (N, N), base (N,): K and b of the log odds; sites: which neurons (default: all). Returns f
    (sites,), m (sites,), and M (sites, N) with `pairs`, else None.
    """
    size = len(base)
    sites = np.arange(size) if sites is None else np.asarray(sites)
    bits = min(WIDTH_BITS, size)
    with threadpool_limits(1, user_api="blas"):  # the number of its threads would show in the last bit
        inside, outside = (
            _signs(bits),
            _signs(size - bits),
        )  # of low neurons in a block, high ones by block
        low = couplings[sites, :bits] @ inside.T
        high = outside @ couplings[sites, bits:].T + base[sites]
    low_signs, high_signs = np.ones(low.shape), np.ones(high.shape)
    low_signs[sites < bits] = inside.T[sites[sites < bits]]
    high_signs[:, sites >= bits] = outside[:, sites[sites >= bits] - bits]
    shape = (len(high), len(sites))
    flows, means = np.zeros(shape), np.zeros(shape)
    products = np.zeros((*shape, size)) if pairs else np.zeros((1, 1, 1))
    blocks = law.reshape(len(high), 1 << bits)
    low, high = np.ascontiguousarray(low), np.ascontiguousarray(high)
    with threads_for(law.size):
        _moments(blocks, low, high, low_signs, high_signs, together, pairs, flows, means, products)
    return flows.sum(axis=0), means.sum(axis=0), products.sum(axis=0) if pairs else None


def _signs(bits):
    """-1/+1 of every number of `bits` bits, shape (2^bits, bits)."""
    return 2.0 * ((np.arange(1 << bits)[:, None] >> np.arange(bits)) & 1) - 1.0
