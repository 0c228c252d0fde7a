"""Contracts: what every exported rule, estimator and check must do. A new one joins by being exported."""

import ast
import inspect
import json
import re
import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path

import numpy as np
import pytest

import neurothermo
from neurothermo import Estimate, Glauber, InputError, SpinNetwork, Verdict, fluctuation, free_energy, ramp, simulate
from neurothermo.core.randomness import Stream
from neurothermo.dynamics import Langevin
from neurothermo.systems import DriftSystem, RateNetwork

SOURCE = Path(neurothermo.__file__).parent
ROOMS = [
    "core", "engine", "report", "information", "free_energy", "fluctuation", "systems", "processes", "protocols",
    "dynamics", "exact", "recordings", "irreversibility", "ensemble", "studies", "grid", "config", "cli", "__main__",
]  # fmt: skip

RULES = [
    Glauber(),
    Glauber(attempts=2),
    Glauber(order="sequential"),
    Glauber(order="parallel"),
    Glauber(activation="as-printed"),
]
NETWORKS = {
    "symmetric": SpinNetwork([[0, 0.7, -0.2], [0.7, 0, 0.4], [-0.2, 0.4, 0]], [0.3, 0.0, -0.1]),
    "asymmetric": SpinNetwork([[0, 0.7, -0.2], [0.1, 0, 0.4], [-0.9, 0.4, 0]], [0.3, 0.0, -0.1]),
}
FIELD = np.array([0.2, -0.5, 0.4])


