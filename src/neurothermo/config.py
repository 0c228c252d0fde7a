"""Experiment files: TOML with the Python names, checked to the last key before anything runs."""

from __future__ import annotations

import inspect
import os
import tomllib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.checks import (
    checked_array,
    checked_choice,
    checked_count,
    checked_flag,
    checked_number,
    checked_positive,
    checked_temperatures,
    nearest,
    shown,
)
from neurothermo.core.errors import InputError
from neurothermo.core.flight import Process
from neurothermo.core.randomness import Stream
from neurothermo.dynamics import Glauber, Langevin
from neurothermo.protocols import Protocol, as_protocol, hold, ramp
from neurothermo.systems import RateNetwork, SpinNetwork, gains, hopfield
from neurothermo.systems.hopfield import check_couplings_fit
from neurothermo.systems.reading import read_matrix

OPTIONS = ("trials", "seed", "initial", "initial_temperature", "record", "every", "dt")
KEYS = ("title", "system", "protocol", "dynamics", "temperature", "estimators", "scan", *OPTIONS)
SCAN_KEYS = ("axes", "table", "both", "until", "budget", "chunk")


@dataclass(frozen=True)
class Experiment:
    """What an experiment file says, ready to run.

    `options` are those of `simulate`; `text` is the file as parsed, for the report. A process has no rule and no
    temperature.
    """

    title: str
    system: Any
    protocol: Protocol
    rule: Glauber | Langevin | None
    temperature: Any
    estimators: tuple[str, ...] | None
    options: dict[str, Any]
    text: dict[str, Any] = field(default_factory=dict)
    scan: dict[str, Any] | None = None


@dataclass(frozen=True)
class PointOf:
    """An experiment file as the `build` of a scan: its text with some values replaced, by dotted paths."""

    text: dict[str, Any]
    folder: Path
    name: str

    def __call__(self, **values: Any) -> dict[str, Any]:
        """The arguments of `simulate` at a point."""
        found = self.at(values)
        return {
            "system": found.system, "protocol": found.protocol, "rule": found.rule, "temperature": found.temperature,
            **{key: value for key, value in found.options.items() if key not in ("trials", "seed", "record", "every")},
        }  # fmt: skip

    def at(self, values: dict[str, Any]) -> Experiment:
        """The experiment of a point.

        Raises
        ------
        InputError
            If a path leads nowhere, or a value is not what it must be there.
        """
        text = deepcopy(self.text)
        for path, value in values.items():
            table, *rest = text, *path.split(".")
            for key in rest[:-1]:
                if not isinstance(table.get(key), dict):
                    raise InputError(
                        f"scan: axes: there is no table {shown(key)} on the path {shown(path)} of the experiment"
                    )
                table = table[key]
            table[rest[-1]] = value
        return experiment(text, self.folder, self.name)


def read_experiment(path: str | os.PathLike[str]) -> Experiment:
    """An experiment from a TOML file.

    Raises
    ------
    InputError
        If the file cannot be read or parsed, or any key or value in it is not what it must be.
    """
    file = Path(path)
    try:
        text = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"experiment: cannot read {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # TOML's own errors, bytes that are no text, numbers too long
        raise InputError(f"experiment: {file} is not valid TOML: {str(error).splitlines()[0]}") from None
    return experiment(text, file.parent, file.stem)


def experiment(text: dict[str, Any], folder: Path = Path(), name: str = "experiment") -> Experiment:
    """An experiment from its parsed text; `folder` is where relative paths in it start.

    Raises
    ------
    InputError
        If a key is unknown or missing, or a value is not what it must be.
    """
    _refuse_unknown(text, KEYS, "the experiment")
    if "scan" in text:
        return _scanned(text, folder, name)
    for needed in ("system", "protocol"):
        if needed not in text:
            raise InputError(f"{needed} is needed in the experiment")
    system = _build(text["system"], "system", SYSTEMS, {"folder": folder})
    protocol = _build(text["protocol"], "protocol", PROTOCOLS, {"folder": folder, "system": system})
    rule = _rule(system, text)
    estimators = text.get("estimators")
    if estimators is not None:
        from neurothermo.studies.experiment import ESTIMATORS

        if not isinstance(estimators, list):
            raise InputError(f"estimators must be a list of names, got {shown(estimators)}")
        estimators = tuple(dict.fromkeys(checked_choice(one, "estimators", ESTIMATORS) for one in estimators))
    options = _options(text)
    temperature = text.get("temperature")
    if estimators and (not system.has_energy or isinstance(temperature, list)):
        reason = system.why_no_energy or "neurons have temperatures of their own"
        raise InputError(f"estimators: there is no free energy to estimate: {reason}")
    title = text.get("title", name)
    if isinstance(title, dict | list):
        raise InputError(f"title must be text, got {shown(title)}")
    return Experiment(
        str(title), system, as_protocol(protocol, system.size), rule, temperature, estimators, options, text
    )


