"""Scans: the same bits however the work is cut and interrupted, and nothing lost or doubled on the way."""

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray

from neurothermo import (
    Glauber,
    InputError,
    LinearLangevin,
    MarkovJump,
    NeuralField,
    SpineNetwork,
    free_energy,
    hold,
    kernels,
    ramp,
    scan,
    simulate,
)
from neurothermo.config import read_experiment
from neurothermo.ensemble.prepared import prepared
from neurothermo.grid import ledgers, open_scan, status, streaming
from neurothermo.grid.axes import checked_grid
from neurothermo.grid.lock import locked
from neurothermo.grid.store import LOCK, LOG
from neurothermo.systems import DriftSystem
from test_contracts import FIELD, LANGEVIN, NETWORKS, REAL, RULES

TEMPERATURES = [0.7, 2.0]
OPTIONS = {"trials": 400, "seed": 3, "progress": False}
RUN = Path(__file__).with_name("scan_run.py")


def build(temperature, steps=3):
    return {"system": NETWORKS["symmetric"], "protocol": ramp(FIELD, -FIELD, steps), "temperature": temperature}


def assert_same(one, other):
    assert set(one.data_vars) == set(other.data_vars)
    for name in one.data_vars:
        np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=str(name))


# -- the same bits -------------------------------------------------------------------------------------------------


def process_cases():
    linear = LinearLangevin([[1.0, 0.4], [-0.4, 1.0]], [[1.0, 0.0], [0.0, 0.5]])
    field = NeuralField(20.0, 16, kernels.gaussian(0.5, 1.0), 1.0)
    jump = MarkovJump([[0.0, 1.0, 0.5], [0.3, 0.0, 0.8], [0.9, 0.2, 0.0]])
    return {
        "linear": (linear, hold(np.zeros(2), 5)),
        "field": (field, hold(np.zeros(16), 5)),
        "jump": (jump, 5),
        "spines": (SpineNetwork(4, 1.0, 0.8, 0.3), 5),
    }


def all_rules():
    for rule in RULES:
        for name, network in NETWORKS.items():
            yield pytest.param((network, ramp(FIELD, -FIELD, 3), rule), {"temperature": 0.8}, id=f"{rule}-{name}")
    for rule in LANGEVIN:
        for name, system in REAL.items():
            if rule.noise != "underdamped" or isinstance(system, DriftSystem):
                options = {"temperature": 0.8, "initial": np.full(rule.subject(system).dimension, 0.2)}
                what = (system, ramp(FIELD, -FIELD, 3), rule)
                yield pytest.param(what, options, id=f"{rule.step or rule.noise}-{name}")
    for name, (process, protocol) in process_cases().items():
        yield pytest.param((process, protocol), {}, id=name)


@pytest.mark.parametrize("what, options", list(all_rules()))
def test_parts_of_a_run_are_the_run(what, options):
    """Ranges of absolute trials, one after another and in any order, give the bits of one big run."""
    block = prepared(*what, **options).block
    shared = {**options, "seed": 5, "progress": False}
    whole = simulate(*what, trials=2 * block + 37, threads=2, **shared)
    last = simulate(*what, trials=37, first_trial=2 * block, threads=1, **shared)
    middle = simulate(*what, trials=block, first_trial=block, threads=1, **shared)
    first = simulate(*what, trials=block, threads=2, **shared)
    parts = [part.drop_vars("trial") for part in (first, middle, last)]
    assert_same(whole.drop_vars("trial"), xarray.concat(parts, "trial"))
    assert list(last.trial.values) == list(range(2 * block, 2 * block + 37))
    assert whole.attrs["run"] == last.attrs["run"]


def test_a_burn_in_does_not_depend_on_which_trials_are_run():
    network = NETWORKS["asymmetric"]
    big = type(network)(np.kron(np.eye(8), network.couplings))  # too many neurons for an exact stationary law
    shared = {"temperature": 0.9, "seed": 2, "progress": False}
    whole = simulate(big, 2, **shared, trials=640)
    part = simulate(big, 2, **shared, trials=64, first_trial=576)
    assert (
        whole.attrs["initial_route"].startswith("burn-in")
        and whole.attrs["initial_route"] == (part.attrs["initial_route"])
    )
    np.testing.assert_array_equal(whole.entropy_flow[576:], part.entropy_flow)


def test_a_range_that_starts_inside_a_block_is_refused():
    with pytest.raises(InputError, match="first_trial must be a multiple of 64"):
        simulate(NETWORKS["symmetric"], 3, temperature=1.0, first_trial=10)


