"""Works read in pieces give the estimates of works read at once: values, errors, intervals, refusals and sentences."""

import sys
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurothermo import InputError, entropy_production, ramp, scan
from neurothermo.core import pieces
from neurothermo.core.pieces import Column, column_in_pieces, in_memory, merged, moments
from neurothermo.free_energy import acceptance_crossing, bar, crossing, cumulant, jarzynski
from neurothermo.free_energy.ranks import at_ranks, quantiles
from neurothermo.grid import ledgers, open_scan
from neurothermo.grid.estimators import ESTIMATORS as OF_A_SCAN
from neurothermo.grid.telling import rows_of
from test_contracts import FIELD, NETWORKS

READS = [5, 97, 256, 10**6]  # trials read at a time
CUTS = [2, 10, 64, 300]  # trials in a piece
ESTIMATORS = {
    "bar": bar,
    "jarzynski": lambda one, _: jarzynski(one),
    "jarzynski, reverse works": lambda _, other: jarzynski(other),
    "cumulant": lambda one, _: cumulant(one),
    "cumulant, reverse works": lambda _, other: cumulant(other),
    "crossing": lambda one, other: crossing(one, other, resamples=5),
    "crossing (skew-normal)": lambda one, other: crossing(one, other, density="skew-normal", resamples=5),
    "mean": lambda one, _: OF_A_SCAN["work"](one),
}


def gaussian(trials=(400, 400), dissipation=1.0, seed=5, shift=0.0):
    random = np.random.default_rng(seed)
    one, other = (random.normal(dissipation + shift, np.sqrt(2 * dissipation), size) for size in trials)
    return one + 0.7, other - 0.7


def drifting():
    one, other = gaussian((600, 600))
    return one + np.repeat([0.0, 1.5], 300), other - np.repeat([0.0, 1.5], 300)


def broken(bad, place):
    one, other = gaussian()
    one[place] = other[place] = bad
    return one, other


def far_outliers():
    """Half of the works so far away that Newton's steps need a bracket."""
    one, other = gaussian((4000, 300))
    return np.where(np.arange(4000) % 2, one, one + 1e6), other


def skewed():
    random = np.random.default_rng(2)
    return random.choice([-6.0, -1.0, 2.5], 2000, p=[0.25, 0.6, 0.15]), random.gamma(2.0, 1.0, 1500)


CASES = {
    "plain": (gaussian(), ""),
    "unequal numbers": (gaussian((350, 61)), ""),
    "odd numbers": (gaussian((11, 13), 0.2), ""),
    "far from zero": (gaussian(shift=0.0)[0] + 1e5, gaussian()[1] - 1e5),
    "a long side": (gaussian((9000, 500)), ""),
    "second law broken by less than one kT": (gaussian(shift=-1.4), "second law"),
    "second law broken by more": (gaussian(shift=-3.0), "second law"),
    "no overlap": (gaussian(shift=50.0), "overlap"),
    "barely sampled overlap": (gaussian((500, 500), 16.0, 7), "no interval"),
    "tail unseen": (gaussian((500, 500), 3.0, 3), "no interval"),
    "few carry the average": (gaussian((500, 500), 20.0), "carry the average"),
    "not Gaussian": (skewed(), "not Gaussian"),
    "drift": (drifting(), "first half"),
    "outliers": (far_outliers(), ""),
    "constant": ((np.full(50, 0.3), np.full(31, -0.3)), "All works are equal"),
    "steady but for rounding": ((2 + 1e-15 * np.arange(50), -2 + 1e-15 * np.arange(50)), "All works are equal"),
    "nine trials": (gaussian((9, 9)), "too few"),
    "one trial": (gaussian((1, 1)), "only one trial"),
    "NaN at the end": (broken(np.nan, -1), "1 of 400"),
    "infinity at the start": (broken(-np.inf, 0), "1 of 400"),
    "beyond arithmetic": (tuple(1e200 * side for side in gaussian()), "units"),
}
CASES["far from zero"] = (CASES["far from zero"], "")


def ledger(work, direction="forward", **attributes):
    names = {"protocol": "p", "protocol_reversed": "q"}
    if direction == "reverse":
        names = {"protocol": "q", "protocol_reversed": "p"}
    attrs = {"temperature": 1.0, "direction": direction, **names, **attributes}
    return xr.Dataset({"work": ("trial", work)}, attrs=attrs)


def ledger_pair(works):
    return ledger(works[0]), ledger(works[1], "reverse")


