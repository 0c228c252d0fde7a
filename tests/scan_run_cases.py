"""Everything that `simulate` moves, as the points of scans: `python scan_run_cases.py STORE GROUP CHUNK [WORKERS]`.

A case is a function without arguments that gives the arguments of `simulate`. `test_scan_bits.py` refuses a rule of
motion, a system, a process or a driver of the package that no case uses. Not a test itself.
"""

import sys
import warnings
from functools import cache
from pathlib import Path

import numpy as np

from neurothermo import (
    BCM,
    BrownianParticle,
    DriftSystem,
    Glauber,
    Langevin,
    LinearLangevin,
    MarkovJump,
    NeuralField,
    NoisyReadout,
    NoisySign,
    PlasticNetwork,
    RateNetwork,
    SpineNetwork,
    SpinNetwork,
    TunedNeurons,
    VelocityNeurons,
    feedback,
    gains,
    hold,
    hopfield,
    kernels,
    ramp,
    random_signal,
    scan,
)
from neurothermo.ensemble.prepared import prepared
from neurothermo.processes import Circulant

COUPLINGS = np.array([[0, 0.7, -0.2], [0.7, 0, 0.4], [-0.2, 0.4, 0]])
SKEWED = np.array([[0, 0.7, -0.2], [0.1, 0, 0.4], [-0.9, 0.4, 0]])
NETWORKS = {"symmetric": SpinNetwork(COUPLINGS, [0.3, 0.0, -0.1]), "asymmetric": SpinNetwork(SKEWED, [0.3, 0.0, -0.1])}
FIELD = np.array([0.2, -0.5, 0.4])
DRIVE = ramp(FIELD, -FIELD, 3)
SEED = 5
SMALL_BLOCK = 512  # trials moved together, at most, in the group "small"

GLAUBER = [
    Glauber(order=order, attempts=attempts, activation=activation, descending=descending)
    for order in ("random", "sequential", "parallel")
    for attempts in (None, 2)
    for activation in ("heat-bath", "as-printed")
    for descending in (False, True)
    if (order != "parallel" or attempts is None) and (order == "sequential" or not descending)
]
LANGEVIN = [
    Langevin(0.1),
    Langevin(0.1, step="heun"),
    Langevin(0.1, "boltzmann"),
    Langevin(0.02, "boltzmann", "midpoint"),
    Langevin(0.1, "underdamped", friction=1.5),
]


def bowl_force(x):
    return -x - np.stack([0.3 * x[:, 1], 0.3 * x[:, 0], 0 * x[:, 2]], axis=1)


def bowl(x):
    return (x**2).sum(axis=1) / 2 + 0.3 * x[:, 0] * x[:, 1]


def swirl_force(x):
    return bowl_force(x) + 0.4 * np.roll(x, 1, axis=1)


def pull(x):
    return -x


def stretched(x):
    return (x**2).sum(axis=1) / 2


LOOP = COUPLINGS + np.diag([0, 0, 0.3])
REAL = {
    "rates": RateNetwork(LOOP, resistance=[0.5, 1, 2], input=[0.3, 0, -0.1]),
    "asymmetric rates": RateNetwork(SKEWED),
    "rates of another gain": RateNetwork(LOOP / 4, gains.threshold_linear()),
    "bowl": DriftSystem(bowl_force, 3, bowl),
    "swirl": DriftSystem(swirl_force, 3),
    "spring": DriftSystem(pull, 1, stretched),
}


def random_couplings(size, symmetric=True, seed=1):
    found = np.random.default_rng(seed).normal(0, 1 / np.sqrt(size), (size, size))
    found = found + found.T if symmetric else found
    np.fill_diagonal(found, 0)
    return found


def sparse_couplings(size):
    from scipy.sparse import csr_array

    dense = random_couplings(size)
    return csr_array(np.where(np.abs(np.subtract.outer(np.arange(size), np.arange(size))) <= 3, dense, 0))


def spins(system, rule=None, protocol=DRIVE, **more):
    return {"system": system, "protocol": protocol, "rule": rule, "temperature": 0.8, **more}


def large(system, rule=None, steps=2, **more):
    """A driven network of many neurons, from one given state."""
    start = np.where(np.arange(system.size) % 3, 1, -1)
    end = np.linspace(-0.5, 0.5, system.size)
    return spins(system, rule, ramp(0 * end, end, steps), **{"initial": start, **more})


