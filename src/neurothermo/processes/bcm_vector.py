"""BCM plasticity of all the weights of a neuron."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, shown
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.processes.linear import LinearLangevin
from neurothermo.processes.linear_noise import checked_diffusion

if TYPE_CHECKING:
    from neurothermo.processes.bcm import BCM
    from neurothermo.systems.drift import DriftSystem


@dataclass(frozen=True, eq=False)
class VectorBCM:
    r"""Weights that share the output of their neuron.

    .. math:: \dot w_i = f_i\, G(f \cdot w) - \frac{w_i}{\tau} + \text{noise}, \qquad G(r) = \lambda r^2 (1 - \alpha r)

    A reconstruction. The drift is minus the slope of :math:`|w|^2/2\tau - \int^{f \cdot w} G`, so that under noise that
    is the same for every weight the stationary state is an equilibrium, for any number of weights. Noise that differs
    from weight to weight breaks that. The output r = f . w has the fixed points of a `BCM` of rate lambda |f|^2.

    Parameters
    ----------
    bcm : BCM
        lambda, alpha and tau.
    inputs : array_like, shape (N,)
        f, the presynaptic rates, not all zero.
    noise : float or array_like, shape (N,) or (N, N)
        D of the weights.

    Raises
    ------
    InputError
        If an argument is not what it must be.
    """

    bcm: BCM
    inputs: Any
    noise: Any

    def __post_init__(self) -> None:
        from neurothermo.processes.bcm import BCM

        if not isinstance(self.bcm, BCM):
            raise InputError(f"bcm must be a BCM, got {shown(self.bcm)}")
        inputs = checked_array(self.inputs, "inputs", (None,))
        if not np.any(inputs):
            raise InputError("inputs must not be zero everywhere: nothing would be learned")
        inputs.setflags(write=False)
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "noise", checked_diffusion(self.noise, len(inputs)))

    @property
    def output(self) -> BCM:
        """The mean field whose fixed points are those of the output, with the drift of r."""
        return replace(self.bcm, rate=self.bcm.rate * float(self.inputs @ self.inputs))

    def force(self, weights: Any) -> Any:
        """Drift of rows of weights, shape (trials, N)."""
        r = weights @ self.inputs
        learned = self.bcm.rate * r**2 * (1 - self.bcm.saturation * r)
        return learned[:, None] * self.inputs - weights / self.bcm.time

    def potential(self, weights: Any) -> Any:
        """What its slope is minus the drift of, shape (trials,)."""
        r = weights @ self.inputs
        learned = self.bcm.rate * r**3 * (1 / 3 - self.bcm.saturation * r / 4)
        return (weights**2).sum(axis=1) / (2 * self.bcm.time) - learned

    def weights(self, at: str = "upper") -> Array:
        """The fixed point, shape (N,): along f, with the output of that well."""
        return np.asarray(self.inputs * self.output.well(at) / (self.inputs @ self.inputs))

    def linearized(self, at: str = "upper") -> LinearLangevin:
        r"""The weights about a stable state, :math:`A = 1/\tau - G'(r)\, f f^T`.

        Raises
        ------
        InputError
            If the state is not there.
        """
        r = self.output.well(at)
        slope = self.bcm.rate * r * (2 - 3 * self.bcm.saturation * r)
        relaxation = np.eye(len(self.inputs)) / self.bcm.time - slope * np.outer(self.inputs, self.inputs)
        return LinearLangevin(relaxation, self.noise, label=f"BCM weights, {at} state")

    def entropy_production(self, at: str = "upper") -> Estimate:
        """Of the weights linearized about a stable state, nats per unit time: 0 where all have the same noise."""
        return self.linearized(at).entropy_production()

    def system(self) -> DriftSystem:
        """The weights as a system with a potential, for `Langevin` rules: at one temperature an equilibrium."""
        from neurothermo.systems.drift import DriftSystem

        name = f"BCM weights {self.bcm.rate!r} {self.bcm.saturation!r} {self.bcm.time!r} {self.inputs.tolist()!r}"
        return DriftSystem(self.force, len(self.inputs), self.potential, name=name)

    def __repr__(self) -> str:
        return f"VectorBCM(N = {len(self.inputs)})"
