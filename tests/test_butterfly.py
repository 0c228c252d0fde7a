"""Compiled butterflies across block boundaries against plain NumPy, one neuron and one reshape at a time."""

from dataclasses import replace

import numba
import numpy as np
import pytest

from neurothermo import Glauber, SpinNetwork
from neurothermo.engine import butterfly_pairs
from neurothermo.engine.butterfly_parallel import SERIAL
from neurothermo.engine.butterfly_tables import LARGEST_LOGIT
from neurothermo.exact.enumerated import enumerated_chain

BATHS = {10: 1.0, 11: None, 13: None, 16: 0.7}  # by size; None: one for each neuron


def chain_of(size, rule, temperature=None, seed=2):
    rng = np.random.default_rng(seed)
    couplings = rng.normal(0.1, 1, (size, size)) / np.sqrt(size)
    np.fill_diagonal(couplings, 0)
    temperature = temperature or BATHS[size] or rng.uniform(0.5, 2, size)
    return enumerated_chain(SpinNetwork(couplings, rng.normal(0.2, 0.3, size)), rule, temperature)


def field_of(size):
    return np.random.default_rng(3).normal(0.3, 1, size)


def law_of(chain, *shape):
    law = np.random.default_rng(4).random((*shape, chain.states))
    return law / law.sum(axis=-1, keepdims=True)


def logits_of(chain, field):
    """a (N, 2^N) by plain sums over states."""
    size = chain.system.size
    signs = 2.0 * ((np.arange(2**size) >> np.arange(size)[:, None]) & 1) - 1
    steepness = chain.rule.steepness / np.broadcast_to(chain.temperature, size)
    fields = chain.system.couplings @ signs + (field - chain.system.thresholds)[:, None]
    return steepness[:, None] * fields


def drawn(law, logits, i, transposed=False, theta=0.0):
    """One neuron drawn anew, its bit made an axis of its own."""
    pairs = law.reshape(-1, 2, 2**i)
    a = logits[i].reshape(-1, 2, 2**i)[:, 0]
    log_up, log_down = -np.logaddexp(0, -a), -np.logaddexp(0, a)
    up, down = np.exp(log_up), np.exp(log_down)
    rise, fall = np.exp(log_up - theta * a), np.exp(log_down + theta * a)
    rise, fall = (fall, rise) if transposed else (rise, fall)
    x, y = pairs[:, 0], pairs[:, 1]
    return np.stack([down * x + fall * y, rise * x + up * y], axis=1).reshape(law.shape)


def plain_step(chain, law, field, transposed=False, theta=0.0):
    size, rule = chain.system.size, chain.rule
    logits, attempts = logits_of(chain, field), rule.attempts_per_step(size)
    sites = [(attempts - 1 - k if rule.descending else k) % size for k in range(attempts)]
    for site in reversed(sites) if transposed else sites:
        if rule.order == "random":
            law = sum(drawn(law, logits, i, transposed, theta) for i in range(size)) / size
        else:
            law = drawn(law, logits, site, transposed, theta)
    return law


RULES = [
    Glauber(attempts=1),
    Glauber(attempts=2, activation="as-printed"),
    Glauber(order="sequential"),
    Glauber(order="sequential", attempts=19).reversed(),
    Glauber(order="sequential", attempts=12),
]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("size", [10, 11, 13, 16])
@pytest.mark.parametrize("transposed", [False, True])
def test_steps_across_blocks(rule, size, transposed):
    chain, field = chain_of(size, rule), field_of(size)
    law = law_of(chain)
    moved, batch = law.copy(), np.stack([law, law[::-1]]) + 1j * law
    chain.step(moved, field, transposed=transposed)
    chain.step(batch, field, transposed=transposed)
    expected = plain_step(chain, law, field, transposed)
    np.testing.assert_allclose(moved, expected, rtol=1e-12)
    np.testing.assert_allclose(batch[0], expected * (1 + 1j), rtol=1e-12)
    np.testing.assert_allclose(batch[1].real, plain_step(chain, law[::-1], field, transposed), rtol=1e-12)
    assert transposed or abs(moved.sum() - 1) < 1e-13


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("theta", [0.3, 1.2, 0.4 + 0.7j])
@pytest.mark.parametrize("transposed", [False, True])
def test_tilted_steps_across_blocks(rule, theta, transposed):
    chain, field = chain_of(13, rule), field_of(13)
    law = law_of(chain, 2) + (0 if np.isrealobj(theta) else 1j)
    moved = law.copy()
    chain.tilted_step(moved, field, theta, transposed=transposed)
    for row, start in zip(moved, law, strict=True):
        np.testing.assert_allclose(row, plain_step(chain, start, field, transposed, theta), rtol=1e-11)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("temperature", [0.01, 1e-3])
