"""The store of a scan: damage is found, other configurations are refused, and any reader of Zarr opens it."""

import json
import os
import shutil

import numpy as np
import pytest
import xarray

from neurothermo import InputError, scan
from neurothermo.grid import ledgers, open_scan, status
from neurothermo.grid.lock import locked
from neurothermo.grid.manifest import LOCK, LOG
from scan_run_checks import OPTIONS, TEMPERATURES, again, assert_same_bits, build, digests, logged


@pytest.fixture
def stored(tmp_path):
    store = tmp_path / "scan.zarr"
    found = scan(build, {"temperature": TEMPERATURES}, **OPTIONS, chunk=128, store=store)
    return store, found


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
    assert_same_bits(found, again(store, tell=said.append))
    assert said == ["1 stored tasks are damaged or missing, and are run again"] and digests(store) == before


def test_a_chunk_of_nothing_but_nan_is_written_in_a_store_that_was_opened_again(stored):
    """NaN is a result too, and no sign of a missing chunk."""
    from neurothermo.grid.axes import checked_grid
    from neurothermo.grid.store import Store
    from neurothermo.grid.tasks import Outcome, Task

    store, _ = stored
    chunk = store / "work" / "c" / "1" / "0"
    chunk.unlink()
    columns = {"work": (("trial",), np.full(128, np.nan), {})}
    opened = Store(store, checked_grid({"temperature": TEMPERATURES}, False, False), 400, 128)
    opened.put(Task(1, 0, 128), Outcome(columns, None, {}, 1.0, (), "here"))
    assert chunk.exists()


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
    assert_same_bits(found, again(store))
    assert status(store)["tasks_done"] == 8 and not list(store.rglob("*.partial"))


def test_xarray_opens_a_store_without_our_help(stored):
    store, found = stored
    opened = xarray.open_zarr(store)
    assert_same_bits(found, opened.load())
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


def test_a_store_survives_being_moved(stored, tmp_path):
    store, found = stored
    shutil.move(store, tmp_path / "elsewhere")
    assert_same_bits(found, again(tmp_path / "elsewhere"))


def test_a_first_task_that_is_run_again_still_tells_its_point(stored):
    store, found = stored
    flip(store / "heat" / "c" / "1" / "0")
    again(store, tell=lambda sentence: None)
    assert logged(store)[1, 0, 128] == 2  # the line of the damaged one, and that of the new
    for result in (again(store), open_scan(store)):
        assert [ledger.attrs["temperature"] for _, ledger in ledgers(result)] == TEMPERATURES
        assert [dict(ledger.attrs) for _, ledger in ledgers(result)] == [dict(one.attrs) for _, one in ledgers(found)]


def test_points_have_the_columns_of_their_own_ledgers(tmp_path):
    from test_contracts import NETWORKS

    def either(which):
        return build(1.0) | {"system": NETWORKS[which]}

    axes = {"which": ["asymmetric", "symmetric"]}
    for more in ({}, {"store": tmp_path / "s"}, {"lazy": True}):
        asymmetric, symmetric = (ledger for _, ledger in ledgers(scan(either, axes, **OPTIONS, **more)))
        assert "heat" not in asymmetric and "heat" in symmetric and np.all(np.isfinite(symmetric.heat))
        assert "no energy" in asymmetric.attrs["energy"] or asymmetric.attrs["energy"]


# -- a store that is somebody else's, or damaged -------------------------------------------------------------------


def in_log(**changes):
    """The first line of the log, changed; None takes an entry out."""

    def change(store):
        first, *rest = (store / LOG).read_text().splitlines()
        entry = {name: value for name, value in (json.loads(first) | changes).items() if value is not None}
        (store / LOG).write_text("\n".join([json.dumps(entry), *rest]) + "\n")

    return change


def in_configuration(**changes):
    def change(store):
        about = json.loads((store / "zarr.json").read_text())
        asked = json.loads(about["attributes"]["configuration"]) | changes
        about["attributes"]["configuration"] = json.dumps(asked)
        (store / "zarr.json").write_text(json.dumps(about))

    return change


def text(name, what):
    return lambda store: (store / name).write_text(what)


@pytest.mark.parametrize(
    "change",
    [
        *(in_log(chunks=chunks) for chunks in (
            {"/dev/zero": "x"}, {"../../../etc/passwd": "x"}, {"work/../../x": "x"}, {"\0": "x"}, {}, "x", None)),
        in_log(variables=3), in_log(variables={"../x": ["trial"]}), in_log(attributes=3), in_log(point="0"),
        in_log(point=[]), in_log(point=10**30), in_log(start=1e300), in_log(stop=-1), in_log(seconds="x"),
        text(LOG, "[" * 100_000 + "\n" + "9" * 5000 + "\n"), text(LOCK, "[1,2"), text(LOCK, "3"),
    ],
)  # fmt: skip
def test_what_is_no_line_of_a_log_is_a_task_to_run_again(stored, change):
    store, found = stored
    before = digests(store)
    change(store)
    assert_same_bits(found, again(store))
    assert digests(store) == before


@pytest.mark.parametrize(
    "change, sentence",
    [
        *((in_configuration(chunk=chunk), "damaged: see its chunk") for chunk in (0, "a", 10**30, None)),
        *((in_configuration(runs=runs), "damaged: see its runs") for runs in (None, 3, [3], [])),
        (in_configuration(versions=[]), "damaged: see its versions"),
        (in_configuration(chunk=7), "its shape is not that of the scan"),
        (text("zarr.json", "[" * 100_000), "is not a store of a scan"),
        (text("work/zarr.json", "{}"), "array work of .* cannot be opened"),
        (text("work/zarr.json", "x"), "array work of .* cannot be opened"),
    ],
)
def test_a_damaged_store_is_refused_in_a_sentence(stored, change, sentence):
    store, _ = stored
    (store / "work" / "c" / "1" / "2").unlink()  # something is left to do
    change(store)
    with pytest.raises(InputError, match=sentence) as refused:
        again(store, tell=lambda said: None)
    assert "\n" not in str(refused.value)


def test_nothing_is_written_through_a_link(stored, tmp_path):
    store, _ = stored
    (store / "work" / "c").rename(tmp_path / "elsewhere")
    (store / "work" / "c").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a link, and a scan writes into its store only"):
        again(store)


def test_a_table_has_its_coordinates_for_any_reader(tmp_path):
    options = {**OPTIONS, "table": True, "chunk": 128}
    scan(build, {"temperature": TEMPERATURES, "steps": [3, 4]}, **options, store=tmp_path / "t")
    found = xarray.open_zarr(tmp_path / "t")
    assert set(found.coords) >= {"temperature", "steps"} and found.work.dims == ("point", "trial")
