"""Total entropy production without an energy: the flow is counted move by move, by tilted steps over all states."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.exact.driving import Request
from neurothermo.exact.enumerated import EnumeratedChain


def tilted_entropy(request: Request, parameters: npt.NDArray[Any]) -> npt.NDArray[Any]:
    r"""G of total entropy production between two stationary laws, for each of the parameters, shape (parameters,).

    .. math:: G(\lambda) = \sum_{V_K} p_1(V_K)^\lambda \Big[\prod_t T_t^{(\lambda)}\; p_0^{1 - \lambda}\Big](V_K),
              \qquad T^{(\lambda)}(V \to V') = T(V \to V')\, e^{-\lambda\, \text{flow}}

    p_0 and p_1 are what the rule keeps at the first and at the last value. G(1) = 1 whatever the couplings.

    Raises
    ------
    InputError
        If a law could not be determined, or a parameter does not fit with the temperature in a float.

    References
    ----------
    Seifert, Phys. Rev. Lett. 95, 040602 (2005); Lebowitz and Spohn, J. Stat. Phys. 95, 333 (1999), sec. 2.
    """
    protocol = request.protocol
    first, last = (np.log(request.stationary(step, lumped=False)) for step in (0, protocol.steps))
    found = np.empty_like(parameters)
    for number, parameter in enumerate(parameters):
        law = np.exp((1 - parameter) * first)
        for step in range(1, protocol.steps + 1):
            at = step - 1 if protocol.relax_first else step
            chain = request.chain(at, request.temperature_at(at), lumped=False)
            assert isinstance(chain, EnumeratedChain)
            chain.tilted_step(law, protocol.values[at], parameter)
        found[number] = np.sum(law * np.exp(parameter * last))
    return found