def _options(text: dict[str, Any]) -> dict[str, Any]:
    """The options of `simulate`, each what it must be by itself; whether they fit the system, `simulate` says."""
    from neurothermo.ensemble.records import checked_record

    found = {key: text[key] for key in OPTIONS if key in text}
    for name, least in (("trials", 1), ("seed", 0), ("every", 1)):
        if name in found:
            checked_count(found[name], name, least)
    for name in ("dt", "initial_temperature"):
        if name in found:
            checked_positive(found[name], name)
    if isinstance(found.get("initial"), str):
        checked_choice(found["initial"], "initial", ("equilibrium", "stationary"))
    elif "initial" in found:
        checked_array(found["initial"], "initial")
    checked_record(found.get("record", ()))
    return found


def _scanned(text: dict[str, Any], folder: Path, name: str) -> Experiment:
    """The experiment at the first point of its scan, and the scan's arguments."""
    table = text["scan"]
    if not isinstance(table, dict):
        raise InputError(f"scan must be a table like [scan] with axes, got {shown(table)}")
    _refuse_unknown(table, SCAN_KEYS, "[scan]")
    axes = table.get("axes")
    if (
        not isinstance(axes, dict)
        or not axes
        or not all(isinstance(values, list) and values for values in axes.values())
        or not all(isinstance(one, int | float | str | np.generic) for values in axes.values() for one in values)
    ):
        raise InputError(
            'axes is needed in [scan]: a table of lists of numbers or of words, { "temperature" = [1.0, 2.0] }'
        )
    for path in axes:
        if path.split(".")[0] in ("trials", "seed", "record", "every", "scan", "title", "estimators"):
            raise InputError(f"scan: axes: {shown(path)} is the same at all points; vary what the experiment is")
    build = PointOf({key: value for key, value in text.items() if key != "scan"}, folder, name)
    first = build.at({path: values[0] for path, values in axes.items()})
    shared = {key: value for key, value in first.options.items() if key in ("trials", "seed", "record", "every")}
    return replace(first, text=text, scan={"build": build, **shared, **table})


def _rule(system: Any, text: dict[str, Any]) -> Any:
    """The rule of motion of a system; None for a process, which brings its own noise."""
    if isinstance(system, Process):
        for name in ("dynamics", "temperature"):
            if name in text:
                raise InputError(
                    f"{name} must not be given: {text['system']['kind']} is a process, with noise of its own"
                )
        return None
    if "temperature" not in text:
        raise InputError("temperature is needed in the experiment")
    checked_temperatures(text["temperature"], system.size)
    kinds: dict[str, Callable[..., Any]] = {"Glauber": _glauber} if isinstance(system, SpinNetwork) else {}
    kinds = kinds or {"Langevin": _langevin}
    if "dynamics" not in text and "Glauber" not in kinds:
        raise InputError('dynamics is needed in the experiment: kind = "Langevin" and its dt')
    return _build(text.get("dynamics", {"kind": "Glauber"}), "dynamics", kinds, {})


def _build(table: Any, name: str, kinds: dict[str, Callable[..., Any]], context: dict[str, Any]) -> Any:
    """Call the builder that a table's `kind` names with the table's other keys."""
    if not isinstance(table, dict):
        raise InputError(f'{name} must be a table like [{name}] with kind = "{next(iter(kinds))}", got {shown(table)}')
    if "kind" not in table:
        raise InputError(f"kind is needed in [{name}]: one of {', '.join(kinds)}")
    builder = kinds[checked_choice(table["kind"], f"kind in [{name}]", tuple(kinds))]
    given = {key: value for key, value in table.items() if key != "kind"}
    parameters = inspect.signature(builder).parameters
    known = [key for key in parameters if key not in ("folder", "system")]
    _refuse_unknown(given, known, f"[{name}]")
    for key in known:
        if parameters[key].default is inspect.Parameter.empty and key not in given:
            raise InputError(f"{key} is needed in [{name}] of kind {table['kind']!r}")
    return builder(**given, **{key: value for key, value in context.items() if key in parameters})


def _refuse_unknown(table: dict[str, Any], known: Any, where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"unknown key {shown(key)} in {where}{nearest(key, known)}; known are {', '.join(known)}")


# -- systems: a builder's parameters are the keys of its table -----------------------------------------------------


def _hopfield(
    *, patterns: Any, weights: Any = None, crossover: Any = 0.0, scale: str = "paper", thresholds: Any = None
) -> SpinNetwork:
    """Patterns as rows, or `{count, size, seed}` for random ones."""
    if isinstance(patterns, dict):
        _refuse_unknown(patterns, ("count", "size", "seed"), "patterns")
        for key in ("count", "size"):
            checked_count(patterns.get(key), f"patterns: {key}")
        check_couplings_fit(patterns["count"], patterns["size"])
        stream = Stream.of(checked_count(patterns.get("seed", 0), "patterns: seed", least=0), "patterns")
        patterns = np.where(stream.at(np.arange(patterns["count"]), 0).uniforms(patterns["size"]) < 0.5, -1, 1)
    return hopfield(patterns, weights, crossover, scale, thresholds)


def _spin_network(*, couplings: Any, thresholds: Any = None) -> SpinNetwork:
    return SpinNetwork(couplings, thresholds)


def _from_binary(*, weights: Any, biases: Any) -> SpinNetwork:
    return SpinNetwork.from_binary(weights, biases)


