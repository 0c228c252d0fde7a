"""All doors under the coverage-guided fuzzer for a fixed time: `python -m tests.fuzz --seconds 240`."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

from . import seeds
from .doors import DOORS

ROOT = Path(__file__).parent.parent.parent
STARTING = 60  # seconds that imports and valid inputs may take, before the fuzzer counts


def fuzzed(
    door: str, seconds: int, seed: int, folder: Path, timeout: int = 10, fixed: bool = False
) -> tuple[bool, str]:
    """One door for so many seconds, or for its number of inputs: whether it held, and a line on what was done."""
    command = [sys.executable, "-m", "tests.fuzz.guided", door, "--seconds", str(seconds), "--seed", str(seed),
               "--timeout", str(timeout), "--corpus", str(folder / "corpus" / door), "--artifacts",
               str(folder)]  # fmt: skip
    if fixed:
        command += ["--executions", str(DOORS[door].executions)]
    log, started = folder / f"{door}.log", monotonic()
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        try:
            code = process.wait(seconds + timeout + STARTING)
        except subprocess.TimeoutExpired:  # the C library never gave Python back its turn
            process.kill()
            code = -9
    text = log.read_text(encoding="utf-8", errors="replace")
    runs = max((int(one) for one in re.findall(r"^#(\d+)", text, re.MULTILINE)), default=0)
    cover = max((int(one) for one in re.findall(r"cov: (\d+)", text)), default=0)
    passed = code == 0 and runs > 0
    ended = re.search(r"did not survive ([1-9]\d*)", text)
    apart = f"; HDF5's own library did not survive {ended[1]}, apart" if ended else ""
    if fixed and passed and "the time is over" in text:
        apart += "; the time was over first"
    told = f"nothing found{apart}" if passed else f"FOUND, code {code}: {_reason(text)} (see {log})"
    return passed, f"{door:10} {runs:8} executions {cover:6} branches {monotonic() - started:6.0f} s  {told}"


def _reason(text: str) -> str:
    for pattern in (r"^.*Broken: .*$", r"^Timeout \(.*$", r"^.*ERROR: libFuzzer.*$", r"^\w*(?:Error|Exception).*$"):
        if found := re.findall(pattern, text, re.MULTILINE):
            return str(found[-1])[:300]
    return (text.strip().splitlines() or ["it said nothing"])[-1][:300]


def main() -> None:
    """Exit code 1 where a door did not hold; the input lies in the folder of artifacts."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=240, help="for all doors together (default: 240)")
    parser.add_argument("--door", action="append", choices=DOORS, help="one of them; repeatable (default: all)")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="doors at a time")
    parser.add_argument("--seed", type=int, default=0, help="of the fuzzers' choices (default: another each time)")
    parser.add_argument(
        "--fixed", action="store_true", help="so many inputs of each door as take about twenty seconds: a gate"
    )
    parser.add_argument("--artifacts", type=Path, help="folder for inputs that were found, logs and corpora")
    given = parser.parse_args()
    if find_spec("atheris") is None:
        parser.error("Atheris is not installed: pip install 'neurothermo[fuzz]', on Linux on x86-64")
    if given.fixed and not given.seed:
        parser.error("--fixed begins with the same inputs every time: say with which, --seed 1")
    doors = given.door or list(DOORS)
    folder = (given.artifacts or Path(tempfile.mkdtemp(prefix="neurothermo-fuzz-found-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    seeds.write_runs(folder / "runs.zip")
    os.environ["PYTHONHASHSEED"] = "0"  # or sets are in another order each time
    os.environ[seeds.MADE] = str(folder / "runs.zip")
    each = max(1, given.seconds * min(given.jobs, len(doors)) // len(doors))
    print(f"{len(doors)} doors, {each} s each, {given.jobs} at a time; what is found is kept in {folder}", flush=True)
    held = True
    with ThreadPoolExecutor(given.jobs) as pool:
        for passed, line in pool.map(lambda door: fuzzed(door, each, given.seed, folder, fixed=given.fixed), doors):
            held = held and passed
            print(line, flush=True)
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