def test_low_temperature_across_blocks(rule, temperature):
    """Logits past what products of tables hold: they are summed, and exponentials taken pair by pair."""
    chain, field = chain_of(13, rule, temperature), field_of(13)
    assert chain._logits.largest(chain._base(field)) > LARGEST_LOGIT
    law = law_of(chain)
    for transposed in (False, True):
        moved, tilted = law.copy(), law + 0j
        chain.step(moved, field, transposed=transposed)
        chain.tilted_step(tilted, field, 0.0, transposed=transposed)
        expected = plain_step(chain, law, field, transposed)
        np.testing.assert_allclose(moved, expected, rtol=1e-10, atol=1e-18)
        np.testing.assert_allclose(tilted, expected, rtol=1e-10, atol=1e-18)


@pytest.mark.parametrize("size", [11, 13])
def test_flows_across_blocks(size):
    field = field_of(size)
    for rule in (Glauber(attempts=1), Glauber(order="sequential")):
        chain = chain_of(size, rule)
        law, logits, expected = law_of(chain), logits_of(chain, field), np.zeros(size)
        flows = chain.neuron_flows(law, field)
        for i in range(size):
            moved = drawn(law, logits, i)
            gain = (moved - law).reshape(-1, 2, 2**i)[:, 1]
            expected[i] = np.sum(gain * logits[i].reshape(-1, 2, 2**i)[:, 0])
            law = moved if rule.order == "sequential" else law
        expected /= size if rule.order == "random" else 1
        np.testing.assert_allclose(flows, expected, rtol=1e-11)


@pytest.mark.parametrize("theta", [0.0, 0.4, 0.4 + 0.3j])
@pytest.mark.parametrize("transposed", [False, True])
def test_parallel_steps_in_blocks_of_targets(theta, transposed):
    size = SERIAL + 1
    chain, field = chain_of(size, Glauber(order="parallel")), field_of(size)
    dense = np.zeros((chain.states, chain.states))
    for i, a in enumerate(logits_of(chain, field)):
        up = (np.arange(chain.states) >> i & 1)[:, None] == 1
        dense -= np.where(up, np.logaddexp(0, -a), np.logaddexp(0, a))
    weights = np.exp((1 - theta) * dense + theta * dense.T)
    law = law_of(chain, 2) + (0 if np.isrealobj(theta) else 1j)
    expected = law @ (weights if transposed else weights.T)
    chain.tilted_step(law, field, theta, transposed=transposed)
    np.testing.assert_allclose(law, expected, rtol=1e-11)


@pytest.mark.parametrize("rule", [*RULES[:3], Glauber(order="parallel")], ids=str)
def test_same_bits_for_any_number_of_threads(rule):
    size = 16 if rule.order != "parallel" else 11
    chain, field, before = chain_of(size, rule), field_of(size), numba.get_num_threads()
    found = []
    try:
        for threads in {1, before}:
            numba.set_num_threads(threads)
            law = law_of(chain)
            chain.step(law, field)
            found.append((law, chain.neuron_flows(law, field)))
    finally:
        numba.set_num_threads(before)
    for law, flows in found[1:]:
        np.testing.assert_array_equal(law, found[0][0])
        np.testing.assert_array_equal(flows, found[0][1])


def test_laws_need_not_be_contiguous():
    chain, field = chain_of(11, Glauber()), field_of(11)
    law = law_of(chain, 2)
    wide = np.zeros((2, 2 * chain.states))
    view = wide[:, ::2]
    view[...] = law
    for rule in (Glauber(attempts=2), Glauber(order="sequential"), Glauber(order="parallel")):
        chain = replace(chain, rule=rule)
        chain.step(law, field)
        chain.step(view, field)
        np.testing.assert_allclose(view, law, rtol=1e-13)
    assert not wide[:, 1::2].any()


def test_the_double_exponential_is_good_to_a_few_units_in_the_last_place():
    x = np.linspace(-344.9, 344.9, 4001)
    ours = np.array([butterfly_pairs.exp_double(value) for value in x])
    assert np.max(np.abs(ours / np.exp(x) - 1)) < 1e-15
    assert butterfly_pairs.exp_double(1e6) == butterfly_pairs.exp_double(LARGEST_LOGIT)
