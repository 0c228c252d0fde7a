"""What the figures share: how much is tried, and how often the controls are drawn."""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 0.05
PER_SECOND = "nats per second"


@dataclass(frozen=True)
class Settings:
    """What is computed of each recording.

    Parameters
    ----------
    trials : int
        Draws of each control and of each null band.
    surrogates : int
        Of the p-values that need reversible surrogates: p is at least one over one more than this, so that few
        would leave nothing standing after correction.
    widths : tuple of str
        Bins of the mouse's spikes; the controls use the one in the middle.
    sizes : tuple of int
        Units drawn from the probe.
    subsets : tuple of int
        How often each size is drawn; with many units the fit takes long.
    rates : tuple of str
        Sampling rates of the field potentials; the middle one is used for parts of the electrodes.
    seed : int
    """

    trials: int = 20
    surrogates: int = 199
    widths: tuple[str, ...] = ("5 ms", "10 ms", "20 ms", "50 ms", "100 ms")
    sizes: tuple[int, ...] = (5, 10, 20, 40, 80)
    subsets: tuple[int, ...] = (5, 5, 5, 2, 2)
    rates: tuple[str, ...] = ("100 Hz", "200 Hz", "500 Hz")
    seed: int = 1

    @property
    def width(self) -> str:
        """Of the controls: in the middle of the range, not where anything is largest."""
        return self.widths[len(self.widths) // 2]

    @property
    def rate(self) -> str:
        """The middle one."""
        return self.rates[len(self.rates) // 2]
