"""What methods advise in Python, in the words of the command line."""

from __future__ import annotations

import re

# Each pattern and what is said instead; the order matters.
SPOKEN = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r" \(--sampling-rate or --interval on the command line\)", ""),
        (r" \(--sampling-rate\)", ""),
        (r'\b(?:recording\.)?bin\(("[^"]*")\)', r"--bin \1"),
        (r"\b(?:recording\.)?components\((\d+)\)", r"--components \1"),
        (r"\b(?:recording\.)?components\((?:\.\.\.)?\)", "--components"),
        (r'\b(?:recording\.)?resample\(("[^"]*")\)', r"--resample \1"),
        (r"\b(?:recording\.)?resample\([^)]*means=True\)", "--resample with --means"),
        (r"\b(?:recording\.)?resample\([^)]*\)", "--resample"),
        (r"\b(?:recording\.)?detrend\(\)", "--detrend"),
        (r"\b(?:recording\.)?regress\([^)]*\)", "--regress"),
        (r"\brecording\.epoch\((?:\([^)]*\)|[^)]*)\)", "--epoch"),
        (r"\b(?:recording\.)?select\([^)]*\)", "--channels"),
        (r"\bexclude=\[([^\]]*)\]", lambda found: f"--exclude {_quoted(found[1])}"),
        (r'\bsampling_rate="', '--sampling-rate "'),
        (r'\binterval="(\d[^"]*")', r'--interval "\1'),
        (r"\b(times|units|key|where)=(['\"])", r"--\1 \2"),
        (r"(?<![-\w])sampling_rate\b", "--sampling-rate"),
        (r'\b((?:shrinkage|null|interval|l2|order|match|word_length)=(?:"[^"]*"|[\w.]+))', r"\1 (in Python)"),
        (r"\b(times and units|key, times and units)\b", lambda found: re.sub(r"(key|times|units)", r"--\1", found[1])),
        (r"^(times|units|key|interval|epochs|epoch|where|methods?|channels|exclude|only|chosen|confidence|seed|regress|"
         r"resample|components|out|means|averaged)(?= (?:must|is|has|says|'|\"|\d))", lambda found: OPTION[found[1]]),
        (r"^(?:width|widths)(?= must)", "--bin"),
        (r"^out:", "--out:"),
        (r"^nuisance(?= must)", "--regress"),
        (r"^count(?= must)", "--components"),
        (r"^rate(?= must)", "--resample"),
    )
)  # fmt: skip
OPTION: dict[str, str] = {
    **{name: f"--{name}" for name in (
        "times", "units", "key", "interval", "epochs", "epoch", "where", "method", "channels", "exclude", "confidence",
        "seed", "regress", "resample", "components", "out", "means", "averaged",
    )},
    "methods": "--method", "only": "--channels", "chosen": "--channels",
}  # fmt: skip


def spoken(sentence: str) -> str:
    """A sentence with the options of the command line where it has arguments and calls.

    Examples
    --------
    >>> spoken('spikes must be binned first: recording.bin("10 ms")')
    'spikes must be binned first: --bin "10 ms"'
    """
    for pattern, said in SPOKEN:
        sentence = pattern.sub(said, sentence)
    return sentence


def _quoted(names: str) -> str:
    plain = ",".join(name.strip().strip("'\"") for name in names.split(", "))
    return f'"{plain}"' if re.search(r"\W", plain) else plain