def step_of(rule):
    return rule.step or {"additive": "euler-maruyama", "boltzmann": "metropolis", "underdamped": "baoab"}[rule.noise]


def moved_by_glauber():
    for rule in GLAUBER:
        word = f"{rule.order} {rule.attempts or ''} {rule.activation}{' descending' * rule.descending}"
        for name, network in NETWORKS.items():
            yield f"{word}, {name}", lambda n=network, r=rule: spins(n, r)
    for order in ("random", "sequential", "parallel"):
        rule = Glauber(order=order)
        yield f"{order}, plain", lambda r=rule: spins(NETWORKS["symmetric"], r, plain=True)
        yield f"{order}, dense", lambda r=rule: large(SpinNetwork(random_couplings(40)), r)
        yield f"{order}, sparse", lambda r=rule: large(SpinNetwork(sparse_couplings(40)), r)
    yield "a bath for each neuron", lambda: spins(NETWORKS["symmetric"]) | {"temperature": [0.7, 1.0, 1.3]}
    yield "reversed", lambda: spins(NETWORKS["symmetric"], Glauber(order="sequential", descending=True),
                                    DRIVE.reversed())  # fmt: skip
    yield (
        "parallel, two hundred neurons",
        lambda: large(SpinNetwork(random_couplings(200, symmetric=False)), Glauber(order="parallel")),
    )
    yield "hopfield", lambda: large(hopfield(np.sign(random_couplings(24)[:2] + 0.01)), initial=None)


def driven_in_more():
    pair = NETWORKS["symmetric"], SpinNetwork(-COUPLINGS, [0.0, 0.1, 0.2])
    for order in ("random", "parallel"):
        yield (
            f"driven couplings, {order}",
            lambda order=order: spins(pair[0], Glauber(order=order), ramp(FIELD, -FIELD, 3, networks=pair)),
        )
    wide, ends = tuple(SpinNetwork(random_couplings(100, seed=seed)) for seed in (1, 2)), np.linspace(-1, 1, 100)
    for order in ("random", "parallel"):
        yield (
            f"driven couplings of a hundred, {order}",
            lambda order=order: spins(
                wide[0], Glauber(order=order), ramp(0 * ends, ends, 2, networks=wide), initial=np.sign(ends)
            ),
        )
    yield (
        "driven temperature",
        lambda: spins(pair[0], None, ramp(FIELD, -FIELD, 3, temperatures=(0.7, 1.4)), temperature=None),
    )
    yield (
        "driven in all, reversed",
        lambda: spins(
            pair[0], None, ramp(FIELD, -FIELD, 3, networks=pair, temperatures=(0.7, 1.4)).reversed(), temperature=None
        ),
    )


def starts():
    yield "stationary", lambda: spins(NETWORKS["symmetric"], initial="stationary")
    yield "hot start", lambda: spins(NETWORKS["symmetric"], initial_temperature=2.0)
    yield "one given state", lambda: spins(NETWORKS["symmetric"], initial=[1, -1, 1])
    yield (
        "given states",
        lambda: spins(
            NETWORKS["symmetric"], initial=np.where(np.arange(3 * TRIALS["small"]).reshape(-1, 3) * 7 % 5 < 2, 1, -1)
        ),
    )
    big = SpinNetwork(np.kron(np.eye(8), SKEWED))  # too many neurons for an exact stationary law
    yield "burn-in", lambda: spins(big, protocol=2)
    yield "burn-in, parallel", lambda: spins(big, Glauber(order="parallel"), 2)
    yield "burn-in to equilibrium", lambda: spins(SpinNetwork(random_couplings(60) / 4), protocol=2)
    yield "burn-in of rates", lambda: spins(REAL["asymmetric rates"], Langevin(0.2), 2)
    yield "equilibrium of variables", lambda: spins(REAL["spring"], Langevin(0.1, "boltzmann"), 3)
    yield (
        "a law of one's own",
        lambda: spins(REAL["bowl"], Langevin(0.1), initial=LinearLangevin(np.eye(3), 0.3 * np.eye(3)).stationary_law()),
    )
    yield "shared numbers", lambda: spins(NETWORKS["symmetric"], stream="shared")


