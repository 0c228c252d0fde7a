"""python -m benchmarks.coverage [free-energy | irreversibility] [options]: free energies where nothing is said."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks.coverage import free_energy, irreversibility

SUBJECTS = {"free-energy": free_energy.main, "irreversibility": irreversibility.main}


def main(arguments: Sequence[str]) -> int:
    """Run the study that is named first."""
    if arguments and arguments[0] in SUBJECTS:
        return SUBJECTS[arguments[0]](arguments[1:])
    return free_energy.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
