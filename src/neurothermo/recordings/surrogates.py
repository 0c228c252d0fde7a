"""What a reversible process would have looked like: surrogates of a recording, and the p-value against them.

A surrogate is a recording that keeps what the null hypothesis "the process is reversible" leaves free and is
time-symmetric in law. Each is a function of (seed, index): number 17 is the same whether or not number 16 was drawn.

References
----------
Surrogates for a null hypothesis: Theiler et al., Physica D 58, 77 (1992). Random signs as an exact test: Fisher, The
Design of Experiments (1935), section 21. The +1 of the p-value: Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9, 39
(2010).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neurothermo.core.checks import as_floats, checked_count
from neurothermo.core.errors import InputError
from neurothermo.recordings.clock import seconds
from neurothermo.recordings.recording import SIGNALS, SPIKES, Recording
from neurothermo.recordings.surrogate_blocks import chosen_block, coins, count_blocks, cut_and_turned
from neurothermo.recordings.surrogate_spectrum import SHORT, SymmetricSpectrum, symmetric_spectrum


def p_value_of(observed: float, null_values: Any) -> float:
    r"""The share of surrogates at least as irreversible as the recording, itself counted as one of them.

    .. math:: p = \frac{1 + \#\{k : T_k \ge T\}}{1 + K}

    One-sided, large values against the null; never 0, so that a test at level a rejects with probability at most a.

    Parameters
    ----------
    observed : float
        T of the recording; infinity is allowed.
    null_values : array_like, shape (K,)
        T of the surrogates.

    Raises
    ------
    InputError
        If there is no surrogate, or one value is NaN.
    """
    values = as_floats(null_values, "null_values")
    own = float(as_floats(observed, "observed"))
    if values.ndim != 1 or not values.size:
        raise InputError(f"null_values must have shape (any,), with at least one value, got {values.shape}")
    if np.isnan(own) or np.any(np.isnan(values)):
        raise InputError("p_value_of needs numbers, got NaN: the statistic failed on the recording or on a surrogate")
    return (1 + int(np.sum(values >= own))) / (1 + values.size)


# -- signals ---------------------------------------------------------------------------------------


def symmetrized_spectrum(recording: Recording, *, seed: int, index: int = 0, window: Any = None) -> Recording:
    r"""A Gaussian stationary process with the time-symmetric part of the recording's cross-spectrum.

    .. math:: C(t) \to \tfrac12 \left( C(t) + C(-t) \right), \qquad C(t)_{ij} = \langle x_i(s + t) x_j(s) \rangle

    A Gaussian process is reversible just where all its covariances are symmetric. Kept: means, variances, correlations
    at equal times, power spectra, the symmetric part of every lagged covariance, lengths of segments. Lost: lags and
    rotations between channels, and everything that is not Gaussian. So it answers "would a reversible linear process
    have given this value?", and a reversible process that is not Gaussian may fail it: there use `block_reversal`.

    Parameters
    ----------
    recording : Recording
        Of signals.
    seed, index : int
        >= 0.
    window : float or str, optional
        Seconds, or words like "2 s", of the windows in which the spectrum is measured; it resolves their inverse, and
        covariances end at them. Default: 32 correlation times, if 32 such windows that overlap by half fit;
        where windows are shorter than 8 correlation times the history says so: tests then find too little.

    Raises
    ------
    InputError
        If these are not signals, or a window does not fit.

    References
    ----------
    Prichard and Theiler, Phys. Rev. Lett. 73, 951 (1994), for phases common to all channels, which keep the
    irreversible half as well; here the real part of the cross-spectrum is drawn from instead.
    """
    spectrum = _spectrum(recording, window)
    return _drawn(recording, spectrum, _whole(seed, "seed"), _whole(index, "index"))


def symmetrized_spectra(recording: Recording, *, count: int, seed: int, window: Any = None) -> Iterator[Recording]:
    """The surrogates 0 .. count - 1 of `symmetrized_spectrum`, the spectrum measured once."""
    spectrum, seed = _spectrum(recording, window), _whole(seed, "seed")
    return (_drawn(recording, spectrum, seed, index) for index in range(checked_count(count, "count")))


def _spectrum(recording: Recording, window: Any) -> SymmetricSpectrum:
    if recording.kind != SIGNALS:
        raise InputError(
            f"symmetrized_spectrum needs a recording of signals, got one of {recording.kind}: use block_reversal"
        )
    rows = None if window is None else round(seconds(window, "window") * recording.required_rate())
    return symmetric_spectrum(recording.segments, rows)


def _drawn(recording: Recording, spectrum: SymmetricSpectrum, seed: int, index: int) -> Recording:
    pieces = spectrum.draw([len(segment) for segment in recording.segments], seed=seed, index=index)
    data = recording.data.assign(values=(("time", "channel"), np.concatenate(pieces)))
    short = f", only {spectrum.window / spectrum.memory:.2g} correlation times: tests against it find too little"
    return recording.noted(
        f"surrogate {index} of seed {seed}: a reversible Gaussian process with the spectrum of {spectrum.blocks} "
        f"windows of {spectrum.window} samples{short if spectrum.window < SHORT * spectrum.memory else ''}",
        data=data,
    )


# -- any kind --------------------------------------------------------------------------------------


def blocks(recording: Recording, *, block: Any = None) -> Recording:
    """The recording cut into the blocks of `block_reversal`, none of them reversed: what to compare those with.

    Nothing is lost but the transitions at the cuts, one a block, which the surrogates do not have either.
    """
    length = chosen_block(recording, block)
    count_blocks(recording, length)
    return cut_and_turned(recording, length, None)


def block_reversal(recording: Recording, *, block: Any = None, seed: int, index: int = 0) -> Recording:
    """Blocks of the recording, each as it was or turned round in time by a fair coin.

    Within a block everything that does not know the direction of time is kept to the letter: rates, correlations of
    any order, refractoriness, waveforms. In law the surrogate is exactly reversible, for any statistic, as nothing
    joins one block to the next: each is a segment (of spikes, an interval of the support) of its own, and no
    transition, interspike interval or lag crosses from one to the next.

    As a test. For a reversible process of independent blocks, the recording cut the same way (`blocks`) and its
    surrogates are draws from one law, so `p_value_of` is exact, for any statistic and any number of surrogates.
    What dependence between neighbouring blocks costs falls as correlation time over block length. For an irreversible
    process the p-value is still that of a test, with this loss: the surrogates scatter by the effect as well, so an
    antisymmetric statistic is at most sqrt(B) of their standard deviations from 0 with B blocks, and no p-value is
    below 2^(1 - B). Values of an antisymmetric statistic (a current, C12(t) - C21(t)) are centred on 0; those of an
    entropy production are not: their mean is its sampling bias, a little too large (by about 1/B of the truth) where
    there is something to be found.

    Parameters
    ----------
    recording : Recording
        Of any kind. What it holds must be even under time reversal: no velocities.
    block : float or str, optional
        Seconds, or words like "2 s". Default: 20 correlation times of the slowest channel (sums of squared
        correlations, spikes counted in bins of a mean interspike interval), but a 256th to a 32nd of the
        recording.
    seed, index : int
        >= 0.

    Raises
    ------
    InputError
        If fewer than eight blocks fit.
    """
    length = chosen_block(recording, block)
    coin = coins(count_blocks(recording, length), _whole(seed, "seed"), _whole(index, "index"))
    return cut_and_turned(recording, length, coin)


def block_reversals(recording: Recording, *, block: Any = None, count: int, seed: int) -> Iterator[Recording]:
    """The surrogates 0 .. count - 1 of `block_reversal`, the length of a block chosen once."""
    length, seed = chosen_block(recording, block), _whole(seed, "seed")
    number = count_blocks(recording, length)
    return (
        cut_and_turned(recording, length, coins(number, seed, index)) for index in range(checked_count(count, "count"))
    )


def reversible_spikes(recording: Recording, *, seed: int, index: int = 0, block: Any = None) -> Recording:
    """Spike trains with the rates, correlations and refractoriness of the recording, reversible in law.

    It is `block_reversal` for spikes; bin it afterwards, or bin first and use `block_reversal`, which then turns the
    very bins round.

    Parameters
    ----------
    recording : Recording
        Of spikes.
    seed, index, block
        As for `block_reversal`.

    Raises
    ------
    InputError
        If these are not spikes, or fewer than eight blocks fit.
    """
    if recording.kind != SPIKES:
        raise InputError(f"reversible_spikes needs a recording of spikes, got one of {recording.kind}")
    return block_reversal(recording, block=block, seed=seed, index=index)


def _whole(value: Any, name: str) -> int:
    return checked_count(value, name, least=0)
