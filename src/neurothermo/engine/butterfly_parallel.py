"""All neurons drawn at once: 4^N transitions as matrix products, in the memory of 2^N states.

Every weight between two states is a product over neurons, so that over low and high halves of the new state's bits

    T(s' | s) = end(s') high[s' // L, s] low[s' % L, s] begin(s)

and a step is the matrix product  high diag(begin p) low^T, summed over sources in chunks. The tilted weights
T(s' | s) exp(-theta flow) = T(s' | s)^(1 - theta) T(s | s')^theta are of the same form: with logits
a(s) = K s + b, K_ij = c beta_i J_ij, and Z(s) = sum_i ln 2 cosh(a_i(s)/2),

    ln weight = (1 - theta) [s'.a(s)/2 - Z(s)] + theta [s.a(s')/2 - Z(s')]
              = s'.phi(s) + [theta s.b/2 - (1 - theta) Z(s)] - theta Z(s')
    phi(s) = [(1 - theta) a(s) + theta K^T s]/2

which is linear in s' but for its last term.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from os import cpu_count
from typing import Any

import numpy as np

CHUNK = 2**9  # sources of one product: its factors stay in a second cache
BLOCKS = 4  # of sources, on threads; fixed, so that no bit depends on the number of threads
SERIAL = 10  # neurons up to which threads would cost more than they save


@dataclass(frozen=True, eq=False)
class Moves:
    """Moves of all neurons at once: scaled couplings K (N, N), base b (N,), counting parameter theta."""

    scaled: Any
    base: Any
    theta: Any = 0.0

    @property
    def size(self) -> int:
        """N."""
        return len(self.base)

    def logits(self, first: int, last: int) -> tuple[Any, Any]:
        """Signs and logits a of the states first .. last - 1, each (N, states)."""
        signs = 2.0 * ((np.arange(first, last) >> np.arange(self.size)[:, None]) & 1) - 1.0
        return signs, self.scaled @ signs + self.base[:, None]

    def tilts(self, first: int, last: int) -> tuple[Any, Any]:
        """phi (N, states), and ln begin (states,), the factors of low and high normalised."""
        signs, logits = self.logits(first, last)
        if self.theta == 0:
            return logits / 2, np.zeros(last - first)
        phi = ((1 - self.theta) * logits + self.theta * (self.scaled.T @ signs)) / 2
        begin = self.theta * (self.base @ signs) / 2 - (1 - self.theta) * log_2cosh(logits / 2).sum(axis=0)
        return phi, begin + log_2cosh(phi.real).sum(axis=0)

    def largest_exponent(self) -> float:
        """At least the largest |ln begin| or |ln end| of any state."""
        if self.theta == 0:
            return 0.0
        a = np.abs(self.scaled).sum(axis=1) + np.abs(self.base)
        b = np.abs(self.scaled).sum(axis=0)
        z = float(np.sum(a / 2 + np.log(2)))
        keep, back = abs(np.real(1 - self.theta)), abs(np.real(self.theta))
        phi = float(np.sum(keep * a + back * b)) / 2 + self.size * np.log(2)
        return max(back * float(np.abs(self.base).sum()) / 2 + keep * z + phi, back * z)


def log_2cosh(x: Any) -> Any:
    """ln 2 cosh x of reals, without overflow."""
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x)))


def step(moves: Moves, laws: Any, *, transposed: bool = False) -> Any:
    """T p, or T^t f, of laws (rows, 2^N), anew."""
    blocks = BLOCKS if moves.size > SERIAL else 1
    length = 2**moves.size // blocks
    act = _gather if transposed else _scatter

    def run(block: int) -> Any:
        return act(moves, laws, block * length, (block + 1) * length)

    with _one_blas_thread():
        if blocks == 1:
            return run(0)
        with ThreadPoolExecutor(min(blocks, cpu_count() or 1)) as pool:
            parts = list(pool.map(run, range(blocks)))
    return np.concatenate(parts, axis=1) if transposed else sum(parts)


def flows(moves: Moves, law: Any) -> Any:
    """Mean over one step from this law of each neuron's share of the flow, ln p_i(s_i' | s) / p_i(s_i | s').

    With m = tanh(a(s)/2), the mean of s' given s, only the law after the step asks for all transitions:
    sum over s of p(s) [m.a(s) - s.(K m + b)]/2 - ln 2 cosh(a(s)/2), and over s' of p'(s') ln 2 cosh(a(s')/2).
    """
    after = step(moves, law[None])[0]
    total = np.zeros(moves.size)
    for start in range(0, len(law), CHUNK):
        stop = min(start + CHUNK, len(law))
        signs, logits = moves.logits(start, stop)
        mean = np.tanh(logits / 2)
        back = signs * (moves.scaled @ mean + moves.base[:, None])
        total += (mean * logits - back) @ law[start:stop] / 2
        total += log_2cosh(logits / 2) @ (after[start:stop] - law[start:stop])
    return total


def _scatter(moves: Moves, laws: Any, first: int, last: int) -> Any:
    """T p of what p has between the states `first` and `last`: chunks of them, each adding a matrix product."""
    bits = moves.size // 2
    out = np.zeros((len(laws), 2 ** (moves.size - bits), 2**bits), laws.dtype)
    for start in range(first, last, CHUNK):
        stop = min(start + CHUNK, last)
        low, high, begin = _factors(moves, bits, start, stop)
        for row, law in enumerate(laws):
            out[row] += high @ (low * (begin * law[start:stop])).T
    return out.reshape(laws.shape) * _ends(moves)


def _gather(moves: Moves, laws: Any, first: int, last: int) -> Any:
    """(T^t f)(s) of the states s between `first` and `last`, in chunks of them."""
    bits = moves.size // 2
    out = np.empty((len(laws), last - first), laws.dtype)
    weighted = (laws * _ends(moves)).reshape(len(laws), -1, 2**bits)
    for start in range(first, last, CHUNK):
        stop = min(start + CHUNK, last)
        low, high, begin = _factors(moves, bits, start, stop)
        for row, table in enumerate(weighted):
            out[row, start - first : stop - first] = np.einsum("hs,hs->s", high, table @ low) * begin
    return out


def _factors(moves: Moves, bits: int, first: int, last: int) -> tuple[Any, Any, Any]:
    """low (2^bits, sources), high (2^(N - bits), sources) and begin (sources,), of sources `first` .. `last` - 1.

    Each neuron's factors exp(+-phi) are divided by 2 cosh(Re phi), which begin takes over: none overflows.
    """
    phi, begin = moves.tilts(first, last)
    rare = np.exp(-2 * np.abs(phi.real))
    with_field = 1 / (1 + rare)
    up = np.where(phi.real > 0, with_field, rare * with_field)
    down = np.where(phi.real > 0, rare * with_field, with_field)
    if np.iscomplexobj(phi):
        phase = np.exp(1j * phi.imag)
        up, down = up * phase, down * phase.conj()
    return _products(down[:bits], up[:bits]), _products(down[bits:], up[bits:]), np.exp(begin)


def _ends(moves: Moves) -> Any:
    """end(s') of all states, or 1 where nothing is tilted."""
    if moves.theta == 0:
        return 1.0
    starts = range(0, 2**moves.size, CHUNK)
    parts = (moves.logits(start, min(start + CHUNK, 2**moves.size))[1] for start in starts)
    return np.exp(-moves.theta * np.concatenate([log_2cosh(part / 2).sum(axis=0) for part in parts]))


def _products(down: Any, up: Any) -> Any:
    """One row a pattern of bits, the first neuron's bit the fastest, shape (2^neurons, sources)."""
    table = np.ones((2 ** len(down), down.shape[1]), down.dtype)
    for i, (one, other) in enumerate(zip(down, up, strict=True)):
        np.multiply(table[: 2**i], other, out=table[2**i : 2 ** (i + 1)])
        table[: 2**i] *= one
    return table


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _one_blas_thread() -> Any:
    return _controller().limit(limits=1, user_api="blas")
