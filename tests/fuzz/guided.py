"""One door under a coverage-guided fuzzer, in a process of its own: `python -m tests.fuzz.guided DOOR ...`."""

from __future__ import annotations

import argparse
import faulthandler
import os
import resource
import shutil
import sys
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from random import Random
from time import monotonic

import atheris

from .sandbox import sandbox
from .walking import walk_in_one_process

MOST_MEMORY = 3 * 2**30  # bytes beyond what is there before the first input: what asks for more is refused at once
STUCK = 40  # seconds that changing an input may take
COMPILED = ("mne.utils._numerics_numba", "mne._transforms_numba")  # by Numba, which takes no instruments
LIMITS = (f"-rss_limit_mb={4 * 1024}", "-max_len=200000", "-len_control=0", "-print_final_stats=1", "-reload=0")


def main() -> None:
    """Never returns: the fuzzer ends the process, with a code that is not 0 where something was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("door")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--executions", type=int, default=2**62)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timeout", type=int, default=10, help="seconds that one input may take")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--artifacts", type=Path, required=True)
    given = parser.parse_args()
    corpus, artifacts = given.corpus.resolve(), given.artifacts.resolve()
    for place in (corpus, artifacts):
        place.mkdir(parents=True, exist_ok=True)
    from .controls import CONTROLS
    from .doors import DOORS

    door = {**DOORS, **CONTROLS}[given.door]
    with ExitStack() as held:
        here = held.enter_context(sandbox())
        walker = held.enter_context(walk_in_one_process())
        with atheris.instrument_imports(list(door.modules), list(COMPILED)):  # before anything else imports them
            door.warm(here)
        for number, data in enumerate(door.seeds()):
            (corpus / f"seed-{number}").write_bytes(data)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY, used + MOST_MEMORY))
        options = (f"-max_total_time={given.seconds + STUCK}", f"-artifact_prefix={artifacts}/{given.door}-")
        options += (f"-seed={given.seed}",) if given.seed else ()

        entered, started, count = artifacts / f"{given.door}-entered", monotonic(), 0
        digest = sha256()  # of all inputs: which run it was

        def test(data: bytes) -> None:
            nonlocal count
            digest.update(data)
            entered.write_bytes(data)  # kept where the process does not live to tell
            faulthandler.dump_traceback_later(given.timeout, exit=True)
            door.enter(here, data)
            faulthandler.dump_traceback_later(STUCK, exit=True)  # a change that never ends is a fault of the fuzzer
            count += 1
            if (over := monotonic() - started > given.seconds) or count >= given.executions:
                why = "the time is over" if over else f"inputs {digest.hexdigest()[:8]}"
                print(f"\n#{count} executions, {why}", file=sys.stderr, flush=True)
                print(f"HDF5's library did not survive {walker.ended}", file=sys.stderr, flush=True)
                shutil.rmtree(here.root, ignore_errors=True)
                os._exit(0)  # libraries' threads may wait for each other at an orderly end

        def mutate(data: bytes, most: int, seed: int) -> bytes:
            rng = Random(seed)
            if rng.random() < 0.3:
                return atheris.Mutate(data, len(data) + 64)[:most]
            try:
                return door.change(data, rng)[:most]
            except Exception:  # what is changed may itself be out of all proportion
                return data[:most]

        atheris.Setup([sys.argv[0], str(corpus), *LIMITS, *options], test, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