def room_of(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path):
    """Every module of ours that a file imports, at any depth of nesting."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "neurothermo":
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_imports_only_from_rooms_above_it(path):
    room = room_of(path)
    if room == "__init__":
        return  # the front door names every room, and opens each on first use
    assert room in ROOMS, f"{room} is not in the list of rooms (docs/architecture.md)"
    allowed = {*ROOMS[: ROOMS.index(room) + 1], "__version__"}
    assert set(imports(path)) <= allowed


def test_the_import_test_can_fail(tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def f():\n    from neurothermo.ensemble import simulate\n    return simulate\n")
    assert set(imports(wrong)) == {"ensemble"} and ROOMS.index("ensemble") > ROOMS.index("core")


def test_numba_stays_in_the_engine():
    uses = re.compile(r"^\s*(from|import) numba", re.MULTILINE)
    users = {room_of(path) for path in SOURCE.rglob("*.py") if uses.search(path.read_text())}
    assert users == {"engine"}


def fresh(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)


def test_importing_loads_numpy_at_most():
    code = "import sys, neurothermo; print(sorted(m for m in sys.modules if '.' not in m))"
    loaded = set(ast.literal_eval(fresh(code).stdout))
    assert not loaded & {"scipy", "xarray", "numba", "matplotlib", "pandas", "typer", "rich", "h5py"}


def test_the_command_line_starts_without_the_heavy_libraries():
    code = (
        "import sys, runpy\nsys.argv = ['neurothermo', '--help']\n"
        "try:\n    runpy.run_module('neurothermo', run_name='__main__')\nexcept SystemExit: pass\n"
        "print(sorted(m for m in sys.modules if '.' not in m))"
    )
    loaded = set(ast.literal_eval(fresh(code).stdout.splitlines()[-1]))
    assert not loaded & {"scipy", "xarray", "numba", "matplotlib", "pandas"}


@pytest.mark.parametrize("name", sorted(set(neurothermo.__all__) - {"__version__"}))
def test_every_public_name_works_on_first_use(name):
    done = fresh(f"from neurothermo import {name}; print(type({name}).__name__, {name}.__doc__[:20])")
    assert done.returncode == 0, done.stderr
    assert name in dir(neurothermo)


DOCUMENTED = [
    free_energy, fluctuation, neurothermo.exact, neurothermo.information, neurothermo.irreversibility,
    neurothermo.recordings,
]  # fmt: skip


@pytest.mark.parametrize("room", DOCUMENTED, ids=lambda room: room.__name__)
def test_every_public_function_says_what_it_does_and_raises(room):
    for name in room.__all__:
        document = inspect.getdoc(getattr(room, name)) or ""
        assert len(document) > 40, name
        if inspect.isfunction(getattr(room, name)):
            assert "Parameters" in document, name


def test_classes_are_frozen_dataclasses_or_protocols():
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ClassDef):
                continue
            bases = {ast.unparse(base) for base in node.bases}
            frozen = any("frozen=True" in ast.unparse(decorator) for decorator in node.decorator_list)
            assert frozen or "Protocol" in bases or bases == {"ValueError"}, f"{path.name}: {node.name}"


# -- rules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))
def test_a_rule_keeps_its_contract(rule, network):
    assert is_dataclass(rule) and rule.reversed().reversed() == rule
    states = np.random.default_rng(1).choice([-1, 1], (40, 3)).astype(np.int8)
    before = states.copy()
    address = Stream.of(1, "contract").at(np.arange(40), 3)
    moved, flow = rule.move(network, states, FIELD, temperature=0.8, address=address)
    assert moved.shape == states.shape and flow.shape == (40,) and set(np.unique(moved)) <= {-1, 1}
    np.testing.assert_array_equal(states, before, "a rule must not change its input")
    again, flow_again = rule.move(network, states[10:20], FIELD, temperature=0.8,
                                  address=Stream.of(1, "contract").at(np.arange(10, 20), 3))  # fmt: skip
    np.testing.assert_array_equal(moved[10:20], again)
    np.testing.assert_array_equal(flow[10:20], flow_again)


@pytest.mark.parametrize("rule", [Glauber(attempts=1), Glauber(order="parallel")], ids=str)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))
def test_flow_changes_sign_with_the_direction_of_a_move(rule, network):
    """flow(x -> x') = -flow(x' -> x), for every pair of states that occurs both ways."""
    states = np.array([[1 if word >> i & 1 else -1 for i in range(3)] for word in range(8)], dtype=np.int8)
    many = np.repeat(states, 400, axis=0)
    address = Stream.of(1, "antisymmetry").at(np.arange(len(many)), 1)
    moved, flow = rule.move(network, many, FIELD, temperature=0.8, address=address)
    seen = {(tuple(x), tuple(y)): value for x, y, value in zip(many, moved, flow, strict=True)}
    pairs = [(x, y) for x, y in seen if x != y and (y, x) in seen]
    assert len(pairs) >= 20
    for x, y in pairs:
        assert seen[x, y] == pytest.approx(-seen[y, x], abs=1e-12)
    assert max(abs(seen[pair]) for pair in pairs) > 1


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_run_repeats_and_seeds_differ(rule):
    options = {"temperature": 0.8, "trials": 70, "progress": False}
    one, again, other = (
        simulate(NETWORKS["asymmetric"], ramp(FIELD, -FIELD, 3), rule, **options, seed=seed) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(one.entropy_flow, again.entropy_flow)
    assert np.any(one.entropy_flow.values != other.entropy_flow.values)


def bowl_force(x):
    return -x - np.stack([0.3 * x[:, 1], 0.3 * x[:, 0], 0 * x[:, 2]], axis=1)


def bowl(x):
    return (x**2).sum(axis=1) / 2 + 0.3 * x[:, 0] * x[:, 1]


COUPLINGS = np.array([[0, 0.7, -0.2], [0.7, 0, 0.4], [-0.2, 0.4, 0.3]])
REAL = {
    "rates": RateNetwork(COUPLINGS, resistance=[0.5, 1, 2], input=[0.3, 0, -0.1]),
    "asymmetric rates": RateNetwork(COUPLINGS * [[1, 1, 1], [0.1, 1, 1], [1, 1, 1]]),
    "bowl": DriftSystem(bowl_force, 3, bowl),
    "swirl": DriftSystem(lambda x: bowl_force(x) + 0.4 * np.roll(x, 1, axis=1), 3),
}
LANGEVIN = [
    Langevin(0.1),
    Langevin(0.1, step="heun"),
    Langevin(0.1, "boltzmann"),
    Langevin(0.02, "boltzmann", "midpoint"),
    Langevin(0.1, "underdamped", friction=1.5),
]
REAL_PAIRS = [
    pytest.param(rule, system, id=f"{rule.step or rule.noise}-{name}")
    for rule in LANGEVIN
    for name, system in REAL.items()
    if rule.noise != "underdamped" or isinstance(system, DriftSystem)
]


@pytest.mark.parametrize("rule, system", REAL_PAIRS)
def test_a_rule_of_real_variables_keeps_its_contract(rule, system):
    assert is_dataclass(rule) and rule.reversed().reversed() == rule
    dimension = rule.subject(system).dimension
    states = np.random.default_rng(1).normal(0, 1, (40, dimension))
    before, address = states.copy(), Stream.of(1, "contract").at(np.arange(40), 3)
    moved, flow = rule.move(system, states, FIELD, temperature=0.8, address=address)
    assert moved.shape == states.shape and flow.shape == (40,) and moved.dtype == np.float64
    assert np.all(np.isfinite(moved)) and np.all(np.isfinite(flow)) and np.abs(flow).max() > 1e-3
    np.testing.assert_array_equal(states, before, "a rule must not change its input")
    again, flow_again = rule.move(system, states, FIELD, temperature=0.8, address=address)
    np.testing.assert_array_equal(moved, again)
    np.testing.assert_array_equal(flow, flow_again)
    part = Stream.of(1, "contract").at(np.arange(10, 20), 3)
    some, flow_of_some = rule.move(system, states[10:20], FIELD, temperature=0.8, address=part)
    np.testing.assert_allclose(moved[10:20], some, atol=1e-13)  # BLAS sums in an order that depends on the shape
    np.testing.assert_allclose(flow[10:20], flow_of_some, atol=1e-12)


@pytest.mark.parametrize("rule, system", REAL_PAIRS)
def test_a_run_of_real_variables_repeats_for_any_chunks_and_threads(rule, system):
    dimension = rule.subject(system).dimension
    start = np.random.default_rng(2).normal(0, 1, (2300, dimension))
    options = {"temperature": 0.8, "trials": 2300, "progress": False, "initial": start}
    drive = ramp(FIELD, -FIELD, 3)
    one, again, cut, other = (
        simulate(system, drive, rule, **options, **more)
        for more in ({"seed": 5, "threads": 1}, {"seed": 5}, {"seed": 5, "threads": 2, "chunk": 1}, {"seed": 6})
    )
    for name in one.data_vars:
        np.testing.assert_array_equal(one[name], again[name], err_msg=name)
        np.testing.assert_array_equal(one[name], cut[name], err_msg=name)
    assert np.any(one.entropy_flow.values != other.entropy_flow.values)


@pytest.mark.parametrize("system", [REAL["rates"], REAL["bowl"]], ids=["rates", "bowl"])
def test_accepted_moves_have_the_flow_of_their_energy(system):
    """Antisymmetric by itself: -(E' - E)/T of whichever way a move goes, nothing where it is refused."""
    states = np.random.default_rng(1).normal(0, 1, (400, 3))
    address = Stream.of(1, "contract").at(np.arange(400), 3)
    moved, flow = Langevin(0.5, "boltzmann").move(system, states, FIELD, temperature=0.8, address=address)
    rise = system.energy(moved, FIELD) - system.energy(states, FIELD)
    np.testing.assert_allclose(flow, -rise / 0.8, atol=1e-12)
    stayed = np.all(moved == states, axis=1)
    assert 10 < stayed.sum() < 390 and np.all(flow[stayed] == 0)


# -- estimators ----------------------------------------------------------------------------------------------------

TWO_SIDED = [free_energy.bar, free_energy.crossing, free_energy.acceptance_crossing]
ONE_SIDED = [free_energy.jarzynski, free_energy.cumulant]


def gaussian_pair(change=-1.0, dissipated=1.0, temperature=2.0, n=4000, seed=1):
    rng = np.random.default_rng(seed)
    spread = np.sqrt(2 * dissipated * temperature)
    return rng.normal(change + dissipated, spread, n), rng.normal(-change + dissipated, spread, n)


@pytest.mark.parametrize("estimator", [*TWO_SIDED, *ONE_SIDED], ids=lambda estimator: estimator.__name__)
def test_an_estimator_keeps_its_contract(estimator):
    pair = gaussian_pair()
    data = pair if estimator in TWO_SIDED else pair[:1]
    found = estimator(*data, temperature=2.0)
    assert isinstance(found, Estimate) and found.units == "energy units" and found.temperature == 2.0
    assert abs(found.value + 1.0) < 4 * found.stderr < 1.0
    shifted = estimator(*(side + sign * 0.7 for side, sign in zip(data, (1, -1), strict=False)), temperature=2.0)
    assert shifted.value == pytest.approx(found.value + 0.7, abs=1e-3)
    assert found == estimator(*data, temperature=2.0)
    json.dumps(found.to_dict(), allow_nan=False)
    broken = estimator(*(np.append(side, np.nan) for side in data), temperature=2.0)
    assert np.isnan(broken.value) and broken.diagnostics
    for bad in ({"temperature": 0}, {"temperature": -1}, {}):
        with pytest.raises(InputError, match="temperature"):
            estimator(*data, **bad)
    with pytest.raises(InputError):
        estimator(*(np.zeros((2, 2)) for _ in data), temperature=2.0)


def test_checks_give_verdicts():
    pair = gaussian_pair()
    found = fluctuation.check_crooks(*pair, temperature=2.0)
    assert isinstance(found, Verdict) and found.passed and bool(found) and "holds" in str(found)
    json.dumps(found.to_dict(), allow_nan=False)


def test_no_path_of_a_machine_and_no_host_of_a_registry_is_named():
    root = SOURCE.parent.parent
    words = ("/" + "home/", "/" + "root/", "py" + "pi.org")
    for path in [*root.glob("*.md"), *root.glob("docs/*.md"), *SOURCE.rglob("*.py"), root / "pyproject.toml"]:
        text = path.read_text()
        assert not [word for word in words if word in text], path