def test_a_scan_is_its_simulations(tmp_path):
    axes = {"temperature": TEMPERATURES, "steps": [2, 7]}
    found = scan(build, axes, **OPTIONS)
    assert found.work.dims == ("temperature", "steps", "trial")
    for temperature in TEMPERATURES:
        one = simulate(**build(temperature, 7), trials=400, seed=3, progress=False)
        np.testing.assert_array_equal(found.work.sel(temperature=temperature, steps=7), one.work)
    for more in ({"chunk": 64}, {"threads": 1}, {"store": tmp_path / "a"}, {"lazy": True, "chunk": 128}):
        assert_same(found, scan(build, axes, **OPTIONS, **more))
    table = scan(build, {"temperature": [0.7, 2.0, 0.7], "steps": [2, 7, 2]}, table=True, **OPTIONS)
    assert table.work.dims == ("point", "trial")
    np.testing.assert_array_equal(table.work[1], found.work[1, 1])
    np.testing.assert_array_equal(table.work[0], table.work[2])


def test_points_are_independent_and_ledgers_know_their_point():
    found = scan(build, {"temperature": TEMPERATURES}, both=True, **{**OPTIONS, "trials": 4000})
    points = list(ledgers(found))
    assert [place["direction"] for place, _ in points] == ["forward", "reverse"] * 2
    one, other = points[0][1], points[1][1]
    assert abs(np.corrcoef(one.work, other.work)[0, 1]) < 4 / np.sqrt(4000)
    forward, _ = points[2]
    assert forward["temperature"] == 2.0 and points[2][1].attrs["temperature"] == 2.0
    answer = free_energy.bar(one, other)
    assert abs(answer.value - float((one.energy_final + 0.7 * one.log_law_final).mean() - (
        one.energy_initial + 0.7 * one.log_law_initial).mean())) < 4 * answer.stderr  # fmt: skip


@pytest.fixture(scope="module")
def cluster():
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL"
        ) as made,
        distributed.Client(made) as client,
    ):
        yield client


def test_processes_and_dask_give_the_same_bits_with_one_thread_each(cluster, tmp_path):
    axes = {"temperature": TEMPERATURES}
    alone = scan(build, axes, **OPTIONS)
    assert_same(alone, scan(build, axes, **OPTIONS, client=cluster, chunk=64, store=tmp_path / "s"))
    counted = cluster.submit(cores_of_a_task, pure=False).result()
    assert counted == {"numba": 1, "blas": [1]}


