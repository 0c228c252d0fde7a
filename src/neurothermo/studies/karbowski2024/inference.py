"""Neurons that follow a velocity: how well they know it, and what that costs."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.ensemble import entropy_production, simulate
from neurothermo.processes.neurons import VelocityNeurons
from neurothermo.processes.neurons_decoder import kalman_decoder
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.karbowski2024 import routes
from neurothermo.studies.karbowski2024.settings import RATE, Settings, mean_of
from neurothermo.studies.rows import ruled, same

NETWORKS = {  # tuning, tau_n and D_r; the velocity has tau_v = D_v = 1
    "N = 1": (1, 0.1, 0.1),
    "N = 10": (10, 0.1, 0.1),
    "N = 100": (100, 0.1, 0.1),
    "tuning 1, -0.5, 2, slow": ((1.0, -0.5, 2.0), 0.5, 0.2),
    "N = 1, fast": (1, 0.01, 0.1),
}
SIZES = np.unique(np.round(np.geomspace(1, 1e5, 26)).astype(int))
DECODED = (1, 10, 40)
DT = 0.02  # between two records
FASTS = ((0.01, OTHER), (0.1, FORWARD), (1.0, REVERSE))  # tau_n and its colour


def figure_inference(settings: Settings) -> Panel:
    """Accuracy, information and energy against the number of neurons, their time constant and noise."""
    rows = [row for name, given in NETWORKS.items() for row in _network_rows(name, *given)]
    errors = {size: _decoded(settings, size) for size in DECODED}
    rows += [*_limit_rows(), *_simulated_rows(settings)]
    for size, (network, missed) in errors.items():
        exact = {"linear": network.mmse().value, "kalman": kalman_decoder(network).sampled_mmse(DT)}
        for name, said in (("linear", "rates of the moment"), ("kalman", f"history, recorded every {DT:g}")):
            rows.append(Row.compare(f"mean square error of v, N = {size}", f"simulated, {said}",
                                    mean_of(missed[name], "velocity squared"), exact[name]))  # fmt: skip

    def draw(figure: Any) -> None:
        (left, right), (below, last) = figure.subplots(2, 2)
        _draw_errors(left, errors)
        _draw_cost(right)
        networks = [VelocityNeurons(int(size)) for size in SIZES]
        below.loglog(SIZES, [one.efficiency().value for one in networks], color=FORWARD, label="efficiency")
        below.loglog(SIZES, [one.mmse().value for one in networks], color=REVERSE, label="error, moment")
        below.loglog(SIZES, 10 / 9 * 0.1 / SIZES, ":", color=EXACT, label="1/N")
        below.set(xlabel="neurons", title="efficiency (even velocity) falls, accuracy does not rise")
        below.legend()
        times = np.geomspace(0.003, 10, 120)
        for noise, color in ((0.01, OTHER), (0.1, FORWARD), (1.0, REVERSE)):
            known = [VelocityNeurons(10, neuron_time=t, neuron_noise=noise).accuracy().value for t in times]
            last.semilogx(times, known, color=color, label=f"$D_r$ = {noise:g}")
        last.semilogx(times, 1 / (1 + times), "--", color=EXACT, label="no noise: lag alone")
        last.set(xlabel="time constant of a neuron $\\tau_n/\\tau_v$", ylabel="$R^2$", title="accuracy, N = 10",
                 ylim=(0, 1.02))  # fmt: skip
        last.legend()

    return Panel(
        "inference", "Neurons that infer a velocity: accuracy and its price",
        "Linear rate neurons, kappa = 1, τ_v = D_v = 1, τ_n = D_r = 0.1 unless said. Decoded from the rates of the "
        "moment, the velocity is known no better than the neurons' lag allows, however many there are; from their "
        "history it is. Entropy production is proportional to N. It is that of the neurons if the velocity is an even "
        "signal from outside, and τ_v/τ_n times as much if it is odd. Efficiency is information flow into the neurons "
        "over their production, velocity even.",
        tuple(rows), draw, (8.6, 6.8),
    )  # fmt: skip


@cache
def second_route(tuning: Any, neuron_time: float, neuron_noise: float) -> dict[str, float]:
    """All numbers of a network from matrices of all pairs."""
    tuning = np.ones(tuning) if isinstance(tuning, int) else np.array(tuning)
    one = routes.Matrices.of(tuning, neuron_time, neuron_noise)
    covariance, even = one.covariance(), np.ones(len(tuning) + 1)
    flow, error = one.flow_to_neurons(), one.filter_error()
    production = {"even": one.production(even), "odd": one.production(np.r_[-1.0, even[1:]])}
    return {
        "information": routes.information(covariance), "mmse": routes.residual(covariance), "flow": flow,
        "efficiency": flow / production["even"], "filter": error,
        "transfer": float(0.5 * error * np.sum((tuning / neuron_time) ** 2) / (2 * neuron_noise)), **production,
    }  # fmt: skip


def _network_rows(name: str, tuning: Any, neuron_time: float, neuron_noise: float) -> list[Row]:
    network = VelocityNeurons(tuning, neuron_time=neuron_time, neuron_noise=neuron_noise)
    exact = second_route(tuning, neuron_time, neuron_noise)
    found = [
        ("mutual information I(v; r)", "information", network.mutual_information(), "nats", 1e-9),
        ("mean square error, rates of the moment", "mmse", network.mmse(), "velocity squared", 1e-9),
        ("mean square error, history of the rates", "filter", network.filter_error(), "velocity squared", 1e-9),
        ("entropy production, even velocity", "even", network.entropy_production("even"), RATE, 1e-5),
        ("entropy production, odd velocity", "odd", network.entropy_production("odd"), RATE, 1e-5),
        ("information flow into the neurons", "flow", network.information_flow(), RATE, 1e-7),
        ("efficiency, even velocity", "efficiency", network.efficiency(), "", 1e-5),
        ("transfer entropy from v to r", "transfer", network.transfer_entropy(), RATE, 1e-9),
    ]
    rows = [
        same(quantity, name, value, exact[key], digits=digits, units=units)
        for quantity, key, value, units, digits in found
    ]
    efficiency = network.efficiency()
    bound = efficiency.details["bound"]
    rows.append(ruled("efficiency, even velocity, below tau_v/(tau_v + tau_n)", name, efficiency,
                      0 < efficiency.value <= bound < 1, sentence=f"The bound: {bound:.4g}."))  # fmt: skip
    return rows


def _limit_rows() -> list[Row]:
    """What many neurons can do, and cannot."""
    many, more = VelocityNeurons(100_000), VelocityNeurons(400_000)
    small = VelocityNeurons(1)
    rows = [
        same("I(v; r) of many neurons", "N = 1e5", many.mutual_information(), 0.5 * np.log(11), digits=1e-5,
             units="nats", sentence="Against ln(1 + tau_v/tau_n)/2: it saturates."),
        same("mean square error of many, rates of the moment", "N = 1e5", many.mmse(), 1 / 11, digits=1e-5,
             units="velocity squared", sentence="Against s tau_n/(tau_v + tau_n): it saturates."),
        same("its fall from N = 1e5 to 4e5", "rates of the moment", more.mmse() / many.mmse(), 0.5, digits=1e-2,
             expected=False, sentence="Four times as many neurons do not halve it."),
        same("its fall from N = 1e5 to 4e5", "history of the rates", more.filter_error() / many.filter_error(), 0.5,
             digits=1e-2, sentence="It halves: as one over the root of N."),
        same("efficiency over four times as many neurons", "even velocity", more.efficiency() / many.efficiency(), 0.25,
             digits=1e-3, sentence="It falls as 1/N."),
        same("entropy production, odd over even", "N = 1",
             small.entropy_production("odd") / small.entropy_production("even"), 10.0,
             sentence="tau_v/tau_n: the parity has to be said."),
    ]  # fmt: skip
    power = VelocityNeurons(10).energy_cost(temperature=1.0, parity="even")
    exact = 1 / second_route(10, 0.1, 0.1)["efficiency"]
    rows.append(same("energy for a nat that flows into the neurons, in kT", "N = 10, even velocity",
                     power.details["per_nat"], exact, digits=1e-5, units="kT per nat",
                     sentence="kT is that of the bath that a rate's noise stands for: a choice."))  # fmt: skip
    return rows


def _simulated_rows(settings: Settings) -> list[Row]:
    """Entropy production from stationary runs of ten neurons, both parities."""
    rows, exact = [], second_route(10, 0.1, 0.1)
    for parity in ("even", "odd"):
        network = VelocityNeurons(10, parity=parity)
        ledger = simulate(network, 100, dt=0.002, trials=settings.share(0.5), seed=settings.seed, record="states",
                          initial="stationary", every=100, progress=False)  # fmt: skip
        rows.append(Row.compare("entropy production, N = 10", f"simulated, {parity} velocity",
                                entropy_production(ledger), exact[parity]))  # fmt: skip
    return rows


def _decoded(settings: Settings, size: int) -> tuple[VelocityNeurons, dict[str, Array]]:
    """Mean square errors of both decoders, one a trial."""
    network = VelocityNeurons(size)
    ledger = simulate(network, 200, dt=DT, trials=settings.share(0.01), seed=settings.seed, record="states",
                      progress=False)  # fmt: skip
    linear, kalman = network.decoder(), network.decoder("kalman")
    missed: dict[str, list[float]] = {"linear": [], "kalman": []}
    for record in ledger.states.values:
        velocity, rates = record[50:, 0], record[:, 1:]
        missed["linear"].append(float(np.mean((linear.decode(rates)[50:] - velocity) ** 2)))
        missed["kalman"].append(float(np.mean((kalman.decode(rates, DT)[50:] - velocity) ** 2)))
    return network, {name: np.array(values) for name, values in missed.items()}


def _draw_errors(axes: Any, errors: dict[int, Any]) -> None:
    networks = [VelocityNeurons(int(size)) for size in SIZES]
    axes.loglog(SIZES, [one.mmse().value for one in networks], color=REVERSE, label="rates of the moment")
    axes.loglog(SIZES, [one.filter_error().value for one in networks], color=FORWARD, label="history (Kalman-Bucy)")
    sampled = [kalman_decoder(one).sampled_mmse(DT) for one in networks]
    axes.loglog(SIZES, sampled, "--", color=FORWARD, linewidth=1, label=f"history, a record every {DT:g}")
    for name, color in (("linear", REVERSE), ("kalman", FORWARD)):
        means = [mean_of(missed[name]) for _, missed in errors.values()]
        axes.errorbar(list(errors), [one.value for one in means], [4 * one.stderr for one in means], fmt="o",
                      color=color, markersize=4, capsize=2)  # fmt: skip
    axes.axhline(1 / 11, color=EXACT, linestyle=":", linewidth=1)
    axes.set(xlabel="neurons", ylabel="velocity squared", title="mean square error (points simulated)")
    axes.legend(loc="lower left")


def _draw_cost(axes: Any) -> None:
    for time, color in FASTS:
        networks = [VelocityNeurons(int(size), neuron_time=time) for size in SIZES]
        known = [one.mutual_information().value for one in networks]
        for parity, style in (("even", "-"), ("odd", "--")):
            costs = [one.entropy_production(parity).value for one in networks]
            axes.semilogx(costs, known, style, color=color, label=f"$\\tau_n$ = {time:g}, {parity}")
    axes.set(xlabel=f"entropy production ({RATE})", ylabel="I(v; r) (nats)", title="information against energy")
    axes.legend(ncols=2, loc="center", bbox_to_anchor=(0.5, 0.7))
