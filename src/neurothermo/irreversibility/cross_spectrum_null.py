"""Whether imaginary cross-spectra are more than chance, for processes of any law: groups of windows turned round."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.blocks import flips, p_of
from neurothermo.irreversibility.cross_spectrum_fit import CrossSpectrum

TURNED = 1999  # patterns of groups turned round
CHUNK = 2_000_000  # numbers at a time


def turned_p_value(spectrum: CrossSpectrum, seed: int) -> float:
    r"""Of products of the imaginary parts I of unlike groups of windows, where the real part R is made one.

    .. math:: \sum_{g \ne h} G_{gh}, \qquad G_{gh} = \sum_f \operatorname{Tr} R^{-1} I_g R^{-1} I_h^T

    The production to lowest order in I. A group run backwards has -I, and R as before: for a reversible process with
    independent groups, Gaussian or not, every pattern of signs is as likely as the one seen.
    """
    groups = len(spectrum.counts)
    products = np.zeros((groups, groups))
    for part in _chunks(spectrum):
        unit = np.linalg.inv(np.linalg.cholesky(part.sum(axis=0).real))
        flat = (unit @ part.imag @ np.swapaxes(unit, -1, -2)).reshape(groups, -1)
        products += flat @ flat.T
    np.fill_diagonal(products, 0.0)
    signs = flips(groups, TURNED, seed)
    return p_of(float(products.sum()), np.einsum("rg,rg->r", signs @ products, signs))


def share_p_values(spectrum: CrossSpectrum) -> tuple[Array, Array]:
    """Of pairs of channels, shape (d, d) with NaN on the diagonal, and of channels with all others, shape (d,).

    Of each pair the same products by itself; their sum is taken for a scaled chi squared with the mean and the variance
    that random signs of groups give it.
    """
    groups, size = len(spectrum.counts), spectrum.size
    pairs, channels = np.zeros((3, size, size)), np.zeros((3, size))
    parts = [np.concatenate(rows) for rows in zip(*map(_scaled, _chunks(spectrum)), strict=True)]
    for one in range(groups):
        for two in range(one + 1):
            product = np.einsum("fij,fij->ij", parts[one], parts[two])
            for moments, value in ((pairs, product), (channels, product.sum(axis=1))):
                if one == two:
                    moments += np.stack([value, np.zeros_like(value), value])
                else:
                    moments += np.stack([np.zeros_like(value), 4 * value**2, 2 * value])
    np.fill_diagonal(pairs[0], np.nan)
    return _tail(pairs), _tail(channels)


def _chunks(spectrum: CrossSpectrum) -> Iterator[Array]:
    """Sums of some frequencies at a time, shape (groups, frequencies, d, d)."""
    width = max(1, CHUNK // (len(spectrum.counts) * spectrum.size**2))
    for start in range(0, spectrum.sums.shape[1], width):
        yield spectrum.sums[:, start : start + width]


def _scaled(part: Array) -> Array:
    """Imaginary parts over what they scatter by where channels are independent of all but their partner."""
    real = part.sum(axis=0).real
    power = np.diagonal(real, axis1=-2, axis2=-1)
    free = power[:, :, None] * power[:, None, :] - real**2 + np.eye(real.shape[-1])  # the diagonal is not a pair
    return np.asarray(part.imag / np.sqrt(free))


def _tail(moments: Array) -> Array:
    """From mean, variance and value."""
    from scipy.special import chdtrc

    mean, variance, value = moments
    return np.asarray(chdtrc(2 * mean**2 / variance, 2 * mean * value / variance))