def cores_of_a_task():
    """What a task is held to, seen from inside a rule of motion."""
    seen = {}

    class Spy(Glauber):  # only here: it looks at its threads while it moves
        def move(self, *given, **more):
            import numba
            from threadpoolctl import threadpool_info

            seen["numba"] = numba.get_num_threads()
            seen["blas"] = sorted({one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"})
            return Glauber.move(self, *given, **more)

    from neurothermo.grid.tasks import Job, Recipe, Task, perform

    def spied(temperature):
        return {**build(temperature), "rule": Spy(), "plain": True}

    recipe = Recipe(spied, {"seed": 1}, 64)
    word = recipe.run({"temperature": 1.0}, "forward", 1).word
    perform(Job(Task(0, 0, 64), recipe, (("temperature", 1.0),), "forward", word, None))
    return seen


def test_a_killed_worker_costs_its_tasks_only(cluster, tmp_path):
    flag = str(tmp_path / "died")

    def fatal(temperature):
        from distributed import get_worker

        try:
            get_worker()
        except ValueError:  # where the scan was started
            return build(temperature)
        if not Path(flag).exists():
            Path(flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return build(temperature)

    found = scan(fatal, {"temperature": TEMPERATURES}, **OPTIONS, chunk=128, client=cluster, store=tmp_path / "s")
    assert Path(flag).exists()
    assert_same(found, scan(build, {"temperature": TEMPERATURES}, **OPTIONS))
    assert len((tmp_path / "s" / LOG).read_text().splitlines()) == 8  # nothing twice


@pytest.mark.slow
def test_processes_of_its_own_and_a_lost_scheduler(tmp_path):
    import scan_run

    address = "tcp://127.0.0.1:9"  # where nothing listens
    with pytest.raises(InputError, match=f"scheduler: none answers at {address}"):
        again(tmp_path / "s", scheduler=address)
    assert_same(scan_run.main(tmp_path / "a", 2), scan_run.main(tmp_path / "b"))


# -- killed at any instant -----------------------------------------------------------------------------------------


def digests(store):
    """Of every chunk of every variable."""
    return {
        str(file.relative_to(store)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in store.rglob("*")
        if file.is_file() and "/c/" in str(file)
    }


def killed(store, delay, workers=()):
    """Start the scan, wait until it has begun to store, kill it after `delay` seconds; whether it was still running."""
    run = subprocess.Popen([sys.executable, RUN, store, *workers], stderr=subprocess.PIPE, start_new_session=True)
    limit = time.monotonic() + 60
    size = (store / LOG).stat().st_size if (store / LOG).exists() else 0
    while run.poll() is None and time.monotonic() < limit:
        if (store / LOG).exists() and (store / LOG).stat().st_size > size:
            break
        time.sleep(0.002)
    time.sleep(delay)
    running = run.poll() is None
    if running:
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    run.stderr.close()
    return running


def check_killed(tmp_path, delays):
    import scan_run

    whole = scan_run.main(tmp_path / "whole")
    store = tmp_path / "killed"
    before, interrupted = 0, 0
    for delay in delays:
        interrupted += killed(store, delay)
        done = status(store)["tasks_done"]
        assert done >= before  # nothing that was stored is lost
        before = done
    assert interrupted > 0, "no run was cut short: the delays are too long for this machine"
    said = []
    resumed = scan_run.scan(scan_run.build, scan_run.AXES, trials=scan_run.TRIALS, seed=3, store=store,
                            progress=False, tell=said.append)  # fmt: skip
    assert any("was ended before it was done" in sentence for sentence in said) or interrupted < len(delays)
    assert_same(whole, resumed)
    assert digests(tmp_path / "whole") == digests(store)
    assert status(store)["done"] and status(store)["tasks_done"] == status(store)["tasks"]


def test_killed_and_resumed_the_bits_are_those_of_an_unbroken_run(tmp_path):
    check_killed(tmp_path, [0.01, 0.08])


@pytest.mark.slow
def test_killed_at_ten_instants(tmp_path):
    check_killed(tmp_path, np.random.default_rng(1).uniform(0, 0.12, 10))


# -- damage, locks, other configurations ---------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path):
    store = tmp_path / "scan.zarr"
    found = scan(build, {"temperature": TEMPERATURES}, **OPTIONS, chunk=128, store=store)
    return store, found


def again(store, **more):
    return scan(build, {"temperature": TEMPERATURES}, **{**OPTIONS, **more}, store=store)


def flip(file):
    text = bytearray(file.read_bytes())
    text[len(text) // 2] ^= 1
    file.write_bytes(text)


@pytest.mark.parametrize(
    "damage", [flip, lambda file: file.unlink(), lambda file: file.write_bytes(file.read_bytes()[:20])],
    ids=["bit flipped", "missing", "torn"],
)  # fmt: skip
def test_a_damaged_chunk_is_found_and_run_again(stored, damage):
    store, found = stored
    before = digests(store)
    damage(store / "work" / "c" / "1" / "2")
    said = []
    assert_same(found, again(store, tell=said.append))
    assert said == ["1 stored tasks are damaged or missing, and are run again"] and digests(store) == before


def test_any_reader_of_zarr_notices_a_flipped_bit(stored):
    store, _ = stored
    flip(store / "work" / "c" / "1" / "2")
    with pytest.raises(Exception, match="checksum"):
        xarray.open_zarr(store).work.load()


def test_a_torn_line_in_the_log_is_not_a_task(stored):
    store, found = stored
    log = store / LOG
    log.write_bytes(log.read_bytes()[:-30])
    assert status(store)["tasks_done"] == 7
    (store / "work" / "c" / "0" / "9.partial").write_bytes(b"half")
    assert_same(found, again(store))
    assert status(store)["tasks_done"] == 8 and not list(store.rglob("*.partial"))


def test_xarray_opens_a_store_without_our_help(stored):
    store, found = stored
    opened = xarray.open_zarr(store)
    assert_same(found, opened)
    np.testing.assert_array_equal(opened.temperature, TEMPERATURES)
    assert opened.work.attrs["units"] == "energy units" and opened.work.dims == ("temperature", "trial")


def test_words_are_a_coordinate_too(tmp_path):
    def named(which):
        return build({"cold": 0.7, "hot": 2.0}[which])

    found = scan(named, {"which": ["cold", "hot"]}, **OPTIONS, both=True, store=tmp_path / "w")
    assert list(found.which.values) == ["cold", "hot"] and list(found.direction.values) == ["forward", "reverse"]
    np.testing.assert_array_equal(found.work.sel(which="hot", direction="forward"), again(tmp_path / "n").work[1])


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"trials": 500}, "trials is 400 there, and 500 is asked for"),
        ({"seed": 4}, "seed is 3 there, and 4 is asked for"),
        ({"record": "work"}, r"record is \[\] there"),
        ({"initial_temperature": 9.0}, "another experiment at point 0"),
    ],
)
def test_a_store_of_another_configuration_is_refused(stored, change, sentence):
    with pytest.raises(InputError, match=sentence):
        again(stored[0], **change)


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is not a store of a scan"):
        again(tmp_path)
    with pytest.raises(InputError, match="there is no store"):
        open_scan(tmp_path / "none")


def test_a_second_run_on_one_store_is_refused(stored):
    store, _ = stored
    with locked(store / LOCK), pytest.raises(InputError, match=f"being written by another run .process {os.getpid()}"):
        again(store)
    with locked(store / LOCK):
        assert "process" in status(store)["running"]
    again(store)


@pytest.mark.parametrize(
    "number, sentence", [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "the store cannot be written to")]
)
def test_a_full_or_read_only_disk_is_one_sentence_and_loses_nothing(tmp_path, monkeypatch, number, sentence):
    from neurothermo.grid.store import Store

    store, write, calls = tmp_path / "s", Store._write, []

    def failing(self, *given):
        calls.append(given)
        if len(calls) == 20:
            raise OSError(number, os.strerror(number))
        return write(self, *given)

    monkeypatch.setattr(Store, "_write", failing)
    with pytest.raises(OSError, match=f"{sentence}; what is stored stays .2 tasks."):
        again(store, chunk=64)
    monkeypatch.undo()
    assert status(store)["tasks_done"] == 2 and not status(store)["done"]
    assert_same(again(store), again(tmp_path / "other", chunk=64))


