"""The pages and the examples: all code runs, links lead somewhere, and exact numbers are exact."""

import re
import runpy
import tomllib
from itertools import pairwise
from math import comb
from pathlib import Path

import numpy as np
import pytest

from neurothermo.config import experiment
from oracles import transfer

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}


def blocks(page, language):
    """The fenced blocks of one language, each with the line it starts on."""
    for found in re.finditer(rf"^```{language}\n(.*?)^```", TEXT[page], re.M | re.S):
        yield TEXT[page][: found.start(1)].count("\n"), found.group(1)


def named(page):
    return str(page.relative_to(ROOT))


# -- code ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in PAGES if any(blocks(page, "python"))], ids=named)
def test_python_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    """Blocks of one page share a namespace, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "page"}
    for line, code in blocks(page, "python"):
        exec(compile("\n" * line + code, named(page), "exec"), namespace)  # errors point at the page's line
    capsys.readouterr()


@pytest.mark.parametrize("script", EXAMPLES, ids=named)
def test_an_example_runs_prints_and_leaves_nothing_behind(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script), run_name="__main__")
    assert 1 <= len(capsys.readouterr().out.splitlines()) <= 15
    assert not list(tmp_path.iterdir())
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 30


def test_there_are_examples_and_blocks():
    assert len(EXAMPLES) >= 3
    assert sum(1 for page in PAGES for _ in blocks(page, "python")) >= 8
    assert sum(1 for page in PAGES for _ in blocks(page, "toml experiment")) >= 2


@pytest.mark.parametrize("page", [page for page in PAGES if any(blocks(page, "toml experiment"))], ids=named)
def test_complete_experiment_files_are_understood(page, tmp_path):
    for _, text in blocks(page, "toml experiment"):
        plan = experiment(tomllib.loads(text), tmp_path)
        assert plan.protocol.steps > 0 and plan.title != "experiment"


# -- links, names, citations -----------------------------------------------------------------------


def anchors(page):
    """What a heading is called in a link."""
    headings = re.findall(r"^#+ (.*)$", TEXT[page], re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    prose = re.sub(r"^```.*?^```", "", TEXT[page], flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{named(page)} links to {target}"
        if anchor and there in TEXT:
            assert anchor in anchors(there), f"{named(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_tests_named_on_a_page_exist(page):
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    for name in set(re.findall(r"`(test_\w+)`", TEXT[page])):
        assert f"def {name}(" in code, f"{named(page)} names {name}"


REFERENCES = ROOT / "docs" / "references.md"
UNACCENTED = re.sub(r"\{\\.(\w)\}", r"\1", TEXT[REFERENCES])
ENTRIES = dict(re.findall(r"^@\w+\{(\w+),(.*?)^\}", UNACCENTED, re.M | re.S))


def test_every_key_has_its_entry_and_every_entry_is_used():
    keys = re.findall(r"^\| `(\w+)` \|", TEXT[REFERENCES], re.M)
    assert len(keys) == len(set(keys)) > 20
    assert set(keys) == set(ENTRIES)
    for key, entry in ENTRIES.items():
        assert re.search(r"author = \{.+\}", entry) and re.search(r"title = \{.+", entry), key
        assert re.search(rf"year = \{{{key[-4:]}\}}", entry), key


def test_files_named_among_the_references_exist():
    for name in set(re.findall(r"`([a-z_]+/\w+(?:\.py)?)`", TEXT[REFERENCES])):
        assert (ROOT / "src" / "neurothermo" / name).exists(), name


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: "/".join(path.parts[-2:]))
def test_every_dated_citation_in_the_sources_is_among_the_references(path):
    text = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
    for cited in re.finditer(r"(.{0,140})\(((?:19|20)\d\d)\)", text):
        before, year = cited.groups()
        families = [re.match(r".*?author = \{([^,{}]+),", entry, re.S)[1] for entry in of_year(year)]
        assert any(family in before for family in families), f"...{before[-60:]} ({year}) is not in docs/references.md"


def of_year(year):
    return [entry for entry in ENTRIES.values() if f"year = {{{year}}}" in entry]


def test_the_citation_test_can_fail():
    assert not of_year("1905") and of_year("1997")


# -- exact numbers of docs/chen2020.md that no other test computes -----------------------------------

FOUR = np.ones(4), np.array([1, 1, -1, -1.0])
FIVE = np.array([1, -1, 1, 1, 1.0]), np.array([1, 1, -1, 1, -1.0])
DIGITS = 0.51e-10


def stored(one, two, gamma=0.2):
    couplings = gamma * np.outer(one, one) + (1 - gamma) * np.outer(two, two)
    return couplings - np.diag(np.diag(couplings))


@pytest.mark.parametrize(
    ("steepness", "order", "cold", "hot"),
    [
        (1, "random", 0.3134390100, 0),
        (1, "sequential", 0.3134390100, 0),
        (1, "parallel", 0.4603262681, 0.1468872581),
        (2, "random", 0, 0.3134390100),
        (2, "sequential", 0, 0.3134390100),
        (2, "parallel", 0.1947799805, 0.2341082514),
    ],
)
def test_distances_to_boltzmanns_law(steepness, order, cold, hot):
    couplings, field = stored(*FOUR), 0.3 * FOUR[1]
    law = transfer.stationary(transfer.step_matrix(couplings, field, 0.5, order, None, steepness))
    for beta, printed in ((0.5, cold), (0.25, hot)):
        distance = np.abs(law - transfer.boltzmann(couplings, field, beta)).sum() / 2
        assert distance == pytest.approx(printed, abs=DIGITS)


@pytest.mark.parametrize(("order", "attempts"), [("random", 1), ("sequential", None)])
def test_the_printed_activation_is_consistent_at_twice_the_temperature(order, attempts):
    couplings, values = stored(*FOUR), np.arange(21)[:, None] / 20 * FOUR[1]
    exact = {"start": transfer.boltzmann(couplings, values[0], 0.25), "attempts": attempts, "weight": 0.25}
    weight, _ = transfer.work_moments(couplings, values, 0.5, order, **exact, steepness=1)
    change = transfer.free_energy(couplings, values[-1], 0.25) - transfer.free_energy(couplings, values[0], 0.25)
    assert -np.log(weight) / 0.25 == pytest.approx(change, abs=1e-12) == pytest.approx(-0.8436884147, abs=DIGITS)


@pytest.mark.parametrize(
    ("order", "attempts", "back", "forward_side", "reverse_side"),
    [
        ("random", 1, "random", -6.7578290710, -6.7578290710),
        ("sequential", None, "sequential", -6.1316870535, -6.1316216284),
        ("sequential", None, "descending", -6.1316870535, -6.1316870535),
    ],
)
def test_crooks_moments(order, attempts, back, forward_side, reverse_side):
    couplings, values, beta = stored(*FIVE), 1.5 * np.arange(7)[:, None] / 6 * FIVE[1], 0.4
    first, last = (transfer.boltzmann(couplings, field, beta) for field in (values[0], values[-1]))
    mass, moment = transfer.work_moments(
        couplings, values, beta, order, start=first, attempts=attempts, weight=beta
    )  # fmt: skip
    _, mean = transfer.work_moments(
        couplings, values[::-1], beta, back, start=last, attempts=attempts, relax_first=True
    )  # fmt: skip
    assert moment / mass == pytest.approx(forward_side, abs=DIGITS)
    assert -mean == pytest.approx(reverse_side, abs=DIGITS)


class Lumped:
    """N = 15, two patterns of overlap 1: up spins among the 8 that agree, and among the 7 that do not."""

    up = np.meshgrid(np.arange(9.0), np.arange(8.0), indexing="ij")
    sizes = (8, 7)
    m1 = 2 * up[0] - 8 + 2 * up[1] - 7
    m2 = 2 * up[0] - 8 - 2 * up[1] + 7
    ways = np.array([[comb(8, a) * comb(7, b) for b in range(8)] for a in range(9)], dtype=float)
    beta, gamma = 1 / 15, 0.2

    @classmethod
    def boltzmann(cls, first, second):
        energy = -0.5 * (cls.gamma * cls.m1**2 + (1 - cls.gamma) * cls.m2**2) - first * cls.m1 - second * cls.m2
        weights = cls.ways * np.exp(-cls.beta * energy)
        return weights / weights.sum()

    @classmethod
    def attempt(cls, mass, first, second, steepness):
        """One attempt at one of 15 spins, drawn anew in its local field; mass (..., 9, 8)."""
        after = np.zeros_like(mass)
        for block, sign in ((0, 1.0), (1, -1.0)):
            for spin, count in ((1.0, cls.up[block]), (-1.0, cls.sizes[block] - cls.up[block])):
                field = cls.gamma * (cls.m1 - spin) + (1 - cls.gamma) * sign * (cls.m2 - sign * spin)
                up = 1 / (1 + np.exp(-steepness * cls.beta * (field + first + sign * second)))
                moved = mass * count / 15 * (up if spin < 0 else 1 - up)
                after += mass * count / 15 * (1 - up if spin < 0 else up)
                after += np.roll(moved, -int(spin), axis=block - 2)  # nothing leaves at an end: count is 0 there
        return after

    @classmethod
    def works(cls, inputs, steepness, relax_first=False):
        """Mean and standard deviation of work, and -T ln <exp(-W/T)>, over rows of (first, second) input."""
        start = cls.boltzmann(*inputs[0])
        mass = np.stack([start, 0 * start, 0 * start, start])  # 1, W, W^2, exp(-W/T)
        for before, after in pairwise(inputs):
            work = -(after[0] - before[0]) * cls.m1 - (after[1] - before[1]) * cls.m2
            if relax_first:
                mass = cls.attempt(mass, *before, steepness)
            one, mean, square, weight = mass
            mass = np.stack(
                [one, mean + work * one, square + 2 * work * mean + work**2 * one, weight * np.exp(-cls.beta * work)]
            )
            if not relax_first:
                mass = cls.attempt(mass, *after, steepness)
        one, mean, square, weight = mass.sum(axis=(1, 2))
        assert one == pytest.approx(1)
        return mean, np.sqrt(square - mean**2), -np.log(weight) / cls.beta


@pytest.mark.parametrize(
    ("protocol", "steepness", "forward", "back"),
    [
        ("P0", 2, (-1.2865067327, 1.9245430580, -1.4095463065), (-0.5068501458, 0.7296262109)),
        ("P1", 2, (-0.7647803448, 1.9010270574, -0.8849516886), (1.0048124677, 1.8936627655)),
        ("P1", 1, (-0.0942904867, 1.1726129535, -0.1401210278), (0.1858299668, 1.1716007832)),
    ],
)
def test_exact_work_of_the_published_case(protocol, steepness, forward, back):
    t = np.arange(1001)[:, None] / 1000
    if protocol == "P0":
        there, again = t * [0.0, 1.0], t * [1.0, 0.0]
    else:
        there = (1 - t) * [1.0, 0.0] + t * [0.0, 1.0]
        again = there[::-1]
    assert Lumped.works(there, steepness) == pytest.approx(forward, abs=DIGITS)
    assert Lumped.works(again, steepness, relax_first=protocol == "P1")[:2] == pytest.approx(back, abs=DIGITS)
