"""How much there is to know: the entropy of a law, and the information that two parts of it have of each other."""

from __future__ import annotations

from typing import Any

from neurothermo.core.estimate import Estimate
from neurothermo.core.gaussian import Gaussian
from neurothermo.information import gaussians, tables
from neurothermo.information.density import Density
from neurothermo.information.laws import checked_law, checked_split, exact, grouped, of_tables, with_error

NATS = "nats"


def entropy(p: Any) -> Estimate:
    r"""Shannon entropy; of densities and Gaussians the differential entropy, which may be negative.

    .. math:: H(p) = -\sum_x p(x) \ln p(x), \qquad H(p) = -\int p(x) \ln p(x)\, dx, \qquad
              H = \tfrac12 \ln \det(2 \pi e\, C)

    Parameters
    ----------
    p : array_like of any shape, Density, or Gaussian
        Probabilities that sum to one, a density on a grid, or a normal law.

    Returns
    -------
    Estimate
        Exact, in nats; of a density with ``details["quadrature_error"]``.

    Raises
    ------
    InputError
        If the law does not sum (or integrate) to one.

    References
    ----------
    Shannon, Bell Syst. Tech. J. 27, 379 (1948), sections 6 and 20.
    """
    p = checked_law(p, "p")
    if isinstance(p, Gaussian):
        return exact(p.entropy(), NATS, "entropy of a Gaussian")
    if isinstance(p, Density):
        found = exact(tables.entropy(p.masses, p.volumes), NATS, "differential entropy, by quadrature")
        return with_error(found, tables.entropy(p.coarse_masses, p.coarse_volumes))
    return of_tables(tables.entropy, (p,), NATS, "entropy")


def mutual_information(joint: Any, split: Any = None) -> Estimate:
    r"""The information that two groups of variables have of each other.

    .. math:: I(X; Y) = D(p_{xy} \| p_x p_y), \qquad I = -\tfrac12 \sum_i \ln(1 - \rho_i^2)

    the latter of a Gaussian, with its canonical correlations :math:`\rho_i`. Of samples, ask
    `samples.mutual_information`.

    Parameters
    ----------
    joint : array_like, shape (states of x, states of y, ...), Density, or Gaussian
        The law of all variables together, one axis (of a Gaussian: one component) each.
    split : int or (list of int, list of int), optional
        k: the first k variables against the rest; or the numbers of those in either group, any others are averaged
        over. Needed where there are more than two variables.

    Returns
    -------
    Estimate
        Exact, in nats; of a density with ``details["quadrature_error"]``.

    Raises
    ------
    InputError
        If the law does not sum (or integrate) to one, or the split does not fit it.

    References
    ----------
    Cover, Thomas, Elements of Information Theory (2006), section 2.3.
    """
    joint = checked_law(joint, "joint")
    if isinstance(joint, Gaussian):
        groups = checked_split(split, joint.size)
        return exact(gaussians.mutual_information(joint, *groups), NATS, "mutual information of a Gaussian")

    def formula(table: Any) -> float:
        matrix = grouped(table, split)
        return tables.kl(matrix, tables.product_of_marginals(matrix))

    return of_tables(formula, (joint,), NATS, "mutual information")
