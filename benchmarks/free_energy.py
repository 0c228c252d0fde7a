"""Bennett's acceptance ratio with its error from a million works a side, against pymbar."""

from __future__ import annotations

import logging

import numpy as np

from benchmarks.harness import Ask, here, interleave
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, against, fact, quantity
from neurothermo.free_energy import bar

TITLE = "Free energies: BAR with error, 10^6 + 10^6 works (core time)"
WIDTH, DIFFERENCE = 2.0, 0.5  # of the works, and dF, in kT
METHODS = ("false-position", "self-consistent-iteration", "bisection")


def rows(settings: Settings) -> list[Row]:
    """Ours against each of pymbar's methods; the number to reach is against its fastest."""
    works = gaussian_works(settings.pick(10**6, 10**5))
    contenders = [here("bar", lambda: bar(*works, temperature=1.0))]
    try:
        pymbar = pymbar_bar()
    except ImportError:
        samples = interleave(contenders, settings.rounds)
        cost = float(np.median(samples["bar"].of("core")))
        missing = absent("BAR, against pymbar", "pymbar", "not installed")
        return [missing, quantity("BAR", cost, f"{1e3 * cost:.3g} ms")]
    for method in METHODS:
        contenders.append(here(f"pymbar, {method}", lambda method=method: pymbar(*works, method)))
    samples = interleave(contenders, settings.rounds)
    fastest = min((samples[f"pymbar, {method}"] for method in METHODS), key=lambda one: np.median(one.of("core")))
    ask = Ask("at least", 1, "x as fast as its fastest")
    found = [
        against("BAR, against pymbar", samples["bar"], other, ask if other is fastest else None, faster=True, unit=1e3)
        for name, other in samples.items()
        if name != "bar"
    ]
    return [*found, _agreement(bar(*works, temperature=1.0), pymbar(*works, METHODS[0]))]


def gaussian_works(trials: int) -> tuple[np.ndarray, np.ndarray]:
    """Forward and reverse works that obey Crooks's theorem exactly, T = 1."""
    random = np.random.default_rng(1)
    dissipated = WIDTH**2 / 2
    forward, reverse = random.normal(0, WIDTH, (2, trials))
    return forward + dissipated + DIFFERENCE, reverse + dissipated - DIFFERENCE


def pymbar_bar():
    """pymbar's bar as a function of works and method, giving value and error."""
    logging.getLogger("pymbar").setLevel(logging.ERROR)  # its advice to install JAX
    from pymbar.other_estimators import bar as theirs

    def estimate(forward: np.ndarray, reverse: np.ndarray, method: str) -> tuple[float, float]:
        found = theirs(forward, reverse, compute_uncertainty=True, method=method)
        return float(found["Delta_f"]), float(found["dDelta_f"])

    return estimate


def _agreement(ours, theirs: tuple[float, float]) -> Row:
    value, error = theirs
    apart, relative = abs(ours.value - value) / error, abs(ours.stderr / error - 1)
    shown = f"{ours.value:.6f} ± {ours.stderr:.6f}, theirs {value:.6f} ± {error:.6f}"
    return fact("same value and error as pymbar", apart < 0.01 and relative < 0.01, shown, "within 1 % of the error")
