"""Chains on all states against dense matrices, printed values, and refusals."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from neurothermo import Glauber, InputError, SpinNetwork
from neurothermo.exact.enumerated import bytes_needed, enumerated_chain
from oracles.transfer import all_states, boltzmann, dense_step, free_energy, path_flow, tilted_dense_step

RULES = [
    Glauber(),
    Glauber(attempts=1),
    Glauber(attempts=3, activation="as-printed"),
    Glauber(order="sequential"),
    Glauber(order="sequential", attempts=4).reversed(),
    Glauber(order="sequential", attempts=7, activation="as-printed"),
    Glauber(order="parallel"),
    Glauber(order="parallel", activation="as-printed"),
]
every_rule = pytest.mark.parametrize("rule", RULES, ids=str)


@dataclass(frozen=True)
class Case:
    """A random network, asymmetric and biased in every way, with a law."""

    couplings: np.ndarray
    thresholds: np.ndarray
    field: np.ndarray
    temperature: float | np.ndarray
    rng: np.random.Generator

    @classmethod
    def of(cls, size, seed, baths=True, scale=1.0):
        rng = np.random.default_rng(seed)
        couplings = scale * rng.normal(0.2, 1, (size, size))
        np.fill_diagonal(couplings, 0)
        temperature = rng.uniform(0.5, 2, size) if baths else 0.8
        return cls(couplings, rng.normal(0.3, 0.5, size), rng.normal(0, 1, size), temperature, rng)

    def chain(self, rule, sparse=False):
        return enumerated_chain(
            SpinNetwork(csr_array(self.couplings) if sparse else self.couplings, self.thresholds),
            rule,
            self.temperature,
        )

    def dense(self, rule):
        """What the oracles ask for: couplings, local field, inverse temperatures, sites or order, steepness."""
        size = len(self.couplings)
        attempts = rule.attempts_per_step(size)
        sites = [attempts - 1 - k if rule.descending else k for k in range(attempts)]
        order = [site % size for site in sites] if rule.order == "sequential" else rule.order
        beta = 1 / np.broadcast_to(self.temperature, size)
        return self.couplings, self.field - self.thresholds, beta, order, attempts, rule.steepness

    def law(self, *shape):
        law = self.rng.random((*shape, 2 ** len(self.couplings)))
        return law / law.sum(axis=-1, keepdims=True)


cases = st.builds(Case.of, st.integers(2, 6), st.integers(0, 2**32), st.booleans())
few = settings(max_examples=12, deadline=None)


@every_rule
@given(case=cases, sparse=st.booleans())
@few
def test_a_step_is_the_dense_matrix(rule, case, sparse):
    chain, matrix = case.chain(rule, sparse), dense_step(*case.dense(rule))
    law, others = case.law(), case.law(3)
    p, f, rows = law.copy(), law.copy(), others + 1j * case.law(3)
    expected = rows @ matrix.T
    chain.step(p, case.field)
    chain.step(f, case.field, transposed=True)
    chain.step(rows, case.field)
    np.testing.assert_allclose(p, matrix @ law, rtol=1e-11, atol=1e-16)
    np.testing.assert_allclose(f, matrix.T @ law, rtol=1e-11, atol=1e-16)
    np.testing.assert_allclose(rows, expected, rtol=1e-11, atol=1e-16)
    assert abs(p.sum() - 1) < 1e-13
    assert abs(others[0] @ p - pulled(chain, others[0], case.field) @ law) < 1e-13


def pulled(chain, function, field):
    """T^t f."""
    function = function.copy()
    chain.step(function, field, transposed=True)
    return function


@every_rule
@given(case=cases, theta=st.sampled_from([-0.3, 0.0, 0.5, 1.0, 1.6, 0.4 + 0.7j]), transposed=st.booleans())
@few
def test_a_tilted_step_weighs_every_transition_by_its_flow(rule, case, theta, transposed):
    chain = case.chain(rule)
    matrix = tilted_dense_step(*case.dense(rule), theta)
    matrix = matrix.T if transposed else matrix
    law = case.law() if np.isrealobj(theta) else case.law() + 1j * case.law()
    tilted, both = law.copy(), np.stack([law, 2 * law]).astype(complex)
    chain.tilted_step(tilted, case.field, theta, transposed=transposed)
    chain.tilted_step(both, case.field, theta, transposed=transposed)
    scale = np.abs(matrix @ law).max()
    np.testing.assert_allclose(tilted, matrix @ law, rtol=1e-10, atol=1e-14 * scale)
    np.testing.assert_allclose(both, np.stack([matrix @ law, 2 * matrix @ law]), rtol=1e-10, atol=1e-14 * scale)


@every_rule
@given(case=cases)
@few
def test_mean_flow_is_the_mean_over_all_paths(rule, case):
    law = case.law()
    chain, (value, by_neuron) = case.chain(rule), path_flow(*case.dense(rule), law)
    assert chain.mean_flow(law, case.field) == pytest.approx(value, rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(chain.neuron_flows(law, case.field), by_neuron, rtol=1e-10, atol=1e-12)


@every_rule
def test_tilting_is_differentiated_to_the_mean_flow(rule):
    case = Case.of(5, seed=3)
    chain, law = case.chain(rule), case.law()
    tilted = law + 0j
    chain.tilted_step(tilted, case.field, 1e-20j)
    assert -tilted.sum().imag / 1e-20 == pytest.approx(chain.mean_flow(law, case.field), rel=1e-12)


@every_rule
def test_untilted_is_tilted_by_nothing_and_real_is_complex(rule):
    case = Case.of(6, seed=4)
    chain, law = case.chain(rule), case.law(2)
    one, two, three = law.copy(), law.copy(), law + 0j
    chain.step(one, case.field)
    chain.tilted_step(two, case.field, 0.0)
    chain.tilted_step(three, case.field, 1e-300j)
    np.testing.assert_allclose(two, one, rtol=1e-13)
    np.testing.assert_allclose(three, one, rtol=1e-13)


@every_rule
def test_gallavotti_cohen(rule):
    """The dominant eigenvalue at theta is that at 1 - theta of the reversed rule."""
    case = Case.of(4, seed=5)
    there, back = case.chain(rule), case.chain(rule.reversed())
    one, two = np.eye(16), np.eye(16)
    there.tilted_step(one, case.field, 0.3)
    back.tilted_step(two, case.field, 0.7)
    np.testing.assert_allclose(one, two.T, rtol=1e-11)


# -- printed values: N = 4, patterns ++++ and ++--, weights .2 and .8, beta = .5 ---------------------

ONE, TWO = np.ones(4), np.array([1.0, 1, -1, -1])
ORDERS = {"random": Glauber(), "sweep": Glauber(order="sequential"), "synchronous": Glauber(order="parallel")}


def hebbian(one, two, first=0.2):
    couplings = first * np.outer(one, one) + (1 - first) * np.outer(two, two)
    np.fill_diagonal(couplings, 0)
    return couplings


def averages(chain, values, weight=0.0, relax_first=False):
    """<e^{-weight W}> and <W e^{-weight W}>, started in equilibrium, the weight differentiated by a complex step."""
    law = chain.equilibrium(values[0]) + 0j
    counting = weight + 1e-30j
    for before, after in pairwise(values):
        if relax_first:
            chain.step(law, before)
        law *= np.exp(counting * chain.amounts(after - before))
        if not relax_first:
            chain.step(law, after)
    return law.sum().real, -law.sum().imag / 1e-30


@pytest.mark.parametrize(
    ("activation", "order", "jarzynski", "mean"),
    [
        ("heat-bath", "random", -2.1008420848, -0.6829033835),
        ("heat-bath", "sweep", -2.1008420848, -1.7398841119),
        ("heat-bath", "synchronous", -2.1268937780, -1.7099658520),
        ("as-printed", "random", -1.2814943938, -0.4366876664),
        ("as-printed", "sweep", -0.9249030738, -0.7657949106),
        ("as-printed", "synchronous", -0.9221105512, -0.7535483050),
    ],
)
def test_jarzynski_and_mean_work_as_printed(activation, order, jarzynski, mean):
    rule = replace(ORDERS[order], activation=activation)
    rule = replace(rule, attempts=1) if order == "random" else rule
    chain = enumerated_chain(SpinNetwork(hebbian(ONE, TWO)), rule, 2.0)
    values = np.arange(21)[:, None] / 20 * TWO
    assert round(-2 * np.log(averages(chain, values, 0.5)[0]), 10) == jarzynski
    assert round(averages(chain, values)[1], 10) == mean
    assert free_energy(hebbian(ONE, TWO), values[-1], 0.5) - free_energy(
        hebbian(ONE, TWO), values[0], 0.5
    ) == pytest.approx(-2.1008420848, abs=1e-10)


@pytest.mark.parametrize(
    ("rule", "back", "forward_side", "reverse_side"),
    [
        (Glauber(attempts=1), Glauber(attempts=1), -6.7578290710, -6.7578290710),
        (ORDERS["sweep"], ORDERS["sweep"].reversed(), -6.1316870535, -6.1316870535),
        (ORDERS["sweep"], ORDERS["sweep"], -6.1316870535, -6.1316216284),
    ],
    ids=["random", "sweep, reversed", "sweep, same order"],
)
def test_crooks_moments_need_the_reversed_order(rule, back, forward_side, reverse_side):
    one, two = np.array([1.0, -1, 1, 1, 1]), np.array([1.0, 1, -1, 1, -1])
    system = SpinNetwork(hebbian(one, two))
    values = 1.5 * np.arange(7)[:, None] / 6 * two
    norm, weighted = averages(enumerated_chain(system, rule, 2.5), values, 0.4)
    assert round(-2.5 * np.log(norm), 10) == -4.8109153432
    assert round(weighted / norm, 10) == forward_side
    for relax_first in (True, False):
        reverse = averages(enumerated_chain(system, back, 2.5), values[::-1], relax_first=relax_first)[1]
        assert round(-reverse, 10) == reverse_side


def test_entropy_production_of_asymmetric_networks_as_printed():
    """Per attempt, per sweep and per parallel step, at alpha = .5."""
    couplings = hebbian(ONE, TWO) + 0.5 * (np.outer(ONE, TWO) - np.diag(TWO))
    printed = {"random": 0.0888272672, "sweep": 0.6794164096, "synchronous": 0.5426551}
    for order, value in printed.items():
        rule = Glauber(attempts=1) if order == "random" else ORDERS[order]
        chain = enumerated_chain(SpinNetwork(couplings), rule, 2.0)
        law = np.full(16, 1 / 16)
        for _ in range(3000):
            chain.step(law, np.zeros(4))
        assert round(chain.mean_flow(law, np.zeros(4)), 7 if order == "synchronous" else 10) == value


# -- laws, temperatures ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 4, 11])
def test_equilibrium_is_kept_and_amounts_are_products_with_the_state(size):
    case = Case.of(size, seed=6, baths=False)
    couplings = (case.couplings + case.couplings.T) / 2
    direction = case.rng.normal(size=size)
    for rule in (Glauber(attempts=3), Glauber(order="sequential")):
        chain = enumerated_chain(SpinNetwork(couplings, case.thresholds), rule, 0.8)
        law = chain.equilibrium(case.field)
        np.testing.assert_allclose(law, boltzmann(couplings, case.field - case.thresholds, 1.25), rtol=1e-11)
        np.testing.assert_allclose(chain.amounts(direction), all_states(size) @ direction, atol=1e-13)
        moved = law.copy()
        chain.step(moved, case.field)
        np.testing.assert_allclose(moved, law, rtol=1e-11)
        assert abs(chain.mean_flow(law, case.field)) < 1e-12


@pytest.mark.parametrize("size", [3, 12])
@pytest.mark.parametrize("counting", [0.7, 0.7 + 0.2j])
def test_tilt_is_the_exponential_of_amounts(size, counting):
    case = Case.of(size, seed=7)
    chain, law = case.chain(Glauber()), case.law(2) + 0j
    expected = law * np.exp(counting * chain.amounts(case.field))
    chain.tilt(law, case.field, counting)
    np.testing.assert_allclose(law, expected, rtol=1e-12)


@every_rule
@pytest.mark.parametrize("size", [5, 11])
def test_very_low_temperature_saturates(rule, size):
    """Logits in the thousands: the neuron follows its field, and nothing is NaN."""
    case = replace(Case.of(size, seed=8), temperature=1e-4)
    chain, cold = case.chain(rule), replace(case, temperature=0.02)
    assert case.chain(rule)._logits.largest(case.field) > 5000
    law = case.law()
    moved = law.copy()
    chain.step(moved, case.field)
    assert abs(moved.sum() - 1) < 1e-13 and moved.min() >= 0
    pulled_back = pulled(chain, law, case.field)
    assert abs(law @ moved - pulled_back @ law) < 1e-13
    assert np.isfinite(chain.mean_flow(law, case.field))
    chain, law = cold.chain(rule), cold.law()
    if size == 5:
        matrix = dense_step(*cold.dense(rule))
        moved = law.copy()
        chain.step(moved, case.field)
        np.testing.assert_allclose(moved, matrix @ law, rtol=1e-10, atol=1e-16)


def test_tilted_at_low_temperature():
    case = replace(Case.of(4, seed=9), temperature=0.02)
    for rule in RULES[:6]:
        law = case.law()
        tilted = law.copy()
        case.chain(rule).tilted_step(tilted, case.field, 0.5)
        np.testing.assert_allclose(tilted, tilted_dense_step(*case.dense(rule), 0.5) @ law, rtol=1e-9, atol=1e-12)


# -- refusals ----------------------------------------------------------------------------------------


def refused(*sentences):
    return pytest.raises(InputError, match="(?s)" + ".*".join(sentences))


def test_refusals_name_the_numbers():
    with refused("N = 30", "random order", "GB", "26"):
        enumerated_chain(SpinNetwork(csr_array((30, 30))), Glauber(), 1.0)
    with refused("N = 21", "parallel order", r"4\^21 transitions", "20"):
        enumerated_chain(SpinNetwork(csr_array((21, 21))), Glauber(order="parallel"), 1.0)
    with refused("rule"):
        enumerated_chain(SpinNetwork(np.zeros((2, 2))), "random", 1.0)
    with refused("temperature"):
        enumerated_chain(SpinNetwork(np.zeros((2, 2))), Glauber(), [1.0, -1.0])
    with refused("overflow"):
        enumerated_chain(SpinNetwork([[0, 1e300], [1e300, 0]]), Glauber(), 1e-10)


def test_refusals_of_laws_fields_and_counting_parameters():
    case = Case.of(3, seed=1)
    chain = case.chain(Glauber())
    for law in (np.ones(7), np.ones(8, int), [1.0] * 8, np.ones((2, 2, 8))):
        with refused("law must be"):
            chain.step(law, case.field)
    with refused("field"):
        chain.step(np.ones(8), np.ones(4))
    with refused("complex law"):
        chain.tilted_step(np.ones(8), case.field, 1j)
    for rule in RULES:
        with refused("theta", "overflows"):
            case.chain(rule).tilted_step(np.ones(8), case.field, 1e4)
    with refused("counting", "overflows"):
        chain.tilt(np.ones(8), case.field, 1e4)
    with refused("no equilibrium"):
        chain.equilibrium(case.field)
    with refused("no equilibrium", "3 neurons"):
        enumerated_chain(SpinNetwork(np.zeros((3, 3))), Glauber(), [1.0, 1, 2]).equilibrium(case.field)
    with refused("real"):
        chain.mean_flow(np.ones(8) + 0j, case.field)


def test_memory_is_counted():
    assert bytes_needed(20, "sequential") == pytest.approx(8 * 2**20, rel=0.2)
    assert bytes_needed(20, "random", rows=3, complex_valued=True) > 3 * 16 * 2**20