def _read(
    *, path: str, key: str | None = None, transpose: bool = False, scale: float = 1.0, folder: Path
) -> SpinNetwork:
    return SpinNetwork.read(folder / str(path), key, checked_flag(transpose, "transpose"), scale)


def _fly_mushroom_body(*, scale: float) -> SpinNetwork:
    """Raw counts times `scale`, transposed: rows of the data are presynaptic."""
    from neurothermo.recordings import datasets

    scale = checked_number(scale, "scale")
    with np.errstate(over="ignore"):  # what overflows is refused as couplings that are infinite
        couplings = datasets.fly_mushroom_body().values.T * scale
    return SpinNetwork(couplings, label=f"fly mushroom body x {scale:g}")


def _rate_network(*, couplings: Any, gain: Any = None, resistance: Any = 1.0, input: Any = 0.0) -> RateNetwork:
    return RateNetwork(couplings, _gain({"kind": "logistic"} if gain is None else gain), resistance, input)


def _linear_langevin(*, relaxation: Any, diffusion: Any, parity: Any = None) -> Any:
    from neurothermo.processes import LinearLangevin

    return LinearLangevin(relaxation, diffusion, parity)


def _neural_field(
    *, length: Any, points: Any, kernel: Any, gain: Any, tau: float = 1.0, noise: Any = 1.0, input: Any = 0.0,
    at: Any = "stable", boundary: str = "periodic",
) -> Any:  # fmt: skip
    from neurothermo.processes import NeuralField, kernels

    shapes = {name: getattr(kernels, name) for name in KERNELS}
    shape = _build(kernel, "system.kernel", shapes, {}) if isinstance(kernel, dict) else kernel
    if isinstance(noise, dict):
        noise = _build(noise, "system.noise", shapes, {})
    return NeuralField(length, points, shape, _gain(gain), tau, noise, input=input, at=at, boundary=boundary)


def _gain(value: Any) -> gains.Gain:
    """A number, the slope of a linear gain, or a table with the name of a gain."""
    if isinstance(value, dict):
        return _build(value, "system.gain", {name: getattr(gains, name) for name in GAINS}, {})
    if isinstance(value, str):
        raise InputError(f'gain must be a number or a table such as {{ kind = "{_like(value)}" }}, got {shown(value)}')
    return gains.as_gain(value)


def _like(word: str) -> str:
    """The gain that a word names, or one that there is."""
    return word if word in GAINS else GAINS[0]


KERNELS = ("gaussian", "mexican_hat", "exponential")
GAINS = ("logistic", "tanh", "linear", "threshold_linear")
SYSTEMS: dict[str, Callable[..., Any]] = {
    "hopfield": _hopfield,
    "SpinNetwork": _spin_network,
    "SpinNetwork.from_binary": _from_binary,
    "SpinNetwork.read": _read,
    "fly_mushroom_body": _fly_mushroom_body,
    "RateNetwork": _rate_network,
    "LinearLangevin": _linear_langevin,
    "NeuralField": _neural_field,
}


# -- protocols -----------------------------------------------------------------------------------------------------


def _ramp(*, start: Any, stop: Any, steps: int, system: Any) -> Protocol:
    return ramp(_input(start, "start", system), _input(stop, "stop", system), steps)


def _hold(*, value: Any, steps: int, system: Any) -> Protocol:
    return hold(_input(value, "value", system), steps)


def _array(*, values: Any = None, path: str | None = None, folder: Path) -> Protocol:
    if (values is None) == (path is None):
        raise InputError("a protocol of kind 'array' needs either values or path")
    return Protocol(read_matrix(folder / str(path)) if values is None else values)


def _input(value: Any, name: str, system: Any) -> Any:
    """One input: a list; a number for all neurons; or `{pattern = 1, strength = 1.0}`."""
    if isinstance(value, dict):
        _refuse_unknown(value, ("pattern", "strength"), f"{name} of [protocol]")
        patterns = system.patterns if isinstance(system, SpinNetwork) else None
        stored: Any = patterns.patterns if patterns else []
        number = value.get("pattern")
        if len(stored) == 0:
            raise InputError(f"{name}: the network stores no patterns; give the input as numbers")
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= len(stored):
            raise InputError(f"{name}: pattern must be a number from 1 to {len(stored)}, got {shown(number)}")
        (strength,) = checked_array([value.get("strength", 1.0)], f"{name}: strength", (1,))
        return strength * stored[number - 1]
    if not isinstance(value, list):
        (number,) = checked_array([value], name, (1,))
        return np.full(system.size, number)
    return checked_array(value, name, (system.size,))


def _glauber(
    *, order: str = "random", attempts: int | None = None, activation: str = "heat-bath", descending: bool = False
) -> Glauber:
    return Glauber(order, attempts, activation, descending)


def _langevin(
    *, dt: float, noise: str = "additive", step: str | None = None, friction: float | None = None
) -> Langevin:
    return Langevin(dt, noise, step, friction)


PROTOCOLS: dict[str, Callable[..., Protocol]] = {"ramp": _ramp, "hold": _hold, "array": _array}
