"""Statistical assertions that can fail."""

import numpy as np


def assert_within(value, stderr, exact, sigmas=4, resolution=None):
    """|value - exact| < sigmas standard errors, the error small enough to notice a difference of `resolution`."""
    assert resolution is None or stderr < resolution / sigmas, (
        f"too noisy to be able to fail: {stderr} for {resolution}"
    )
    assert abs(value - exact) < sigmas * stderr, f"{value} is {abs(value - exact) / stderr:.1f} sigma from {exact}"


def mean_within(samples, exact, sigmas=4, resolution=None):
    """The mean of independent samples against its exact value."""
    samples = np.asarray(samples)
    assert_within(samples.mean(), samples.std(ddof=1) / np.sqrt(samples.size), exact, sigmas, resolution)
