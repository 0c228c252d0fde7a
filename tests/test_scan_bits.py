"""A scan gives the same bits for every rule of motion, however its work is cut, spread, put off and interrupted."""

import ast
import inspect
import os
import signal
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import xarray

import neurothermo
import scan_run_cases
from neurothermo import Glauber, InputError, Langevin, dynamics, processes, protocols, scan, simulate, systems
from neurothermo.dynamics.glauber import ACTIVATIONS, ORDERS
from neurothermo.dynamics.langevin.rule import STEPS
from neurothermo.ensemble.prepared import prepared
from neurothermo.grid import ledgers, status
from scan_run_cases import NETWORKS, SEED, TRIALS, arguments, cases, spins
from scan_run_checks import assert_same_bits, assert_unbroken, digests, logged, waited

GROUPS = ["small", "large", "signals"]
CHUNKS = {"small": 512, "large": 4096, "signals": 512}
RUN = scan_run_cases.__file__
NAMED = {name: make for group in cases().values() for name, make in group.items()}
# where the states of so many trials are given, a run cannot be longer; the scans below cut it
ANY_TRIALS = [pytest.param(make, id=name) for name, make in NAMED.items() if np.ndim(make().get("initial")) != 2]

# -- nothing is left out -------------------------------------------------------------------------------------------

PARTS = {  # exported classes that `simulate` is not given: what they are instead
    "Circulant": "a matrix", "LowRank": "a matrix", "Gain": "part of a rate network", "Rule": "a contract",
    "PatternCouplings": "part of a spin network", "Measure": "a contract", "LinearChannels": "closed forms",
    "LinearLearner": "closed forms, with a sampler of its own", "VectorBCM": "gives a DriftSystem by system()",
}  # fmt: skip
PIECES = {"Driver": "a contract", "TimedDriver": "a contract", "Softened": "of burn-ins"}


def test_no_class_that_simulate_takes_is_left_out():
    given = [make() for make in NAMED.values()]
    used = {type(value).__name__ for one in given for value in one.values()}
    used |= {type(one["protocol"].measure).__name__ for one in given if hasattr(one["protocol"], "measure")}
    exported = {
        name
        for room in (systems, processes, protocols, dynamics)
        for name in room.__all__
        if inspect.isclass(getattr(room, name))
    }
    assert exported - used == set(PARTS), "a new class belongs into scan_run_cases.py, or here with what it is"


def test_no_driver_is_left_out():
    package = Path(neurothermo.__file__).parent
    wanted = {
        node.name
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name == "carry"
        and [one.arg for one in method.args.args][-2:] == ["relax_first", "threads"]
    }  # fmt: skip
    used = {type(prepared(**arguments(make)).plan.driver).__name__ for make in NAMED.values()}
    assert wanted - set(PIECES) == used and "PackedDriver" in used


def test_no_way_of_a_rule_is_left_out():
    rules = [make().get("rule") for make in NAMED.values()]
    glauber = {(one.order, one.activation, one.descending) for one in rules if isinstance(one, Glauber)}
    assert {(order, law) for order, law, _ in glauber} == {(order, law) for order in ORDERS for law in ACTIVATIONS}
    assert {order for order, _, descending in glauber if descending} == {"sequential"}
    langevin = {(one.noise, scan_run_cases.step_of(one)) for one in rules if isinstance(one, Langevin)}
    assert langevin == {(noise, step) for noise, steps in STEPS.items() for step in steps}


# -- ranges of trials ----------------------------------------------------------------------------------------------


