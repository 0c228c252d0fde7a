"""Compiled kernels against the plain rule, trial by trial, on the same random addresses."""

import numpy as np
import pytest
from numba import njit
from scipy.sparse import csr_array

from neurothermo import Glauber, SpinNetwork, ramp, simulate
from neurothermo.core.randomness import Stream


def network(size, *, symmetric, seed=5):
    """Biased and asymmetric in every way: a sign error shows."""
    rng = np.random.default_rng(seed)
    couplings = rng.normal(0.1, 1, (size, size)) / np.sqrt(size)
    if symmetric:
        couplings = (couplings + couplings.T) / 2
    np.fill_diagonal(couplings, 0)
    return couplings, rng.normal(0.2, 0.3, size)


def drive(size, steps=5, seed=6):
    rng = np.random.default_rng(seed)
    return ramp(rng.normal(0, 0.5, size), rng.normal(0.3, 1.0, size), steps)


RULES = [
    Glauber(),
    Glauber(attempts=7),
    Glauber(activation="as-printed"),
    Glauber(order="sequential"),
    Glauber(order="sequential", attempts=11).reversed(),
    Glauber(order="parallel"),
    Glauber(order="parallel", activation="as-printed"),
]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "asymmetric"])
@pytest.mark.parametrize("size, sparse", [(5, False), (16, False), (23, False), (23, True), (70, False)])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_kernel_and_plain_rule_agree_trial_by_trial(rule, symmetric, size, sparse, reverse):
    couplings, thresholds = network(size, symmetric=symmetric)
    system = SpinNetwork(csr_array(couplings) if sparse else couplings, thresholds)
    protocol = drive(size).reversed() if reverse else drive(size)
    start = np.random.default_rng(7).choice([-1, 1], (100, size))
    options = {
        "temperature": 0.8,
        "trials": 100,
        "seed": 3,
        "initial": start,
        "record": ("states", "flow", "work"),
    }
    fast = simulate(system, protocol, rule, **options)
    plain = simulate(system, protocol, rule, **options, plain=True)
    assert fast.attrs["kernel"] != "plain" and plain.attrs["kernel"] == "plain"
    np.testing.assert_array_equal(fast.states, plain.states)
    np.testing.assert_allclose(fast.work, plain.work, rtol=0, atol=1e-12 * size)
    np.testing.assert_allclose(fast.entropy_flow, plain.entropy_flow, rtol=0, atol=2e-5 * size)
    np.testing.assert_allclose(fast.flow_steps, plain.flow_steps, rtol=0, atol=2e-5 * size)
    assert np.abs(plain.entropy_flow).max() > 1, "nothing moved"


@pytest.mark.parametrize("order", ["random", "sequential", "parallel"])
@pytest.mark.parametrize("size", [9, 30])
def test_every_neuron_may_have_a_temperature_of_its_own(order, size):
    couplings, thresholds = network(size, symmetric=True)
    system = SpinNetwork(couplings, thresholds)
    options = {"trials": 64, "seed": 3, "initial": np.ones(size), "record": "states"}
    options["temperature"] = np.linspace(0.4, 3.0, size)
    fast = simulate(system, drive(size), Glauber(order=order), **options)
    plain = simulate(system, drive(size), Glauber(order=order), **options, plain=True)
    np.testing.assert_array_equal(fast.states, plain.states)
    np.testing.assert_allclose(fast.entropy_flow, plain.entropy_flow, rtol=0, atol=1e-5 * size)


def test_long_runs_of_kept_fields_stay_those_of_the_states():
    """More than one refresh: rounding that is kept does not grow, and the decisions stay those of the plain rule."""
    couplings, thresholds = network(20, symmetric=False)
    system = SpinNetwork(couplings, thresholds)
    options = {
        "temperature": 0.8,
        "trials": 4,
        "seed": 3,
        "initial": np.ones(20),
        "record": "states",
        "every": 100,
    }
    fast = simulate(system, 300, **options)
    plain = simulate(system, 300, **options, plain=True)
    np.testing.assert_array_equal(fast.states, plain.states)


