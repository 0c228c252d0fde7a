"""Every place of an experiment of every kind, and every argument of every constructor, with each of many odd values."""

import inspect
import math
import time
import warnings
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
import xarray

import neurothermo as nt
from fuzz.every_kind import COUPLINGS, EXPERIMENTS, SLOW, constructors
from fuzz.sandbox import allowed
from neurothermo import InputError, config
from neurothermo.config import experiment
from neurothermo.core.checks import checked_number

LONG = "x" * 10_000
SLOWEST = 5.0  # seconds that one refusal may take on a busy machine
RAGGED = ([[1, 2], [3]], [1, [2]], [[], [1]])
IN_TOML = (
    *RAGGED, [[[1]]], ["a", 1], {}, {"kind": "x"}, [{}], date(2020, 1, 1), True, -1, 0, 3, 10**12, 10**40, 10**400,
    0.5, -1.5, 1e-320, 1e308, math.nan, -math.inf, "", LONG, "\n", [], [[]], [1.0, math.nan], [1e308, 1e308],
)  # fmt: skip
NASTIEST = (*RAGGED, {}, True, -1, 1e308, math.nan, "", [])  # where a thing is slow to make


class Rude:
    """Nothing that is asked of it is answered."""

    def __repr__(self):
        raise RuntimeError("no")

    def __array__(self, *_, **__):
        raise RuntimeError("no")

    def __float__(self):
        raise RuntimeError("no")


IN_PYTHON = (
    None, object(), Rude(), set(), (n for n in ()), int, LONG.encode(), bytearray(b"1"), memoryview(b"1"), 1j,
    np.array([1.0, None]), np.array(None), [Rude()], np.array([[1, 2], [3]], dtype=object), np.array("1"),
    np.array(True), np.array([1.0]), np.zeros(0), np.zeros((1, 1, 1)), np.ma.masked, [np.ma.masked, 1.0],
    np.ma.array([1.0, 2.0], mask=[0, 1]), np.longdouble("1e4000"), np.datetime64("2020"), np.timedelta64(1, "s"),
    np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), Decimal("NaN"), [Decimal("sNaN")], Fraction(1, 3),
    xarray.DataArray([1.0, 2.0]), xarray.Dataset({"a": 1}), scipy.sparse.csr_array(np.eye(2, dtype=complex)),
    scipy.sparse.coo_array(np.array([1.0, 2.0])), scipy.sparse.csr_array((2, 3)), lambda *_: None, ((1, 2), (3,)),
)  # fmt: skip
NO_NUMBERS = {  # of `neurothermo`: results, runs and rooms, which are not described by numbers
    "Estimate", "Verdict", "InputError", "simulate", "forward_and_reverse", "scan", "split_flow", "mean_field",
    "entropy_production", "predictive_information", "datasets", "information", "exact", "fluctuation", "free_energy",
    "irreversibility", "recordings", "__version__",
}  # fmt: skip


def fault(action):
    """What is wrong with how something was taken or refused; nothing where it is as promised."""
    started = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            action()
        except InputError as error:
            if not allowed(error) or len(str(error)) > 600:
                return f"no sentence: {str(error)[:100]!r}"
        except Exception as error:
            return f"{type(error).__name__}: {str(error)[:100]!r}"
    return "slow" if time.monotonic() - started > SLOWEST else ""


