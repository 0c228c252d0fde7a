"""How a scan cuts its work, hands it out and tells of it: sizes of tasks, one task a worker, rate and time left."""

import numpy as np
import pytest
import xarray

from neurothermo import SpinNetwork, hopfield, ramp, scan
from neurothermo.core import progress as progress_module
from neurothermo.core.progress import progress
from neurothermo.grid import cutting
from neurothermo.grid.cutting import chunk_of
from neurothermo.grid.engines import idle
from neurothermo.grid.tasks import Job, Outcome, Task

NET = hopfield([[1, 1, 1, -1, 1, -1, 1, 1]])


def build(temperature, steps=5):
    return {"system": NET, "protocol": ramp(np.zeros(8), np.ones(8), steps), "temperature": temperature}


# -- how long a task is ----------------------------------------------------------------------------------------------


def timed(monkeypatch, seconds_of_point):
    """Tasks that take so long a trial at each point, by a clock that nobody waits for."""
    asked = []

    def perform(job):
        asked.append(job.task.point)
        count = job.task.stop - job.task.start
        columns = {"work": (("trial",), np.zeros(count), {})}
        return Outcome(columns, None, {}, seconds_of_point[job.task.point] * count, (), "here")

    monkeypatch.setattr(cutting, "perform", perform)
    return asked, lambda point: Job(Task(point, 0, 1), b"", (), "forward", "", 1)


@pytest.mark.parametrize("workers, seconds", [(1, 3.0), (4, 3.0), (1000, 80.0)])
def test_a_task_has_seconds_of_work_and_more_where_one_process_stores_for_many(monkeypatch, workers, seconds):
    asked, job_of = timed(monkeypatch, [1e-3] * 3)
    chunk = chunk_of(None, 64, 10**9, workers, [5.0, 5.0, 5.0], job_of)
    assert chunk % 64 == 0 and chunk * 1e-3 == pytest.approx(seconds, rel=0.05)
    assert set(asked) == {0}  # equal points are measured once


def test_points_of_different_cost_share_a_size_between_milliseconds_and_hours(monkeypatch):
    """99 fast points and one a thousand times slower: the mean has seconds, the slowest at most a minute."""
    seconds = [1e-5] * 99 + [1e-2]
    asked, job_of = timed(monkeypatch, seconds)
    chunk = chunk_of(None, 64, 10**9, 1, [1.0] * 99 + [1000.0], job_of)
    assert set(asked) == {0, 99}
    assert chunk * seconds[-1] == pytest.approx(60.0, rel=0.05)
    _, job_of = timed(monkeypatch, [1e-3, 3e-3])
    assert chunk_of(None, 64, 10**9, 1, [1.0, 3.0], job_of) * 2e-3 == pytest.approx(3.0, rel=0.05)  # of the mean


def test_tasks_are_equal_and_enough_for_every_worker(monkeypatch):
    _, job_of = timed(monkeypatch, [1e-6])
    assert chunk_of(None, 64, 10_000, 2, [1.0], job_of) <= 10_000 / 8 + 64
    assert chunk_of(None, 64, 10_000, 1, [1.0], job_of) == 10_048  # one task, whole blocks
    _, job_of = timed(monkeypatch, [1e-3])
    chunk = chunk_of(None, 64, 3_100, 1, [1.0], job_of)  # 3.1 s of work: two halves, no crumb
    assert chunk == 1_600
    assert chunk_of(1000, 64, 10_000, 2, [1.0], job_of) == 1024  # as asked, in blocks


# -- who has which task ----------------------------------------------------------------------------------------------


def test_no_worker_has_a_second_task_before_its_first_is_stored(cluster, tmp_path, monkeypatch):
    """So a killed run costs one task a worker; and all workers work, though only one was sent the recipe."""
    import distributed

    from neurothermo.grid.store import Store

    submit, put = distributed.Client.submit, Store.put
    out, most, sizes, where = set(), [], [], set()

    def submitted(self, function, *given, **how):
        future = submit(self, function, *given, **how)
        jobs = [one for one in given if isinstance(one, Job)]
        sizes.extend(len(one.recipe) for one in jobs)
        out.update((one.task.point, one.task.start) for one in jobs)
        most.append(len(out))
        return future

    def stored(self, task, outcome):
        put(self, task, outcome)
        out.discard((task.point, task.start))
        where.add(outcome.where)

    monkeypatch.setattr(distributed.Client, "submit", submitted)
    monkeypatch.setattr(Store, "put", stored)
    found = scan(build, {"temperature": [0.7, 2.0]}, trials=1280, chunk=64, seed=3, client=cluster,
                 store=tmp_path / "s", progress=False)  # fmt: skip
    assert max(most) == 2 and len(where) == 2 and out == set()
    assert len(sizes) == 40 and max(sizes) == 0  # the recipe goes to the workers once, not with every task
    xarray.testing.assert_identical(
        found.drop_attrs(), scan(build, {"temperature": [0.7, 2.0]}, trials=1280, seed=3, progress=False).drop_attrs()
    )


def test_idle_workers():
    assert idle(["a", "b", "c"], ["b"]) == ["a", "c"]
    assert idle(["a", "b"], ["b", "gone"]) == []  # the task of a worker that died is run by one of these
    assert idle(["a"], ["gone", "gone"]) == []
    assert idle([], []) == [None] and idle([], [None]) == []  # one task waits for the first worker to come


def test_large_couplings_are_sent_without_a_warning(cluster):
    random = np.random.default_rng(0)
    couplings = random.normal(size=(1200, 1200)) / 35  # 11 MB: Dask warns of such tasks from 10 on
    couplings = couplings + couplings.T
    np.fill_diagonal(couplings, 0.0)
    network = SpinNetwork(couplings)
    start = np.ones(1200, dtype=np.int8)

    def large(temperature):
        return {"system": network, "protocol": 1, "temperature": temperature, "initial": start}

    found = scan(large, {"temperature": [1.0]}, trials=192, chunk=64, client=cluster, progress=False)
    assert found.sizes["trial"] == 192 and np.all(np.isfinite(found.work))


# -- the bar ---------------------------------------------------------------------------------------------------------


def test_what_was_done_before_moves_the_bar_and_not_the_rate(monkeypatch, capsys):
    clock = iter([0.0, 10.0, 10.0])
    monkeypatch.setattr(progress_module, "monotonic", lambda: next(clock))
    with progress("scanning", 1000.0, True, "trials") as advance:
        advance(800.0, before=True)
        advance(100.0)
    shown = capsys.readouterr().err
    assert "90%" in shown and "10 trials/s" in shown and "0:10 left" in shown


@pytest.mark.parametrize("seconds, shown", [(0.0, "0:00"), (59.6, "1:00"), (3725.0, "1:02:05"), (-1.0, "0:00")])
def test_a_span_of_time_in_words(seconds, shown):
    assert progress_module._span(seconds) == shown