def test_a_clock_that_was_changed_changes_nothing(tmp_path, monkeypatch):
    times = iter(np.random.default_rng(1).uniform(-1e9, 1e9, 10_000))
    monkeypatch.setattr(time, "time", lambda: next(times))
    assert_same(again(tmp_path / "s", chunk=64), again(tmp_path / "t", chunk=64))


# -- until ---------------------------------------------------------------------------------------------------------


def test_chunks_are_added_until_the_error_is_small_enough(tmp_path):
    axes, until = {"temperature": [0.7, 5.0]}, {"estimator": "work", "stderr": 0.02}
    options = {"trials": 100_000, "seed": 1, "chunk": 256, "progress": False}
    found = scan(build, axes, until=until, **options)
    counts = [ledger.sizes["trial"] for _, ledger in ledgers(found)]
    errors = [float(ledger.work.std(ddof=1)) / np.sqrt(ledger.sizes["trial"]) for _, ledger in ledgers(found)]
    assert max(errors) <= 0.02 and max(counts) < 100_000 and all(count % 256 == 0 for count in counts)
    assert max(errors) > 0.01  # and no more than needed
    kept = scan(build, axes, until=until, **options, store=tmp_path / "s")
    assert_same(found, kept)
    again = scan(build, axes, until=until, **options, store=tmp_path / "s")
    assert [ledger.sizes["trial"] for _, ledger in ledgers(again)] == counts
    short = scan(build, axes, until=until, budget={"trials": 1024}, **options)
    assert sum(ledger.sizes["trial"] for _, ledger in ledgers(short)) == 1024


def test_until_takes_a_function_of_both_ledgers():
    def difference(forward, reverse):
        return free_energy.bar(forward, reverse)

    found = scan(build, {"temperature": [2.0]}, both=True, until={"estimator": difference, "stderr": 0.02},
                 trials=50_000, chunk=256, progress=False)  # fmt: skip
    (_, forward), (_, reverse) = ledgers(found)
    assert free_energy.bar(forward, reverse).stderr <= 0.02


# -- estimates in pieces -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["work", "heat", "jarzynski", "cumulant", "bar"])
def test_estimates_in_pieces_are_those_of_all_trials_at_once(monkeypatch, name):
    found = scan(build, {"temperature": [2.0]}, both=True, **{**OPTIONS, "trials": 20_000})
    (_, forward), (_, reverse) = ledgers(found)
    sides = (forward, reverse) if name == "bar" else (forward,)
    whole = streaming.estimate(name, *sides)
    monkeypatch.setattr(streaming, "AT_ONCE", 10)
    monkeypatch.setattr(streaming, "PIECE", 1711)
    pieces = streaming.estimate(name, *sides)
    assert pieces.value == pytest.approx(whole.value, rel=1e-9, abs=1e-9)
    assert pieces.stderr == pytest.approx(whole.stderr, rel=1e-6)
    assert pieces.n == whole.n and pieces.units == whole.units and pieces.method == whole.method
    assert pieces.interval == pytest.approx(whole.interval, abs=0.1 * whole.stderr)