def places(value, path=()):
    """The paths of all keys and elements."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from places(value[key], (*path, key))


def put(value, path, new):
    """A copy with something else at a path; without it where `new` is `put` itself."""
    if not path:
        return new
    copy = value.copy()
    if len(path) == 1 and new is put:
        del copy[path[0]]
    else:
        copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def at(value, path):
    """What is there."""
    for key in path:
        value = value[key]
    return value


def changes(table, values):
    """Every place with every value, wrapped, doubled, renamed and gone."""
    for path in places(table):
        old = at(table, path)
        for new in (*values, [old], [[old]], [old, old], {"a": old}, {"kind": old}, put):
            yield f"{path} <- {'gone' if new is put else new!r:.60}", put(table, path, new)
        holder = at(table, path[:-1])
        if isinstance(holder, dict):
            renamed = {f"{key}x" if key == path[-1] else key: item for key, item in holder.items()}
            yield f"{path} renamed", put(table, path[:-1], renamed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("beside")
    (made / COUPLINGS).write_text("0,1\n1,0\n")
    np.savez(made / "couplings.npz", a=np.array([[0, 1.0], [0.5, 0]]), b=np.zeros(3))
    return made


def found(table, folder, values=IN_TOML):
    """The faults of all changes of an experiment."""
    said = ((name, fault(lambda odd=odd: repr(experiment(odd, folder)))) for name, odd in changes(table, values))
    return {name: why for name, why in said if why}


# -- experiments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiments_are_read_or_refused_in_a_sentence(name, folder):
    repr(experiment(EXPERIMENTS[name], folder))
    assert found(EXPERIMENTS[name], folder) == {}


def test_a_large_network_is_read_or_refused_in_a_sentence(folder, monkeypatch):
    monkeypatch.setattr(nt.SpinNetwork, "__repr__", lambda self: self.label)  # which asks for eigenvalues
    assert found(SLOW["fly"], folder, NASTIEST) == {}


def kinds(value):
    """Every table with a kind."""
    if isinstance(value, dict):
        if "kind" in value:
            yield value
        for item in value.values():
            yield from kinds(item)


def test_every_kind_and_every_key_is_swept():
    tables = [table for one in (*EXPERIMENTS.values(), *SLOW.values()) for table in kinds(one)]
    builders = {**config.SYSTEMS, **config.PROTOCOLS, "Glauber": config._glauber, "Langevin": config._langevin}
    builders |= {name: getattr(nt.kernels, name) for name in config.KERNELS}
    builders |= {name: getattr(nt.gains, name) for name in config.GAINS}
    for kind, builder in builders.items():
        keys = set().union(*(table for table in tables if table["kind"] == kind))
        assert keys - {"kind"} == set(inspect.signature(builder).parameters) - {"folder", "system"}, kind
    written = set().union(*EXPERIMENTS.values(), *SLOW.values())
    assert written == set(config.KEYS) and set(EXPERIMENTS["scan"]["scan"]) == set(config.SCAN_KEYS)


def test_a_kind_without_checks_is_found(folder, monkeypatch):
    def unchecked(*, relaxation, diffusion, parity=None):
        return nt.LinearLangevin(np.linalg.inv(np.asarray(relaxation, dtype=float)), diffusion, parity)

    monkeypatch.setitem(config.SYSTEMS, "LinearLangevin", unchecked)
    missed = found(EXPERIMENTS["matrix"], folder)
    assert any("inhomogeneous" in why for why in missed.values()) and any(
        "LinAlgError" in why for why in missed.values()
    )


# -- constructors --------------------------------------------------------------------------------------------------


def made(call, arguments):
    """What is made shown and named, as a report and a ledger ask for."""
    one = call(**arguments)
    repr(one)
    if inspect.getattr_static(type(one), "digest", None) is not None:
        assert one.digest


def faults(call, arguments):
    """Those of each argument with each value."""
    said = {
        f"{name} <- {position}": fault(lambda name=name, odd=odd: made(call, {**arguments, name: odd}))
        for name in arguments for position, odd in enumerate((*IN_TOML, *IN_PYTHON))
    }  # fmt: skip
    return {name: why for name, why in said.items() if why}


CALLS = constructors()


@pytest.mark.parametrize("name", CALLS)
def test_arguments_are_taken_or_refused_in_a_sentence(name):
    call, arguments = CALLS[name]
    made(call, arguments)
    assert faults(call, arguments) == {}


def test_every_constructor_is_swept():
    assert set(nt.__all__) - NO_NUMBERS == {name.split(".")[0].split(",")[0] for name in CALLS} & set(nt.__all__)


def test_every_argument_is_swept():
    """Each name is an argument; of what is made in one way, every argument that it has."""
    for name, (call, arguments) in CALLS.items():
        if name in ("Sigmoid", "as_protocol", "NeuralField, torus"):  # through another call, in part, a second time
            continue
        assert set(arguments) == set(inspect.signature(call).parameters), name


def test_a_constructor_without_checks_is_found():
    def mean_of(values):
        return float(np.ndim(values)) and np.mean(values)

    missed = faults(mean_of, {"values": [1.0]})
    assert {f"values <- {position}" for position in range(len(RAGGED))} <= set(missed) and len(missed) > 10


# -- what is odd and right is taken ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "half",
    [Fraction(1, 2), Decimal("0.5"), np.float32(0.5), np.longdouble(0.5), np.array(0.5), np.array(Fraction(1, 2)),
     np.ma.array(0.5), np.ma.array(0.5, mask=False), xarray.DataArray(0.5)],
    ids=lambda half: type(half).__name__,
)  # fmt: skip
def test_numbers_of_every_make_are_numbers(half):
    assert checked_number(half, "half") == 0.5
    assert nt.RateNetwork([[0.0]], input=[half]).input[0] == 0.5
    assert nt.Langevin(half).dt == 0.5


@pytest.mark.parametrize(
    "rows",
    [((0, 1), (1, 0)), np.array([[False, True], [True, False]]).astype(np.uint8), np.ma.array([[0, 1], [1, 0]]),
     xarray.DataArray([[0, 1], [1, 0]]), scipy.sparse.csr_array([[False, True], [True, False]]),
     [np.array([0, 1]), [Fraction(1), Decimal(0)]], np.array([[0, 1], [1, 0]], dtype=object), [range(2), (1, 0)]],
    ids=lambda rows: type(rows).__name__,
)  # fmt: skip
def test_matrices_of_every_make_are_matrices(rows):
    couplings = nt.SpinNetwork(rows).couplings
    dense = couplings.toarray() if scipy.sparse.issparse(couplings) else couplings
    assert dense.dtype == np.float64 and dense.tolist() == [[0, 1], [1, 0]]


def test_a_mask_inside_a_list_is_no_number():
    for rows in ([np.ma.array([1.0, 2.0], mask=[0, 1]), [0.0, 0.0]], [np.ma.masked, 1.0]):
        with pytest.raises(InputError, match="masked"):
            nt.Protocol(rows)


def test_titles_and_records_of_every_make(folder):
    plain = EXPERIMENTS["matrix"]
    assert experiment({**plain, "title": 2020}, folder).title == "2020"
    assert experiment({**plain, "record": ("work",)}, folder).options["record"] == ("work",)


def test_patterns_that_are_not_those_of_the_network():
    other = nt.hopfield([[1, 1, -1]]).patterns
    for patterns in (5, "a", [[1, 2], [3]], other):
        with pytest.raises(InputError, match="patterns must be PatternCouplings of 2 neurons"):
            nt.SpinNetwork([[0, 1], [1, 0]], patterns=patterns)


def test_spines_without_neighbours_take_any_cooperativity():
    assert nt.SpineNetwork(1, cooperativity=50.0).cooperativity == 50


def test_quantities_end_where_the_documentation_says():
    """1e60 is taken and 1e61 is not; of what is divided by, 1e-60 and not 1e-61; single precision's field at 1e-30."""
    assert nt.RateNetwork([[1e60]]).couplings[0, 0] == 1e60 and nt.NeuralField(1.0, 4, [0.0] * 4, 1.0, tau=1e-60).tau
    for refused in (lambda: nt.RateNetwork([[1e61]]), lambda: nt.NeuralField(1.0, 4, [0.0] * 4, 1.0, tau=1e-61)):
        with pytest.raises(InputError, match="take other units"):
            refused()
    field = nt.NeuralField(4.0, 4, [0.0] * 4, 0.5, noise=1e-32)
    with pytest.raises(InputError, match="to be simulated"):
        nt.simulate(field, nt.hold(np.zeros(4), 2), trials=2, progress=False)
