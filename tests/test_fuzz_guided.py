"""The coverage-guided fuzzer finds what is broken on purpose: only so does its silence mean something."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="the fuzzer is for Linux on x86-64")

from fuzz.__main__ import fuzzed

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
@pytest.mark.parametrize(
    ("door", "words"),
    [("crashing", "KeyError"), ("hanging", "Timeout"), ("writing", "open"), ("unpickling", "pickle.find_class")],
)
def test_it_finds_what_is_broken(tmp_path, door, words):
    held, line = fuzzed(door, 60, 1, tmp_path, timeout=3)
    assert not held and words in line, line
    kept = [path for path in tmp_path.iterdir() if path.name.startswith((f"{door}-crash", f"{door}-entered"))]
    assert kept and all(path.stat().st_size for path in kept)  # the input, to begin with


@pytest.mark.slow
def test_the_command_finds_nothing_in_a_reader_that_holds(tmp_path):
    command = [sys.executable, "-m", "tests.fuzz", "--seconds", "4", "--door", "csv", "--artifacts", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing found" in done.stdout and "executions" in done.stdout
