r"""The stationary law of random single-neuron updates, half of it eliminated.

At every state s the flow out balances the flow in,

.. math:: D(s)\, \pi(s) = \sum_i w_i(s)\, \pi(s^i), \qquad w_i(s) = \frac{1}{1 + e^{-c_i s_i h_i(s)}}, \qquad
          D(s) = \sum_i (1 - w_i(s)),

s^i being s with neuron i flipped. A flip changes the colour of a state (`red_black_kernels`), so the law of one
colour follows from the other's, and the even states keep

.. math:: \pi_e = B \pi_e, \qquad B = D_e^{-1} A_{eo} D_o^{-1} A_{oe}

for themselves: half the length, and the squares of the eigenvalues of a sweep over all states at once.
"""

from dataclasses import dataclass

import numpy as np

from neurothermo.engine.red_black_kernels import leave_rates, merge_colours, relax_colour

WIDTH_BITS = 10  # 1024 states, 8 kB: a vector, its image and a table row share the first cache


@dataclass(frozen=True, eq=False)
class RedBlack:
    """The two halves of a network's balance: made by `halves_of`.

    bits : log2 of the width of a block; tables (rows, 2^bits); rows (2, blocks, N) int32 and patience
    (2, blocks, width), by colour; other (blocks, width): room for the odd half of a vector.
    """

    bits: int
    tables: np.ndarray
    rows: np.ndarray
    patience: np.ndarray
    other: np.ndarray

    def sweep(self, even):
        """even <- B even."""
        self._odd(even)
        relax_colour(self.other, even, self.tables, self.rows[0], self.patience[0], self.bits, even, False)

    def drift(self, even, out):
        """out <- B even - even."""
        self._odd(even)
        relax_colour(self.other, out, self.tables, self.rows[0], self.patience[0], self.bits, even, True)

    @property
    def leavable(self):
        """Whether every state is left at a rate that a float can hold."""
        return bool(np.all(np.isfinite(self.patience)))

    def deviation(self, even):
        """A change of law of no total flux: to a likely state and to the one that is hardest to leave, from `even`.

        What B keeps is the flux, the sum of D pi over even states.
        """
        patience = self.patience[0]
        flux = float(np.sum(even / patience))
        change = -even
        for share, place in ((0.65, np.argmax(even)), (0.35, np.argmax(patience))):
            change.ravel()[place] += share * flux * patience.ravel()[place]
        return change

    def law(self, even):
        """The probabilities of all states, shape (2^N,), from the balanced even half, which is polished in place."""
        np.maximum(even, 0.0, out=even)  # rounding may have made rare states negative
        self.sweep(even)
        self._odd(even)
        law = np.empty(2 * even.size)
        merge_colours(even, self.other, law)
        law /= law.sum()
        return law

    def _odd(self, even):
        relax_colour(even, self.other, self.tables, self.rows[1], self.patience[1], self.bits, self.other, False)


def halves_of(couplings, base):
    """Tables of a network's balance.

    couplings (N, N): c_i J_ij / T_i, zero diagonal; base (N,): c_i (I_i - U_i) / T_i.
    """
    bits, blocks = _shape(len(base))
    rows, tables = _tables(couplings, base, bits, blocks)
    patience = np.empty((2, blocks, 1 << bits))
    for colour in range(2):
        leave_rates(tables, rows[1 - colour], bits, patience[colour])
    with np.errstate(divide="ignore"):
        np.divide(1.0, patience, out=patience)
    return RedBlack(bits, tables, rows, patience, np.empty((blocks, 1 << bits)))


def table_bytes(couplings):
    """The size of the tables of `halves_of`: the smaller, the fewer high neurons each one listens to."""
    bits, _ = _shape(len(couplings))
    return 8 * _table_rows(couplings, bits) << bits


def _table_rows(couplings, bits):
    return sum(1 << len(_switches(couplings, site, bits)) for site in range(len(couplings)))


def _shape(size):
    """(log2 of the width of a block, number of blocks)."""
    bits = min(WIDTH_BITS, size - 1)
    return bits, 1 << (size - 1 - bits)


def _switches(couplings, site, bits):
    """What the table of a neuron must know besides the place k in a block: high neurons, and 0, by number.

    A high neuron (its bit is one of the block's) matters if it acts on this one, or is it; neuron 0 likewise: its
    sign is that of k's parity, turned by the colour and the parity of the block.
    """
    acting = np.flatnonzero(couplings[site])
    return sorted(j for j in {*acting.tolist(), site} if j == 0 or j > bits)


def _tables(couplings, base, bits, blocks):
    size = len(base)
    block = np.arange(blocks)
    low = _signs(np.arange(1 << bits), bits)
    parity = np.where(_odd_parity(np.arange(1 << bits)), 1.0, -1.0)  # of neuron 0 where colour and block are even
    turned = _odd_parity(block)
    rows = np.empty((2, blocks, size), np.int32)
    tables = np.empty((_table_rows(couplings, bits), 1 << bits))
    first = 0
    for site in range(size):
        switches = _switches(couplings, site, bits)
        settings = np.arange(1 << len(switches))
        signs = _signs(settings, len(switches))
        columns = {j: signs[:, q, None] * (-parity if j == 0 else 1.0) for q, j in enumerate(switches)}
        columns.update({j: low[None, :, j - 1] for j in range(1, bits + 1)})
        field = base[site] + (low @ couplings[site, 1 : bits + 1])[None, :]
        for j in switches:
            field = field + couplings[site, j] * columns[j]
        _own_sign(field * columns[site], tables[first : first + len(settings)])
        for colour in range(2):
            bit_of = [(turned ^ colour) if j == 0 else (block >> (j - 1 - bits)) & 1 for j in switches]
            rows[colour, :, site] = first + sum(bit << q for q, bit in enumerate(bit_of))
        first += len(settings)
    return rows, tables


def _own_sign(logits, out):
    """w = 1 / (1 + e^-logit)."""
    with np.errstate(over="ignore"):  # e^-logit = inf gives the right 0
        np.exp(-logits, out=out)
    out += 1
    np.divide(1.0, out, out=out)


def _signs(numbers, bits):
    """-1/+1 for each bit, shape (numbers, bits)."""
    return 2.0 * ((numbers[:, None] >> np.arange(bits)) & 1) - 1.0


def _odd_parity(numbers):
    """1 where an odd number of bits is set."""
    return np.bitwise_count(numbers).astype(np.int64) & 1