# -- the command line ----------------------------------------------------------------------------------------------

FILE = """
trials = 300
seed = 2
temperature = 1.0
[system]
kind = "SpinNetwork"
couplings = [[0, 0.7], [0.7, 0]]
[protocol]
kind = "ramp"
start = 0
stop = 1
steps = 3
[scan]
both = true
[scan.axes]
temperature = [1.0, 2.0]
"protocol.steps" = [2, 5]
"""


def test_a_scan_from_a_file(tmp_path, monkeypatch, capsys):
    from neurothermo.cli import main

    file, store = tmp_path / "scan.toml", tmp_path / "scan.zarr"
    file.write_text(FILE)

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["neurothermo", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr()

    code, said = command("run", file, "--out", store)
    assert code == 0 and "done" in said.out and "2400 of 2400" in said.out, said.err
    code, said = command("status", store, "--json")
    assert json.loads(said.out)["tasks_done"] == 8
    code, said = command("estimate", store, "--json", "--method", "bar")
    rows = json.loads(said.out)["points"]
    assert len(rows) == 4 and rows[3]["parameters"] == {"temperature": 2.0, "protocol.steps": 5}
    plan = read_experiment(file)
    one = simulate(
        **plan.scan["build"](**{"temperature": 2.0, "protocol.steps": 5}), trials=300, seed=2, progress=False
    )
    np.testing.assert_array_equal(open_scan(store).work.values[1, 1, 0], one.work)
    code, said = command("estimate", store)
    assert code == 0 and "temperature = 2.0, protocol.steps = 5 (300 trials)" in said.out
    code, said = command("run", file, "--out", store, "--workers", "0")
    assert code == 2 and "workers" in said.err
    file.write_text(FILE.replace('"protocol.steps"', '"protocol.stepz"'))
    code, said = command("run", file, "--out", store)
    assert code == 2 and "unknown key 'stepz' in [protocol]" in said.err


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"axes": {}}, "axes must be a mapping"),
        ({"axes": {"temperature": "hot"}}, "axes: temperature must be a list"),
        ({"axes": {"temperature": [1.0, np.nan]}}, "must be finite"),
        ({"axes": {"trial": [1]}}, "trial is the name of a dimension"),
        ({"axes": {"temperature": [1.0, 1.0]}}, "holds a value twice"),
        ({"axes": {"temperature": [1.0], "steps": [1, 2]}, "table": True}, "columns of one length"),
        ({"axes": {"temperature": [-1.0]}}, "temperature must be positive"),
        ({"trials": 0}, "trials must be"),
        ({"until": {"estimator": "work"}}, "until must be a mapping with the keys"),
        ({"until": {"estimator": "bar", "stderr": 1}}, "bar needs the reverse process"),
        ({"budget": {"trials": 3}}, "budget belongs to until"),
        ({"workers": 1, "scheduler": "tcp://x:1"}, "give one of workers, client and scheduler"),
        ({"client": 3}, "client must be a distributed.Client"),
        ({"store": 3}, "store must be a path"),
        ({"dt": 0.1}, "dt belongs to processes"),
        ({"frobnicate": 1}, "frobnicate"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(change, sentence):
    with pytest.raises(InputError, match=sentence):
        scan(build, **{"axes": {"temperature": [1.0]}, **OPTIONS, **change})


def test_what_build_returns_is_checked():
    for wrong in (lambda temperature: 3, lambda temperature: {"system": 1}, lambda temperature: {"trials": 3}):
        with pytest.raises(InputError, match="build must"):
            scan(wrong, {"temperature": [1.0]}, **OPTIONS)
    calls = []

    def fickle(temperature):
        calls.append(temperature)
        return build(temperature + len(calls))

    with pytest.raises(InputError, match="build must give the same experiment each time"):
        scan(fickle, {"temperature": [1.0]}, **OPTIONS)


def test_a_missing_library_is_named_with_its_command(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(InputError, match=r"a store needs zarr: pip install 'neurothermo\[scale\]'"):
        again(tmp_path / "s")


def test_the_points_of_a_grid():
    grid = checked_grid({"a": [1, 2], "b": ["x", "y", "z"]}, False, True)
    assert grid.shape == (2, 3, 2) and grid.size == 12 and grid.index(11) == (1, 2, 1)
    assert grid.points()[3] == ({"a": 1, "b": "y"}, "reverse")


def test_a_store_survives_being_moved(stored, tmp_path):
    store, found = stored
    shutil.move(store, tmp_path / "elsewhere")
    assert_same(found, again(tmp_path / "elsewhere"))
