"""What a method says it costs is about what it takes: good for a word of warning, and for nothing finer."""

from time import process_time

import numpy as np
import pytest
from scipy.signal import lfilter
from threadpoolctl import threadpool_limits

from neurothermo.irreversibility import METHODS
from neurothermo.recordings import from_array

SIZES = ((10_000, 2), (10_000, 10), (100_000, 2), (100_000, 10), (10_000, 30))


def signals(rows, channels, noise):
    random = np.random.default_rng(1)
    path = lfilter([1], [1, -0.9], random.normal(size=(rows, channels)), axis=0)
    return from_array(path + noise * random.normal(size=path.shape), interval=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gaussian", "spectral", "plugin"])
@pytest.mark.parametrize("noise", [0.0, 0.7])
def test_costs_are_known_to_a_factor_of_six(name, noise):
    """Processor time, the least of four; other work on the machine may double it."""
    method = METHODS[name]
    for rows, channels in SIZES:
        recording, spent = signals(rows, channels, noise), []
        with threadpool_limits(1):
            for _ in range(4):
                start = process_time()
                method(recording)
                spent.append(process_time() - start)
        assert min(spent) / 6 < method.cost(recording) < 6 * min(spent)
