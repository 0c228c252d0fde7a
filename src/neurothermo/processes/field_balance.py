"""Why a linearized field is in equilibrium, or is not, and whether its noise matters: sentences with a residual."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.verdict import Verdict
from neurothermo.processes.field_grid import SYMMETRIC, Coupling
from neurothermo.processes.field_noise import FieldNoise

SAME = 1e-12  # of the mean slope: what counts as the same gain everywhere


def differs(slopes: Array) -> bool:
    """Whether the gain f'(u0(x)) depends on the place."""
    return bool(np.ptp(slopes) > SAME * np.max(np.abs(slopes)))


def breaks(coupling: Coupling, slopes: Array, noise: FieldNoise) -> list[str]:
    """What can keep A D from being symmetric, in words."""
    found = []
    if not coupling.symmetric:
        found.append(
            f"the kernel is not symmetric (largest odd part of a mode {coupling.asymmetry:.3g} of the largest)"
        )
    if differs(slopes):
        found.append(f"the gain f'(u0) differs from place to place ({slopes.min():.3g} to {slopes.max():.3g})")
    if noise.kind == "map":
        weakest, strongest = noise.diffusion.min(), noise.diffusion.max()
        found.append(f"the noise is {strongest / weakest:.3g} times stronger in some places than in others")
    elif noise.kind == "matrix":
        found.append("the noise is not the same everywhere, or its covariance does not commute with the drift")
    elif noise.kind == "correlated" and not noise.grid.periodic:
        found.append("the noise is correlated across a field with ends")
    return found


def verdict(coupling: Coupling, slopes: Array, noise: FieldNoise, found: Verdict) -> Verdict:
    """The linear process's own verdict on A D = D A^T, with what it comes from in this field."""
    reasons = breaks(coupling, slopes, noise)
    why = "; ".join(reasons)
    if not found.passed:
        sentence = f"Out of equilibrium, A D differs from its transpose: {why}."
    elif not reasons:
        sentence = "In equilibrium: the kernel is symmetric, and gain and noise are the same everywhere."
    elif differs(slopes) and coupling.symmetric:
        sentence = f"In equilibrium although {why}: D in proportion to 1/f'(u0) makes A D symmetric."
    else:
        sentence = f"In equilibrium, A D is its own transpose, although {why}."
    return replace(found, sentence=sentence, details={**found.details, "reasons": tuple(reasons)})


def modes_verdict(coupling: Coupling, slopes: Array, noise: FieldNoise, rates: Any) -> Verdict:
    """The same for a translation-invariant field: in equilibrium where no mode turns."""
    residual = float(np.max(np.abs(rates.imag)) / np.max(np.abs(rates)))
    return verdict(coupling, slopes, noise, Verdict(residual <= SYMMETRIC, "", details={"residual": residual}))


def independence(coupling: Coupling, slopes: Array, noise: FieldNoise) -> Verdict:
    """Whether the entropy production is the same under any other spectrum of the noise."""
    if not coupling.grid.periodic:
        what = "the field has ends, and a noise correlated in space need not commute with its drift"
    elif differs(slopes):
        what = "the gain differs from place to place, so a noise that is the same everywhere does not commute with it"
    elif noise.spectrum is None:
        what = (
            "this noise is not given as the same everywhere; without its differences the production would be that of "
            "the drift alone, sum of omega_k^2/alpha_k"
        )
    else:
        return Verdict(
            True,
            "The entropy production does not depend on the spectrum of the noise: drift and noise are both "
            "translation-invariant, every mode adds omega_k^2/alpha_k, and Gamma_k cancels.",
        )
    return Verdict(False, f"The entropy production depends on the noise: {what}.")