def moved_by_langevin():
    for rule in LANGEVIN:
        for name, system in REAL.items():
            flat = isinstance(system, DriftSystem)
            if (rule.noise == "underdamped" and not flat) or (rule.noise == "boltzmann" and "another" in name):
                continue
            start, drive = np.full(rule.subject(system).dimension, 0.2), DRIVE if system.size == 3 else 3
            for plain in (False, True):
                yield (
                    f"{step_of(rule)}, {name}{', plain' * plain}",
                    lambda s=system, r=rule, d=drive, i=start, p=plain: spins(s, r, d, initial=i, plain=p),
                )
    wide = np.linspace(-1, 1, 200)
    network = RateNetwork(random_couplings(200), gains.tanh())
    for rule in (Langevin(0.1), Langevin(0.1, step="heun"), Langevin(0.02, "boltzmann", "midpoint")):
        yield (
            f"{step_of(rule)}, two hundred rates",
            lambda r=rule: spins(network, r, ramp(0 * wide, wide, 3), initial=wide),
        )
    yield "baths of rates", lambda: spins(REAL["rates"], Langevin(0.1), initial=FIELD) | {"temperature": [0.5, 1, 2]}
    for noise in ("matched", "none"):
        for rule in (Langevin(0.05), Langevin(0.05, "boltzmann", "midpoint")):
            learner = PlasticNetwork(RateNetwork(np.zeros((3, 3)), gains.tanh()), 2.0, 0.3, noise)
            yield (
                f"learning couplings, {noise}, {step_of(rule)}",
                lambda s=learner, r=rule: spins(s, r, initial=np.full(6, 0.1)),
            )


def processes():
    turn = [[1.0, 0.4], [-0.4, 1.0]]
    linear = LinearLangevin(turn, [[1.0, 0.0], [0.0, 0.5]])
    yield "linear", lambda: {"system": linear, "protocol": 5, "dt": 0.3}
    held = LinearLangevin([[1.0, 0.4], [0.4, 1.0]], np.eye(2))
    yield "linear, driven", lambda: {"system": held, "protocol": ramp([0, 0], [1, -1], 4), "dt": 0.3}
    odd = LinearLangevin([[1, 1.5], [-0.4, 2]], [1, 0.3], [1, -1])
    yield "linear, odd", lambda: {"system": odd, "protocol": 5, "dt": 0.3}
    ring = Circulant.of_column(np.array([1.5, -0.5, *np.zeros(45), -0.3]))
    yield "linear, waves", lambda: {"system": LinearLangevin(ring, 1.0), "protocol": 4, "dt": 0.3}
    many = np.eye(60) + 0.3 * random_couplings(60, symmetric=False)
    yield "linear, sixty", lambda: {"system": LinearLangevin(many, np.eye(60)), "protocol": 4, "dt": 0.3}
    wave = np.cos(2 * np.pi * np.arange(64) / 64)
    for name, noise, points in (
        ("white", 1.0, 64),
        ("white, no ring of kernels", 1.0, 48),
        ("coloured", kernels.gaussian(0.5, 1.0) + kernels.delta(0.5), 64),
        ("a matrix of noise", np.eye(32) + 0.2 * np.eye(32)[::-1], 32),
    ):
        yield (
            f"field, {name}",
            lambda noise=noise, points=points: {
                "system": NeuralField(20.0, points, kernels.gaussian(0.5, 1.0), gains.tanh(1.2), noise=noise),
                "protocol": ramp(np.full(points, 0.1), np.full(points, 0.4), 4),
                "initial": np.zeros(points),
            },
        )
    yield (
        "field, driven by a wave",
        lambda: {
            "system": NeuralField(20.0, 64, kernels.gaussian(0.5, 1.0, 0.5), gains.logistic(3, 0.5), input=0.1 * wave),
            "protocol": ramp(0 * wave, wave, 4),
            "initial": np.zeros(64),
        },
    )
    yield "field, linear", lambda: {
        "system": NeuralField(20.0, 16, kernels.gaussian(0.5, 1.0), 1.0), "protocol": hold(np.zeros(16), 4)
    }  # fmt: skip
    yield "sheet", lambda: {
        "system": NeuralField((6, 6), (8, 8), kernels.gaussian(0.5, 0.7), gains.tanh(1.2)), "protocol": 4,
        "initial": np.zeros(64),
    }  # fmt: skip
    jump = MarkovJump([[0.0, 1.0, 0.5], [0.3, 0.0, 0.8], [0.9, 0.2, 0.0]])
    yield "jump", lambda: {"system": jump, "protocol": 5}
    yield "jump, driven", lambda: {"system": jump, "protocol": ramp(0 * FIELD, FIELD, 4), "dt": 0.7}
    yield "jump, one way", lambda: {"system": MarkovJump([[0, 0, 1], [1, 0, 0], [0, 1, 0]]), "protocol": 5}
    spines = SpineNetwork(4, 1.0, 0.8, 0.3)
    yield "spines", lambda: {"system": spines, "protocol": 5}
    yield "spines, driven", lambda: {"system": spines, "protocol": ramp(np.zeros(4), np.ones(4), 4), "dt": 0.5}
    for parity in ("odd", "even"):
        yield f"particle, {parity}", lambda parity=parity: {
            "system": BrownianParticle(force=0.5, parity=parity), "protocol": 5, "dt": 0.2
        }  # fmt: skip
    yield "neurons", lambda: {"system": VelocityNeurons([0.5, 1.0, -0.7]), "protocol": 5, "dt": 0.05}
    yield "tuned neurons", lambda: {"system": TunedNeurons([-1.0, 0.0, 1.0]), "protocol": 5, "initial": np.zeros(4)}
    yield "plasticity", lambda: {"system": BCM(noise=0.05), "protocol": 5, "initial": [0.5]}
    yield "plasticity with its threshold", lambda: {
        "system": BCM(noise=0.05).dynamic_threshold(), "protocol": 5, "dt": 0.1
    }  # fmt: skip
    yield (
        "plasticity of two inputs",
        lambda: spins(
            BCM(noise=0.05).vector([0.9, -0.4]).system(), Langevin(0.05), 4, temperature=0.05, initial=[0.5, 0.4]
        ),
    )