@pytest.mark.parametrize("size", [9, 40])
@pytest.mark.parametrize("rule", [Glauber(), Glauber(order="sequential"), Glauber(order="parallel")], ids=str)
def test_same_bits_for_any_threads_chunks_and_records(rule, size):
    couplings, thresholds = network(size, symmetric=False)
    system = SpinNetwork(couplings, thresholds)
    options = {"temperature": 1.0, "trials": 5000 if size == 9 else 700, "seed": 11, "initial": "stationary"}
    whole = simulate(system, drive(size), rule, **options, threads=1)
    others = [
        simulate(system, drive(size), rule, **options, threads=2, chunk=130),
        simulate(system, drive(size), rule, **options, record=("states", "flow"), every=2),
    ]
    for other in others:
        np.testing.assert_array_equal(whole.work, other.work)
        np.testing.assert_array_equal(whole.entropy_flow, other.entropy_flow)


def test_compiled_bits_are_those_of_the_address():
    from neurothermo.engine import counter

    @njit
    def bits(first, second, trial, step, draw):
        key, other = counter.trial_keys(first, second, trial)
        return counter.mix(key + ((np.uint64(step) << np.uint64(32)) + np.uint64(draw)) * counter.GOLDEN, other)

    stream = Stream.of(3, "a run")
    for trial, step, draw in [(0, 0, 0), (1, 2, 3), (10**9, 10**6, 10**5)]:
        compiled = bits(np.uint64(stream.first), np.uint64(stream.second), trial, step, draw)
        assert compiled == stream.at(np.array([trial]), step).bits(1, first=draw)[0, 0]


@pytest.mark.parametrize("name, reference", [("exp_float", np.exp), ("log_float", np.log)])
def test_float_functions_are_good_to_a_few_units_in_the_last_place(name, reference):
    from neurothermo.engine import counter

    x = np.linspace(-86, 86, 4001, dtype=np.float32)
    x = np.exp(x) if name == "log_float" else x
    ours = np.array([getattr(counter, name)(value) for value in x], dtype=np.float64)
    theirs = reference(x.astype(np.float64))
    assert np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-2)) < 3e-7


def test_uniform_numbers_look_uniform_and_independent():
    uniforms = Stream.of(1, "run").at(np.arange(4000), 7).uniforms(50)
    assert uniforms.min() > 0 and uniforms.max() < 1
    assert abs(uniforms.mean() - 0.5) < 4 / np.sqrt(12 * uniforms.size)
    counts = np.histogram(uniforms, bins=100, range=(0, 1))[0]
    assert np.sum((counts - 2000) ** 2 / 2000) < 99 + 4 * np.sqrt(2 * 99)
    for one, other in [(uniforms[:-1], uniforms[1:]), (uniforms[:, :-1], uniforms[:, 1:])]:
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(one.size)


def test_kernels_compiled_from_other_sources_are_removed(tmp_path):
    from neurothermo.engine.freshness import drop_stale_kernels

    (tmp_path / "kernel.py").write_text("one")
    drop_stale_kernels(tmp_path)
    compiled = tmp_path / "__pycache__" / "kernel.nbi"
    compiled.write_text("compiled from one")
    drop_stale_kernels(tmp_path)
    assert compiled.exists()
    (tmp_path / "kernel.py").write_text("two")
    drop_stale_kernels(tmp_path)
    assert not compiled.exists()


def test_kernels_use_the_widest_vectors_there_are():
    """The attributes are set under llvmlite's own list of them: a new version may stop that, which costs speed only."""
    from neurothermo.engine import counter

    @njit
    def kernel(x):
        counter.use_wide_vectors()
        return x + 1.0

    assert kernel(1.0) == 2.0
    assert '"prefer-vector-width"="512"' in "".join(kernel.inspect_llvm().values())


def test_energies_have_the_same_bits_for_any_chunk():
    couplings, thresholds = network(333, symmetric=True)
    system = SpinNetwork(couplings, thresholds)
    for rule in (Glauber(), Glauber(order="parallel")):
        whole, cut = (
            simulate(system, drive(333), rule, temperature=1.0, trials=300, seed=1, initial=np.ones(333), chunk=chunk)
            for chunk in (None, 1)
        )
        np.testing.assert_array_equal(whole.energy_final, cut.energy_final)
        np.testing.assert_array_equal(whole.heat, cut.heat)
