"""Units are a matter of taste: a recording times a power of ten has the same irreversibility, or is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurothermo.core.errors import InputError
from neurothermo.irreversibility import METHODS, assess
from neurothermo.recordings import from_array

TURN = 0.9 * np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
NAMES = [name for name, method in METHODS.items() if name not in ("waiting_times", "maxent", "kinetic_ising")]


def turning(rows=1500):
    rng, path = np.random.default_rng(1), np.zeros((rows, 3))
    for t in range(1, rows):
        path[t, :2] = TURN @ path[t - 1, :2] + rng.normal(size=2)
        path[t, 2] = 0.8 * path[t - 1, 2] + 0.3 * path[t - 1, 0] + rng.normal()
    return path


PATH = turning()


def numbers(name, scale):
    found = METHODS[name](from_array(PATH * scale, interval=0.01))
    return np.array([found.value, found.stderr, *found.interval, found.p_value])


PLAIN = {}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(power=st.integers(-150, 150), own=st.integers(-20, 20))
def test_powers_of_ten_change_nothing(name, power, own):
    """All channels by the same, one of them by another power too where that stays within."""
    if name not in PLAIN:
        PLAIN[name] = numbers(name, 1.0)
    apart = np.array([1.0, 1.0, 10.0**own]) if abs(power + own) <= 150 and name not in ("plugin",) else 1.0
    assert np.allclose(numbers(name, 10.0**power * apart), PLAIN[name], rtol=1e-5, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("power", [-300, -200, 200, 300])
def test_beyond_it_is_refused_in_one_sentence(power):
    recording = from_array(PATH * np.array([1, 1, 10.0**power]), interval=0.01, channels=["a", "b", "c"])
    for method in METHODS.values():
        with pytest.raises(InputError, match=r"channel 'c' has values up to .* whose squares no number holds"):
            method(recording)
    with pytest.raises(InputError, match="channel 'c' has values up to"):
        assess(recording, progress=False)