def by_sign(outcomes):
    """Two steps against what was read."""
    return -0.4 * outcomes[:, None, None] * np.array([[1.0, 0.5, 0.2]] * 2)


def by_reading(outcomes):
    return 0.3 * outcomes[:, None, None] * np.ones((1, 3, 2))


def measured():
    sign = feedback(NoisySign([1, 0, 0], 0.1), by_sign, before=2)
    for order in ("random", "parallel"):
        yield f"feedback, {order}", lambda order=order: spins(NETWORKS["symmetric"], Glauber(order=order), sign)
    yield "feedback on rates", lambda: spins(REAL["rates"], Langevin(0.1), sign, initial=FIELD)
    linear = LinearLangevin([[1.0, 0.4], [0.4, 1.0]], np.eye(2))
    reading = feedback(NoisyReadout([1.0, 0.0], 0.3), by_reading, before=1)
    yield "feedback on a process", lambda: {"system": linear, "protocol": reading, "dt": 0.3}


def signals():
    signal = random_signal([FIELD, -FIELD], [[0.8, 0.3], [0.2, 0.7]], 4, before=1)
    yield "random signal", lambda: spins(NETWORKS["symmetric"], None, signal)
    yield "random signal, asymmetric", lambda: spins(NETWORKS["asymmetric"], None, signal)


MAKERS = (moved_by_glauber, driven_in_more, starts, moved_by_langevin, processes, measured)
TRIALS = {"small": 1100, "large": 8300, "signals": 1100}


@cache
def cases():
    """By group: cases whose blocks have a small common multiple, and whose columns have the same shapes."""
    found = {"small": {}, "large": {}, "signals": dict(signals())}
    for maker in MAKERS:
        for name, make in maker():
            assert name not in found["small"] and name not in found["large"], name
            block = prepared(**arguments(make)).block
            found["small" if SMALL_BLOCK % block == 0 else "large"][name] = make
    return found


def arguments(make):
    """Of `prepared`, whose trials are the scan's."""
    given = make()
    start = given.get("initial")
    return given | {"trials": len(start)} if np.ndim(start) == 2 else given


def build(case):
    """The arguments of `simulate`."""
    return next(group[case] for group in cases().values() if case in group)()


def run(group, store=None, **more):
    """One scan of all the cases of a group."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return scan(build, {"case": list(cases()[group])}, table=True, trials=TRIALS[group], seed=SEED, store=store,
                    **{"progress": False, **more})  # fmt: skip


if __name__ == "__main__":
    import scan_run_cases  # by the name that the tests know it by

    place, which, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    scan_run_cases.run(which, place, chunk=size, workers=int(sys.argv[4]) if len(sys.argv) > 4 else None)
