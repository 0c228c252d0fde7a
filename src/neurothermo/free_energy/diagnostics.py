"""Whether a free energy can be trusted: effective sample size, bias, overlap, convergence.

References
----------
Kish, Survey Sampling (1965): effective sample size. Gore, Ritort, Bustamante, PNAS 100, 12564 (2003): bias of
the exponential average. Hahn, Then, Phys. Rev. E 81, 041117 (2010): the convergence measure of two-sided
estimates. Jarzynski, Phys. Rev. E 73, 046105 (2006): how many trials a rare work needs.
"""

from __future__ import annotations

from math import exp

FEWEST = 10  # trials that must carry an average for it to be a number at all


def jarzynski_bias(ess: float, n: int, temperature: float) -> float:
    """T (1/ess - 1/n) / 2: how far the exponential average lies above dF, to first order in 1/n.

    A lower limit in practice: the trials that would raise it are those not yet seen.
    """
    return temperature * (1 / ess - 1 / n) / 2


def wider_than_gaussian(ess: float, n: int, variance: float) -> bool:
    """Whether the effective size exceeds three times what a Gaussian of this variance (in kT^2) would leave of n."""
    return ess > 3 * n * exp(-min(variance, 700.0))


def tail_hidden(below: int, n: int) -> str:
    """A sentence where fewer than thirty works lie below the weighted mean work, else nothing.

    Together with `wider_than_gaussian` a sign that the low works that should carry exp(-W/T) are missing. Either alone
    is innocent (works bounded below; many trials).
    """
    if below >= 30:
        return ""
    return (
        f"Only {below} of {n} works lie where the average is decided, and works as wide as these "
        "usually hide lower ones: the error is too small and no interval is given; run more trials, or "
        "use bar()."
    )


def drift(first_half: float, whole: float, stderr: float) -> str:
    """A sentence where the first half of the trials disagrees with the whole, else nothing.

    The difference of the two has the standard error of the whole.
    """
    if not abs(first_half - whole) > 4 * stderr > 0:
        return ""
    return (
        f"The first half of the trials gives {first_half:.4g}, more than four standard errors from the "
        "whole: the trials are not alike (look for a drift), or a few of them decide the answer."
    )


def overlap(shared: float, n: tuple[int, int]) -> float:
    """Integral of (n_F + n_R) P_F P_R / (n_F P_F + n_R P_R), densities of W and of -W_R: 1 if they are equal.

    `shared` is the number of works that Bennett's rule cannot tell apart, the sum of f over either side.
    """
    return shared * (1 / n[0] + 1 / n[1])


def disjoint(shared: float, squares: float) -> bool:
    """Whether too little is shared for a two-sided estimate: less than half a work, or nothing sampled."""
    return shared < 0.5 or convergence(shared, squares) > 0.9


def convergence(shared: float, squares: float) -> float:
    """(U1 - U2) / U1, two estimates of one overlap: near 0 where it has been sampled, near 1 where not.

    U1 is the sum of f over one side, U2 the sum of f^2 over both; equal if the works obey Crooks' theorem.
    """
    return 1 - squares / shared
