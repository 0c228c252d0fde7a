"""Information in counted symbols: the plug-in estimate, its bias to first order, and how far it scatters.

Entropy, mutual information and transfer entropy are all conditional informations of three labels, I(X; Y | Z).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError

Labels = npt.NDArray[np.int64]
SPARE = 8  # a table of counts may have so many more cells than there are samples


@dataclass(frozen=True, eq=False)
class Counted:
    r"""The plug-in estimate of I(X; Y | Z) from n samples.

    Parameters
    ----------
    value : float
        Mean of `local`; biased upwards.
    local : ndarray, shape (n,)
        :math:`\ln \frac{n(x, y, z)\, n(z)}{n(x, z)\, n(y, z)}` of each sample.
    freedom : int
        d = K_xyz + K_z - K_xz - K_yz of the numbers of occupied cells: the bias is d/2n to first order, and 2n times
        the estimate is a chi-squared variable of d degrees of freedom where there is no information.
    cells : int
        K_xyz.
    """

    value: float
    local: Array
    freedom: int
    cells: int

    @property
    def bias(self) -> float:
        """d/2n."""
        return self.freedom / (2 * len(self.local))


def conditional_information(first: Labels, second: Labels, given: Labels) -> Counted:
    """The plug-in estimate of I(X; Y | Z), labels of shape (n,) from zero."""
    sizes = [int(labels.max()) + 1 for labels in (first, second, given)]
    if sizes[0] * sizes[1] * sizes[2] >= 2**62:
        first, second, given = (compact(labels) for labels in (first, second, given))
        sizes = [int(labels.max()) + 1 for labels in (first, second, given)]
    codes = (given * sizes[0] + first) * sizes[1] + second
    occupied, counts, where = cells_of(codes, sizes[0] * sizes[1] * sizes[2])
    left, y = np.divmod(occupied, sizes[1])
    z = left // sizes[0]
    of_xz, of_yz, of_z = (summed(key, counts) for key in (left, z * sizes[1] + y, z))
    local = np.log(counts * of_z[0] / (of_xz[0] * of_yz[0]))
    freedom = len(occupied) + of_z[1] - of_xz[1] - of_yz[1]
    return Counted(float(counts @ local / len(codes)), local[where], freedom, len(occupied))


def cells_of(codes: Labels, size: int) -> tuple[Labels, Array, Labels]:
    """The codes that occur, how often, and which of them each sample is."""
    if size > max(SPARE * len(codes), 2**16):
        occupied, where, counts = np.unique(codes, return_inverse=True, return_counts=True)
        return occupied, counts.astype(float), where
    table = np.bincount(codes, minlength=size)
    occupied = np.flatnonzero(table)
    number = np.zeros(size, dtype=np.int64)
    number[occupied] = np.arange(len(occupied))
    return occupied, table[occupied].astype(float), number[codes]


def summed(key: Labels, counts: Array) -> tuple[Array, int]:
    """For each cell, the counts of all cells with its key; and how many keys there are."""
    keys, where = np.unique(key, return_inverse=True)
    return np.asarray(np.bincount(where, weights=counts)[where], dtype=float), len(keys)


def compact(labels: Labels) -> Labels:
    """The same labels numbered without gaps."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def checked_labels(values: Any, name: str, most: int = 2) -> npt.NDArray[np.int64]:
    """Whole numbers of shape (n,) or (n, m), counted from zero.

    Raises
    ------
    InputError
        If they are no whole numbers, or of another shape.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iub" or array.ndim not in range(1, most + 1) or array.size == 0:
        raise InputError(
            f"{name} must hold whole numbers (labels), of shape (n,){' or (n, m)' if most == 2 else ''}, got "
            f"{array.dtype} of shape {array.shape}"
        )
    lowest, highest = int(array.min()), int(array.max())
    if highest >= 2**62 or lowest <= -(2**62):
        raise InputError(f"{name} must hold whole numbers below 2^62 in size, got {lowest} to {highest}")
    labels = array.astype(np.int64) - lowest
    return compact(labels).reshape(labels.shape) if labels.max() > SPARE * labels.size else labels


def words(letters: Labels) -> Labels:
    """One label for each row of letters, shape (..., m) to (...)."""
    base = int(letters.max()) + 1
    word = letters[..., 0].copy()
    for column in range(1, letters.shape[-1]):
        if int(word.max()) >= 2**62 // base:
            word = compact(word.ravel()).reshape(word.shape)
        word = word * base + letters[..., column]
    return np.asarray(word)


def scatter(local: Array, freedom: int, batch: int = 1) -> float:
    """Standard error of the estimate: the long-run variance of its local values over n, plus d/2n^2.

    The second term is the whole of the variance where there is no information and local values vanish. `batch` > 1
    takes the variance of means of so many samples in a row, for samples that depend on each other.
    """
    n = len(local)
    groups = n // batch
    means = local[: groups * batch].reshape(groups, batch).mean(axis=1)
    return float(np.sqrt(batch * means.var(ddof=1) / n + max(freedom, 0) / (2 * n**2)))