def simulated(make, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return simulate(**make(), seed=SEED, progress=False, **more)


@pytest.mark.parametrize("make", ANY_TRIALS)
def test_parts_of_a_run_are_the_run(make):
    """Ranges of absolute trials, one after another and in any order, give the bits of one big run."""
    block = prepared(**arguments(make)).block
    whole = simulated(make, trials=2 * block + 37, threads=2)
    last = simulated(make, trials=37, first_trial=2 * block, threads=1)
    middle = simulated(make, trials=block, first_trial=block, threads=1)
    first = simulated(make, trials=block, threads=2)
    parts = [part.drop_vars("trial") for part in (first, middle, last)]
    assert_same_bits(whole.drop_vars("trial"), xarray.concat(parts, "trial"))
    assert list(last.trial.values) == list(range(2 * block, 2 * block + 37))
    assert whole.attrs["run"] == last.attrs["run"]


def test_a_burn_in_does_not_depend_on_which_trials_are_run():
    whole = simulated(NAMED["burn-in"], trials=640)
    part = simulated(NAMED["burn-in"], trials=64, first_trial=576)
    assert whole.attrs["initial_route"].startswith("burn-in")
    assert whole.attrs["initial_route"] == part.attrs["initial_route"]
    np.testing.assert_array_equal(whole.entropy_flow[576:], part.entropy_flow)


def test_a_range_that_starts_inside_a_block_is_refused():
    with pytest.raises(InputError, match="first_trial must be a multiple of 64"):
        simulate(NETWORKS["symmetric"], 3, temperature=1.0, first_trial=10)


# -- one scan of everything ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [pytest.param("small", marks=pytest.mark.slow), "large", "signals"])
def test_threads_and_chunks_change_no_bit(group):
    unbroken = scan_run_cases.run(group, threads=1, chunk=TRIALS[group])
    assert_same_bits(unbroken, scan_run_cases.run(group, threads=2, chunk=CHUNKS[group]))
    for place, make in enumerate(cases()[group].values()):
        alone = simulated(make, trials=TRIALS[group])
        here = unbroken.isel(point=place)
        assert_same_bits(alone.drop_vars("trial"), here[list(alone.data_vars)].drop_vars("case"))
        for name in set(here.data_vars) - set(alone.data_vars):
            assert np.all(np.isnan(here[name])), "a column that this case has not"


@pytest.mark.parametrize("group", [pytest.param("small", marks=pytest.mark.slow), "large", "signals"])
def test_lateness_changes_no_bit(group):
    unbroken = scan_run_cases.run(group, threads=2, chunk=TRIALS[group])
    late = scan_run_cases.run(group, lazy=True, chunk=CHUNKS[group], threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same_bits(unbroken, late.load(scheduler="threads"))
    for (_, one), (_, other) in zip(ledgers(unbroken), ledgers(late), strict=True):
        assert list(one.data_vars) == list(other.data_vars)
        for name in ("temperature", "system", "protocol", "rule", "run", "initial_route"):
            assert np.array_equal(one.attrs.get(name, ""), other.attrs.get(name, "")), "a ledger knows its own point"


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_four_processes_and_a_store_change_no_bit(group, tmp_path):
    unbroken = scan_run_cases.run(group, threads=2, chunk=TRIALS[group])
    assert_same_bits(unbroken, scan_run_cases.run(group, tmp_path / "s", workers=4, chunk=CHUNKS[group]))
    assert_same_bits(unbroken, scan_run_cases.run(group, tmp_path / "s", workers=1))  # nothing is left to run


@pytest.mark.slow
def test_the_processes_of_dask_change_no_bit():
    late = scan_run_cases.run("large", lazy=True, chunk=CHUNKS["large"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = late.compute(scheduler="processes", num_workers=2)
    assert_same_bits(scan_run_cases.run("large", threads=2), found)


@pytest.mark.slow
@pytest.mark.parametrize("group, workers", [("small", 2), ("large", 4)])
def test_killed_and_resumed_by_others_no_bit_is_changed(group, workers, tmp_path):
    whole, store = tmp_path / "whole", tmp_path / "killed"
    unbroken = scan_run_cases.run(group, whole, chunk=CHUNKS[group])
    half = status(whole)["tasks"] // 2
    run = subprocess.Popen([sys.executable, RUN, store, group, str(CHUNKS[group]), str(workers)],
                           start_new_session=True, stderr=subprocess.DEVNULL)  # fmt: skip
    assert waited(lambda: (store / "zarr.json").exists() and status(store)["tasks_done"] > half, 120)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not status(store)["done"] and 0 < sum(logged(store).values()) < len(digests(whole))
    assert_same_bits(unbroken, scan_run_cases.run(group, store, workers=6 // workers))
    assert_unbroken(store, whole)


@pytest.mark.parametrize("record", ["states", "energies", "work", "flow", "overlaps"])
def test_recorded_trajectories_are_the_same(record, tmp_path):
    net = neurothermo.hopfield([[1, 1, -1, 1], [1, -1, 1, 1]])
    orders = {"record": record, "every": 2, "trials": 300, "seed": 4, "progress": False}

    def ordered(order):
        return spins(net, Glauber(order=order), neurothermo.ramp(np.zeros(4), np.ones(4), 5))

    axes = {"order": ["random", "sequential"]}
    whole = scan(ordered, axes, **orders, threads=1)
    assert whole[record if record not in ("work", "flow") else f"{record}_steps"].sizes["time"] == 4
    for more in ({"chunk": 64}, {"chunk": 128, "threads": 2, "store": tmp_path / "s"}, {"chunk": 64, "lazy": True}):
        found = scan(ordered, axes, **orders, **more).load()
        assert_same_bits(whole, found)
        np.testing.assert_array_equal(found.time, whole.time)
    alone = simulate(**ordered("sequential"), **orders)
    assert_same_bits(alone.drop_vars("trial"), whole.sel(order="sequential")[list(alone.data_vars)].drop_vars("order"))


# -- and a comparison that can fail --------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"stream": "another"}, {"temperature": 0.8000001}])
def test_one_other_case_is_noticed(change):
    def altered(case):
        return scan_run_cases.build(case) | (change if case == "random signal, asymmetric" else {})

    unbroken = scan_run_cases.run("signals")
    found = scan(altered, {"case": list(cases()["signals"])}, table=True, trials=TRIALS["signals"], seed=SEED,
                 progress=False)  # fmt: skip
    assert_same_bits(unbroken.isel(point=0), found.isel(point=0))
    with pytest.raises(AssertionError):
        assert_same_bits(unbroken, found)


@dataclass(frozen=True)
class Careless:
    """A rule that takes its numbers from one generator for all, in whatever order it is called."""

    def move(self, system, states, field, *, temperature, address):
        rises = 2 * states * system.local_fields(states, field)
        flips = np.random.random(states.shape) * (1 + np.exp(rises / temperature)) < 1  # noqa: NPY002
        return np.where(flips, -states, states), np.zeros(len(states))

    def reversed(self):
        return self


def test_a_rule_that_draws_from_a_shared_generator_is_noticed():
    def careless(temperature):
        return spins(NETWORKS["symmetric"], Careless()) | {"temperature": temperature}

    found = []
    for chunk in (64, 128):
        np.random.seed(1)  # noqa: NPY002
        found.append(scan(careless, {"temperature": [1.0, 2.0]}, trials=300, chunk=chunk, progress=False))
    with pytest.raises(AssertionError):
        assert_same_bits(*found)


def test_a_different_not_a_number_is_noticed():
    one, other = (xarray.Dataset({"work": ("trial", np.array([1.0, np.copysign(np.nan, sign)]))}) for sign in (1, -1))
    assert_same_bits(one, one.copy())
    with pytest.raises(AssertionError):
        assert_same_bits(one, other)
