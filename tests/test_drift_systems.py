"""Systems given by a function: what is checked of it at the door, and what it then is."""

import numpy as np
import pytest

from neurothermo import InputError, simulate
from neurothermo.dynamics import Langevin
from neurothermo.systems import DriftSystem


def force(x):
    """Minus the gradient of `potential`: tilted, coupled, asymmetric."""
    one, two = x[:, 0], x[:, 1]
    return np.stack([0.3 - one**3 + 0.5 * (two - one), 0.5 * (one - two) - 0.4 * two], axis=1)


def potential(x):
    one, two = x[:, 0], x[:, 1]
    return one**4 / 4 - 0.3 * one + 0.25 * (one - two) ** 2 + 0.2 * two**2


def rippled(x):
    return 1 + 0.5 * np.sin(x)


def ripple_slope(x):
    return 0.5 * np.cos(x)


def swirl(x):
    return force(x) + 0.6 * x[:, ::-1] * [1, -1]


def flipping(x):
    x *= -1
    return x


def test_what_it_says_of_itself():
    calm, driven = DriftSystem(force, 2, potential), DriftSystem(swirl, 2, name="swirl")
    assert calm.has_energy and not driven.has_energy and "no potential was given for 'swirl'" in driven.why_no_energy
    assert repr(driven) == "DriftSystem('swirl', 2 variables, no energy)" and calm.dimension == calm.size == 2
    states, field = np.array([[0.3, -1.0], [2.0, 0.5]]), np.array([0.7, -0.2])
    np.testing.assert_allclose(calm.energy(states, field), potential(states) - states @ field)
    with pytest.raises(InputError, match="no energy"):
        driven.energy(states, field)
    assert len({one.digest for one in (calm, driven, DriftSystem(force, 2), DriftSystem(force, 2, name="b"))}) == 4


def test_forces_are_minus_the_slope_of_the_energy():
    system, field, step = DriftSystem(force, 2, potential), np.array([0.7, -0.2]), 1e-5
    states = np.random.default_rng(1).normal(size=(20, 2))
    for i, shift in enumerate(step * np.eye(2)):
        slope = (system.energy(states + shift, field) - system.energy(states - shift, field)) / (2 * step)
        np.testing.assert_allclose(-slope, system.evaluate(states)[0][:, i] + field[i], atol=1e-8)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"force": 3}, "force must be a function"),
        ({"force": lambda x: x[:, 0]}, r"force\(states\) must have shape \(8, 2\), got \(8,\)"),
        ({"force": lambda x: x.T}, r"force\(states\) must have shape"),
        ({"force": lambda x: np.log(-np.abs(x))}, "finite|raised"),
        ({"force": lambda x: x[0, 0] if x > 0 else x}, "it raised ValueError"),
        ({"force": lambda x: 1j * x}, "real"),
        ({"force": flipping}, "must not change the states"),
        ({"force": lambda x: x.mean(axis=0) - x}, "each row of states by itself"),
        ({"force": lambda x: -x}, "its gradient is not minus the force"),
        ({"potential": lambda x: -potential(x)}, "its gradient is not minus the force"),
        ({"potential": lambda x: potential(x)[:, None]}, r"potential\(states\) must have shape \(8,\)"),
        ({"potential": lambda x: potential(x).sum()}, r"potential\(states\) must have shape \(8,\)"),
        ({"size": 3}, "it raised|must have shape"),
        ({"size": 0}, "size must be at least 1"),
        ({"size": 2.0}, "size must be a whole number"),
        ({"name": 3}, "name must be a word"),
        ({"mobility": rippled}, "must be given together"),
        ({"mobility_slope": rippled}, "must be given together"),
        ({"mobility": lambda x: -rippled(x), "mobility_slope": ripple_slope}, "mobility must be positive"),
        (
            {"mobility": rippled, "mobility_slope": lambda x: -ripple_slope(x)},
            "must be the derivative of each mobility",
        ),
        ({"mobility": lambda x: rippled(x[:, ::-1]), "mobility_slope": lambda x: 0 * x}, "depend on no other"),
    ],
)
def test_functions_that_do_not_fit_are_refused(arguments, words):
    with np.errstate(all="ignore"), pytest.raises(InputError, match=words):
        DriftSystem(**{"force": force, "size": 2, "potential": potential, **arguments})


def in_lists(x):
    return force(x).tolist()


def in_doubles(x):
    return force(np.asarray(x, dtype=np.float64))


def in_a_view(x):
    return np.asfortranarray(force(x))


@pytest.mark.parametrize("form", [in_lists, in_doubles, in_a_view])
@pytest.mark.parametrize("step", ["euler-maruyama", "heun"])
def test_the_form_in_which_a_force_comes_does_not_matter(form, step):
    """Lists, double precision and odd memory order end in the same trials as plain arrays."""
    options = {"temperature": 0.8, "trials": 100, "seed": 2, "initial": [0.5, -1.0]}
    expected, found = (
        simulate(DriftSystem(one, 2, potential), np.ones((9, 2)), Langevin(0.05, step=step), **options)
        for one in (force, form)
    )
    np.testing.assert_allclose(found.energy_final, expected.energy_final, atol=2e-5)
    np.testing.assert_allclose(found.entropy_flow, expected.entropy_flow, atol=1e-4)


def test_a_force_that_is_its_own_argument_is_not_tangled_with_the_states():
    """F(x) = x returns the array it was given: the kernels keep states and drift apart."""
    unstable = DriftSystem(lambda x: x, 2)
    for step in ("euler-maruyama", "heun"):
        fused, plain = (
            simulate(unstable, np.ones((9, 2)), Langevin(0.05, step=step), temperature=0.8, trials=70, seed=2,
                     initial=[0.5, -1.0], record="states", plain=plain)
            for plain in (False, True)
        )  # fmt: skip
        np.testing.assert_allclose(fused.states, plain.states, atol=1e-5)
        np.testing.assert_allclose(fused.entropy_flow, plain.entropy_flow, atol=1e-4)
