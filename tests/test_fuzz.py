"""Input from outside: mutated, made up or hostile, it is answered or refused in one sentence, and leaves no trace.

The doors and their mutations are those of the coverage-guided fuzzer (`make fuzz`); Hypothesis draws them here.
"""

import time
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.doors import DOORS
from fuzz.mutating import ODD, changed, packed, unpacked
from fuzz.sandbox import judged, sandbox
from fuzz.walking import walk_in_one_process
from neurothermo import InputError, hold, ramp
from neurothermo.protocols import Protocol, as_protocol
from neurothermo.protocols.signals import random_signal

SLOWEST = 10  # seconds that one input may take, on a machine that is busy
QUICK = settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=220)
NUMBERS = st.integers(0, 2**40)


@pytest.fixture(scope="module")
def here():
    with sandbox() as made, walk_in_one_process():
        for door in DOORS.values():
            door.warm(made)
        yield made


def enter(here, door, data):
    started = time.monotonic()
    refusals = door.enter(here, data)
    assert time.monotonic() - started < SLOWEST
    return refusals


@pytest.mark.parametrize("name", DOORS)
def test_what_is_valid_is_taken(here, name):
    for data in DOORS[name].seeds():
        assert None in enter(here, DOORS[name], data)


@pytest.mark.parametrize("name", DOORS)
@QUICK
@given(number=NUMBERS)
def test_what_is_almost_valid(here, name, number):
    rng, door = Random(number), DOORS[name]
    enter(here, door, door.change(rng.choice(door.seeds()), rng))


@pytest.mark.slow
@pytest.mark.parametrize("name", DOORS)
@LONG
@given(number=NUMBERS)
def test_what_is_almost_valid_at_length(here, name, number):
    rng, door = Random(number), DOORS[name]
    enter(here, door, door.change(rng.choice(door.seeds()), rng))


@pytest.mark.parametrize("name", DOORS)
@QUICK
@given(data=st.binary(max_size=300))
def test_what_is_no_such_thing(here, name, data):
    door = DOORS[name]
    beginnings = (b"", door.seeds()[0][:24], packed({"spike_times.npy": data, "zarr.json": data, "a.npy": data}))
    for beginning in beginnings:
        enter(here, door, beginning + data)


@QUICK
@given(text=st.text(max_size=200))
def test_an_experiment_of_any_text(here, text):
    enter(here, DOORS["toml"], text.encode("utf-8", "surrogatepass"))


def test_a_folder_is_packed_and_unpacked():
    files = {"a": b"1", "b/c": b"2"}
    assert unpacked(packed(files)) == files
    assert unpacked(packed({"../a": b"1", "/b": b"2", "c": b"3"})) == {"c": b"3"}


# -- protocols -----------------------------------------------------------------------------------------------------

ARRAYS = st.one_of(
    st.sampled_from(ODD),
    st.builds(
        lambda shape, value: np.full(shape, value),
        st.lists(st.integers(0, 3), max_size=4).map(tuple),
        st.sampled_from([0.0, 1.0, -1e308, 1e308, np.nan, np.inf, 1j, "a", True, None, 2**62]),
    ),
    st.lists(st.one_of(st.floats(), st.integers(), st.none(), st.lists(st.floats(), max_size=3)), max_size=4),
)
STEPS = st.one_of(st.integers(-2, 4), st.sampled_from([2**31, 10**15, 2**63, 10**40, 2.0, True, None, "3", np.nan]))


@settings(QUICK, max_examples=60)
@given(ARRAYS, ARRAYS, STEPS, st.integers(1, 3))
def test_protocols_of_anything(here, first, second, steps, size):
    made = []
    for make in (
        lambda: ramp(first, second, steps), lambda: ramp(first, second, steps, temperatures=first),
        lambda: ramp(first, second, steps, networks=second), lambda: hold(first, steps), lambda: Protocol(first),
        lambda: Protocol(first, second, temperatures=second), lambda: Protocol(first, networks=second, mixing=second),
        lambda: as_protocol(first, size), lambda: random_signal(first, second, steps),
    ):  # fmt: skip
        refusal = judged(here, lambda make=make: made.append(make()))
        assert refusal is None or isinstance(refusal, InputError)
    whole = [one for one in made if isinstance(one, Protocol)]
    for one in whole:
        assert np.all(np.isfinite(one.values)) and one.values.shape == (one.steps + 1, one.size)
        assert judged(here, lambda one=one: (one.reversed(), repr(one), one.digest)) is None
        for other in whole:
            refusal = judged(here, lambda one=one, other=other: one + other)
            assert refusal is None or isinstance(refusal, InputError)


# -- words on the command line -------------------------------------------------------------------------------------

WORDS = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"[a-z]{0,3}=?[-+0-9.e:,]{0,9} ?(ms|s|Hz|kHz|h)?", fullmatch=True),
    st.sampled_from(
        ["1e400 s", "-1 s", "0 Hz", "nan s", "a=0:1", "a=1:0", "a=:", "a=0:1e999", "=", "*", "[", "\ud800"]
    ),
)


@QUICK
@given(st.lists(WORDS, min_size=1, max_size=3))
def test_options_of_any_words(here, words):
    from neurothermo.recordings import read
    from neurothermo.recordings.clock import hertz, seconds
    from neurothermo.studies.recorded import named_intervals, prepared

    path = DOORS["csv"].lay(here, DOORS["csv"].seeds()[1])
    word = words[0]
    for action in (
        lambda: hertz(word, "rate"), lambda: seconds(word, "interval"), lambda: named_intervals(words),
        lambda: read(path, sampling_rate=word), lambda: read(path, interval="1 s", only=words),
        lambda: read(path, interval="1 s", exclude=words), lambda: read(path, times=word, units=words[-1]),
        lambda: read(path, interval="1 s", kind=word), lambda: read(path, interval="1 s").epoch(word),
        lambda: prepared(read(path, interval="1 s"), epoch=None, where=words, regress=words, resample=word,
                         detrend=True, components=None),
    ):  # fmt: skip
        refusal = judged(here, action)
        assert refusal is None or isinstance(refusal, InputError)


# -- what runs -----------------------------------------------------------------------------------------------------

SMALL = {
    "temperature": 1.0, "trials": 20, "seed": 1, "every": 1, "record": ["work"], "initial": "equilibrium",
    "system": {"kind": "SpinNetwork", "couplings": [[0, 0.7], [0.7, 0]]},
    "protocol": {"kind": "ramp", "start": 0.0, "stop": 1.0, "steps": 3}, "dynamics": {"kind": "Glauber", "attempts": 2},
}  # fmt: skip
LARGE = 10**5


def _bounded(value):
    """Without numbers that ask for hours of work: a user may."""
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return all(_bounded(item) for item in items)
    return not isinstance(value, int | float) or isinstance(value, bool) or not LARGE < abs(value) < 10**16


@pytest.mark.slow
@settings(QUICK, max_examples=60)
@given(number=NUMBERS)
def test_an_experiment_that_is_almost_valid_runs_or_is_refused(here, number):
    from neurothermo import forward_and_reverse
    from neurothermo.config import experiment

    table = changed(SMALL, Random(number))
    if not _bounded(table):
        return

    def run():
        plan = experiment(table)
        if plan.scan is None:
            forward_and_reverse(plan.system, plan.protocol, plan.rule, temperature=plan.temperature, **plan.options)

    judged(here, run)
