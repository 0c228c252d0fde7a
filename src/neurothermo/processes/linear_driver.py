r"""Drivers of linear processes: exact transitions at constant input, by a compiled kernel, BLAS or transforms.

.. math:: x' = E x + (1 - E) A^{-1} I + L z, \qquad E = e^{-A\,dt}, \qquad
          L L^T = \int_0^{dt} 2 e^{-A s} D e^{-A^T s} ds

The law of the states is exact at every multiple of dt, however long dt is. The flow is that of the coarse step,

.. math:: \ln \frac{p(x \to x')}{p(\epsilon x' \to \epsilon x)} = \tfrac12 (w^2 - z^2), \qquad
          w = L^{-1} [(\epsilon - E \epsilon E)\, x - (E \epsilon + 1)(1 - E) A^{-1} I - E \epsilon L z],

in a stationary state never more, on average, than what flows within it; at equilibrium it is minus the change of
energy, exactly.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.flight import TILE, Flight
from neurothermo.core.gaussian import row_products
from neurothermo.processes.linear import checked_lag
from neurothermo.processes.linear_energy import SOLVED
from neurothermo.processes.linear_routes import ModesRoute, factor_of
from neurothermo.processes.lyapunov import gathered
from neurothermo.processes.operators import Circulant

if TYPE_CHECKING:
    from neurothermo.processes.linear import LinearLangevin

KERNEL = "exact step, coarse-grained flow"
LARGEST_FUSED = 32  # coordinates; beyond, the matrix products of BLAS are faster than the compiled kernel


@dataclass(frozen=True, eq=False)
class DenseStep:
    """E, (1 - E) A^-1, L, and G and F of w = G x - offset - F z, as matrices (n, n)."""

    step: Array
    settle: Array
    root: Array
    back: Array
    turn: Array
    offset: Array  # L^-1 (E eps + 1) (1 - E) A^-1, from an input to the offset

    @classmethod
    def of(cls, process: LinearLangevin, dt: float) -> DenseStep:
        """The exact step of a process.

        Raises
        ------
        InputError
            If noise does not reach every coordinate within the step.
        """
        from scipy.linalg import solve_triangular

        relaxation, parity = process.relaxation_matrix(), process.parity.astype(np.float64)
        step, noise = gathered(relaxation, 2 * process.noise.matrix(), dt)
        root: Array = np.asarray(factor_of(noise))
        settle = np.asarray(np.linalg.solve(relaxation.T, (np.eye(process.size) - step).T).T)
        mirrored = step * parity  # E eps

        def undone(matrix: Array) -> Array:
            return np.asarray(solve_triangular(root, matrix, lower=True))

        back = undone(np.diag(parity) - mirrored @ step)
        return cls(step, settle, root, back, undone(mirrored @ root), undone(mirrored @ settle + settle))


@dataclass(frozen=True, eq=False)
class WaveStep:
    """The same as eigenvalues of waves, for drift and noise that are the same at every place."""

    step: Any
    settle: Any
    root: Any
    back: Any
    turn: Any
    offset: Any
    shape: tuple[int, ...]

    @classmethod
    def of(cls, process: LinearLangevin, route: ModesRoute, dt: float) -> WaveStep:
        """The exact step of a process of independent waves; L is symmetric here, the root of its spectrum."""
        route.total()  # says so where a wave has no noise
        waves, noise = route.relaxation.eigenvalues, route.diffusion.eigenvalues.real
        parity = float(process.parity[0])
        step, settle = np.exp(-waves * dt), -np.expm1(-waves * dt) / waves
        root = np.sqrt(-noise / waves.real * np.expm1(-2 * waves.real * dt))
        back = -parity * np.expm1(-2 * waves * dt) / root
        offset = (parity * step + 1) * settle / root
        return cls(step, settle, root, back, parity * step, offset, route.relaxation.shape)


@dataclass(frozen=True, eq=False)
class LinearDriver:
    """Carries trials of a linear process through a protocol whose steps last `dt`.

    Parameters
    ----------
    process : LinearLangevin
    dt : float
        Duration of a step, in the process's time units.
    exact : DenseStep or WaveStep
        `LinearDriver.of(process, dt)` fills it in.
    """

    process: LinearLangevin
    dt: float
    exact: Any
    kernel: str = KERNEL

    @classmethod
    def of(cls, process: LinearLangevin, dt: float) -> LinearDriver:
        """The driver of a process.

        Raises
        ------
        InputError
            If dt is not positive, A is not stable, or noise does not reach every coordinate within dt.
        """
        dt = checked_lag(dt, "dt")
        if isinstance(process.route, ModesRoute) and process.size > LARGEST_FUSED:
            return cls(process, dt, WaveStep.of(process, process.route, dt))
        process.route.covariance()  # says so where A is not stable
        return cls(process, dt, DenseStep.of(process, dt))

    @property
    def fused(self) -> bool:
        """Whether the compiled kernel takes it."""
        return self.process.size <= LARGEST_FUSED

    @property
    def block(self) -> int:
        """Trials moved together: the shape of a product decides its last bits, so it is fixed."""
        if self.fused or isinstance(self.exact, WaveStep):
            return TILE
        return int(np.clip(2 ** (16 - int(np.ceil(np.log2(self.process.size)))), TILE, 1024))

    @property
    def cost(self) -> float:
        """Nanoseconds a step of one trial: noise, and four products of a matrix and a vector, or three transforms."""
        size = self.process.size
        if isinstance(self.exact, WaveStep):
            return 45.0 * size
        return 4.0 + 0.18 * size**2 if self.fused else 11.0 * size + 0.125 * size**2

    @property
    def flow_of_heat(self) -> float | None:
        """-1 in units of kT at equilibrium; with odd coordinates an input need not be the slope of an energy."""
        return -1.0 if self.process.has_energy and not np.any(self.process.parity < 0) else None

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Work, then an exact step, at each value; in the reverse, the step first."""
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is looked for below
            self._carry_all(flight, values, first_step, relax_first, threads)
        bad = ~(np.all(np.isfinite(flight.states), axis=1) & np.isfinite(flight.work) & np.isfinite(flight.flow))
        if np.any(bad):
            raise InputError(
                f"states, work or flow became NaN or infinite between steps {first_step} and "
                f"{first_step + len(values) - 1} for trial {flight.first_trial + int(np.flatnonzero(bad)[0])}: the "
                "start or the protocol is so large that its square is beyond double precision"
            )

    def _carry_all(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """The steps, by the compiled kernel or block by block."""
        held = values[:-1] if relax_first else values[1:]
        gains = self._gains(np.diff(values, axis=0))
        if isinstance(self.exact, WaveStep):
            pushes, offsets = (Circulant(waves).apply(held) for waves in (self.exact.settle, self.exact.offset))
        else:
            pushes, offsets = (row_products(held, matrix) for matrix in (self.exact.settle, self.exact.offset))
        if self.fused:
            from neurothermo.engine.linear_steps import drive_linear

            exact = self.exact
            drive_linear(
                flight.states, exact.step, exact.root, exact.back, exact.turn, pushes, offsets, gains, *flight.keys,
                flight.first_trial, first_step, relax_first, flight.work, flight.flow,
            )  # fmt: skip
            return
        if "matrix" not in flight.kept and isinstance(self.exact, DenseStep):
            flight.kept["matrix"] = np.block(
                [[self.exact.step.T, self.exact.back.T], [self.exact.root.T, -self.exact.turn.T]]
            )
        with ThreadPoolExecutor(threads) as pool:
            starts = range(0, len(flight.states), self.block)
            jobs = [
                pool.submit(self._carry_block, flight, start, (pushes, offsets, gains), first_step, relax_first)
                for start in starts
            ]
            for job in jobs:
                job.result()

    def _gains(self, changes: Array) -> Array:
        """R^T dI of every step: what a change of input does work on.

        Raises
        ------
        InputError
            If the input changes and there is nothing to do work on.
        """
        if not np.any(changes):
            return np.zeros_like(changes)
        process = self.process
        if isinstance(self.exact, WaveStep) and not np.any(process.parity < 0):
            return process.activity(changes)
        response = process.response
        if np.any(process.parity < 0):
            drift = np.where(process.parity > 0, changes, 0.0)
            drift -= np.linalg.solve(process.relaxation_matrix(), changes.T).T @ process.irreversible_matrix().T
            if np.abs(drift).max() > SOLVED * np.abs(changes).max():
                raise InputError(
                    "protocol drives a coordinate on which an input is not the slope of an energy, so there is no work "
                    "of it: with odd coordinates, forces on the odd ones alone do work"
                )
        return changes * response if response.ndim == 1 else row_products(changes, response.T)

    def _carry_block(self, flight: Flight, start: int, inputs: Any, first_step: int, relax_first: bool) -> None:
        from neurothermo.engine.normals import fill

        pushes, offsets, gains = inputs
        size, count = self.process.size, min(self.block, len(flight.states) - start)
        rows = slice(start, start + count)
        work, flow = flight.work[rows], flight.flow[rows]
        both = np.zeros((self.block, 2 * size))  # states and noise side by side: one product for all four
        both[:count, :size] = flight.states[rows]
        normals = np.zeros((self.block, size), np.float32)
        move = self._by_waves if isinstance(self.exact, WaveStep) else self._by_products
        np.seterr(over="ignore", invalid="ignore")  # of this thread: `carry` looks for what is not finite
        for step in range(len(pushes)):
            fill(normals, *flight.keys, flight.first_trial + start, first_step + step)
            both[:, size:] = normals
            if not relax_first:
                work -= np.einsum("ri,i->r", both[:count, :size], gains[step])
            moved, surprise = move(both, flight)
            surprise -= offsets[step]
            back = np.einsum("ri,ri->r", surprise, surprise)
            flow += 0.5 * (back - np.einsum("ri,ri->r", both[:, size:], both[:, size:]))[:count]
            both[:, :size] = moved + pushes[step]
            if relax_first:
                work -= np.einsum("ri,i->r", both[:count, :size], gains[step])
        flight.states[rows] = both[:count, :size]

    def _by_products(self, both: Array, flight: Flight) -> tuple[Array, Array]:
        """E x + L z and G x - F z."""
        product = both @ flight.kept["matrix"]
        return product[:, : self.process.size], np.ascontiguousarray(product[:, self.process.size :])

    def _by_waves(self, both: Array, flight: Flight) -> tuple[Array, Array]:
        """The same by transforms: real ones, whose waves are half as many."""
        exact, size = self.exact, self.process.size
        axes = tuple(range(1, 1 + len(exact.shape)))
        half = exact.shape[-1] // 2 + 1

        def there(rows: Array) -> Any:
            return np.fft.rfftn(rows.reshape(-1, *exact.shape), axes=axes)

        def again(waves: Any) -> Array:
            return np.fft.irfftn(waves, s=exact.shape, axes=axes).reshape(-1, size)

        x, z = there(both[:, :size]), there(both[:, size:])
        moved = again(exact.step[..., :half] * x + exact.root[..., :half] * z)
        return moved, again(exact.back[..., :half] * x - exact.turn[..., :half] * z)
