"""Do the fluctuation theorems hold in these data? Each check returns a Verdict: yes, no, or cannot tell."""

from neurothermo.fluctuation.crooks import check_crooks
from neurothermo.fluctuation.exchange import check_exchange
from neurothermo.fluctuation.feedback import check_feedback, efficacy
from neurothermo.fluctuation.hatano_sasa import check_hatano_sasa
from neurothermo.fluctuation.integral import check_integral
from neurothermo.fluctuation.jarzynski import check_jarzynski

__all__ = [
    "check_crooks",
    "check_exchange",
    "check_feedback",
    "check_hatano_sasa",
    "check_integral",
    "check_jarzynski",
    "efficacy",
]