@contextmanager
def read_in(read, piece=pieces.PIECE, most=pieces.MOST):
    """Every ledger is long here, is read so many trials at a time, and summed in pieces of so many."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in {"AT_ONCE": 0, "READ": read, "PIECE": piece, "MOST": most}.items():
            patch.setattr(pieces, name, size)
        yield


def assert_same(one, other, rel=1e-9):
    """Estimates, or parts of them, equal to rounding: numbers, sentences, and what is missing."""
    if isinstance(one, dict):
        assert set(one) == set(other)
        for key in one:
            assert_same(one[key], other[key], rel)
    elif isinstance(one, list):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right, rel)
    elif isinstance(one, float):
        assert other == pytest.approx(one, rel=rel, abs=1e-10)
    else:
        assert one == other


def assert_cuts_do_not_matter(estimator, works, read, piece):
    whole = estimator(*ledger_pair(works))
    with read_in(read, piece):
        found = estimator(*ledger_pair(works))
    assert_same(whole.to_dict(), found.to_dict())


# -- pieces do not matter ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_same_bits_however_they_are_read(name, case):
    works, _ = CASES[case]
    whole = ESTIMATORS[name](*ledger_pair(works)).to_dict()
    for read in READS if max(map(len, works)) < 500 and "cros" not in name else READS[2:]:
        with read_in(read):
            assert ESTIMATORS[name](*ledger_pair(works)).to_dict() == whole


def cut_cases():
    """No crossing, where a work may lie on the edge of two bins; no third cumulant of two heaps: all rounding."""
    for name in ESTIMATORS:
        for case in CASES:
            if "crossing" not in name and not ("cumulant" in name and case == "outliers"):
                yield name, case


@pytest.mark.parametrize("name, case", list(cut_cases()))
def test_the_same_to_rounding_however_they_are_cut(name, case):
    works, _ = CASES[case]
    for piece in CUTS if max(map(len, works)) < 500 else CUTS[2:]:
        assert_cuts_do_not_matter(ESTIMATORS[name], works, 97, piece)


@pytest.mark.parametrize("case", [case for case, (_, word) in CASES.items() if word])
def test_the_cases_are_what_they_are_called(case):
    works, word = CASES[case]
    with np.errstate(over="ignore"):
        said = [one for make in ESTIMATORS.values() for one in make(*ledger_pair(works)).diagnostics]
    assert any(word in one for one in said), said


@given(
    seed=st.integers(0, 10**6),
    trials=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    dissipation=st.floats(0.01, 20),
    shift=st.floats(-2, 4),
    offset=st.sampled_from([0.0, 1e3, -1e5]),
    read=st.integers(1, 400),
    piece=st.integers(1, 400),
)
@settings(max_examples=20, deadline=None)
def test_nor_for_any_works(seed, trials, dissipation, shift, offset, read, piece):
    one, other = gaussian(trials, dissipation, seed, shift)
    for name in ("bar", "jarzynski", "cumulant, reverse works", "mean"):
        assert_cuts_do_not_matter(ESTIMATORS[name], (one + offset, other - offset), max(read, 8), piece)


def test_a_mean_of_the_pieces_means_would_be_noticed():
    """What is wrong wherever the last piece is shorter, in the one place where pieces are put together."""

    def careless(parts):
        found = list(parts)
        one = merged(found)
        return pieces.Moments(one.n, float(np.mean([part.mean for part in found])), one.squares, one.cubes)

    for module, name in (("jarzynski", "jarzynski"), ("cumulant", "cumulant"), ("samples", "bar")):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(AssertionError):
            patch.setattr(sys.modules[f"neurothermo.free_energy.{module}"], "merged", careless)
            assert_cuts_do_not_matter(ESTIMATORS[name], gaussian(), 97, 97)


def test_a_missing_last_piece_would_be_noticed():
    with pytest.MonkeyPatch.context() as patch, pytest.raises(AssertionError):
        all_pieces = Column.pieces
        patch.setattr(
            Column, "pieces", lambda self, *ends: list(all_pieces(self, *ends))[:-1] or all_pieces(self, *ends)
        )
        assert_cuts_do_not_matter(bar, gaussian(), 97, 97)


# -- what needs all works at once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [bar, lambda f, _, **k: jarzynski(f, **k), lambda f, _, **k: cumulant(f, **k)])
def test_bootstraps_read_all_works_or_refuse(estimator):
    works, options = gaussian(), {"errors": "bootstrap", "resamples": 20}
    whole = estimator(*ledger_pair(works), **options)
    with read_in(97, 10):
        assert_same(whole.to_dict(), estimator(*ledger_pair(works), **options).to_dict())
    with read_in(97, 10, most=399), pytest.raises(InputError, match=r"bootstrap.* 400, more than 399.*as arrays"):
        estimator(*ledger_pair(works), **options)
    with read_in(97, 10, most=399):
        assert_same(whole.to_dict(), estimator(*works, temperature=1.0, **options).to_dict())


def test_the_acceptance_crossing_refuses_too_many():
    with read_in(97, 10, most=399), pytest.raises(InputError, match="acceptance_crossing needs all trials at once"):
        acceptance_crossing(*ledger_pair(gaussian()))


# -- reading -------------------------------------------------------------------------------------------------------


def recorded(values, step):
    asked = []

    def read(start, stop):
        asked.append((start, stop))
        return values[start:stop]

    return Column(values.size, read, step), asked


@given(size=st.integers(1, 200), step=st.integers(1, 250), piece=st.integers(1, 250), data=st.data())
@settings(max_examples=60, deadline=None)
def test_pieces_cover_what_they_are_asked_for_and_keep_to_the_chunks(size, step, piece, data):
    first = data.draw(st.integers(0, size))
    stop = data.draw(st.integers(first, size))
    column, asked = recorded(np.arange(float(size)), step)
    with read_in(step, piece):
        found = list(column.pieces(first, stop))
    assert np.array_equal(np.concatenate([*found, []]), np.arange(first, stop))
    assert all(part.size == piece for part in found[:-1]) and all(0 < part.size <= piece for part in found)
    assert all(start // step == (end - 1) // step for start, end in asked)


def test_chunks_are_read_whole():
    stored = ledger(np.arange(1000.0))
    for chunk, step in ((30, 90), (100, 100), (300, 300)):
        stored["work"].encoding["preferred_chunks"] = {"trial": chunk}
        with read_in(100, 7):
            assert column_in_pieces(stored, "work").step == step


def test_a_column_must_be_one_number_a_trial():
    wide = xr.Dataset({"work": (("trial", "neuron"), np.ones((4, 2)))}, attrs={"temperature": 1.0})
    with pytest.raises(InputError, match=r"one number a trial, got shape \(4, 2\)"):
        jarzynski(wide)
    with read_in(2, 2), pytest.raises(InputError, match="holds no heat"):
        OF_A_SCAN["heat"](ledger(np.ones(9)))


def test_short_ledgers_are_read_once():
    column = column_in_pieces(ledger(np.ones(9)), "work")
    assert column.in_memory
    assert np.array_equal(column.mapped(np.negative).first(4).whole("this"), -np.ones(4))


# -- sums and ranks ------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.sampled_from([0.0, 1e6]), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_moments_of_pieces_are_those_of_the_whole(sizes, offset, seed):
    values = offset + np.random.default_rng(seed).gamma(0.5, 1.0, sum(sizes))
    found = merged(moments(part, cubes=True) for part in np.split(values, np.cumsum(sizes)[:-1]))
    centred = values - values.mean()
    assert found.n == values.size
    assert found.mean == pytest.approx(values.mean(), rel=1e-14)
    assert found.squares == pytest.approx(np.sum(centred**2), rel=1e-8, abs=1e-15)
    assert found.cubes == pytest.approx(np.sum(centred**3), rel=1e-6, abs=1e-7)
    moved = found.mapped(-2.0, 3.0)
    assert (moved.mean, moved.squares) == pytest.approx((3 - 2 * found.mean, 4 * found.squares))
    assert moved.cubes == -8 * found.cubes


@given(
    st.lists(st.floats(allow_nan=False), min_size=2, max_size=60),
    st.lists(st.integers(0, 59), min_size=1, max_size=4),
    st.integers(1, 60),
)
@settings(max_examples=25, deadline=None)
def test_ranks_are_those_of_the_sorted_works(values, ranks, cut):
    numbers, places = np.array(values), [rank % len(values) for rank in ranks]
    columns = [recorded(part, 7)[0] for part in (numbers[:cut], numbers[cut:]) if part.size]
    assert np.array_equal(at_ranks(columns, places), np.sort(numbers)[places])
    assert np.array_equal(at_ranks([in_memory(numbers)], places), np.sort(numbers)[places])


def test_quantiles_are_numpys():
    values = np.random.default_rng(1).normal(size=1001)
    for size in (2, 3, 500, 1001):
        expected = np.quantile(values[:size], [0.25, 0.5, 0.75])
        assert quantiles(recorded(values[:size], 10)[0], [0.25, 0.5, 0.75]) == pytest.approx(expected, rel=1e-14)


# -- means beside controls -----------------------------------------------------------------------------------------


def stationary_ledger(trials=900, size=3, states=True):
    random = np.random.default_rng(3)
    ends = random.normal(size=(trials, 2, size))
    flow = random.normal(2.0, 0.5, trials) + (ends[:, 1] - ends[:, 0]) @ np.arange(1.0, size + 1)
    columns = {
        "entropy_flow": ("trial", flow),
        "energy_initial": ("trial", ends[:, 0].sum(axis=1)),
        "energy_final": ("trial", ends[:, 1].sum(axis=1)),
    }
    if states:
        columns["states"] = (("trial", "time", "neuron"), ends)
    attrs = {"input_held": 1, "ticks": 4, "initial": "stationary", "clock": "sweep"}
    return xr.Dataset(columns, attrs=attrs)


@pytest.mark.parametrize("states", [True, False])
@pytest.mark.parametrize(("trials", "read", "piece"), [(900, 10, 4), (900, 97, 97), (900, 1000, 40), (2, 1, 1)])
def test_entropy_production_in_pieces(states, trials, read, piece):
    run = stationary_ledger(trials, states=states)
    whole = entropy_production(run)
    with read_in(read, piece):
        found = entropy_production(run)
    assert_same(whole.to_dict(), found.to_dict())
    assert whole.details["controls"] == (1 if trials == 2 or not states else 10)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_flow_unknown_in_the_last_piece_is_refused(bad):
    run = stationary_ledger()
    run["entropy_flow"][-1] = bad
    with read_in(97, 10), pytest.raises(InputError, match="not known"):
        entropy_production(run)


# -- stores --------------------------------------------------------------------------------------------------------


def build(temperature):
    return {"system": NETWORKS["symmetric"], "protocol": ramp(FIELD, -FIELD, 3), "temperature": temperature}


def test_a_store_is_read_in_pieces(tmp_path):
    """The estimators themselves, and the command that asks them for every point."""
    store = tmp_path / "scan.zarr"
    options = {"trials": 512, "chunk": 64, "seed": 3, "progress": False, "both": True, "store": store}
    sides = [one for _, one in ledgers(scan(build, {"temperature": [2.0]}, **options))]
    names = ["bar", "crossing", "jarzynski", "cumulant", "work", "heat"]
    both = {"bar", "crossing"}
    whole = {name: OF_A_SCAN[name](*(sides if name in both else sides[:1])) for name in names}
    with read_in(100, 30):
        lazy = [one for _, one in ledgers(open_scan(store))]
        assert column_in_pieces(lazy[0], "work").step == 64
        found = {name: OF_A_SCAN[name](*(lazy if name in both else lazy[:1])) for name in names}
        (row,) = rows_of(store, names)
    for name in names:
        assert_same(whole[name].to_dict(), found[name].to_dict())
        assert_same(whole[name].to_dict(), row["estimates"][name].to_dict())


@pytest.mark.slow
def test_twenty_million_trials_take_no_more_memory_than_their_pieces():
    """A column of them is 160 MB; the works are made when they are read, by Dask, and not kept."""
    trials, chunk = 2 * 10**7, 2**20
    one, other = (lazily_made(trials, chunk, *how) for how in (("forward", 1.7), ("reverse", 0.3)))
    estimators = {name: ESTIMATORS[name] for name in ("bar", "jarzynski", "cumulant", "mean", "crossing")}
    for name, estimator in estimators.items():
        found, peak = traced(lambda estimator=estimator: estimator(one, other))
        assert peak < 100e6, (name, peak)
        assert 0 < found.stderr < 0.01 and abs(found.value - (1.7 if name == "mean" else 0.7)) < 5 * found.stderr, name
    _, peak = traced(lambda: one["work"].values.sum())
    assert peak > 160e6  # so the bound can fail


def lazily_made(trials, chunk, direction, mean):
    import dask.array as da

    def make(block_info=None):
        (start, stop), *_ = block_info[None]["array-location"]
        seed = (start, 0 if direction == "forward" else 1)
        return np.random.default_rng(seed).normal(mean, np.sqrt(2.0), stop - start)

    made = da.map_blocks(make, chunks=(da.core.normalize_chunks(chunk, (trials,))), dtype=float)
    return ledger(made, direction)


def traced(function):
    tracemalloc.start()
    try:
        return function(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
